//! Transcoding: what hostile payloads, sequence numbers and timestamps of one codec become in another.
#![no_main]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::packet::Packet;
use media::{Call, Codec, Datagram, Digit, Input, LegId, Negotiated, Output, Redundancy, Settings};
use trunkline_fuzz::octets::Octets;

const CALLER: LegId = LegId(1);
const AGENT: LegId = LegId(2);
const CODECS: [Codec; 6] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus,
    Codec::L16Narrow,
    Codec::L16Wide,
];
const COMFORT_NOISE: u8 = 13;
const TELEPHONE_EVENT: u8 = 101;
/// Steps of a program: an encoder of Opus takes a tenth of a millisecond for each.
const STEPS_MAX: usize = 64;
/// What one packet can make at most: the eight that wait, each of them 120 ms and a loss as long, in packets of 10 ms.
const PACKETS_AT_ONCE: usize = 8 * 24;

fuzz_target!(|octets: &[u8]| {
    let mut octets = Octets::new(octets);
    let from = CODECS[octets.below(CODECS.len())];
    let to = CODECS[octets.below(CODECS.len())];
    let packet_ms = 10 + u16::from(octets.octet() % 51);
    let mut shell = Shell::new(from, to, packet_ms);
    let (mut sequence, mut timestamp) = (octets.pair(), octets.quad());
    for _ in 0..STEPS_MAX {
        if octets.is_empty() {
            break;
        }
        match octets.below(8) {
            0..=4 => {
                let number = [from.row().payload_type.unwrap_or(96), COMFORT_NOISE];
                let number = number[usize::from(octets.octet() & 15 == 0)];
                let payload = octets.text();
                shell.packet(number, sequence, timestamp, payload);
            }
            5 => {
                let payload = [
                    octets.octet(),
                    octets.octet(),
                    octets.octet(),
                    octets.octet(),
                ];
                shell.packet(TELEPHONE_EVENT, sequence, timestamp, &payload);
            }
            6 => {
                let digit = Digit::from_event(octets.octet() & 15);
                let _ = shell.input(Input::SendDigit {
                    leg: AGENT,
                    digit: digit.expect("0 to 15 are digits"),
                    duration: Duration::from_millis(u64::from(octets.octet())),
                });
            }
            _ => shell.pass(Duration::from_millis(u64::from(octets.octet()))),
        }
        let (numbers, ticks) = match octets.below(4) {
            0 => (octets.pair(), octets.quad()),
            1 => (u16::from(octets.octet()), u32::from(octets.pair())),
            _ => (1, from.clock().ticks(Duration::from_millis(20))),
        };
        sequence = sequence.wrapping_add(numbers);
        timestamp = timestamp.wrapping_add(ticks);
        shell.pass(Duration::from_millis(20));
    }
});

struct Shell {
    call: Call,
    now: Instant,
    last: Option<u16>,
}

impl Shell {
    fn new(from: Codec, to: Codec, packet_ms: u16) -> Shell {
        let mut shell = Shell {
            call: Call::new(Settings::default(), 7),
            now: Instant::now(),
            last: None,
        };
        for (leg, codec) in [(CALLER, from), (AGENT, to)] {
            let _ = shell.input(Input::Add { leg });
            let mut negotiated =
                Negotiated::new(address(), codec).with_telephone_event(TELEPHONE_EVENT);
            negotiated.comfort_noise_accepted = Some(COMFORT_NOISE);
            negotiated.packet_ms = packet_ms;
            negotiated.redundancy = Redundancy::InBand;
            let agreed = shell.input(Input::Update { leg, negotiated });
            assert!(agreed.is_ok(), "{agreed:?}");
        }
        let (leg, with) = (CALLER, AGENT);
        let _ = shell.input(Input::Bridge { leg, with });
        shell
    }

    fn input(&mut self, input: Input) -> Result<(), media::Error> {
        let done = self.call.handle(input, self.now);
        self.drain();
        done
    }

    fn packet(&mut self, payload_type: u8, sequence: u16, timestamp: u32, payload: &[u8]) {
        let mut bytes = vec![0x80, payload_type];
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(7u32.to_be_bytes());
        bytes.extend(payload);
        let datagram = Datagram::without_room(address(), &mut bytes);
        let relayed = self.call.handle_packet(CALLER, datagram, self.now);
        if let Some(relayed) = relayed {
            self.last = Packet::parse(relayed.bytes)
                .ok()
                .map(|packet| packet.sequence);
        }
        self.drain();
    }

    fn pass(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(deadline) = self.call.deadline().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            let _ = self.input(Input::Wake);
            let next = self.call.deadline();
            assert!(
                next.is_none_or(|next| next > self.now),
                "the deadline is past"
            );
        }
        self.now = until;
    }

    /// What is made is RTP to the agent, one after the other, and no more than what came can be.
    fn drain(&mut self) {
        let mut made = 0;
        while let Some(output) = self.call.poll() {
            if let Output::Send(transmit) = output {
                assert_eq!(transmit.leg, AGENT);
                let packet = Packet::parse(transmit.bytes).expect("what leaves is RTP");
                if let Some(last) = self.last {
                    assert_eq!(packet.sequence, last.wrapping_add(1), "a number is missing");
                }
                self.last = Some(packet.sequence);
                made += 1;
                assert!(made <= PACKETS_AT_ONCE, "{made} packets at once");
            }
        }
    }
}

fn address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 4000))
}
