//! SRTP: what one leg protects goes to another through a network that damages, repeats, reorders and invents. Nothing is
//! heard but what was sent, and nothing twice; the same of reports. What is no packet by its first octet is none.
#![no_main]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::demux::Kind;
use media::srtp::ROOM_BYTES;
use media::{
    Call, Codec, Datagram, Input, LegId, MasterKey, Mki, Negotiated, Output, Secured, Settings,
    Suite,
};
use trunkline_fuzz::octets::Octets;

const PLAIN: LegId = LegId(1);
const SECURE: LegId = LegId(2);
const SUITES: [Suite; 4] = [
    Suite::AesCm128HmacSha1_80,
    Suite::AesCm128HmacSha1_32,
    Suite::AeadAes128Gcm,
    Suite::AeadAes256Gcm,
];
/// Packets that the network has seen and may send again.
const HELD_MAX: usize = 64;

fuzz_target!(|octets: &[u8]| {
    let mut octets = Octets::new(octets);
    let suite = SUITES[octets.below(SUITES.len())];
    let mut far = Side::new(suite, (1, 2), None);
    let mut near = Side::new(suite, (2, 1), None);
    let (mut sequence, mut held) = (octets.pair(), Vec::<Vec<u8>>::new());
    let (mut sent, mut heard) = (BTreeSet::new(), BTreeSet::new());
    let (mut told, mut believed) = (Vec::<Vec<u8>>::new(), BTreeSet::new());
    while !octets.is_empty() {
        let packet = match octets.below(10) {
            0..=2 => {
                sequence = sequence.wrapping_add(1 + u16::from(octets.octet() & 3));
                // The payload says which packet it is.
                let number = u32::try_from(sent.len()).unwrap_or(0);
                let plain = [&header(sequence)[..], &number.to_be_bytes()].concat();
                let protected = far.relay(PLAIN, &plain);
                let Some(protected) = protected else { continue };
                assert_ne!(protected[12..16], number.to_be_bytes(), "not encrypted");
                sent.insert(number);
                if held.len() < HELD_MAX {
                    held.push(protected.clone());
                }
                protected
            }
            3 => match octets.pick(&held) {
                Some(again) => again.clone(),
                None => continue,
            },
            4 | 5 => {
                let Some(good) = octets.pick(&held) else {
                    continue;
                };
                damaged(good, &mut octets)
            }
            6 => octets.text().to_vec(),
            7 => {
                told.extend(far.report());
                continue;
            }
            8 => {
                let report = match octets.pick(&told) {
                    Some(good) if octets.flip() => good.clone(),
                    Some(good) => damaged(good, &mut octets),
                    None => octets.text().to_vec(),
                };
                if near.believes(&report) {
                    assert!(told.contains(&report), "{report:02x?} was never told");
                    assert!(believed.insert(report), "a report is believed twice");
                }
                continue;
            }
            _ => {
                // Agreed on again: with the same keys, or the far side's are new.
                let generation = 2 * (octets.octet() & 1);
                let mki = octets.flip().then_some(Mki {
                    value: 1,
                    octets: 1,
                });
                let ours = 1 + generation;
                far.agree(suite, (ours, 2), None);
                near.agree(suite, (2, ours), mki);
                // A peer that takes an old key again repeats itself.
                believed.clear();
                continue;
            }
        };
        if let Some(relayed) = near.relay(SECURE, &packet) {
            assert_eq!(Kind::of(&packet), Kind::Packet, "{packet:02x?}");
            let Some(&[a, b, c, d]) = relayed.get(12..) else {
                panic!("{relayed:02x?} was never sent");
            };
            let number = u32::from_be_bytes([a, b, c, d]);
            assert!(sent.contains(&number), "{number} was never sent");
            assert!(heard.insert(number), "{number} is heard twice");
        }
    }
});

/// A call whose one leg is plain and whose other is SRTP.
struct Side {
    call: Call,
    now: Instant,
}

impl Side {
    fn new(suite: Suite, keys: (u8, u8), mki: Option<Mki>) -> Side {
        let mut side = Side {
            call: Call::new(Settings::default(), 7),
            now: Instant::now(),
        };
        for leg in [PLAIN, SECURE] {
            side.input(Input::Add { leg });
        }
        let negotiated = Negotiated::new(address(), Codec::Pcmu);
        side.input(Input::Update {
            leg: PLAIN,
            negotiated,
        });
        side.agree(suite, keys, mki);
        side.input(Input::Bridge {
            leg: PLAIN,
            with: SECURE,
        });
        side
    }

    fn agree(&mut self, suite: Suite, (ours, theirs): (u8, u8), mki: Option<Mki>) {
        let master = |fill: u8| {
            let (key, salt) = ([fill; 32], [!fill; 14]);
            MasterKey::new(
                suite,
                &key[..suite.key_bytes()],
                &salt[..suite.salt_bytes()],
            )
            .expect("the lengths are the suite's")
        };
        let mut negotiated = Negotiated::new(address(), Codec::Pcmu);
        negotiated.reports = Some(address());
        negotiated.security = Some(Box::new(Secured {
            ours: master(ours),
            theirs: master(theirs),
            mki,
        }));
        self.input(Input::Update {
            leg: SECURE,
            negotiated,
        });
    }

    fn input(&mut self, input: Input) {
        self.call
            .handle(input, self.now)
            .expect("the input is right");
        self.drain();
    }

    fn relay(&mut self, leg: LegId, packet: &[u8]) -> Option<Vec<u8>> {
        self.now += Duration::from_millis(20);
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + ROOM_BYTES, 0);
        let datagram = Datagram {
            source: address(),
            buffer: &mut buffer,
            length: packet.len(),
        };
        let relayed = self.call.handle_packet(leg, datagram, self.now);
        let relayed = relayed.map(|transmit| transmit.bytes.to_vec());
        self.drain();
        relayed
    }

    /// The report of the secure leg, if one is due by now.
    fn report(&mut self) -> Vec<Vec<u8>> {
        self.now += Duration::from_secs(8);
        let woken = self.call.handle(Input::Wake, self.now);
        woken.expect("to wake is always right");
        self.drain()
    }

    fn believes(&mut self, report: &[u8]) -> bool {
        let mut bytes = report.to_vec();
        self.call
            .handle_report(SECURE, address(), &mut bytes, self.now)
    }

    /// The reports that there were.
    fn drain(&mut self) -> Vec<Vec<u8>> {
        let mut reports = Vec::new();
        while let Some(output) = self.call.poll() {
            assert!(!matches!(output, Output::Send(_)), "nobody else speaks");
            if let Output::Report(transmit) = output {
                reports.push(transmit.bytes.to_vec());
            }
        }
        reports
    }
}

fn header(sequence: u16) -> [u8; 12] {
    let [high, low] = sequence.to_be_bytes();
    [0x80, 0, high, low, 0, 0, high, low, 1, 2, 3, 4]
}

fn damaged(good: &[u8], octets: &mut Octets<'_>) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let place = octets.below(bytes.len());
    bytes[place] ^= octets.octet();
    let length = bytes.len() - octets.below(4).min(bytes.len());
    bytes.truncate(length);
    if octets.flip() {
        bytes.extend(octets.text());
    }
    bytes
}

fn address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 4000))
}
