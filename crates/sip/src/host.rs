//! Hosts: names, IPv4 and IPv6 addresses, with or without port (RFC 3261 section 25.1, RFC 5118).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::lex;

/// A host.
#[derive(Clone, Copy, Debug)]
pub enum Host<'a> {
    /// A name, as sent; underscores are tolerated. Empty in a URI without host (`tel:` and unknown schemes).
    Name(&'a str),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, in brackets on the wire.
    V6(Ipv6Addr),
}

impl<'a> Host<'a> {
    /// Reads a host; IPv6 in brackets.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner
                .strip_suffix(']')
                .ok_or("IPv6 address without closing bracket")?;
            return v6_of(inner).map(Self::V6).ok_or("bad IPv6 address");
        }
        if text.is_empty() {
            return Err("empty host");
        }
        if !text
            .bytes()
            .all(|o| o.is_ascii_alphanumeric() || matches!(o, b'-' | b'.' | b'_'))
        {
            return Err("bad host");
        }
        Ok(text.parse().map_or(Self::Name(text), Self::V4))
    }

    /// The address, if the host is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(ip) => Some(IpAddr::V4(*ip)),
            Self::V6(ip) => Some(IpAddr::V6(*ip)),
        }
    }
}

impl PartialEq<Host<'_>> for Host<'_> {
    fn eq(&self, other: &Host<'_>) -> bool {
        match (self, other) {
            (Self::Name(left), Host::Name(right)) => left.eq_ignore_ascii_case(right),
            (Self::V4(left), Host::V4(right)) => left == right,
            (Self::V6(left), Host::V6(right)) => left == right,
            (Self::Name(_) | Self::V4(_) | Self::V6(_), _) => false,
        }
    }
}

impl Eq for Host<'_> {}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(ip) => write!(f, "{ip}"),
            Self::V6(ip) => write!(f, "[{ip}]"),
        }
    }
}

/// An IPv6 address, also with the superfluous colon that the grammar of RFC 3261 allowed (RFC 5118 section 4.10).
pub(crate) fn v6_of(text: &str) -> Option<Ipv6Addr> {
    text.parse().ok().or_else(|| {
        let fixed = text
            .contains(":::")
            .then(|| text.replacen(":::", "::", 1))?;
        fixed.parse().ok()
    })
}

/// Reads `host` or `host:port`; white space may stand around the colon.
pub(crate) fn host_port_of(text: &str) -> Result<(Host<'_>, Option<u16>), &'static str> {
    let colon = match text.rfind(']') {
        Some(end) => text[end..].find(':').map(|at| at + end),
        None if text.starts_with('[') => None,
        None => text.find(':'),
    };
    let Some(colon) = colon else {
        return Ok((Host::parse(lex::trim(text))?, None));
    };
    let port = lex::trim(&text[colon + 1..]);
    if port.is_empty() || !port.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err("bad port");
    }
    let port = port.parse().map_err(|_| "port larger than 65535")?;
    Ok((Host::parse(lex::trim(&text[..colon]))?, Some(port)))
}
