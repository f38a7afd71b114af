//! A media section: `m=` and what belongs to it (RFC 8866 sections 5.14 and 6).

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use crate::codec::Codec;
use crate::crypto::{CRYPTOS_MAX, Crypto};
use crate::description::Connection;
use crate::direction::Direction;
use crate::dtls::Offered;

/// Formats of one media section. Real offers list up to about thirty.
pub const FORMATS_MAX: usize = 128;

/// One media section, in the words of who described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, `image` …
    pub kind: String,
    /// The port; 0 means refused or ended.
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVP`, `udptl` …
    pub protocol: String,
    /// The formats in order of preference, as sent.
    pub formats: Vec<String>,
    /// Its own `c=`.
    pub connection: Option<Connection>,
    /// Its own direction.
    pub direction: Option<Direction>,
    /// The rtpmaps that can be read.
    pub rtpmaps: Vec<RtpMap>,
    /// Format and parameters of each fmtp.
    pub fmtps: Vec<(String, String)>,
    /// Milliseconds per packet that the describer wants to get.
    pub ptime_ms: Option<u16>,
    /// Milliseconds per packet at most.
    pub maxptime_ms: Option<u16>,
    /// The keys for SRTP (RFC 4568), in order of preference; at most [`CRYPTOS_MAX`].
    pub cryptos: Vec<Crypto>,
    /// Where RTCP goes, where that is not the port above RTP's (RFC 3605), and at which address, if it is another.
    pub rtcp: Option<(u16, Option<IpAddr>)>,
    /// Whether RTCP may share the port of RTP (RFC 5761), or has to (RFC 8858).
    pub rtcp_mux: bool,
    /// What it says itself of a DTLS handshake; see [`SessionDescription::handshake_of`](crate::SessionDescription).
    pub handshake: Offered,
    /// Its lines within the description, `m=` included.
    pub(crate) lines: Range<usize>,
}

/// A profile of RTP. Feedback (RFC 4585) may be sent with those that have an F; nobody has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// `RTP/AVP` (RFC 3551).
    Avp,
    /// `RTP/AVPF` (RFC 4585).
    Avpf,
    /// `RTP/SAVP` (RFC 3711).
    Savp,
    /// `RTP/SAVPF` (RFC 5124).
    Savpf,
    /// `UDP/TLS/RTP/SAVP` (RFC 5764).
    TlsSavp,
    /// `UDP/TLS/RTP/SAVPF` (RFC 5764).
    TlsSavpf,
}

/// What a payload type means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpMap {
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// The encoding name as sent.
    pub encoding: String,
    /// Ticks per second.
    pub clock_rate: u32,
    /// Channels, if written.
    pub channels: Option<u8>,
}

/// Reads the value of `m=` on line `at`.
pub(crate) fn parse(text: &str, at: usize) -> Result<Media, &'static str> {
    let mut words = text.split_ascii_whitespace();
    let (Some(kind), Some(port), Some(protocol)) = (words.next(), words.next(), words.next())
    else {
        return Err("m= without kind, port and protocol");
    };
    let port = port.split('/').next().unwrap_or_default();
    let port = port.parse().map_err(|_| "m= with a bad port")?;
    let formats: Vec<_> = words.take(FORMATS_MAX + 1).map(str::to_owned).collect();
    if formats.len() > FORMATS_MAX {
        return Err("m= with too many formats");
    }
    Ok(Media {
        kind: kind.to_owned(),
        port,
        protocol: protocol.to_owned(),
        formats,
        connection: None,
        direction: None,
        rtpmaps: Vec::new(),
        fmtps: Vec::new(),
        ptime_ms: None,
        maxptime_ms: None,
        cryptos: Vec::new(),
        rtcp: None,
        rtcp_mux: false,
        handshake: Offered::default(),
        lines: at..at + 1,
    })
}

impl Media {
    /// Takes what media needs from the value of an `a=`; an attribute that cannot be read is as good as absent.
    pub(crate) fn attribute(&mut self, text: &str) {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.trim();
        let name = name.trim();
        if self.handshake.attribute(name, value) {
            return;
        }
        match name {
            "rtpmap" => self.rtpmaps.extend(RtpMap::parse(value)),
            "fmtp" => {
                if let Some((format, parameters)) = value.split_once([' ', '\t']) {
                    self.fmtps
                        .push((format.to_owned(), parameters.trim().to_owned()));
                }
            }
            "ptime" => self.ptime_ms = milliseconds(value).or(self.ptime_ms),
            "maxptime" => self.maxptime_ms = milliseconds(value).or(self.maxptime_ms),
            "rtcp" => self.rtcp = rtcp(value).or(self.rtcp),
            "rtcp-mux" | "rtcp-mux-only" => self.rtcp_mux = true,
            "crypto" if self.cryptos.len() < CRYPTOS_MAX => {
                self.cryptos.extend(Crypto::parse(value));
            }
            other => self.direction = Direction::parse(other).or(self.direction),
        }
    }

    /// True for audio over RTP or SRTP, which is what we answer.
    #[must_use]
    pub fn is_rtp_audio(&self) -> bool {
        self.kind.eq_ignore_ascii_case("audio") && self.profile().is_some()
    }

    /// The profile of RTP, if it is one that we speak.
    #[must_use]
    pub fn profile(&self) -> Option<Profile> {
        Profile::parse(&self.protocol)
    }

    /// Each suite of its keys in words, for an explanation.
    #[must_use]
    pub fn suites(&self) -> Vec<String> {
        self.cryptos.iter().map(Crypto::to_string).collect()
    }

    /// The payload types in order of preference.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> {
        self.formats
            .iter()
            .filter_map(|format| format.parse().ok())
            .filter(|payload_type| *payload_type <= crate::codec::PAYLOAD_TYPE_MAX)
    }

    /// What a payload type is declared to be.
    #[must_use]
    pub fn rtpmap(&self, payload_type: u8) -> Option<&RtpMap> {
        self.rtpmaps
            .iter()
            .find(|map| map.payload_type == payload_type)
    }

    /// The codec of a payload type: by its rtpmap, or without one by its fixed number.
    #[must_use]
    pub fn codec(&self, payload_type: u8) -> Option<Codec> {
        match self.rtpmap(payload_type) {
            Some(map) => Codec::of(&map.encoding, map.clock_rate, map.channels),
            None => Codec::of_fixed(payload_type),
        }
    }

    /// The first payload type that is this codec.
    #[must_use]
    pub fn payload_type_of(&self, codec: Codec) -> Option<u8> {
        self.payload_types()
            .find(|payload_type| self.codec(*payload_type) == Some(codec))
    }

    /// The payload type of digits at this clock rate.
    #[must_use]
    pub fn telephone_event(&self, clock_rate: u32) -> Option<u8> {
        self.payload_types().find(|payload_type| {
            self.rtpmap(*payload_type).is_some_and(|map| {
                map.clock_rate == clock_rate
                    && map
                        .encoding
                        .eq_ignore_ascii_case(crate::codec::TELEPHONE_EVENT)
            })
        })
    }

    /// The parameters of a format.
    #[must_use]
    pub fn fmtp(&self, format: &str) -> Option<&str> {
        self.fmtps
            .iter()
            .find(|(found, _)| found == format)
            .map(|(_, parameters)| &**parameters)
    }

    /// Each format in words, for an explanation: `PCMU/8000`, or the number if nothing more is known.
    pub fn format_names(&self) -> impl Iterator<Item = String> {
        self.formats.iter().map(|format| {
            let payload_type = format.parse().ok();
            if let Some(map) = payload_type.and_then(|number| self.rtpmap(number)) {
                return format!("{}/{}", map.encoding, map.clock_rate);
            }
            payload_type
                .and_then(Codec::of_fixed)
                .map_or_else(|| format.clone(), |c| c.to_string())
        })
    }
}

impl Profile {
    const ALL: [Self; 6] = [
        Self::Avp,
        Self::Avpf,
        Self::Savp,
        Self::Savpf,
        Self::TlsSavp,
        Self::TlsSavpf,
    ];

    fn parse(protocol: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str().eq_ignore_ascii_case(protocol))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Avp => "RTP/AVP",
            Self::Avpf => "RTP/AVPF",
            Self::Savp => "RTP/SAVP",
            Self::Savpf => "RTP/SAVPF",
            Self::TlsSavp => "UDP/TLS/RTP/SAVP",
            Self::TlsSavpf => "UDP/TLS/RTP/SAVPF",
        }
    }

    /// Whether it is SRTP by its name. That of plain RTP may be SRTP as well, if there are keys (RFC 8643).
    #[must_use]
    pub fn is_secure(self) -> bool {
        !matches!(self, Self::Avp | Self::Avpf)
    }

    /// Whether its keys come from a handshake, and no other way.
    #[must_use]
    pub fn is_handshake(self) -> bool {
        matches!(self, Self::TlsSavp | Self::TlsSavpf)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl RtpMap {
    /// Reads `101 telephone-event/8000` or `111 opus/48000/2`.
    fn parse(value: &str) -> Option<Self> {
        let (payload_type, map) = value.split_once([' ', '\t'])?;
        let payload_type = payload_type.parse().ok()?;
        let mut parts = map.trim().split('/');
        let encoding = parts.next().filter(|name| !name.is_empty())?.to_owned();
        let clock_rate = parts.next()?.trim().parse().ok()?;
        let channels = parts
            .next()
            .and_then(|channels| channels.trim().parse().ok());
        Some(Self {
            payload_type,
            encoding,
            clock_rate,
            channels,
        })
    }
}

/// `53020`, or `53020 IN IP4 192.0.2.1`.
fn rtcp(value: &str) -> Option<(u16, Option<IpAddr>)> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok().filter(|port| *port > 0)?;
    Some((port, words.nth(2).and_then(|address| address.parse().ok())))
}

/// A whole or broken number of milliseconds (`20`, `20.0`), more than none.
fn milliseconds(value: &str) -> Option<u16> {
    let whole = value.split('.').next().unwrap_or_default();
    whole.parse().ok().filter(|ms| *ms > 0)
}
