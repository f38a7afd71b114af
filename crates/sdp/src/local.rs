//! Our side: what we can do, and the descriptions that say so (RFC 3264 section 5).

use std::fmt;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use crate::codec::{
    Codec, DYNAMIC, TELEPHONE_EVENT, TELEPHONE_EVENT_DEFAULT, TELEPHONE_EVENT_FMTP,
};
use crate::direction::Direction;
use crate::security::Security;

/// Milliseconds per packet that we send and ask for.
pub const PTIME_MS: u16 = 20;

/// What we can do on one leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where we receive.
    pub address: SocketAddr,
    /// The codecs we may use, the best first.
    pub codecs: Vec<Codec>,
    /// The payload type we offer for digits (RFC 4733), or none to have no digits as events.
    pub telephone_event: Option<u8>,
    /// Milliseconds per packet.
    pub ptime_ms: u16,
    /// What we want: `sendonly` or `inactive` puts the peer on hold.
    pub direction: Direction,
    /// Whether it is SRTP.
    pub security: Security,
    /// Whether our offers ask for RTCP on the port of RTP (RFC 5761). An offer that asks for it is always answered so.
    pub rtcp_mux: bool,
}

impl LocalMedia {
    /// These codecs at this address, with digits, 20 ms packets, both ways, plain RTP.
    #[must_use]
    pub fn new(address: SocketAddr, codecs: &[Codec]) -> Self {
        Self {
            address,
            codecs: codecs.to_vec(),
            telephone_event: Some(TELEPHONE_EVENT_DEFAULT),
            ptime_ms: PTIME_MS,
            direction: Direction::SendRecv,
            security: Security::Off,
            rtcp_mux: false,
        }
    }

    /// The payload type of each codec in our offers: its fixed one, else the first free dynamic one.
    #[must_use]
    pub fn numbered_codecs(&self) -> Vec<(Codec, u8)> {
        let mut free = DYNAMIC.filter(|number| Some(*number) != self.telephone_event);
        self.codecs
            .iter()
            .filter_map(|codec| Some((*codec, codec.fixed_payload_type().or_else(|| free.next())?)))
            .collect()
    }

    /// The payload type of digits at each clock rate of our codecs: the configured one for 8,000 Hz, or for the only rate,
    /// since there are peers of G.711 that know no other number.
    pub(crate) fn numbered_events(&self) -> Vec<(u32, u8)> {
        let Some(first) = self.telephone_event else {
            return Vec::new();
        };
        let taken: Vec<u8> = self
            .numbered_codecs()
            .into_iter()
            .map(|(_, number)| number)
            .collect();
        let mut free = DYNAMIC.filter(|number| *number != first && !taken.contains(number));
        let mut events: Vec<(u32, u8)> = Vec::new();
        let rates = || self.codecs.iter().map(|codec| codec.clock_rate());
        let usual = rates().find(|rate| *rate == 8_000).or(rates().next());
        for codec in &self.codecs {
            let rate = codec.clock_rate();
            if events.iter().any(|(known, _)| *known == rate) {
                continue;
            }
            let number = if Some(rate) == usual {
                Some(first)
            } else {
                free.next()
            };
            events.extend(number.map(|number| (rate, number)));
        }
        events
    }
}

/// The identity of our descriptions in one dialog: the id stays, the version counts the changes.
#[derive(Clone, PartialEq, Eq)]
pub struct LocalSession {
    id: u64,
    version: u64,
    /// What the last description said, without its origin.
    last: Option<String>,
}

/// Without what the last description said: there may be keys in it.
impl fmt::Debug for LocalSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSession")
            .field("id", &self.id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl LocalSession {
    /// A session with that id, which the caller takes from its source of ids. Version numbers start there too.
    #[must_use]
    pub fn new(id: u64) -> Self {
        Self {
            id,
            version: id,
            last: None,
        }
    }

    /// The version of the last description.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Puts the origin in front of `times` and `media`; a description that differs from the last one gets the next
    /// version, the same one keeps its own.
    pub(crate) fn describe(&mut self, address: IpAddr, times: &str, media: &str) -> String {
        let kind = if address.is_ipv4() { "IP4" } else { "IP6" };
        let rest = format!("s=-\r\nc=IN {kind} {address}\r\nt={times}\r\n{media}");
        if self.last.as_deref().is_some_and(|last| last != rest) {
            self.version = self.version.wrapping_add(1);
        }
        let text = format!(
            "v=0\r\no=- {} {} IN {kind} {address}\r\n{rest}",
            self.id, self.version
        );
        self.last = Some(rest);
        text
    }
}

/// Our offer.
#[must_use]
pub fn offer(local: &LocalMedia, session: &mut LocalSession) -> String {
    let mut media = String::with_capacity(256);
    let codecs = local.numbered_codecs();
    let events = local.numbered_events();
    let numbers = codecs.iter().map(|(_, number)| *number);
    let numbers: Vec<u8> = numbers
        .chain(events.iter().map(|(_, number)| *number))
        .collect();
    let profile = local.security.profile().as_str();
    write_audio(&mut media, local.address.port(), profile, &numbers);
    for (codec, number) in codecs {
        write_codec(&mut media, codec, number);
    }
    for (rate, number) in events {
        write_events(&mut media, rate, number);
    }
    local.security.write_offer(&mut media);
    if local.rtcp_mux {
        media.push_str(RTCP_MUX);
    }
    write_end(&mut media, local.ptime_ms, local.direction);
    session.describe(local.address.ip(), "0 0", &media)
}

/// RTCP comes to the port of RTP.
pub(crate) const RTCP_MUX: &str = "a=rtcp-mux\r\n";

/// The `m=` line of our audio.
pub(crate) fn write_audio(media: &mut String, port: u16, protocol: &str, numbers: &[u8]) {
    // Writing to a String does not fail, here and below.
    let _ = write!(media, "m=audio {port} {protocol}");
    for number in numbers {
        let _ = write!(media, " {number}");
    }
    media.push_str("\r\n");
}

pub(crate) fn write_codec(media: &mut String, codec: Codec, number: u8) {
    let _ = write!(media, "a=rtpmap:{number} {codec}\r\n");
    if let Some(parameters) = codec.fmtp() {
        let _ = write!(media, "a=fmtp:{number} {parameters}\r\n");
    }
}

pub(crate) fn write_events(media: &mut String, clock_rate: u32, number: u8) {
    let _ = write!(
        media,
        "a=rtpmap:{number} {TELEPHONE_EVENT}/{clock_rate}\r\na=fmtp:{number} {TELEPHONE_EVENT_FMTP}\r\n"
    );
}

pub(crate) fn write_end(media: &mut String, ptime_ms: u16, direction: Direction) {
    let _ = write!(media, "a=ptime:{ptime_ms}\r\na={direction}\r\n");
}
