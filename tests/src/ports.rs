//! Ports that nobody uses, below those that the system gives out by itself.

use std::net::{TcpListener, UdpSocket};

/// The first port that is looked at. The ports that Linux gives out by itself begin at 32768.
const FIRST: u16 = 20_000;
/// The first port that is not looked at any more.
const END: u16 = 32_000;

/// The first of `count` ports in a row, even, on which nothing listens at 127.0.0.1, UDP or TCP.
///
/// Processes begin at different places, so that two of them seldom look at the same ports.
pub fn free(count: u16) -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let pid = std::process::id();
    let begin = u16::try_from(pid % 299).expect("less than 299 fits") * 40;
    for _ in 0..END {
        let at = NEXT.fetch_add(count.next_multiple_of(2), Ordering::Relaxed);
        let first = FIRST + (begin + at) % (END - FIRST - count);
        let first = first - first % 2;
        if (first..first + count).all(is_free) {
            return first;
        }
    }
    panic!("there are no {count} free ports between {FIRST} and {END}");
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok()
}
