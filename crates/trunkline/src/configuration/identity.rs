//! Who we are at a trunk, and who a trunk is here: accounts, logins, passwords.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// `[trunk.NAME.account]`: what answers a trunk that asks for credentials.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Our name there: the user of our address when we register.
    pub user: String,
    /// The name that authenticates. Default: `user`.
    pub auth_user: Option<String>,
    /// The only realm that gets an answer. Default: any.
    pub realm: Option<String>,
    /// The file that holds the password and nothing else.
    pub password_file: Option<PathBuf>,
    /// The environment variable that holds it.
    pub password_env: Option<String>,
    /// The password itself, where this file is kept as one.
    pub password: Option<Password>,
}

/// `[trunk.NAME.login]`: what a trunk proves itself by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The name that it authenticates as.
    pub user: String,
    /// When it is asked: of `strangers`, the default, where its address does not say whose a request is; or `always`.
    #[serde(default)]
    pub asked: Asked,
    /// What it is offered instead of what `[edge.digest]` says, best first. It needs sources, a certificate or a domain: a
    /// challenge may depend on where a request comes from, never on the user that it names.
    pub algorithms: Option<Vec<String>>,
    /// The domain that its requests come with (From; To of a REGISTER), where it has no fixed address. Whoever names it is
    /// offered its algorithms.
    pub domain: Option<String>,
    /// The file that holds the password and nothing else.
    pub password_file: Option<PathBuf>,
    /// The environment variable that holds it.
    pub password_env: Option<String>,
    /// The password itself, where this file is kept as one.
    pub password: Option<Password>,
}

/// `[trunk.NAME.register]`: that we register there, with its account. Everything in it has a default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Register {
    /// The registrar: `sip:carrier.example`. Default: the host of the target.
    pub registrar: Option<String>,
    /// Seconds to ask for, 1 to 86400. Default 300.
    pub expires_s: Option<u32>,
    /// The user of our Contact. Default: the account's.
    pub contact_user: Option<String>,
}

/// Whom calls to a trunk that registers name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestUri {
    /// Its Contact.
    Contact,
    /// The number called.
    Number,
}

/// When a trunk is asked for its password.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asked {
    /// From addresses that are no trunk's, and at every REGISTER.
    #[default]
    Strangers,
    /// From its own addresses, too.
    Always,
}

/// `[edge.digest]`: how trunks are asked for their passwords.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Digest {
    /// The realm, as phone systems show it. Default `trunkline`.
    pub realm: Option<String>,
    /// What is offered, best first: `SHA-512-256`, `SHA-256`, `MD5`. Default `["SHA-256", "MD5"]`.
    pub algorithms: Option<Vec<String>>,
}

/// A password: a text that is never shown.
pub struct Password(String);

impl Password {
    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Password, D::Error> {
        deserializer.deserialize_any(Text)
    }
}

/// Reads a text, and says of nothing else what it was: it was somebody's password.
struct Text;

impl Visitor<'_> for Text {
    type Value = Password;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Password, E> {
        Ok(Password(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Password, E> {
        Err(E::custom("a password is a text in quotes, not a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Password, E> {
        Err(E::custom("a password is a text in quotes, not a number"))
    }
}
