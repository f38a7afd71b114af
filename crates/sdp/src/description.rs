//! A session description as received: tolerant, every octet kept (RFC 8866).
//!
//! What real peers leave out or put in the wrong place is forgiven: no `s=` or `t=`, `b=` before `c=`, LF alone, no
//! line end at the end, ids that fit no integer, letters nobody knows. Only what media needs is read.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::direction::Direction;
use crate::dtls::Offered;
use crate::line::{self, Line};
use crate::media::{self, Media};

/// Octets of one description: what a SIP message can carry.
pub const OCTETS_MAX: usize = 65_535;

/// Media sections of one description. Voice has one or two; a browser with everything on, below ten.
pub const MEDIA_MAX: usize = 32;

/// Why a description cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Error {
    /// The line, counted from 1; 0 for the description as a whole.
    pub line: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

/// A session description.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionDescription {
    octets: Vec<u8>,
    lines: Vec<Line>,
    origin: Option<Origin>,
    connection: Option<Connection>,
    direction: Option<Direction>,
    handshake: Offered,
    media: Vec<Media>,
}

/// Who made the description, and which version of it this is. Kept as text: ids larger than any integer are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The user, often `-`.
    pub user: String,
    /// The session's id.
    pub id: String,
    /// The version: another one means that something changed.
    pub version: String,
    /// The address of the maker.
    pub address: String,
}

/// Where media goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The address.
    pub host: Host,
}

/// An address, or a name that somebody would have to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Ip(IpAddr),
    /// A name.
    Name(String),
}

impl SessionDescription {
    /// Reads a description; the error names the line.
    pub fn parse(octets: &[u8]) -> Result<Self, Error> {
        if octets.len() > OCTETS_MAX {
            return Err(Error {
                line: 0,
                reason: "description too large",
            });
        }
        let lines = line::lines_of(octets)?;
        let Some(first) = lines.first() else {
            return Err(Error {
                line: 0,
                reason: "empty description",
            });
        };
        if first.letter != b'v' || octets[first.value.clone()].trim_ascii() != b"0" {
            return Err(Error {
                line: first.number,
                reason: "does not start with v=0",
            });
        }
        let mut read = Self {
            octets: octets.to_owned(),
            lines,
            origin: None,
            connection: None,
            direction: None,
            handshake: Offered::default(),
            media: Vec::new(),
        };
        for at in 0..read.lines.len() {
            read.take(at)?;
        }
        Ok(read)
    }

    /// Reads line `at` into the session or the medium it belongs to.
    fn take(&mut self, at: usize) -> Result<(), Error> {
        let Line {
            letter,
            ref value,
            number,
        } = self.lines[at];
        let text = line::text_of(&self.octets[value.clone()]);
        let error = |reason| Error {
            line: number,
            reason,
        };
        match letter {
            b'm' if self.media.len() == MEDIA_MAX => return Err(error("too many m= lines")),
            b'm' => self.media.push(media::parse(&text, at).map_err(error)?),
            b'o' if self.media.is_empty() => self.origin = Origin::parse(&text),
            b'c' => {
                let connection = Some(Connection::parse(&text).map_err(error)?);
                match self.media.last_mut() {
                    Some(medium) => medium.connection = connection,
                    None => self.connection = connection,
                }
            }
            b'a' => match self.media.last_mut() {
                Some(medium) => medium.attribute(&text),
                None => {
                    let text = text.into_owned();
                    self.attribute(&text);
                }
            },
            // Everything else is kept, and read by whom it concerns.
            _ => {}
        }
        if let Some(medium) = self.media.last_mut() {
            medium.lines.end = at + 1;
        }
        Ok(())
    }

    /// An attribute of the session.
    fn attribute(&mut self, text: &str) {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        if !self.handshake.attribute(name.trim(), value.trim()) {
            self.direction = Direction::parse(text.trim()).or(self.direction);
        }
    }

    /// The octets as received.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// `o=`, if it is there and complete.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The session's `c=`.
    #[must_use]
    pub fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// The media in order.
    #[must_use]
    pub fn media(&self) -> &[Media] {
        &self.media
    }

    /// Where a medium goes: its own `c=`, else the session's.
    #[must_use]
    pub fn connection_of<'a>(&'a self, medium: &'a Media) -> Option<&'a Connection> {
        medium.connection.as_ref().or(self.connection.as_ref())
    }

    /// What is said of a DTLS handshake for a medium: its own words, else the session's.
    #[must_use]
    pub fn handshake_of(&self, medium: &Media) -> Offered {
        medium.handshake.over(&self.handshake)
    }

    /// Which way a medium flows, as its describer sees it. The address 0.0.0.0 is the old way to say "do not send".
    #[must_use]
    pub fn direction_of(&self, medium: &Media) -> Direction {
        let direction = medium.direction.or(self.direction).unwrap_or_default();
        let held = self
            .connection_of(medium)
            .is_some_and(Connection::is_unspecified);
        if held {
            Direction::of(direction.sends(), false)
        } else {
            direction
        }
    }

    /// The values of a letter in the session part, in order.
    pub fn session_values(&self, letter: char) -> impl Iterator<Item = Cow<'_, str>> {
        let end = self
            .media
            .first()
            .map_or(self.lines.len(), |medium| medium.lines.start);
        self.values(0..end, letter)
    }

    /// The values of a letter in a media section, in order: `media_values(m, 'a')` gives all attributes.
    pub fn media_values(&self, medium: &Media, letter: char) -> impl Iterator<Item = Cow<'_, str>> {
        self.values(medium.lines.clone(), letter)
    }

    fn values(
        &self,
        range: std::ops::Range<usize>,
        letter: char,
    ) -> impl Iterator<Item = Cow<'_, str>> {
        self.lines
            .get(range)
            .unwrap_or_default()
            .iter()
            .filter(move |line| char::from(line.letter) == letter)
            .map(|line| line::text_of(&self.octets[line.value.clone()]))
    }
}

/// As text; where it is not UTF-8, [`SessionDescription::octets`] differs.
impl fmt::Display for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&line::text_of(&self.octets))
    }
}

/// Without its text: there may be keys in it.
impl fmt::Debug for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionDescription")
            .field("origin", &self.origin)
            .field("connection", &self.connection)
            .field("direction", &self.direction)
            .field("media", &self.media)
            .finish_non_exhaustive()
    }
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace().map(str::to_owned);
        let (user, id, version) = (words.next()?, words.next()?, words.next()?);
        let address = words.nth(2)?;
        Some(Self {
            user,
            id,
            version,
            address,
        })
    }
}

impl Connection {
    /// Reads `IN IP4 address`, with or without the TTL and count of a multicast address.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut words = text.split_ascii_whitespace();
        let (Some(network), Some(kind), Some(address)) = (words.next(), words.next(), words.next())
        else {
            return Err("c= without address");
        };
        if !network.eq_ignore_ascii_case("IN") {
            return Err("c= of a network other than IN");
        }
        let address = address.split('/').next().unwrap_or_default();
        let bare = address
            .strip_prefix('[')
            .and_then(|a| a.strip_suffix(']'))
            .unwrap_or(address);
        let host = if let Ok(ip) = bare.parse::<Ipv4Addr>() {
            Host::Ip(IpAddr::V4(ip))
        } else if let Ok(ip) = bare.parse::<Ipv6Addr>() {
            Host::Ip(IpAddr::V6(ip))
        } else if bare.contains(':') || bare.is_empty() {
            return Err("c= with a bad address");
        } else {
            Host::Name(bare.to_owned())
        };
        if !kind.eq_ignore_ascii_case("IP4") && !kind.eq_ignore_ascii_case("IP6") {
            return Err("c= of an address type other than IP4 and IP6");
        }
        Ok(Self { host })
    }

    /// The address, if it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Ip(ip) => Some(*ip),
            Host::Name(_) => None,
        }
    }

    /// True for 0.0.0.0 and `::`.
    #[must_use]
    pub fn is_unspecified(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_unspecified())
    }
}
