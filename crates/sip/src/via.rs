//! Via: where a response goes (RFC 3261 section 20.42, RFC 3581).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::host::{self, Host};
use crate::lex;
use crate::params::Params;

/// What a branch of RFC 3261 starts with; without it the older matching rules hold.
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// The port that an address without port means, for everything but TLS (which is not spoken by Via-less guesses).
pub const DEFAULT_PORT: u16 = 5060;

/// One Via value.
#[derive(Clone, Copy, Debug)]
pub struct Via<'a> {
    text: &'a str,
    /// The value up to its parameters.
    head: &'a str,
    transport: &'a str,
    host: Host<'a>,
    port: Option<u16>,
    params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one value; the error is a reason phrase.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        let text = lex::trim(text);
        let (head, params) = text.split_once(';').unwrap_or((text, ""));
        let (protocol, rest) = head.split_once('/').ok_or("no protocol")?;
        let (version, rest) = rest.split_once('/').ok_or("no protocol version")?;
        // Another version is answered with 505, so its Via has to be read.
        if !lex::trim(protocol).eq_ignore_ascii_case("SIP") || lex::trim(version).is_empty() {
            return Err("protocol is not SIP");
        }
        let rest = lex::trim(rest);
        let end = rest.find([' ', '\t']).ok_or("no sent-by")?;
        let (transport, sent_by) = rest.split_at(end);
        if !lex::is_token_text(transport) {
            return Err("bad transport");
        }
        let (host, port) = host::host_port_of(lex::trim(sent_by))?;
        let params = Params::parse(params)?;
        Ok(Self {
            text,
            head: lex::trim(head),
            transport,
            host,
            port,
            params,
        })
    }

    /// The whole value as sent.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The transport token as sent.
    #[must_use]
    pub fn transport(&self) -> &'a str {
        self.transport
    }

    /// The host that the sender gave.
    #[must_use]
    pub fn host(&self) -> Host<'a> {
        self.host
    }

    /// The port that the sender gave.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// All parameters.
    #[must_use]
    pub fn params(&self) -> Params<'a> {
        self.params
    }

    /// The branch, if there is one.
    #[must_use]
    pub fn branch(&self) -> Option<&'a str> {
        self.params.value("branch")
    }

    /// The branch if it identifies the transaction by itself: it has the magic cookie and something after it.
    #[must_use]
    pub fn transaction_branch(&self) -> Option<&'a str> {
        self.branch().filter(|branch| {
            branch.len() > MAGIC_COOKIE.len()
                && branch
                    .get(..MAGIC_COOKIE.len())
                    .is_some_and(|cookie| cookie.eq_ignore_ascii_case(MAGIC_COOKIE))
        })
    }

    /// The address the next hop saw, with or without brackets (RFC 5118 section 4.5).
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.value("received")?;
        let bare = text
            .strip_prefix('[')
            .and_then(|t| t.strip_suffix(']'))
            .unwrap_or(text);
        bare.parse()
            .ok()
            .or_else(|| host::v6_of(bare).map(IpAddr::V6))
    }

    /// The port the next hop saw; `Some(None)` if the sender only asks for it.
    #[must_use]
    pub fn rport(&self) -> Option<Option<u16>> {
        let param = self.params.get("rport")?;
        Some(param.value.and_then(|port| port.parse().ok()))
    }

    /// Where the response to a datagram goes (RFC 3261 section 18.2.2, RFC 3581 section 4): back to the source
    /// if the sender asked for that with `rport`, else to the source address at the port of the Via.
    #[must_use]
    pub fn response_target(&self, source: SocketAddr) -> SocketAddr {
        match self.rport() {
            Some(_) => source,
            None => SocketAddr::new(source.ip(), self.port.unwrap_or(DEFAULT_PORT)),
        }
    }

    /// Writes the value as the receiver has to return it: with `received` where it differs from the sent-by or
    /// `rport` is asked for, and `rport` filled in. Anything that the sender pretended there is replaced.
    pub(crate) fn write_received(&self, source: SocketAddr, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        let rport = self.params.has("rport");
        for param in self.params.iter() {
            if param.name.eq_ignore_ascii_case("received") {
                continue;
            }
            out.push(b';');
            out.extend_from_slice(param.name.as_bytes());
            if param.name.eq_ignore_ascii_case("rport") {
                out.extend_from_slice(format!("={}", source.port()).as_bytes());
            } else if let Some(value) = param.value {
                out.push(b'=');
                out.extend_from_slice(value.as_bytes());
            }
        }
        let ip = source.ip().to_canonical();
        if rport || self.host.ip().map(|host| host.to_canonical()) != Some(ip) {
            out.extend_from_slice(format!(";received={ip}").as_bytes());
        }
    }
}

impl fmt::Display for Via<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(text: &str) -> Via<'_> {
        Via::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn returned(text: &str, source: &str) -> String {
        let mut out = Vec::new();
        via(text).write_received(source.parse().unwrap(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn odd_spacing_unknown_transport_and_ipv6() {
        let read =
            via("SIP  / 2.0  / TCP     spindle.example.com   ;   branch  =   z9hG4bK9ikj8  ");
        assert_eq!(
            (read.transport(), read.host()),
            ("TCP", Host::Name("spindle.example.com"))
        );
        assert_eq!(read.transaction_branch(), Some("z9hG4bK9ikj8"));
        let read = via("SIP/2.0/UNKNOWN [2001:db8::9:1]:5070;received=2001:db8::9:255;rport");
        assert_eq!((read.transport(), read.port()), ("UNKNOWN", Some(5070)));
        assert_eq!(read.received(), Some("2001:db8::9:255".parse().unwrap()));
        assert_eq!(read.rport(), Some(None));
        assert_eq!(
            via("SIP/2.0/UDP h : 5061;branch=z9hG4bK").port(),
            Some(5061)
        );
        assert_eq!(
            via("SIP/2.0/UDP h;branch=z9hG4bK").transaction_branch(),
            None
        );
    }

    #[test]
    fn broken_ones_say_why() {
        for (text, why) in [
            ("SIP/2.0/UDP 192.0.2.15;;,;,,", "empty parameter"),
            ("SIP/2.0/UDP", "no sent-by"),
            ("SIP//UDP h", "protocol is not SIP"),
            ("HTTP/1.1/UDP h", "protocol is not SIP"),
            ("UDP h", "no protocol"),
            (
                "SIP/2.0/UDP [::1;branch=x",
                "IPv6 address without closing bracket",
            ),
        ] {
            assert_eq!(Via::parse(text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn the_response_returns_what_was_seen() {
        let source = "192.0.2.1:4444";
        assert_eq!(
            returned("SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKx", source),
            "SIP/2.0/UDP 10.0.0.1:5060;rport=4444;branch=z9hG4bKx;received=192.0.2.1"
        );
        assert_eq!(
            returned("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx", source),
            "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx"
        );
        assert_eq!(
            returned("SIP/2.0/UDP h;received=6.6.6.6;rport=1", source),
            "SIP/2.0/UDP h;rport=4444;received=192.0.2.1"
        );
        let read = via("SIP/2.0/UDP h:5070;branch=z9hG4bKx");
        assert_eq!(
            read.response_target(source.parse().unwrap()),
            "192.0.2.1:5070".parse().unwrap()
        );
    }
}
