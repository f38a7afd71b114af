//! The shell of these tests: it drives a call as its page says, and keeps what comes out.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rtc_rtp::header::Header;
use rtc_rtp::packet::Packet;
use rtc_shared::marshal::{Marshal, Unmarshal};
use trunkline_media::srtp::ROOM_BYTES;
use trunkline_media::{
    Call, Codec, Datagram, Event, Hears, Input, LegId, Negotiated, Output, Settings, Stream,
    Transmit, g711, tone,
};

pub const CALLER: LegId = LegId(1);
pub const AGENT: LegId = LegId(2);
pub const QUEUE: LegId = LegId(3);

/// A call, its time and what came out.
pub struct Shell {
    pub call: Call,
    pub now: Instant,
    pub start: Instant,
    pub sent: Vec<Sent>,
    pub events: Vec<(LegId, Event)>,
    /// Reports that left: of which leg, where to, and their octets.
    pub reports: Vec<(LegId, SocketAddr, Vec<u8>)>,
    /// What peers of streams were told.
    pub told: Vec<Told>,
    /// What was recorded, left and right.
    pub recorded: Vec<[i16; 2]>,
    /// How much of it is silent on purpose, when it is over.
    pub recording_over: Option<Duration>,
}

/// What the peer of a stream was told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Frame {
        at_ms: u64,
        stream_ms: u64,
        bytes: Vec<u8>,
    },
    Key {
        at_ms: u64,
        key: char,
    },
    Reached {
        at_ms: u64,
        mark: String,
    },
}

/// A packet that left.
#[derive(Clone, Debug)]
pub struct Sent {
    pub leg: LegId,
    pub at_ms: u64,
    pub destination: SocketAddr,
    pub packet: Packet,
    pub bytes: Vec<u8>,
}

/// A peer that sends packets.
#[derive(Clone, Debug)]
pub struct Peer {
    pub leg: LegId,
    pub address: SocketAddr,
    pub codec: Codec,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
}

impl Shell {
    pub fn new() -> Shell {
        Shell::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Shell {
        let start = start();
        Shell {
            call: Call::new(settings, 42),
            now: start,
            start,
            sent: Vec::new(),
            events: Vec::new(),
            reports: Vec::new(),
            told: Vec::new(),
            recorded: Vec::new(),
            recording_over: None,
        }
    }

    /// A call of two bridged legs and its peers.
    pub fn bridged(caller: Codec, agent: Codec) -> (Shell, Peer, Peer) {
        let mut shell = Shell::new();
        let caller = shell.leg(CALLER, caller);
        let agent = shell.leg(AGENT, agent);
        shell.input(Input::Bridge {
            leg: CALLER,
            with: AGENT,
        });
        (shell, caller, agent)
    }

    /// Adds an agreed leg with telephone events of payload type 100 + leg.
    pub fn leg(&mut self, leg: LegId, codec: Codec) -> Peer {
        self.input(Input::Add { leg });
        self.input(Input::Update {
            leg,
            negotiated: negotiated(leg, codec),
        });
        Peer::new(leg, codec)
    }

    pub fn input(&mut self, input: Input) {
        self.call
            .handle(input, self.now)
            .expect("the input is right");
        self.drain();
    }

    pub fn hears(&mut self, leg: LegId, hears: Hears) {
        self.input(Input::Connect { leg, hears });
    }

    /// Lets time pass, waking the call whenever it asks for it.
    pub fn pass(&mut self, milliseconds: u64) {
        let until = self.now + Duration::from_millis(milliseconds);
        while let Some(deadline) = self.call.deadline().filter(|&deadline| deadline <= until) {
            self.now = self.now.max(deadline);
            self.call
                .handle(Input::Wake, self.now)
                .expect("to wake is always right");
            self.drain();
            let next = self.call.deadline();
            assert!(
                next.is_none_or(|next| next > self.now),
                "the call asks for a time that is past"
            );
        }
        self.now = until;
    }

    /// A datagram comes in; what is relayed from it goes to `sent`.
    pub fn datagram(&mut self, leg: LegId, source: SocketAddr, mut bytes: Vec<u8>) {
        let at_ms = self.at_ms();
        let length = bytes.len();
        bytes.resize(length + ROOM_BYTES, 0);
        let datagram = Datagram {
            source,
            buffer: &mut bytes,
            length,
        };
        if let Some(transmit) = self.call.handle_packet(leg, datagram, self.now) {
            self.sent.push(Sent {
                leg: transmit.leg,
                at_ms,
                destination: transmit.destination,
                packet: read(transmit.bytes),
                bytes: transmit.bytes.to_vec(),
            });
        }
        self.drain();
    }

    /// The peer says the samples in packets of 20 ms, in real time.
    pub fn says(&mut self, peer: &mut Peer, samples: &[i16]) {
        for frame in samples.chunks(160) {
            let bytes = peer.audio(frame);
            self.datagram(peer.leg, peer.address, bytes);
            self.pass(20);
        }
    }

    fn drain(&mut self) {
        let at_ms = self.at_ms();
        while let Some(output) = self.call.poll() {
            match output {
                Output::Send(transmit) => self.sent.push(Sent {
                    leg: transmit.leg,
                    at_ms,
                    destination: transmit.destination,
                    packet: read(transmit.bytes),
                    bytes: transmit.bytes.to_vec(),
                }),
                Output::Report(Transmit {
                    leg,
                    destination,
                    bytes,
                }) => self.reports.push((leg, destination, bytes.to_vec())),
                Output::Frame {
                    bytes,
                    at_ms: stream_ms,
                    ..
                } => self.told.push(Told::Frame {
                    at_ms,
                    stream_ms,
                    bytes: bytes.to_vec(),
                }),
                Output::Key { press, .. } => {
                    let key = press.digit.key();
                    self.told.push(Told::Key { at_ms, key });
                }
                Output::Reached { mark, .. } => self.told.push(Told::Reached { at_ms, mark }),
                Output::Recorded { samples, .. } => {
                    assert!(self.recording_over.is_none(), "it is over");
                    self.recorded.extend(samples.as_chunks::<2>().0);
                }
                Output::RecordingOver { silenced, .. } => self.recording_over = Some(silenced),
                Output::Event { leg, event } => self.events.push((leg, event)),
            }
        }
    }

    pub fn at_ms(&self) -> u64 {
        u64::try_from(self.now.duration_since(self.start).as_millis()).unwrap()
    }

    /// The packets to a leg.
    pub fn to(&self, leg: LegId) -> Vec<&Sent> {
        self.sent.iter().filter(|sent| sent.leg == leg).collect()
    }

    /// The audio to a leg, decoded; telephone events left out.
    pub fn heard(&self, leg: LegId) -> Vec<i16> {
        let audio = self.to(leg).into_iter().filter_map(|sent| {
            let law = Codec::of_payload_type(sent.packet.header.payload_type)?.law()?;
            Some(
                sent.packet
                    .payload
                    .iter()
                    .map(move |&code| g711::decode(law, code))
                    .collect::<Vec<_>>(),
            )
        });
        audio.flatten().collect()
    }

    /// Events of a leg, taken out.
    pub fn take_events(&mut self, leg: LegId) -> Vec<Event> {
        let (own, others) = std::mem::take(&mut self.events)
            .into_iter()
            .partition(|(other, _)| *other == leg);
        self.events = others;
        let own: Vec<(LegId, Event)> = own;
        own.into_iter().map(|(_, event)| event).collect()
    }

    /// Keys of a leg with their durations in ms, taken out with all other events.
    pub fn take_keys(&mut self, leg: LegId) -> Vec<(char, u128)> {
        let events = self.take_events(leg).into_iter();
        let keys = events.filter_map(|event| match event {
            Event::Digit { press, .. } => Some((press.digit.key(), press.duration.as_millis())),
            _ => None,
        });
        keys.collect()
    }

    pub fn received(&self, leg: LegId) -> Stream {
        self.call.measured(leg, self.now).unwrap().received
    }
}

impl Peer {
    pub fn new(leg: LegId, codec: Codec) -> Peer {
        Peer {
            leg,
            address: address(leg),
            codec,
            ssrc: 0x1000 + u32::from(leg.0),
            sequence: 65_530,
            timestamp: u32::MAX - 1000,
        }
    }

    /// The next audio packet.
    pub fn audio(&mut self, samples: &[i16]) -> Vec<u8> {
        let law = self.codec.law().expect("it is G.711");
        let payload = samples
            .iter()
            .map(|&sample| g711::encode(law, sample))
            .collect();
        let bytes = self.packet(fixed(self.codec), false, payload);
        self.timestamp = self
            .timestamp
            .wrapping_add(u32::try_from(samples.len()).unwrap());
        bytes
    }

    /// The next packet of a telephone event that began at the present timestamp.
    pub fn key(&mut self, event: u8, end: bool, duration: u16) -> Vec<u8> {
        let [high, low] = duration.to_be_bytes();
        let payload = vec![event, if end { 0x8a } else { 10 }, high, low];
        self.packet(telephone_event(self.leg), duration == 160, payload)
    }

    pub fn packet(&mut self, payload_type: u8, marker: bool, payload: Vec<u8>) -> Vec<u8> {
        let header = Header {
            version: 2,
            marker,
            payload_type,
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        let packet = Packet {
            header,
            payload: payload.into(),
        };
        packet.marshal().expect("the packet is right").to_vec()
    }

    /// Another sender with the same numbers.
    pub fn at(&self, address: &str) -> Peer {
        Peer {
            address: address.parse().unwrap(),
            ..self.clone()
        }
    }
}

pub fn negotiated(leg: LegId, codec: Codec) -> Negotiated {
    Negotiated::new(address(leg), codec).with_telephone_event(telephone_event(leg))
}

pub fn address(leg: LegId) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10], 4000 + leg.0))
}

/// The static payload type of a codec that has one.
pub fn fixed(codec: Codec) -> u8 {
    codec.row().payload_type.expect("it is fixed")
}

pub fn telephone_event(leg: LegId) -> u8 {
    100 + u8::try_from(leg.0).unwrap()
}

pub fn read(bytes: &[u8]) -> Packet {
    Packet::unmarshal(&mut &bytes[..]).expect("what leaves is RTP")
}

/// A second of a tone.
pub fn second_of(frequency_hz: u16) -> Vec<i16> {
    tone::sine(frequency_hz, -10, 1000)
}

/// Asserts that sequence numbers grow by one and that timestamps follow the time they are sent at,
/// with the marker where `switches` says.
pub fn assert_continuous(sent: &[&Sent], switches: &[usize]) {
    for (index, pair) in sent.windows(2).enumerate() {
        let (before, after) = (&pair[0].packet.header, &pair[1].packet.header);
        assert_eq!(
            after.sequence_number,
            before.sequence_number.wrapping_add(1),
            "packet {}",
            index + 1
        );
        assert_eq!(after.ssrc, before.ssrc);
        let passed = u32::try_from(pair[1].at_ms - pair[0].at_ms).unwrap() * 8;
        assert_eq!(
            after.timestamp.wrapping_sub(before.timestamp),
            passed.max(160),
            "packet {}",
            index + 1
        );
    }
    let marked: Vec<usize> = sent
        .iter()
        .enumerate()
        .filter(|(_, sent)| sent.packet.header.marker)
        .map(|(index, _)| index)
        .collect();
    assert_eq!(marked, switches);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the start of the virtual time; only differences matter"
)]
fn start() -> Instant {
    Instant::now()
}
