//! Credentials: who we are to those who ask, by realm. Passwords are never shown, not even by `Debug`.

use std::fmt;
use std::sync::Arc;

use super::algorithm::Algorithm;
use super::challenge::Challenge;
use super::proof::Ha1;

/// The accounts that may be used on a trunk; a clone shares them.
#[derive(Clone, Debug, Default)]
pub struct Credentials(Arc<[Credential]>);

/// One account.
#[derive(Clone, Debug)]
pub struct Credential {
    realm: Option<Box<str>>,
    user: Hidden,
    secret: Secret,
}

/// What proves an account.
#[derive(Clone)]
pub enum Secret {
    /// The password.
    Password(Box<str>),
    /// Its hash with user and realm, in hexadecimal digits; answers only challenges for this algorithm.
    Ha1 {
        /// The hash's name.
        algorithm: Algorithm,
        /// As many digits as the hash has.
        digits: Box<str>,
    },
}

/// Why an account cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No user, or a control character in the name.
    #[error("the user is empty or holds a control character")]
    User,
    /// No realm of our own, or a control character, quote or backslash in its name.
    #[error("the realm is empty or holds a quote, a backslash or a control character")]
    Realm,
    /// Not one secret for each algorithm that is offered, or none is offered.
    #[error("the secrets do not answer every algorithm that is offered")]
    Algorithm,
    /// A hash that is none of its algorithm.
    #[error("the hash does not have the digits of its algorithm")]
    Ha1,
    /// A hash is made for one realm, so the realm must be said.
    #[error("a hash needs its realm")]
    NoRealm,
    /// More than [`CREDENTIALS_MAX`].
    #[error("too many credentials")]
    TooMany,
}

/// Accounts of one trunk: Webex asks in two realms, nobody in more.
pub const CREDENTIALS_MAX: usize = 8;

/// A text that `Debug` does not show: an account's name is often somebody's number.
#[derive(Clone)]
pub(super) struct Hidden(pub Box<str>);

impl Credentials {
    /// None: every challenge is a refusal.
    #[must_use]
    pub fn none() -> Self {
        Credentials::default()
    }

    /// These; of two for a realm the first counts.
    pub fn new(list: Vec<Credential>) -> Result<Self, CredentialError> {
        if list.len() > CREDENTIALS_MAX {
            return Err(CredentialError::TooMany);
        }
        Ok(Credentials(list.into()))
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an account is meant for this realm, whatever it can compute.
    pub(super) fn has_realm(&self, challenge: &Challenge<'_>) -> bool {
        self.0.iter().any(|one| one.is_for(&challenge.realm_text()))
    }

    /// User and hash for a challenge: an account of its realm goes before one of any realm.
    pub(super) fn of(
        &self,
        challenge: &Challenge<'_>,
        algorithm: Algorithm,
    ) -> Option<(&str, Ha1)> {
        let realm = challenge.realm_text();
        let mut fitting: Vec<&Credential> =
            self.0.iter().filter(|one| one.is_for(&realm)).collect();
        fitting.sort_by_key(|one| one.realm.is_none());
        fitting.into_iter().find_map(|one| {
            let ha1 = one.secret.ha1(algorithm, &one.user.0, challenge.realm)?;
            Some((&*one.user.0, ha1))
        })
    }
}

impl Credential {
    /// An account in a realm, or, without one, in any realm that asks. `user` is the name that authenticates, which
    /// many platforms keep apart from the number in From.
    pub fn new(realm: Option<&str>, user: &str, secret: Secret) -> Result<Self, CredentialError> {
        if user.is_empty() || user.chars().any(char::is_control) {
            return Err(CredentialError::User);
        }
        if let Secret::Ha1 { algorithm, digits } = &secret {
            Ha1::of_digits(*algorithm, digits).ok_or(CredentialError::Ha1)?;
            realm.ok_or(CredentialError::NoRealm)?;
        }
        Ok(Credential {
            realm: realm.map(Into::into),
            user: Hidden(user.into()),
            secret,
        })
    }

    /// Realms are told apart by people who type them, so not by case.
    fn is_for(&self, realm: &str) -> bool {
        let own = self.realm.as_deref();
        own.is_none_or(|own| own.eq_ignore_ascii_case(realm))
    }
}

impl Secret {
    /// The hash for a realm as its owner writes it, if this secret can make one.
    pub(super) fn ha1(&self, algorithm: Algorithm, user: &str, realm: &str) -> Option<Ha1> {
        match self {
            Secret::Password(password) => Some(Ha1::new(algorithm, user, realm, password)),
            Secret::Ha1 {
                algorithm: own,
                digits,
            } => Ha1::of_digits(*own, digits).filter(|_| *own == algorithm),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Password(_) => f.write_str("Password(…)"),
            Secret::Ha1 { algorithm, .. } => write!(f, "Ha1({algorithm}, …)"),
        }
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Asker;
    use super::*;

    fn password(text: &str) -> Secret {
        Secret::Password(text.into())
    }

    fn challenge(realm: &str) -> Challenge<'_> {
        Challenge {
            asker: Asker::Server,
            realm,
            nonce: "n",
            opaque: None,
            algorithm: None,
            qop: None,
            stale: false,
        }
    }

    #[test]
    fn an_account_of_the_realm_goes_before_one_of_any_realm() {
        let any = Credential::new(None, "any", password("x")).unwrap();
        let own = Credential::new(Some("BroadWorks"), "own", password("y")).unwrap();
        let credentials = Credentials::new(vec![any, own]).unwrap();
        let user = |realm| {
            let challenge = challenge(realm);
            let (user, _) = credentials.of(&challenge, Algorithm::Md5).unwrap();
            user.to_owned()
        };
        assert_eq!(user("broadworks"), "own");
        assert_eq!(user("other"), "any");
    }

    #[test]
    fn a_hash_answers_only_its_algorithm() {
        let secret = Secret::Ha1 {
            algorithm: Algorithm::Md5,
            digits: "0".repeat(32).into(),
        };
        let own = Credential::new(Some("r"), "u", secret.clone()).unwrap();
        let credentials = Credentials::new(vec![own]).unwrap();
        assert!(credentials.of(&challenge("r"), Algorithm::Md5).is_some());
        assert!(credentials.of(&challenge("r"), Algorithm::Sha256).is_none());
        assert!(credentials.has_realm(&challenge("r")));
        assert!(!credentials.has_realm(&challenge("s")));
        let error = Credential::new(None, "u", secret).unwrap_err();
        assert_eq!(error, CredentialError::NoRealm);
    }

    #[test]
    fn what_cannot_be_written_or_computed_is_refused() {
        let error = |user, secret| Credential::new(Some("r"), user, secret).unwrap_err();
        assert_eq!(error("", password("")), CredentialError::User);
        assert_eq!(error("a\r\nb", password("")), CredentialError::User);
        let (algorithm, digits) = (Algorithm::Md5, "abc".into());
        assert_eq!(
            error("u", Secret::Ha1 { algorithm, digits }),
            CredentialError::Ha1
        );
        let one = Credential::new(None, "u", password("")).unwrap();
        let many = Credentials::new(vec![one; CREDENTIALS_MAX + 1]);
        assert_eq!(many.unwrap_err(), CredentialError::TooMany);
    }

    #[test]
    fn debug_shows_neither_user_nor_secret() {
        let one = Credential::new(Some("r"), "4930123", password("hunter2")).unwrap();
        let credentials = Credentials::new(vec![one]).unwrap();
        let text = format!("{credentials:?}");
        assert!(text.contains("realm: Some(\"r\")"), "{text}");
        assert!(
            !text.contains("hunter2") && !text.contains("4930123"),
            "{text}"
        );
    }
}
