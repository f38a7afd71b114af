//! Offer and answer: from two descriptions to one set of facts (RFC 3264 sections 6 and 7).

use std::fmt;
use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::codec::Codec;
use crate::description::SessionDescription;
use crate::direction::Direction;
use crate::local::{self, LocalMedia, LocalSession};
use crate::media::Media;
use crate::rejection::{Rejection, no_common_codec, rejection, unprotected};
use crate::security::Protection;

/// Milliseconds per packet that we are able to send.
const PTIME_RANGE_MS: std::ops::RangeInclusive<u16> = 10..=60;

/// What events have that know of no codec.
const EVENT_RATE_USUAL: u32 = 8_000;

/// What was agreed, as media needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Where we send. The address is unspecified (0.0.0.0) if the peer holds the old way; then nothing is sent.
    pub remote: SocketAddr,
    /// Where our RTCP goes: the port above, or the one that the peer names (RFC 3605). None if there is no such port.
    pub reports: Option<SocketAddr>,
    /// Whether RTCP shares the port of RTP both ways (RFC 5761).
    pub reports_muxed: bool,
    /// The codec, both ways.
    pub codec: Codec,
    /// The payload type in what we send.
    pub payload_type_send: u8,
    /// The payload type in what we receive.
    pub payload_type_receive: u8,
    /// Whether the peer can make lost packets good from the next one (Opus, RFC 7587 section 6.1).
    pub redundancy: bool,
    /// Digits as events, if both sides can.
    pub dtmf: Option<Dtmf>,
    /// Milliseconds of audio in a packet that we send.
    pub ptime_ms: u16,
    /// Which way it flows, as we see it: `recvonly` or `inactive` means that the peer holds us.
    pub direction: Direction,
    /// Which `m=` line it is, from 0.
    pub media_index: usize,
    /// Whether it is SRTP, and the keys.
    pub protection: Protection,
}

/// The payload types of digits (RFC 4733).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dtmf {
    /// In what we send.
    pub send: u8,
    /// In what we receive.
    pub receive: u8,
    /// That of the codec, as it has to be (RFC 4733 section 2.1). Peers that know Opus but events of 8,000 Hz only get those.
    pub clock_rate: u32,
}

/// An answer and what it agrees to.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The description to send.
    pub description: String,
    /// The facts.
    pub negotiated: Negotiated,
}

/// Without the description: there may be a key in it.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("negotiated", &self.negotiated)
            .finish_non_exhaustive()
    }
}

/// Answers an offer: SRTP where both can and one wants it, our most preferred codec that the offer has, digits at its
/// clock rate, the direction mirrored. Every `m=` line of the offer is answered in its place, those we do not take with
/// port 0.
pub fn answer(
    offer: &SessionDescription,
    local: &LocalMedia,
    session: &mut LocalSession,
) -> Result<Answer, Rejection> {
    let Taken {
        at,
        medium,
        codec,
        number,
        protection,
    } = take(offer, local).ok_or_else(|| rejection(offer, &local.security))?;
    let dtmf = local
        .telephone_event
        .and_then(|_| {
            let mut rates = event_rates(codec).into_iter();
            rates.find_map(|rate| Some((rate, medium.telephone_event(rate)?)))
        })
        .map(|(clock_rate, number)| Dtmf {
            send: number,
            receive: number,
            clock_rate,
        });
    let negotiated = Negotiated {
        remote: remote_of(offer, medium)?,
        reports: reports_of(offer, medium, medium.rtcp_mux),
        reports_muxed: medium.rtcp_mux,
        codec,
        payload_type_send: number,
        payload_type_receive: number,
        redundancy: redundancy_of(medium, codec, number),
        dtmf,
        ptime_ms: ptime_of(medium, local),
        direction: offer.direction_of(medium).mirrored().and(local.direction),
        media_index: at,
        protection,
    };
    let mut media = String::with_capacity(256);
    for (index, medium) in offer.media().iter().enumerate() {
        if index == at {
            write_taken(&mut media, &negotiated, medium, local);
        } else {
            write_refused(&mut media, medium);
        }
    }
    // The answer's times are the offer's.
    let times = offer.session_values('t').next();
    let times = times
        .as_deref()
        .map(str::trim)
        .filter(|times| !times.is_empty())
        .unwrap_or("0 0");
    let description = session.describe(local.address.ip(), times, &media);
    Ok(Answer {
        description,
        negotiated,
    })
}

/// Reads the answer to an offer that [`offer`](crate::offer) made of the same `local`: the first codec in it that we
/// offered.
pub fn accept(local: &LocalMedia, answer: &SessionDescription) -> Result<Negotiated, Rejection> {
    let Some(medium) = answer
        .media()
        .first()
        .filter(|medium| is_open_audio(medium))
    else {
        return Err(Rejection::NoAudio);
    };
    let profile = medium.profile();
    let handshake = answer.handshake_of(medium);
    let protection =
        profile.and_then(|profile| local.security.accepts(medium, &handshake, profile));
    let Some(protection) = protection else {
        return Err(unprotected(medium, &handshake, &local.security));
    };
    let ours = local.numbered_codecs();
    let (codec, send, receive) = medium
        .payload_types()
        .find_map(|number| {
            let codec = medium.codec(number)?;
            let (_, receive) = ours.iter().find(|(offered, _)| *offered == codec)?;
            Some((codec, number, *receive))
        })
        .ok_or_else(|| no_common_codec([medium]))?;
    let events = local.numbered_events();
    let dtmf = event_rates(codec).into_iter().find_map(|clock_rate| {
        let (_, receive) = *events.iter().find(|(offered, _)| *offered == clock_rate)?;
        Some(Dtmf {
            send: medium.telephone_event(clock_rate)?,
            receive,
            clock_rate,
        })
    });
    Ok(Negotiated {
        remote: remote_of(answer, medium)?,
        reports: reports_of(answer, medium, local.rtcp_mux && medium.rtcp_mux),
        reports_muxed: local.rtcp_mux && medium.rtcp_mux,
        codec,
        payload_type_send: send,
        payload_type_receive: receive,
        redundancy: redundancy_of(medium, codec, send),
        dtmf,
        ptime_ms: ptime_of(medium, local),
        direction: answer.direction_of(medium).mirrored().and(local.direction),
        media_index: 0,
        protection,
    })
}

/// The clock rates that events of a leg may have, the right one first.
fn event_rates(codec: Codec) -> [u32; 2] {
    [codec.clock_rate(), EVENT_RATE_USUAL]
}

/// Whether the peer asks for redundancy in what it receives.
fn redundancy_of(medium: &Media, codec: Codec, number: u8) -> bool {
    let parameters = medium.fmtp(&number.to_string()).unwrap_or_default();
    let mut parameters = parameters.split(';').map(str::trim);
    codec == Codec::Opus && parameters.any(|parameter| parameter == "useinbandfec=1")
}

/// A medium of an offer that we can answer.
struct Taken<'offer> {
    at: usize,
    medium: &'offer Media,
    codec: Codec,
    number: u8,
    protection: Protection,
}

/// The first medium that we can answer as SRTP, else the first that we can answer at all.
fn take<'offer>(offer: &'offer SessionDescription, local: &LocalMedia) -> Option<Taken<'offer>> {
    let media = offer.media().iter().enumerate();
    let audio = media.filter(|(_, medium)| is_open_audio(medium));
    let mut plain = None;
    for (at, medium) in audio {
        let both = |codec: &Codec| Some((*codec, medium.payload_type_of(*codec)?));
        let Some((codec, number)) = local.codecs.iter().find_map(both) else {
            continue;
        };
        for protection in local.security.answers(medium, &offer.handshake_of(medium)) {
            let is_secured = !matches!(protection, Protection::Plain { .. });
            let taken = Taken {
                at,
                medium,
                codec,
                number,
                protection,
            };
            if is_secured {
                return Some(taken);
            }
            plain.get_or_insert(taken);
        }
    }
    plain
}

pub(crate) fn is_open_audio(medium: &Media) -> bool {
    medium.kind.eq_ignore_ascii_case("audio") && medium.port != 0
}

fn remote_of(description: &SessionDescription, medium: &Media) -> Result<SocketAddr, Rejection> {
    let connection = description
        .connection_of(medium)
        .ok_or(Rejection::NoAddress)?;
    let ip = connection.ip().ok_or(Rejection::NoAddress)?;
    Ok(SocketAddr::new(ip, medium.port))
}

fn reports_of(
    description: &SessionDescription,
    medium: &Media,
    is_muxed: bool,
) -> Option<SocketAddr> {
    let remote = remote_of(description, medium).ok()?;
    match medium.rtcp {
        _ if is_muxed => Some(remote),
        Some((port, address)) => Some(SocketAddr::new(address.unwrap_or(remote.ip()), port)),
        None => Some(SocketAddr::new(remote.ip(), remote.port().checked_add(1)?)),
    }
}

/// What the peer asks for within what we can do, else our own, but never more than its maximum.
fn ptime_of(medium: &Media, local: &LocalMedia) -> u16 {
    let wanted = medium
        .ptime_ms
        .filter(|ms| PTIME_RANGE_MS.contains(ms) && ms % 10 == 0);
    let most = medium
        .maxptime_ms
        .unwrap_or(*PTIME_RANGE_MS.end())
        .max(*PTIME_RANGE_MS.start());
    wanted.unwrap_or(local.ptime_ms).min(most / 10 * 10)
}

fn write_taken(media: &mut String, agreed: &Negotiated, medium: &Media, local: &LocalMedia) {
    let events = agreed.dtmf.map(|dtmf| dtmf.receive);
    let numbers: Vec<u8> = [agreed.payload_type_receive]
        .into_iter()
        .chain(events)
        .collect();
    local::write_audio(media, local.address.port(), &medium.protocol, &numbers);
    local::write_codec(media, agreed.codec, agreed.payload_type_receive);
    if let Some(dtmf) = agreed.dtmf {
        local::write_events(media, dtmf.clock_rate, dtmf.receive);
    }
    agreed.protection.write_answer(media, &local.security);
    if agreed.reports_muxed {
        media.push_str(local::RTCP_MUX);
    }
    local::write_end(media, local.ptime_ms, agreed.direction);
}

/// The formats of a refused line have no meaning, but there has to be one.
fn write_refused(media: &mut String, medium: &Media) {
    let _ = write!(media, "m={} 0 {}", medium.kind, medium.protocol);
    if medium.formats.is_empty() {
        media.push_str(" 0");
    }
    for format in &medium.formats {
        let _ = write!(media, " {format}");
    }
    media.push_str("\r\n");
}
