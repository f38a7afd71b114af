//! URIs: `sip:`, `sips:`, `tel:`, and any other kept opaque (RFC 3261 section 19.1, RFC 3966).

use std::borrow::Cow;
use std::fmt;

use crate::escape::{unescape, unescape_octets};
use crate::host::{self, Host};
use crate::params::Params;

/// A URI, read once, its parts kept as sent: nothing is unescaped before somebody asks with [`unescape`].
#[derive(Clone, Copy, Debug)]
pub struct Uri<'a> {
    text: &'a str,
    scheme: Scheme<'a>,
    user: Option<&'a str>,
    password: Option<&'a str>,
    host: Host<'a>,
    port: Option<u16>,
    params: Params<'a>,
    headers: Option<&'a str>,
}

/// The scheme, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Any other, as sent.
    Other(&'a str),
}

impl<'a> Uri<'a> {
    /// Reads a URI without the angle brackets; the error is a reason phrase.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        if text
            .bytes()
            .any(|octet| octet <= b' ' || matches!(octet, b'<' | b'>' | b'"' | 0x7f))
        {
            return Err("URI with a character that must be escaped");
        }
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err("URI without scheme");
        };
        let mut octets = scheme.bytes();
        if !octets
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
            || !octets.all(|o| o.is_ascii_alphanumeric() || matches!(o, b'+' | b'-' | b'.'))
        {
            return Err("bad URI scheme");
        }
        let scheme = Scheme::of(scheme);
        let empty = Self {
            text,
            scheme,
            user: None,
            password: None,
            host: Host::Name(""),
            port: None,
            params: Params::default(),
            headers: None,
        };
        match scheme {
            Scheme::Sip | Scheme::Sips => empty.with_sip_parts(rest),
            Scheme::Tel => empty.with_tel_parts(rest),
            Scheme::Other(_) if rest.is_empty() => Err("empty URI"),
            Scheme::Other(_) => Ok(empty),
        }
    }

    fn with_sip_parts(mut self, rest: &'a str) -> Result<Self, &'static str> {
        // An `@` cannot stand unescaped in the user part, but does stand in headers such as ?Replaces=id@host.
        let after = match rest.split_once('@') {
            Some((userinfo, after)) => {
                match userinfo.split_once(':') {
                    Some((user, password)) => {
                        self.user = Some(user);
                        self.password = Some(password);
                    }
                    None => self.user = Some(userinfo),
                }
                after
            }
            None => rest,
        };
        let (after, headers) = match after.split_once('?') {
            Some((before, headers)) => (before, Some(headers)),
            None => (after, None),
        };
        self.headers = headers;
        let (host_port, params) = match after.split_once(';') {
            Some((before, params)) => (before, params),
            None => (after, ""),
        };
        (self.host, self.port) = host::host_port_of(host_port)?;
        self.params = Params::parse(params)?;
        Ok(self)
    }

    fn with_tel_parts(mut self, rest: &'a str) -> Result<Self, &'static str> {
        let (number, params) = rest.split_once(';').unwrap_or((rest, ""));
        if number.is_empty() {
            return Err("tel URI without number");
        }
        self.user = Some(number);
        self.params = Params::parse(params)?;
        Ok(self)
    }

    /// The whole URI as sent.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// Its scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme<'a> {
        self.scheme
    }

    /// The user part as sent, with parameters and escapes but without password; of a `tel:` URI, the number.
    #[must_use]
    pub fn user(&self) -> Option<&'a str> {
        self.user
    }

    /// The user part without its parameters (`+1415` of `+1415;rn=+1416`), unescaped once.
    #[must_use]
    pub fn number(&self) -> Option<Cow<'a, str>> {
        let user = self.user?;
        Some(unescape(
            user.split_once(';').map_or(user, |(number, _)| number),
        ))
    }

    /// The password as sent.
    #[must_use]
    pub fn password(&self) -> Option<&'a str> {
        self.password
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> Host<'a> {
        self.host
    }

    /// The port, if one is written.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The URI's own parameters.
    #[must_use]
    pub fn params(&self) -> Params<'a> {
        self.params
    }

    /// What follows the question mark, as sent.
    #[must_use]
    pub fn headers_text(&self) -> Option<&'a str> {
        self.headers
    }

    /// The headers after the question mark: name as sent, value unescaped once.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        self.headers
            .unwrap_or_default()
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                (name, unescape(value))
            })
    }

    /// The value of the first header of that name, unescaped once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<Cow<'a, str>> {
        self.headers()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// True for a `sip:` or `sips:` URI.
    #[must_use]
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The comparison of RFC 3261 section 19.1.4; of other schemes, the texts are compared.
    #[must_use]
    pub fn is_equivalent(&self, other: &Uri<'_>) -> bool {
        if !self.is_sip() || !other.is_sip() {
            return self.text == other.text;
        }
        self.scheme.as_str() == other.scheme.as_str()
            && self.user.map(unescape_octets) == other.user.map(unescape_octets)
            && self.password.map(unescape_octets) == other.password.map(unescape_octets)
            && self.host == other.host
            && self.port == other.port
            && params_agree(self.params, other.params)
            && params_agree(other.params, self.params)
            && headers_within(self, other)
            && headers_within(other, self)
    }
}

/// True if each parameter of `left` is the same in `right`, or absent there and of no weight.
fn params_agree(left: Params<'_>, right: Params<'_>) -> bool {
    const WEIGHTY: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
    left.iter().all(|param| match right.get(param.name) {
        Some(twin) => {
            // Of a parameter that stands twice, which the grammar forbids, the first counts.
            let first = left.get(param.name).unwrap_or(param);
            let value = unescape_octets(first.value.unwrap_or_default());
            value.eq_ignore_ascii_case(&unescape_octets(twin.value.unwrap_or_default()))
        }
        None => !WEIGHTY
            .iter()
            .any(|name| param.name.eq_ignore_ascii_case(name)),
    })
}

fn headers_within(left: &Uri<'_>, right: &Uri<'_>) -> bool {
    left.headers().all(|(name, value)| {
        right
            .headers()
            .any(|(twin, other)| twin.eq_ignore_ascii_case(name) && other == value)
    })
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl<'a> Scheme<'a> {
    fn of(text: &'a str) -> Self {
        if text.eq_ignore_ascii_case("sip") {
            Self::Sip
        } else if text.eq_ignore_ascii_case("sips") {
            Self::Sips
        } else if text.eq_ignore_ascii_case("tel") {
            Self::Tel
        } else {
            Self::Other(text)
        }
    }

    /// The scheme without colon, in lower case if known.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        match self {
            Self::Sip => "sip",
            Self::Sips => "sips",
            Self::Tel => "tel",
            Self::Other(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri<'_> {
        Uri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn parts_are_kept_as_sent() {
        let read = uri("sip:john.doe:pa%20ss@[2001:db8::1]:5070;transport=tcp;lr?Subject=a%20b&X=");
        assert_eq!(read.user(), Some("john.doe"));
        assert_eq!(read.password(), Some("pa%20ss"));
        assert_eq!(read.host(), Host::V6("2001:db8::1".parse().unwrap()));
        assert_eq!(read.port(), Some(5070));
        assert_eq!(read.params().value("transport"), Some("tcp"));
        assert!(read.params().has("lr"));
        assert_eq!(read.header("subject").unwrap(), "a b");
        assert_eq!(read.headers().count(), 2);
    }

    #[test]
    fn number_portability_parameters_belong_to_the_user() {
        let read = uri("sip:+14155551212;npdi;rn=+14155550000@gw.example.com;user=phone");
        assert_eq!(read.user(), Some("+14155551212;npdi;rn=+14155550000"));
        assert_eq!(read.number().unwrap(), "+14155551212");
        assert_eq!(read.host(), Host::Name("gw.example.com"));
        assert_eq!(read.params().value("user"), Some("phone"));
    }

    #[test]
    fn tel_and_other_schemes() {
        let tel = uri("tel:+4930123456789012345;phone-context=+49");
        assert_eq!(
            (tel.scheme(), tel.user()),
            (Scheme::Tel, Some("+4930123456789012345"))
        );
        assert_eq!(tel.params().value("phone-context"), Some("+49"));
        assert_eq!(uri("URN:service:sos").scheme(), Scheme::Other("URN"));
        assert_eq!(uri("SIP:a@b").scheme(), Scheme::Sip);
    }

    #[test]
    fn hosts_with_underscore_and_replaces_with_at() {
        assert_eq!(uri("sip:100@my_pbx").host(), Host::Name("my_pbx"));
        let refer = uri("sip:100@pbx?Replaces=id@host%3Bto-tag%3Da");
        assert_eq!(refer.host(), Host::Name("pbx"));
        assert_eq!(refer.header("Replaces").unwrap(), "id@host;to-tag=a");
    }

    #[test]
    fn bad_ones_say_why() {
        for (text, why) in [
            ("sip:", "empty host"),
            ("100@host", "URI without scheme"),
            ("sip:2001:db8::10", "bad port"),
            ("sip:[::1", "IPv6 address without closing bracket"),
            ("sip:a@h:99999", "port larger than 65535"),
            ("sip:a b@h", "URI with a character that must be escaped"),
            ("<sip:a@h>", "URI with a character that must be escaped"),
            ("tel:", "tel URI without number"),
        ] {
            assert_eq!(Uri::parse(text).unwrap_err(), why, "{text}");
        }
    }

    /// The pairs of RFC 3261 section 19.1.4.
    #[test]
    fn the_rfcs_own_equal_and_unequal_uris() {
        for (left, right) in [
            (
                "sip:%61lice@atlanta.com;transport=TCP",
                "sip:alice@AtLanTa.CoM;Transport=tcp",
            ),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
        ] {
            assert!(uri(left).is_equivalent(&uri(right)), "{left} {right}");
        }
        for (left, right) in [
            (
                "SIP:ALICE@AtLanTa.CoM;Transport=udp",
                "sip:alice@AtLanTa.CoM;Transport=UDP",
            ),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            (
                "sip:bob@biloxi.com",
                "sip:bob@biloxi.com:6000;transport=tcp",
            ),
            (
                "sip:carol@chicago.com",
                "sip:carol@chicago.com?Subject=next%20meeting",
            ),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            (
                "sip:carol@chicago.com;security=off",
                "sip:carol@chicago.com;security=on",
            ),
        ] {
            assert!(!uri(left).is_equivalent(&uri(right)), "{left} {right}");
        }
        let twice = uri("sip:a@h;b=1;b=2");
        assert!(twice.is_equivalent(&twice));
    }
}
