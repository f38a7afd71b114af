//! Between the words of SIP and events and those of media: terms, agents, measures.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use media::{LatchRule, SourceRule};
use schemas::command::{BuiltInAgent, MenuChoice};
use schemas::{CallId, LegId};

use crate::dtls::Outcome;
use crate::recordings::Recordings;

/// An order to the media of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToVoice {
    /// The call.
    pub call: CallId,
    /// What to do.
    pub input: media::Input,
}

/// A message from the media of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct FromVoice {
    /// The call.
    pub call: CallId,
    /// The leg.
    pub leg: LegId,
    /// What happened.
    pub event: Happened,
}

/// What happens to a leg beside its dialog.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// In its media.
    Media(media::Event),
    /// A handshake is over.
    Handshake(Outcome),
    /// To the connection that it is.
    Stream(crate::websocket::Event),
}

impl From<media::Event> for Happened {
    fn from(event: media::Event) -> Happened {
        Happened::Media(event)
    }
}

/// A handshake that a leg agreed on.
#[derive(Clone, Debug, PartialEq)]
pub struct ToShake {
    /// The call.
    pub call: CallId,
    /// The leg.
    pub leg: LegId,
    /// What was agreed on.
    pub terms: sdp::Handshake,
}

impl FromVoice {
    /// The end of a leg of whose media nothing is known.
    pub fn of_nothing(call: CallId, leg: LegId) -> FromVoice {
        let event = media::Event::Measured(Box::default()).into();
        FromVoice { call, leg, event }
    }

    /// Whether nothing follows from the media of its leg.
    pub fn is_last(&self) -> bool {
        matches!(&self.event, Happened::Media(media::Event::Measured(measured)) if measured.occasion == media::Occasion::End)
    }
}

/// What a leg hears, as the call knows it; its media knows it with samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hears {
    /// Nothing: nobody is connected.
    Nothing,
    /// Another leg of the call.
    Leg(LegId),
    /// A built-in agent.
    Agent(BuiltInAgent),
    /// What somebody hears whose partner put the call on hold.
    Hold,
}

/// How loud a tone is, in decibels below full scale.
const TONE_LEVEL_DB: i8 = -10;

/// The leg's id in its media.
pub fn leg_id(leg: LegId) -> media::LegId {
    media::LegId(leg.0)
}

/// What media needs of what offer and answer agreed on. `accepts` are the codecs of our own description and their numbers; `signalling`
/// is where the peer's SIP comes from.
pub fn negotiated(
    terms: &sdp::Negotiated,
    accepts: &[(sdp::Codec, u8)],
    signalling: IpAddr,
    watched: bool,
) -> media::Negotiated {
    let codec = codec(terms.codec);
    let mut negotiated = media::Negotiated::new(terms.remote, codec);
    negotiated.payload_type = terms.payload_type_send;
    negotiated.accepted[0] = Some((terms.payload_type_receive, codec));
    negotiated.telephone_event = terms.dtmf.map(|dtmf| dtmf.send);
    negotiated.telephone_event_accepted = terms.dtmf.map(|dtmf| dtmf.receive);
    negotiated.telephone_event_clock = terms.dtmf.map(|dtmf| media::Clock(dtmf.clock_rate));
    if terms.redundancy {
        negotiated.redundancy = media::Redundancy::InBand;
    }
    // Unless it was given another meaning.
    negotiated.comfort_noise_accepted = Some(COMFORT_NOISE);
    negotiated.packet_ms = terms.ptime_ms;
    negotiated.direction = direction(terms.direction);
    negotiated.latch = latch(terms.remote.ip(), signalling);
    negotiated.watched = watched;
    negotiated.reports = terms.reports;
    negotiated.reports_muxed = terms.reports_muxed;
    let secured = terms.protection.secured();
    negotiated.security = secured.map(|secured| Box::new(security(secured)));
    negotiated.handshake = terms.protection.handshake().is_some();
    for (other, number) in accepts.iter().filter(|(other, _)| *other != terms.codec) {
        let taken = [
            Some(terms.payload_type_receive),
            negotiated.telephone_event_accepted,
        ];
        if !taken.contains(&Some(*number)) {
            negotiated = negotiated.accepting(*number, self::codec(*other));
        }
    }
    negotiated
}

/// What media plays to a leg. A recording that the edge does not have is refused long before.
pub fn hears(hears: &Hears, recordings: &Recordings) -> media::Hears {
    match hears {
        Hears::Nothing => media::Hears::Nothing,
        Hears::Leg(leg) => media::Hears::Leg(leg_id(*leg)),
        Hears::Hold => media::Hears::Agent(media::Agent::Hold),
        Hears::Agent(agent) => media::Hears::Agent(self::agent(agent, recordings)),
    }
}

/// The kind of an agent in one word, and the recording that it needs.
pub fn describe(does: &BuiltInAgent) -> (&'static str, Option<&str>) {
    match does {
        BuiltInAgent::Echo => ("echo", None),
        BuiltInAgent::Tone { .. } => ("tone", None),
        BuiltInAgent::Announcement { file, .. } => ("announcement", Some(file)),
        BuiltInAgent::Menu { prompt, .. } => ("menu", prompt.as_deref()),
        BuiltInAgent::Hold => ("hold", None),
    }
}

/// The payload type of comfort noise (RFC 3389).
const COMFORT_NOISE: u8 = 13;

fn agent(agent: &BuiltInAgent, recordings: &Recordings) -> media::Agent {
    let samples = |file: &str| recordings.get(file);
    match agent {
        BuiltInAgent::Echo => media::Agent::Echo,
        BuiltInAgent::Tone { frequency_hz } => media::Agent::Tone {
            frequency_hz: *frequency_hz,
            level_db: TONE_LEVEL_DB,
        },
        BuiltInAgent::Announcement { file, repeat } => media::Agent::Announcement {
            samples: samples(file).unwrap_or_else(|| Arc::from([])),
            repeat: *repeat,
        },
        BuiltInAgent::Menu { prompt, choices } => {
            let digit = |choice: &MenuChoice| media::Digit::new(choice.digit);
            let mut menu = media::Menu::new(choices.iter().filter_map(digit).collect());
            menu.prompt = prompt.as_deref().and_then(samples);
            media::Agent::Menu(menu)
        }
        BuiltInAgent::Hold => media::Agent::Hold,
    }
}

fn codec(codec: sdp::Codec) -> media::Codec {
    match codec {
        sdp::Codec::Pcmu => media::Codec::Pcmu,
        sdp::Codec::Pcma => media::Codec::Pcma,
        sdp::Codec::G722 => media::Codec::G722,
        sdp::Codec::Opus => media::Codec::Opus,
    }
}

fn security(secured: &sdp::Secured) -> media::Secured {
    let master = |key: &sdp::MasterKey| {
        media::MasterKey::new(suite(key.suite()), key.key(), key.salt())
            .expect("a key has the lengths of its suite, which are the same everywhere")
    };
    media::Secured {
        ours: master(&secured.ours),
        theirs: master(&secured.theirs),
        mki: secured.mki.map(|mki| media::Mki {
            value: mki.value,
            octets: mki.octets,
        }),
    }
}

fn suite(suite: sdp::Suite) -> media::Suite {
    match suite {
        sdp::Suite::AesCm128HmacSha1_80 => media::Suite::AesCm128HmacSha1_80,
        sdp::Suite::AesCm128HmacSha1_32 => media::Suite::AesCm128HmacSha1_32,
        sdp::Suite::AeadAes128Gcm => media::Suite::AeadAes128Gcm,
        sdp::Suite::AeadAes256Gcm => media::Suite::AeadAes256Gcm,
    }
}

fn direction(direction: sdp::Direction) -> media::Direction {
    match direction {
        sdp::Direction::SendRecv => media::Direction::SendReceive,
        sdp::Direction::SendOnly => media::Direction::SendOnly,
        sdp::Direction::RecvOnly => media::Direction::ReceiveOnly,
        sdp::Direction::Inactive => media::Direction::Inactive,
    }
}

/// Whose packets may be learned: those of the address in the description, from any port. A private address in the
/// description of a peer that is not in a private network is one behind a translation that nobody can know.
fn latch(described: IpAddr, signalling: IpAddr) -> LatchRule {
    let translated = described != signalling && is_private(described) && !is_private(signalling);
    let source = if translated {
        SourceRule::Any
    } else {
        SourceRule::SameAddress
    };
    LatchRule {
        source,
        ..LatchRule::default()
    }
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        // RFC 6598: the private network between a carrier and its customers.
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || in_shared_space(v4),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback(),
    }
}

fn in_shared_space(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && (64..128).contains(&second)
}
