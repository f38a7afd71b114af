//! Ports that nobody uses, below those that the system gives out by itself.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::net::{TcpListener, UdpSocket};

/// The first port that is looked at. The ports that Linux gives out by itself begin at 32768.
const FIRST: u16 = 20_000;
/// The first port that is not looked at any more.
const END: u16 = 32_000;

/// The first of `count` ports in a row, even, on which nothing listens at 127.0.0.1, UDP or TCP.
///
/// They are given out in turn to all processes of this machine. That a port is free does not suffice: another
/// test may have been told so too, and its phone may not have begun to listen yet.
pub fn free(count: u16) -> u16 {
    let mut turn = Turn::take();
    for _ in FIRST..END {
        let first = turn.next(count);
        if (first..first + count).all(is_free) {
            turn.write(first + count);
            return first;
        }
    }
    panic!("there are no {count} free ports between {FIRST} and {END}");
}

/// Whether somebody has this port of UDP at 127.0.0.1.
pub fn is_bound(port: u16) -> bool {
    let bound = format!(" 0100007F:{port:04X} ");
    let table = fs::read_to_string("/proc/net/udp").unwrap_or_default();
    table.contains(&bound)
}

/// Where the next ports begin, in a file that is locked while somebody chooses.
struct Turn {
    file: File,
    at: u16,
}

impl Turn {
    fn take() -> Turn {
        let path = std::env::temp_dir().join("trunkline-test-ports");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .expect("the file of the next port opens");
        file.lock().expect("the file of the next port is locked");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("it is read");
        let at = text.trim().parse().unwrap_or(FIRST);
        Turn { file, at }
    }

    fn next(&mut self, count: u16) -> u16 {
        let even = self.at.next_multiple_of(2);
        let fits = (FIRST..=END - count).contains(&even);
        let first = if fits { even } else { FIRST };
        self.at = first + 2;
        first
    }

    fn write(&mut self, next: u16) {
        self.file.rewind().expect("it is written from its start");
        // All ports have five digits, so nothing of an older number stays behind.
        writeln!(self.file, "{next}").expect("it is written");
    }
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok()
}
