//! Challenge: what WWW-Authenticate and Proxy-Authenticate ask for (RFC 7616 §3.3, RFC 3261 §20.44).

use std::borrow::Cow;

use crate::header::HeaderError;
use crate::lex;
use crate::message::Message;

use super::algorithm::{Algorithm, UnknownAlgorithm};
use super::fields::{Scheme, Schemes};
use super::{Asker, CHALLENGES_MAX};

/// A challenge as sent. Texts keep their quoted-pairs, so that they can be said back octet by octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// Who asks.
    pub asker: Asker,
    /// Whose passwords count.
    pub realm: &'a str,
    /// What the answer must hash.
    pub nonce: &'a str,
    /// What the answer must say back.
    pub opaque: Option<&'a str>,
    /// The hash's name; none means MD5.
    pub algorithm: Option<&'a str>,
    /// The qualities of protection to choose from, separated by commas; none before RFC 2617.
    pub qop: Option<&'a str>,
    /// True if only the nonce was too old, not the password wrong.
    pub stale: bool,
}

/// Which quality of protection an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qop {
    /// Of RFC 2069: neither nonce count nor cnonce.
    None,
    /// `auth`.
    Auth,
}

impl<'a> Challenge<'a> {
    fn of(asker: Asker, scheme: &Scheme<'a>) -> Result<Self, HeaderError> {
        let name = asker.challenge();
        let stale = scheme.get(name, "stale")?;
        Ok(Challenge {
            asker,
            realm: scheme.require(name, "realm", "no realm")?,
            nonce: scheme.require(name, "nonce", "no nonce")?,
            opaque: scheme.get(name, "opaque")?,
            algorithm: scheme.get(name, "algorithm")?,
            qop: scheme.get(name, "qop")?,
            stale: stale.is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }

    /// Reads the challenges of one field's value; other schemes than Digest are left out.
    pub fn all_of(
        asker: Asker,
        value: &'a str,
    ) -> impl Iterator<Item = Result<Challenge<'a>, HeaderError>> {
        Schemes::of(value)
            .map(move |scheme| scheme.map_err(|reason| asker.challenge().error(reason)))
            .filter(|scheme| !scheme.as_ref().is_ok_and(|scheme| !scheme.is_digest()))
            .map(move |scheme| Challenge::of(asker, &scheme?))
    }

    /// The realm as people read it.
    #[must_use]
    pub fn realm_text(&self) -> Cow<'a, str> {
        lex::unescape_quoted(self.realm)
    }

    /// The hash that it asks for.
    pub fn hash(&self) -> Result<Algorithm, UnknownAlgorithm> {
        self.algorithm.map_or(Ok(Algorithm::Md5), Algorithm::parse)
    }

    /// The quality of protection to answer with; none if it offers only some that we do not have.
    #[must_use]
    pub fn protection(&self) -> Option<Qop> {
        let Some(offered) = self.qop else {
            return Some(Qop::None);
        };
        let has_auth = offered
            .split(',')
            .any(|word| lex::trim(word).eq_ignore_ascii_case("auth"));
        // An empty list is no list.
        if lex::trim(offered).is_empty() {
            return Some(Qop::None);
        }
        has_auth.then_some(Qop::Auth)
    }
}

impl Message {
    /// The digest challenges of both askers, whatever the status: a proxy that forks puts several together
    /// (RFC 3261 §16.7).
    pub fn challenges(&self) -> impl Iterator<Item = Result<Challenge<'_>, HeaderError>> {
        let of = |asker: Asker| {
            self.headers(asker.challenge())
                .flat_map(move |value| Challenge::all_of(asker, value))
        };
        of(Asker::Server)
            .chain(of(Asker::Proxy))
            .take(CHALLENGES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str) -> Result<Challenge<'_>, HeaderError> {
        Challenge::all_of(Asker::Server, value).next().unwrap()
    }

    #[test]
    fn every_field_is_read_with_its_quoted_pairs() {
        let challenge = one(
            r#"digest Realm="a \"b\"", nonce="n", opaque="o\\", algorithm="SHA-256", qop="auth-int, AUTH", stale=TRUE, charset=UTF-8"#,
        )
        .unwrap();
        assert_eq!(challenge.realm, r#"a \"b\""#);
        assert_eq!(challenge.realm_text(), r#"a "b""#);
        assert_eq!(challenge.opaque, Some(r"o\\"));
        assert_eq!(challenge.hash(), Ok(Algorithm::Sha256));
        assert_eq!(challenge.protection(), Some(Qop::Auth));
        assert!(challenge.stale);
    }

    #[test]
    fn a_peer_of_rfc_2069_asks_for_md5_without_protection() {
        let challenge = one("Digest realm=a,nonce=b==").unwrap();
        assert_eq!((challenge.realm, challenge.nonce), ("a", "b=="));
        assert_eq!(challenge.hash(), Ok(Algorithm::Md5));
        assert_eq!(challenge.protection(), Some(Qop::None));
        assert!(!challenge.stale);
        assert_eq!(
            one("Digest realm=a,nonce=b,qop=").unwrap().protection(),
            Some(Qop::None)
        );
        assert_eq!(
            one("Digest realm=a,nonce=b,qop=auth-int")
                .unwrap()
                .protection(),
            None
        );
    }

    #[test]
    fn what_is_missing_or_said_twice_is_an_error() {
        for (value, reason) in [
            ("Digest nonce=a", "no realm"),
            ("Digest realm=a", "no nonce"),
            ("Digest realm=a,nonce=b,NONCE=c", "the same field twice"),
            ("Digest realm=\"a", "unbalanced quote"),
        ] {
            let error = one(value).unwrap_err();
            assert_eq!((error.header, error.reason), ("WWW-Authenticate", reason));
        }
    }

    #[test]
    fn a_message_may_hold_many_and_other_schemes_are_passed_over() {
        let text = "SIP/2.0 401 X\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\
             WWW-Authenticate: Digest realm=a,nonce=1,algorithm=SHA-256, Digest realm=a,nonce=1\r\n\
             Proxy-Authenticate: Digest realm=\"p\",nonce=\"2\"\r\n\r\n";
        let message = Message::parse(text.as_bytes().into()).unwrap();
        let found: Vec<_> = message
            .challenges()
            .map(|challenge| challenge.map(|one| (one.asker, one.realm, one.hash())))
            .collect();
        assert_eq!(
            found,
            [
                Ok((Asker::Server, "a", Ok(Algorithm::Sha256))),
                Ok((Asker::Server, "a", Ok(Algorithm::Md5))),
                Ok((Asker::Proxy, "p", Ok(Algorithm::Md5))),
            ]
        );
        let many = "WWW-Authenticate: Digest realm=a,nonce=1\r\n".repeat(CHALLENGES_MAX + 1);
        let message = Message::parse(format!("SIP/2.0 401 X\r\n{many}\r\n").into()).unwrap();
        assert_eq!(message.challenges().count(), CHALLENGES_MAX);
    }
}
