//! What offer and answer agreed on for a leg (RFC 3264), as far as its packets are concerned.

use std::net::SocketAddr;
use std::time::Duration;

use crate::codec::{Clock, Codec};
use crate::error::Error;
use crate::opus::Redundancy;
use crate::srtp::Secured;

/// The agreed media of a leg. [`Negotiated::new`] has the usual values; change the fields that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Where the peer said that it receives. Nothing is sent to an unspecified address or port 0.
    pub remote: SocketAddr,
    /// The codec that is sent.
    pub codec: Codec,
    /// The payload type that it is sent with.
    pub payload_type: u8,
    /// The audio payload types that the peer may send: those of our own description.
    pub accepted: [Option<(u8, Codec)>; MAX_ACCEPTED],
    /// The payload type that telephone events are sent with, if the peer takes them.
    pub telephone_event: Option<u8>,
    /// The payload type that the peer may send telephone events with.
    pub telephone_event_accepted: Option<u8>,
    /// The clock of telephone events either way, if it is not that of the codec.
    pub telephone_event_clock: Option<Clock>,
    /// The payload type of comfort noise (RFC 3389), usually 13: a sign of life that goes no further.
    pub comfort_noise_accepted: Option<u8>,
    /// Milliseconds of audio in a packet that is made here, 10 to 60. Relayed packets keep theirs.
    pub packet_ms: u16,
    /// Whether the peer can make lost packets good from the next one, if the codec is Opus.
    pub redundancy: Redundancy,
    /// The direction, seen from here.
    pub direction: Direction,
    /// Whose packets are let in.
    pub latch: LatchRule,
    /// Where the peer takes reports (RTCP); none are sent or believed without.
    pub reports: Option<SocketAddr>,
    /// Whether reports share the port of RTP (RFC 5761): then they go where packets go.
    pub reports_muxed: bool,
    /// Whether silence is worth an event: false while the leg is not answered.
    pub watched: bool,
    /// Whether keys are listened for in its audio (ITU-T Q.23), if that is G.711.
    pub tones: bool,
    /// Whether keys go out as tones in the audio where the peer takes no telephone events.
    pub tones_sent: bool,
    /// The keys, if it is SRTP: then nothing else is let in, and nothing else is sent.
    pub security: Option<Box<Secured>>,
    /// Whether it is SRTP whose keys a handshake makes: [`Input::Secure`](crate::Input::Secure) brings them. Until then
    /// nothing is let in, and nothing is sent.
    pub handshake: bool,
}

/// The direction of a leg, seen from here (RFC 8866, section 6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendReceive,
    /// Only to the peer.
    SendOnly,
    /// Only from the peer.
    ReceiveOnly,
    /// Neither way.
    Inactive,
}

/// Whose packets are let in. The usual rule is the strict one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LatchRule {
    /// Which sources may be learned.
    pub source: SourceRule,
    /// What happens when the peer changes its SSRC after the latch.
    pub ssrc: SsrcRule,
}

/// Which sources may be learned, once, by three packets in sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceRule {
    /// Only the signalled address and port.
    #[default]
    Signalled,
    /// Any port of the signalled address: peers that send from another port than they receive on.
    SameAddress,
    /// Any port of the signalled network, /24 or /64: media servers side by side.
    SameNetwork,
    /// Anybody: peers behind an address translation that the description does not show.
    Any,
}

/// What happens when the latched source changes its SSRC without a new description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SsrcRule {
    /// It is refused and counted.
    #[default]
    Strict,
    /// Three packets in sequence of the new one are enough once the old one has been quiet for
    /// [`crate::negotiated::RELEARN_AFTER_MS`].
    RelearnWhenQuiet,
}

impl Negotiated {
    /// One codec both ways with its static payload type, or the first dynamic one; no telephone events, 20 ms, both
    /// directions, plain RTP.
    pub fn new(remote: SocketAddr, codec: Codec) -> Negotiated {
        let payload_type = codec.row().payload_type.unwrap_or(FIRST_DYNAMIC);
        let mut accepted = [None; MAX_ACCEPTED];
        accepted[0] = Some((payload_type, codec));
        Negotiated {
            remote,
            codec,
            payload_type,
            accepted,
            telephone_event: None,
            telephone_event_accepted: None,
            telephone_event_clock: None,
            comfort_noise_accepted: None,
            packet_ms: 20,
            redundancy: Redundancy::None,
            direction: Direction::SendReceive,
            latch: LatchRule::default(),
            reports: None,
            reports_muxed: false,
            watched: true,
            tones: false,
            tones_sent: false,
            security: None,
            handshake: false,
        }
    }

    /// The same with telephone events of one payload type both ways.
    #[must_use]
    pub fn with_telephone_event(mut self, payload_type: u8) -> Negotiated {
        self.telephone_event = Some(payload_type);
        self.telephone_event_accepted = Some(payload_type);
        self
    }

    /// The same with one more codec that the peer may send; no more than [`MAX_ACCEPTED`] are kept.
    #[must_use]
    pub fn accepting(mut self, payload_type: u8, codec: Codec) -> Negotiated {
        if let Some(free) = self.accepted.iter_mut().find(|slot| slot.is_none()) {
            *free = Some((payload_type, codec));
        }
        self
    }

    /// Whether packets can be made and told apart with it.
    pub fn check(&self) -> Result<(), Error> {
        if !(MIN_PACKET_MS..=MAX_PACKET_MS).contains(&self.packet_ms) {
            return Err(Error::PacketTime(self.packet_ms));
        }
        let audio = self
            .accepted
            .iter()
            .flatten()
            .map(|&(payload_type, _)| payload_type);
        let others = [self.telephone_event_accepted, self.comfort_noise_accepted];
        let mut seen = 0u128;
        for payload_type in audio.chain(others.into_iter().flatten()) {
            if payload_type > 127 || seen & (1 << payload_type) != 0 {
                return Err(Error::PayloadType(payload_type));
            }
            seen |= 1 << payload_type;
        }
        match [Some(self.payload_type), self.telephone_event]
            .into_iter()
            .flatten()
            .find(|&sent| sent > 127)
        {
            Some(payload_type) => Err(Error::PayloadType(payload_type)),
            None => Ok(()),
        }
    }

    /// Milliseconds of audio in a packet that is made here: those agreed on, or the next fewer that the codec knows.
    pub fn made_ms(&self) -> u16 {
        match (self.codec, self.packet_ms) {
            // RFC 6716, section 2.1.4.
            (Codec::Opus, ..20) => 10,
            (Codec::Opus, 20..40) => 20,
            (Codec::Opus, 40..60) => 40,
            (Codec::Opus, 60..) => 60,
            (_, agreed) => agreed,
        }
    }

    /// How long a packet is that is made here.
    pub fn packet_time(&self) -> Duration {
        Duration::from_millis(u64::from(self.made_ms()))
    }

    pub(crate) fn key_clock(&self) -> Clock {
        self.telephone_event_clock.unwrap_or(self.codec.clock())
    }

    pub(crate) fn sends(&self) -> bool {
        let reachable = self.remote.port() != 0 && !self.remote.ip().is_unspecified();
        reachable && matches!(self.direction, Direction::SendReceive | Direction::SendOnly)
    }

    pub(crate) fn receives(&self) -> bool {
        matches!(
            self.direction,
            Direction::SendReceive | Direction::ReceiveOnly
        )
    }

    pub(crate) fn sound_of(&self, payload_type: u8) -> Option<Sound> {
        let audio = self
            .accepted
            .iter()
            .flatten()
            .find(|(accepted, _)| *accepted == payload_type);
        if let Some(&(_, codec)) = audio {
            return Some(Sound::Audio(codec));
        }
        let payload_type = Some(payload_type);
        if payload_type == self.telephone_event_accepted {
            return Some(Sound::Key);
        }
        (payload_type == self.comfort_noise_accepted).then_some(Sound::ComfortNoise)
    }
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sound {
    /// Audio.
    Audio(Codec),
    /// A telephone event.
    Key,
    /// Comfort noise.
    ComfortNoise,
}

/// Audio payload types that a leg accepts at once: each codec of a description.
pub const MAX_ACCEPTED: usize = 6;
/// The first payload type without a fixed meaning (RFC 3551, section 6).
const FIRST_DYNAMIC: u8 = 96;
/// The shortest packet that is made here.
pub const MIN_PACKET_MS: u16 = 10;
/// The longest packet that is made here; it gives the size of the call's buffer.
pub const MAX_PACKET_MS: u16 = 60;
/// How long the latched SSRC has to be quiet before another may follow it, in milliseconds.
pub const RELEARN_AFTER_MS: u64 = 500;
