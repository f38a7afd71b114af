//! What a relayed packet costs on real sockets: `cargo bench -p trunkline-edge --bench relay [-- CALLS [SECONDS]]`.
//!
//! A generator sends G.711 in packets of 20 ms both ways through as many calls, to another process that relays: a bare
//! loop of system calls (the limit of this machine), the same with `recvmmsg` and `sendmmsg`, and the media of
//! an edge. One row for each: CPU seconds of the relaying process per million packets, packets per second of one core,
//! the delay that it adds, and what was lost.

#[path = "relay/bare.rs"]
mod bare;
#[path = "relay/phones.rs"]
mod phones;
#[path = "relay/switch.rs"]
mod switch;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use phones::Phones;

/// Who relays.
const RELAYS: [&str; 6] = [
    "bare loop, recvfrom and sendto",
    "bare loop, recvmmsg and sendmmsg",
    "edge, G.711 as it is",
    "edge, PCMA to PCMU",
    "edge, SRTP (GCM) on both legs",
    "edge, SRTP (AES-CM, SHA-1) on both legs",
];

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let number = |at: usize, usual: usize| {
        let word = words.get(at).and_then(|word| word.parse().ok());
        word.unwrap_or(usual)
    };
    if words.first().is_some_and(|word| word == "relay") {
        return relay(number(1, 0), number(2, 1), &words[3..]);
    }
    let calls = number(0, 200);
    let seconds = Duration::from_secs(u64::try_from(number(1, 5)).unwrap_or(5));
    println!("{calls} calls, {} s each", seconds.as_secs());
    println!(
        "{:<42}{:>12}{:>14}{:>12}{:>10}{:>10}{:>8}",
        "", "CPU s / 1e6", "packets/s/core", "p50 µs", "p99 µs", "sent", "lost"
    );
    for (row, name) in RELAYS.iter().enumerate() {
        let mut phones = Phones::new();
        let (mut child, ports) = start(row, calls, phones.addresses());
        phones.call(&ports, switch::suite(row));
        // Latches take their three packets, caches warm.
        phones.talk(Duration::from_millis(500));
        let before = cpu_seconds(&child);
        let heard = phones.talk(seconds);
        let spent = cpu_seconds(&child) - before;
        child.kill().expect("it runs");
        child.wait().expect("it ended");
        // The time that a packet was sent at stands in its audio, where that comes through as it is.
        let delay = |percent| match row {
            0..=2 => heard.delay_us(percent).to_string(),
            _ => "-".to_owned(),
        };
        let packets = f64::from(heard.received.max(1));
        println!(
            "{name:<42}{:>12.2}{:>14.0}{:>12}{:>10}{:>10}{:>8}",
            spent * 1e6 / packets,
            packets / spent,
            delay(50),
            delay(99),
            heard.sent,
            heard.sent.saturating_sub(heard.received),
        );
    }
}

/// The relaying process: it says where it takes packets, two ports for each call, and works until it is ended.
fn relay(row: usize, calls: usize, phones: &[String]) {
    let phones: Vec<SocketAddr> = phones.iter().map(|at| at.parse().unwrap()).collect();
    let phones = [phones[0], phones[1]];
    match row {
        0 => bare::one_by_one(calls, phones),
        1 => bare::in_batches(calls, phones),
        kind => switch::run(kind, calls, phones),
    }
}

fn start(row: usize, calls: usize, phones: [SocketAddr; 2]) -> (Child, Vec<[u16; 2]>) {
    let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
        .args(["relay", &row.to_string(), &calls.to_string()])
        .args(phones.map(|at| at.to_string()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let ports = lines.take(calls).map(|line| {
        let line = line.expect("it says its ports");
        let (a, b) = line.split_once(' ').expect("two of them");
        [a.parse().unwrap(), b.parse().unwrap()]
    });
    let ports = ports.collect();
    (child, ports)
}

/// User and system time of a process.
fn cpu_seconds(child: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it runs");
    let (_, fields) = stat.rsplit_once(')').expect("the name is in parentheses");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / TICKS_PER_SECOND
}

/// What Linux counts CPU time in, for every program.
const TICKS_PER_SECOND: f64 = 100.0;
