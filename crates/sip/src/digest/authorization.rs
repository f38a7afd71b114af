//! Authorization and Proxy-Authorization: the answer to a challenge (RFC 7616 §3.4, RFC 3261 §20.7).

use std::borrow::Cow;
use std::fmt;

use crate::header::HeaderError;
use crate::lex;
use crate::message::Message;

use super::algorithm::{Algorithm, UnknownAlgorithm};
use super::fields::{Scheme, Schemes};
use super::{Asker, CHALLENGES_MAX};

/// Digest credentials as sent. Texts keep their quoted-pairs; `Debug` shows the realm only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// Who is answered.
    pub asker: Asker,
    /// The account, with its quoted-pairs.
    pub user: &'a str,
    /// Whose password it is.
    pub realm: &'a str,
    /// The nonce that is answered.
    pub nonce: &'a str,
    /// The URI that was hashed: the request-URI before any proxy changed it.
    pub uri: &'a str,
    /// The hash.
    pub response: &'a str,
    /// The hash's name; none means MD5.
    pub algorithm: Option<&'a str>,
    /// What the client added to the nonce.
    pub cnonce: Option<&'a str>,
    /// What the challenge said.
    pub opaque: Option<&'a str>,
    /// The quality of protection; none before RFC 2617.
    pub qop: Option<&'a str>,
    /// The nonce count, as sent.
    pub nc: Option<&'a str>,
}

impl<'a> Authorization<'a> {
    fn of(asker: Asker, scheme: &Scheme<'a>) -> Result<Self, HeaderError> {
        let name = asker.authorization();
        Ok(Authorization {
            asker,
            user: scheme.require(name, "username", "no username")?,
            realm: scheme.require(name, "realm", "no realm")?,
            nonce: scheme.require(name, "nonce", "no nonce")?,
            uri: scheme.require(name, "uri", "no uri")?,
            response: scheme.require(name, "response", "no response")?,
            algorithm: scheme.get(name, "algorithm")?,
            cnonce: scheme.get(name, "cnonce")?,
            opaque: scheme.get(name, "opaque")?,
            qop: scheme.get(name, "qop")?,
            nc: scheme.get(name, "nc")?,
        })
    }

    /// Reads the credentials of one field's value; other schemes than Digest are left out.
    pub fn all_of(
        asker: Asker,
        value: &'a str,
    ) -> impl Iterator<Item = Result<Authorization<'a>, HeaderError>> {
        Schemes::of(value)
            .map(move |scheme| scheme.map_err(|reason| asker.authorization().error(reason)))
            .filter(|scheme| !scheme.as_ref().is_ok_and(|scheme| !scheme.is_digest()))
            .map(move |scheme| Authorization::of(asker, &scheme?))
    }

    /// The account as people read it.
    #[must_use]
    pub fn user_text(&self) -> Cow<'a, str> {
        lex::unescape_quoted(self.user)
    }

    /// The realm as people read it.
    #[must_use]
    pub fn realm_text(&self) -> Cow<'a, str> {
        lex::unescape_quoted(self.realm)
    }

    /// The hash that was used.
    pub fn hash(&self) -> Result<Algorithm, UnknownAlgorithm> {
        self.algorithm.map_or(Ok(Algorithm::Md5), Algorithm::parse)
    }

    /// The nonce count: one to eight hexadecimal digits, though eight are asked for.
    #[must_use]
    pub fn count(&self) -> Option<u32> {
        let digits = self.nc?;
        let fits = digits.bytes().all(|octet| octet.is_ascii_hexdigit()) && digits.len() <= 8;
        u32::from_str_radix(digits, 16).ok().filter(|_| fits)
    }
}

impl fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("asker", &self.asker)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// The digest credentials for one asker, in order.
    pub fn authorizations(
        &self,
        asker: Asker,
    ) -> impl Iterator<Item = Result<Authorization<'_>, HeaderError>> {
        self.headers(asker.authorization())
            .flat_map(move |value| Authorization::all_of(asker, value))
            .take(CHALLENGES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str) -> Result<Authorization<'_>, HeaderError> {
        Authorization::all_of(Asker::Proxy, value).next().unwrap()
    }

    #[test]
    fn every_field_is_read() {
        let found = one(
            r#"Digest username="a\"b", realm="r", nonce="n", uri="sip:x;y=1", response="00ff", algorithm=SHA-512-256, cnonce="c", opaque="o", qop=auth, nc=0000000a"#,
        )
        .unwrap();
        assert_eq!((found.user, &*found.user_text()), (r#"a\"b"#, "a\"b"));
        assert_eq!((found.uri, found.response), ("sip:x;y=1", "00ff"));
        assert_eq!(found.hash(), Ok(Algorithm::Sha512_256));
        assert_eq!(found.count(), Some(10));
        assert_eq!(
            format!("{found:?}"),
            r#"Authorization { asker: Proxy, realm: "r", .. }"#
        );
    }

    #[test]
    fn what_is_missing_is_named_and_a_count_must_be_hexadecimal() {
        let error = one("Digest username=a,realm=b,nonce=c,uri=d").unwrap_err();
        assert_eq!(
            (error.header, error.reason),
            ("Proxy-Authorization", "no response")
        );
        let all = "Digest username=a,realm=b,nonce=c,uri=d,response=e";
        for (nc, expected) in [
            ("00000001", Some(1)),
            ("\"ff\"", Some(255)),
            ("ffffffff", Some(u32::MAX)),
            ("+1", None),
            ("000000001", None),
            ("x", None),
        ] {
            let text = format!("{all},nc={nc}");
            assert_eq!(one(&text).unwrap().count(), expected, "{nc}");
        }
        assert_eq!(one(all).unwrap().count(), None);
    }

    /// RFC 4475 §3.3.1: an unknown scheme is no error, only no answer.
    #[test]
    fn an_unknown_scheme_is_no_answer() {
        let value = "NoOneKnowsThisScheme opaque-data=here";
        assert_eq!(Authorization::all_of(Asker::Server, value).count(), 0);
    }
}
