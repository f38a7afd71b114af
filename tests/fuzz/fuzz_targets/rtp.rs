//! Packets from anybody into a call whose topology changes under them: what is sent is RTP, each leg is measured last,
//! and time always moves on.
#![no_main]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::negotiated::{LatchRule, SourceRule, SsrcRule};
use media::packet::Packet;
use media::{
    Agent, Call, Codec, Datagram, Digit, Direction, Event, Hears, Input, LegId, Menu, Negotiated,
    Output, Settings, Silence, Transmit,
};
use trunkline_fuzz::Octets;

/// More steps in one program show nothing new.
const STEPS_MAX: usize = 400;
/// No input gives more outputs than this.
const OUTPUTS_MAX: usize = 512;

fuzz_target!(|octets: &[u8]| {
    let mut octets = Octets::new(octets);
    let mut play = Play::new(octets.octet());
    for _ in 0..STEPS_MAX {
        if octets.is_empty() {
            break;
        }
        play.step(&mut octets);
    }
    play.finish();
});

struct Play {
    call: Call,
    now: Instant,
    legs: BTreeSet<LegId>,
    measured_last: Option<LegId>,
}

impl Play {
    fn new(settings: u8) -> Play {
        let mut wanted = Settings::default();
        if settings & 1 == 1 {
            wanted.silence.no_sound = Some(Duration::from_secs(3));
        }
        if settings & 2 == 2 {
            wanted.measure_every = Some(Duration::from_secs(5));
        }
        Play {
            call: Call::new(wanted, u64::from(settings)),
            now: Instant::now(),
            legs: BTreeSet::new(),
            measured_last: None,
        }
    }

    fn step(&mut self, octets: &mut Octets<'_>) {
        let operation = octets.octet();
        match operation % 16 {
            0..=4 => self.packet(octets),
            5 => self.datagram(octets),
            6 | 7 => self.wait(octets),
            8 => {
                let leg = leg(octets);
                self.give(Input::Add { leg });
            }
            9 => {
                let update = Input::Update {
                    leg: leg(octets),
                    negotiated: negotiated(octets),
                };
                self.give(update);
            }
            10 => {
                let connect = Input::Connect {
                    leg: leg(octets),
                    hears: hears(octets),
                };
                self.give(connect);
            }
            11 => {
                let bridge = Input::Bridge {
                    leg: leg(octets),
                    with: leg(octets),
                };
                self.give(bridge);
            }
            12 => self.digit(octets),
            13 => {
                let leg = leg(octets);
                self.give(Input::Measure { leg });
            }
            14 => {
                let leg = leg(octets);
                self.give(Input::Remove { leg });
            }
            _ if octets.flip() => self.give(Input::Wake),
            _ => self.report(octets),
        }
    }

    /// Anything but a packet.
    fn give(&mut self, input: Input) {
        let was = self.call.handle(input.clone(), self.now);
        self.measured_last = None;
        self.drain();
        match (&input, was) {
            (Input::Add { leg }, Ok(())) => {
                assert!(self.legs.insert(*leg), "{leg:?} is there twice");
            }
            (Input::Remove { leg }, Ok(())) => {
                assert!(self.legs.remove(leg), "{leg:?} was not there");
                assert_eq!(
                    self.measured_last,
                    Some(*leg),
                    "the last word of a leg is its measure"
                );
            }
            (Input::Remove { leg }, Err(_)) => assert!(!self.legs.contains(leg)),
            _ => {}
        }
    }

    fn drain(&mut self) {
        for _ in 0..OUTPUTS_MAX {
            match self.call.poll() {
                None => return,
                Some(Output::Send(transmit)) => sound(&transmit, &self.legs),
                Some(Output::Report(transmit)) => well_addressed(&transmit, &self.legs),
                Some(Output::Frame { .. } | Output::Key { .. } | Output::Reached { .. }) => {
                    panic!("there is no stream")
                }
                Some(Output::Recorded { .. } | Output::RecordingOver { .. }) => {
                    panic!("nothing is recorded")
                }
                Some(Output::Event { leg, event }) => {
                    told(&event);
                    self.measured_last = matches!(event, Event::Measured(_)).then_some(leg);
                }
            }
        }
        panic!("more than {OUTPUTS_MAX} outputs of one input");
    }

    fn wait(&mut self, octets: &mut Octets<'_>) {
        let wanted = Duration::from_millis(u64::from(octets.octet()) * 20);
        let until = self.now + wanted;
        // At most as many deadlines as packets fit into that time, on each leg.
        for _ in 0..OUTPUTS_MAX * 4 {
            match self.call.deadline() {
                Some(due) if due <= until => {
                    self.now = self.now.max(due);
                    self.give(Input::Wake);
                    assert!(
                        self.call.deadline().is_none_or(|next| next > self.now),
                        "a deadline that does not move"
                    );
                }
                _ => {
                    self.now = until;
                    return;
                }
            }
        }
        panic!("woken too often");
    }

    /// A well-formed packet that follows the one before, or nearly.
    fn packet(&mut self, octets: &mut Octets<'_>) {
        let (leg, source) = (leg(octets), source(octets));
        let shape = octets.octet();
        let payload_type = [0, 8, 101, 13, 0, 8, 97, 127][octets.below(8)] | (shape & 0x80);
        let sequence = octets.pair();
        let timestamp = u32::from(sequence)
            .wrapping_mul(160)
            .wrapping_add(u32::from(octets.octet()));
        let ssrc = u32::from(octets.octet() & 3);
        let mut packet = vec![0x80, payload_type];
        packet.extend_from_slice(&sequence.to_be_bytes());
        packet.extend_from_slice(&timestamp.to_be_bytes());
        packet.extend_from_slice(&ssrc.to_be_bytes());
        match payload_type & 0x7f {
            101 => packet.extend_from_slice(&octets.quad().to_be_bytes()),
            _ => packet.resize(12 + usize::from(shape & 0x7f) * 3, octets.octet()),
        }
        self.now += Duration::from_millis(20);
        self.receive(leg, source, &mut packet);
    }

    fn datagram(&mut self, octets: &mut Octets<'_>) {
        let (leg, source) = (leg(octets), source(octets));
        let mut datagram = octets.text().to_vec();
        self.receive(leg, source, &mut datagram);
    }

    /// What comes to the socket of RTCP: a report of nearly the right form, or anything.
    fn report(&mut self, octets: &mut Octets<'_>) {
        let (leg, source) = (leg(octets), source(octets));
        // Reports, a description, a BYE, and an extended report.
        let kind = [200, 201, 202, 203, 207][octets.below(5)];
        let mut datagram = vec![0x80 | octets.octet() & 3, kind, 0];
        datagram.extend_from_slice(octets.text());
        self.call
            .handle_report(leg, source, &mut datagram, self.now);
        self.drain();
    }

    fn receive(&mut self, leg: LegId, source: SocketAddr, datagram: &mut [u8]) {
        let length = datagram.len();
        if let Some(transmit) =
            self.call
                .handle_packet(leg, Datagram::without_room(source, datagram), self.now)
        {
            assert!(
                transmit.bytes.len() <= length,
                "a relayed packet does not grow"
            );
            sound(&transmit, &self.legs);
        }
        self.drain();
    }

    fn digit(&mut self, octets: &mut Octets<'_>) {
        let leg = leg(octets);
        let Some(digit) = Digit::from_event(octets.octet() & 15) else {
            return;
        };
        let duration = Duration::from_millis(u64::from(octets.pair()));
        self.give(if octets.flip() {
            Input::SendDigit {
                leg,
                digit,
                duration,
            }
        } else {
            Input::DigitSignalled {
                leg,
                digit,
                duration,
            }
        });
    }

    fn finish(&mut self) {
        self.give(Input::Stop);
        self.legs.clear();
        assert_eq!(
            self.call.deadline(),
            None,
            "a call without legs waits for nothing"
        );
        self.give(Input::Wake);
    }
}

fn sound(transmit: &Transmit<'_>, legs: &BTreeSet<LegId>) {
    let packet = Packet::parse(transmit.bytes);
    let packet = packet.unwrap_or_else(|fault| panic!("{fault:?}: {:02x?}", transmit.bytes));
    assert!(transmit.bytes.get(packet.payload()).is_some(), "{packet:?}");
    well_addressed(transmit, legs);
}

fn well_addressed(transmit: &Transmit<'_>, legs: &BTreeSet<LegId>) {
    assert!(
        legs.contains(&transmit.leg),
        "sent from {:?}, which is not there",
        transmit.leg
    );
    assert!(transmit.destination.port() != 0 && !transmit.destination.ip().is_unspecified());
}

fn told(event: &Event) {
    match event {
        Event::Refused(refused) => assert!(refused.packets > 0, "nothing was refused"),
        Event::Measured(measured) => {
            assert!(measured.received.silence_permille <= 1000, "{measured:?}");
            assert!(
                measured.received.jitter_us <= measured.received.jitter_max_us,
                "{measured:?}"
            );
        }
        Event::Silent {
            silence: Silence::NoPackets | Silence::NoSound,
            ..
        } => {}
        _ => {}
    }
}

fn leg(octets: &mut Octets<'_>) -> LegId {
    LegId(u16::from(octets.octet() & 3))
}

fn source(octets: &mut Octets<'_>) -> SocketAddr {
    let number = octets.octet();
    let host = [7, 7, 7, 8][usize::from(number & 3)];
    let port = 4000 + u16::from(number >> 4);
    match number & 8 {
        0 => SocketAddr::from(([192, 0, 2, host], port)),
        _ => SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(host)], port)),
    }
}

fn codec(octets: &mut Octets<'_>) -> Codec {
    if octets.flip() {
        Codec::Pcma
    } else {
        Codec::Pcmu
    }
}

fn negotiated(octets: &mut Octets<'_>) -> Negotiated {
    let shape = octets.octet();
    let remote = if shape == 255 {
        SocketAddr::from(([0, 0, 0, 0], 0))
    } else {
        source(octets)
    };
    let mut agreed = Negotiated::new(remote, codec(octets));
    if shape & 1 == 1 {
        agreed = agreed.with_telephone_event(101);
    }
    if shape & 2 == 2 {
        agreed = agreed.accepting([0, 8, 97, 200][octets.below(4)], codec(octets));
    }
    agreed.comfort_noise_accepted = (shape & 4 == 4).then_some(13);
    agreed.watched = shape & 8 == 0;
    agreed.tones = shape & 32 == 32;
    agreed.reports = Some(SocketAddr::new(remote.ip(), remote.port() | 1));
    agreed.packet_ms = [20, 20, 10, 30, 60, 0, 61, 25][octets.below(8)];
    agreed.direction = [
        Direction::SendReceive,
        Direction::SendOnly,
        Direction::ReceiveOnly,
        Direction::Inactive,
    ][octets.below(4)];
    let sources = [
        SourceRule::Signalled,
        SourceRule::SameAddress,
        SourceRule::SameNetwork,
        SourceRule::Any,
    ];
    agreed.latch = LatchRule {
        source: sources[octets.below(4)],
        ssrc: if shape & 16 == 16 {
            SsrcRule::RelearnWhenQuiet
        } else {
            SsrcRule::Strict
        },
    };
    agreed
}

fn hears(octets: &mut Octets<'_>) -> Hears {
    let samples: Arc<[i16]> = vec![1000; usize::from(octets.octet()) * 40].into();
    let choices = octets.pair();
    let choices = (0..16)
        .filter(|bit| choices >> bit & 1 == 1)
        .filter_map(Digit::from_event)
        .collect();
    Hears::Agent(match octets.octet() % 8 {
        0 => return Hears::Nothing,
        1 => return Hears::Leg(leg(octets)),
        2 => Agent::Echo,
        3 => Agent::Tone {
            frequency_hz: octets.pair(),
            level_db: octets.octet().cast_signed(),
        },
        4 => Agent::Announcement {
            samples,
            repeat: octets.flip(),
        },
        5 => Agent::Hold,
        6 => Agent::Menu(Menu::new(choices)),
        _ => Agent::Menu(Menu {
            prompt: Some(samples),
            choices,
            wait: Duration::from_millis(u64::from(octets.pair())),
            attempts: octets.octet(),
        }),
    })
}
