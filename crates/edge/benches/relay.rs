//! What a relayed packet costs on real sockets: `cargo bench -p trunkline-edge --bench relay [-- CALLS [SECONDS]]`.
//!
//! A generator sends packets of 20 ms both ways through as many calls, to another process that relays: a bare
//! loop of system calls (the limit of this machine), the same with `recvmmsg` and `sendmmsg`, and the media of
//! an edge. One row for each: CPU seconds of the relaying process per million packets, packets per second of one core,
//! the delay that it adds, and what was lost. `relay memory` tells what a thousand calls hold instead.

#[path = "relay/bare.rs"]
mod bare;
#[path = "relay/bot.rs"]
mod bot;
#[path = "relay/phones.rs"]
mod phones;
#[path = "relay/switch.rs"]
mod switch;
#[path = "relay/voice.rs"]
mod voice;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use media::Suite;

use bot::Bot;
use phones::{Heard, Phones};

/// Who relays what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relay {
    /// A loop of `recvfrom` and `sendto`.
    OneByOne,
    /// The same in a thread for each core, as an edge works.
    Threads,
    /// A loop of `recvmmsg` and `sendmmsg`.
    Batches,
    /// An edge, the same codec on both sides.
    AsItIs,
    /// An edge, from one law of G.711 to the other.
    Laws,
    /// An edge, SRTP on both sides.
    Secured(Suite),
    /// An edge, G.711 on one side, Opus on the other.
    Opus,
    /// An edge, an agent behind a WebSocket on the other side.
    Agent,
}

const RELAYS: [(&str, Relay); 9] = [
    ("bare loop, recvfrom and sendto", Relay::OneByOne),
    ("the same, a loop for each core", Relay::Threads),
    ("bare loop, recvmmsg and sendmmsg", Relay::Batches),
    ("edge, G.711 as it is", Relay::AsItIs),
    ("edge, PCMA to PCMU", Relay::Laws),
    (
        "edge, SRTP (GCM) on both legs",
        Relay::Secured(Suite::AeadAes128Gcm),
    ),
    (
        "edge, SRTP (AES-CM, SHA-1) on both legs",
        Relay::Secured(Suite::AesCm128HmacSha1_80),
    ),
    ("edge, PCMA to Opus", Relay::Opus),
    ("edge, WebSocket agent, PCMU", Relay::Agent),
];

/// What transcodes, and agents, are measured with fewer calls: they take as much of a core as many times more that are
/// relayed.
const COSTLY_CALLS_MAX: usize = 100;

/// Calls whose memory is measured, and those of the run that they are compared with.
const HELD: [usize; 2] = [20, 1_020];

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
    match words.first().map(String::as_str) {
        Some("relays") => work(RELAYS[number(1, 0)].1, number(2, 1), &words[3..]),
        Some("memory") => memory(),
        _ => costs(number(0, 200), number(1, 5)),
    }
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn costs(calls: usize, seconds: usize) {
    println!("{calls} calls ({COSTLY_CALLS_MAX} at most with Opus or an agent), {seconds} s each");
    println!(
        "{:<42}{:>12}{:>14}{:>12}{:>10}{:>10}{:>8}",
        "", "CPU s / 1e6", "packets/s/core", "p50 µs", "p99 µs", "sent", "lost"
    );
    for (row, (name, relay)) in RELAYS.into_iter().enumerate() {
        let calls = match relay {
            Relay::Opus | Relay::Agent => calls.min(COSTLY_CALLS_MAX),
            _ => calls,
        };
        let mut running = Running::start(row, calls, 1);
        // Latches take their three packets, caches warm.
        running.phones.talk(Duration::from_millis(500));
        running.bot.forget();
        let before = running.cpu_seconds();
        let heard = running
            .phones
            .talk(Duration::from_secs(seconds.try_into().unwrap_or(5)));
        let spent = running.cpu_seconds() - before;
        let told = running.bot.heard();
        let packets = f64::from((heard.received + told.received).max(1));
        let show = |name: &str, delays: Option<&Heard>, sent: u32, lost: u32| {
            let delay = |percent| delays.map(|heard| heard.delay_us(percent).to_string());
            println!(
                "{name:<42}{:>12.2}{:>14.0}{:>12}{:>10}{sent:>10}{lost:>8}",
                spent * 1e6 / packets,
                packets / spent,
                delay(50).unwrap_or_else(|| "-".to_owned()),
                delay(99).unwrap_or_else(|| "-".to_owned()),
            );
        };
        let lost = heard.sent.saturating_sub(heard.received + told.received);
        match relay {
            // The time that a packet was sent at stands in its audio, where that comes through as it is.
            Relay::OneByOne | Relay::Threads | Relay::Batches | Relay::AsItIs => {
                show(name, Some(&heard), heard.sent, lost);
            }
            Relay::Laws | Relay::Secured(_) => show(name, None, heard.sent, lost),
            Relay::Opus => {
                show(name, None, heard.sent, lost);
                let talked = f64::from(u32::try_from(calls * seconds).unwrap_or(1));
                println!(
                    "{:<42}{:>12.2} ms of CPU for each second of a call",
                    "",
                    spent * 1e3 / talked
                );
            }
            Relay::Agent => {
                let lost = heard.sent.saturating_sub(told.received);
                show(name, Some(&told), heard.sent, lost);
                println!(
                    "{:<42}the delays are mouth to agent, behind the 20 ms of a frame; agent to mouth, with its \
                     cushion: p50 {} µs, p99 {} µs",
                    "",
                    heard.delay_us(50),
                    heard.delay_us(99)
                );
            }
        }
    }
}

/// What a thousand calls hold in which packets flow, without their SIP.
#[expect(clippy::print_stdout, reason = "a bench prints")]
fn memory() {
    let kinds = [
        ("relayed", Relay::AsItIs),
        ("transcoded (PCMA, Opus)", Relay::Opus),
        ("WebSocket agent", Relay::Agent),
    ];
    for (name, kind) in kinds {
        let row = RELAYS.iter().position(|(_, relay)| *relay == kind);
        let resident = HELD.map(|calls| {
            // Fewer packets than they would have: enough that everything is held that they need.
            let mut running = Running::start(row.expect("it has a row"), calls, 15);
            running.bot.listens_only();
            running.phones.talk(Duration::from_secs(3));
            running.resident_kb()
        });
        let calls = f64::from(u32::try_from(HELD[1] - HELD[0]).expect("it fits"));
        let each = (resident[1] - resident[0]) / calls;
        println!("media of a call, {name:<26}{each:>8.1} KB at 1,000 calls");
    }
}

/// The relaying process: it says where it takes packets, two ports for each call, and works until it is ended.
fn work(relay: Relay, calls: usize, peers: &[String]) {
    let peers: Vec<SocketAddr> = peers.iter().map(|at| at.parse().unwrap()).collect();
    let (phones, agent) = ([peers[0], peers[1]], peers[2]);
    match relay {
        Relay::OneByOne => bare::one_by_one(calls, phones),
        Relay::Threads => bare::in_threads(calls, phones),
        Relay::Batches => bare::in_batches(calls, phones),
        _ => switch::run(relay, calls, phones, agent),
    }
}

/// A relaying process, and who talks through it.
struct Running {
    child: Child,
    phones: Phones,
    bot: Bot,
}

impl Running {
    /// `slowness` is how many times longer than 20 ms the phones wait between packets.
    fn start(row: usize, calls: usize, slowness: u32) -> Running {
        let (_, relay) = RELAYS[row];
        let (mut phones, bot) = (Phones::new(slowness), Bot::start());
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["relays", &row.to_string(), &calls.to_string()])
            .args(phones.addresses().map(|at| at.to_string()))
            .arg(bot.address().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let ports = lines.take(calls).map(|line| {
            let line = line.expect("it says its ports");
            let ports = line.split(' ').map(|port| port.parse().unwrap());
            ports.collect()
        });
        let ports: Vec<Vec<u16>> = ports.collect();
        phones.call(&ports, relay);
        if relay == Relay::Agent {
            bot.wait_for(calls);
        }
        Running { child, phones, bot }
    }

    /// User and system time until now.
    fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("it runs");
        let (_, fields) = stat.rsplit_once(')').expect("the name is in parentheses");
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        ticks / TICKS_PER_SECOND
    }

    fn resident_kb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = resident.and_then(|line| line.split_whitespace().next());
        number.expect("it has memory").parse().expect("a number")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ended");
    }
}

/// What Linux counts CPU time in, for every program.
const TICKS_PER_SECOND: f64 = 100.0;
