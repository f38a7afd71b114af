//! What is asked of a SIP URI before DNS is asked: who, by which transport, at which port (RFC 3263 section 4).

use std::net::IpAddr;

use sip::Uri;
use sip::endpoint::flow::Transport;

/// A peer that has to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who.
    pub host: Host,
    /// The port, if it is written.
    pub port: Option<u16>,
    /// The transport, if it is written or follows.
    pub transport: Option<Transport>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// It has only an address.
    Address(IpAddr),
    /// It has a name, in small letters.
    Name(String),
}

impl Question {
    /// What a URI asks: `sip:`, `sips:`.
    pub fn of_uri(text: &str) -> Result<Question, String> {
        let uri = Uri::parse(text).map_err(|why| format!("{text} is no URI: {why}"))?;
        if !uri.is_sip() {
            return Err(format!("{text} is no SIP URI"));
        }
        let is_secure = text
            .split(':')
            .next()
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips"));
        let named = uri.params().value("transport").map(str::to_ascii_lowercase);
        let transport = match (named.as_deref(), is_secure) {
            (None, false) => None,
            (None | Some("tcp" | "tls"), true) | (Some("tls"), false) => Some(Transport::Tls),
            (Some("tcp"), false) => Some(Transport::Tcp),
            (Some("udp"), false) => Some(Transport::Udp),
            (Some(other), _) => return Err(format!("{text} cannot be reached by {other}")),
        };
        let host = match uri.params().value("maddr") {
            Some(maddr) => Host::of(maddr),
            None => match uri.host().ip() {
                Some(ip) => Host::Address(ip),
                None => Host::of(&uri.host().to_string()),
            },
        };
        Ok(Question {
            host,
            port: uri.port(),
            transport,
        })
    }

    /// What `host:port` asks, by that transport.
    pub fn of_address(text: &str, transport: Transport) -> Result<Question, String> {
        let question = Question::of_uri(&format!("sip:{text}"))?;
        Ok(Question {
            transport: Some(transport),
            ..question
        })
    }

    /// The transport of what says nothing else: UDP (RFC 3263 section 4.1).
    pub fn transport_or_default(&self) -> Transport {
        self.transport.unwrap_or(Transport::Udp)
    }

    /// The host as a person writes it: the name that a certificate holds.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Address(ip) => ip.to_string(),
            Host::Name(name) => name.clone(),
        }
    }
}

impl Host {
    fn of(text: &str) -> Host {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        match bare.parse() {
            Ok(ip) => Host::Address(ip),
            Err(_) => Host::Name(text.trim_end_matches('.').to_ascii_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_says_who_how_and_where() {
        let show = |text: &str| match Question::of_uri(text) {
            Ok(asked) => {
                let transport = asked.transport.map_or("any", Transport::as_str);
                let port = asked.port.map_or("-".to_owned(), |port| port.to_string());
                format!("{} {port} {transport}", asked.host())
            }
            Err(error) => error,
        };
        for (uri, asked) in [
            ("sip:100@PBX.example.com.", "pbx.example.com - any"),
            ("sips:pbx.example.com", "pbx.example.com - TLS"),
            (
                "sips:pbx.example.com;transport=tcp",
                "pbx.example.com - TLS",
            ),
            ("sip:pbx:5080;transport=TLS", "pbx 5080 TLS"),
            ("sip:a@192.0.2.1;transport=tcp", "192.0.2.1 - TCP"),
            ("sip:a@[2001:db8::1]:5062", "2001:db8::1 5062 any"),
            ("sip:a@example.com;maddr=192.0.2.9", "192.0.2.9 - any"),
            (
                "sip:a;transport=sctp",
                "sip:a;transport=sctp cannot be reached by sctp",
            ),
            (
                "sips:a;transport=udp",
                "sips:a;transport=udp cannot be reached by udp",
            ),
            ("tel:+4930123", "tel:+4930123 is no SIP URI"),
        ] {
            assert_eq!(show(uri), asked);
        }
        let asked = Question::of_address("[::1]:5070", Transport::Tcp).unwrap();
        assert_eq!(
            (asked.port, asked.transport),
            (Some(5_070), Some(Transport::Tcp))
        );
        assert!(Question::of_address("", Transport::Udp).is_err());
    }
}
