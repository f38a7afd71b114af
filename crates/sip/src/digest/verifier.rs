//! Verifier: who asks for credentials, and judges them (RFC 3261 §22.1, RFC 7616 §3.3, RFC 8760 §2.3).
//!
//! The answer and its time are the same for an account that exists and one that does not. Nothing is kept for who has
//! not proven a password. Ask once for each request that the transactions deliver: a repetition on the wire is theirs
//! to absorb, and would look like a replay here. ACK and CANCEL are never asked for (RFC 3261 §22.1).

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::endpoint::extra::Extra;
use crate::endpoint::flow::Flow;
use crate::lex;
use crate::message::Message;

use super::Asker;
use super::algorithm::Algorithm;
use super::authorization::Authorization;
use super::credentials::{CredentialError, Secret};
use super::nonces::{Freshness, Nonces};
use super::proof::{Count, Ha1, Proof};

/// The accounts of one realm, and the nonces given out. `Debug` shows no secret.
#[derive(Clone)]
pub struct Verifier {
    realm: Box<str>,
    /// In the order in which they are offered to whom nothing else is.
    algorithms: Box<[Algorithm]>,
    accounts: BTreeMap<Box<str>, Account>,
    /// What an account is measured against that does not exist.
    nobody: Account,
    nonces: Nonces,
}

/// One hash for each algorithm that may be answered with.
type Account = BTreeMap<Algorithm, Ha1>;

/// Whom a realm asks, and with what: the same for a user that exists and one that does not, so it is chosen by where a
/// request comes from and never by the user that it names.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// As whom.
    pub asker: Asker,
    /// The way that the request came.
    pub flow: Flow,
    /// What is offered, best first, each once; none: what the realm offers.
    pub offered: Option<&'a [Algorithm]>,
}

impl Asking<'_> {
    /// As the realm asks everybody.
    #[must_use]
    pub fn as_all(asker: Asker, flow: Flow) -> Self {
        Asking {
            asker,
            flow,
            offered: None,
        }
    }
}

/// How a realm asks.
#[derive(Clone, Debug)]
pub struct Realm {
    /// Its name, such as `sip.example.net`.
    pub name: Box<str>,
    /// What it offers, best first: a challenge for each, so that a peer of RFC 3261 finds its MD5 behind SHA-256.
    pub algorithms: Vec<Algorithm>,
    /// How long a nonce is good, by default [`NONCE_LIFE`].
    pub nonce_life: Duration,
}

/// What a request has proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// It comes from this account.
    Verified {
        /// The account.
        user: Box<str>,
    },
    /// It must be asked for credentials.
    Challenge {
        /// Whether it proved the password with a nonce that is no longer good.
        stale: Stale,
    },
    /// Its credentials are wrong: ask again, or 403.
    Refused {
        /// Why.
        why: Refusal,
    },
}

/// Whether a challenge says that only the nonce was too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// It does not.
    No,
    /// It does: the peer answers without asking anybody.
    Yes,
}

/// Why credentials are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// They cannot be read, or lack what `qop=auth` needs.
    #[error("the credentials cannot be read")]
    Malformed,
    /// They use a hash or a quality of protection that was not offered.
    #[error("the credentials use what was not offered")]
    NotOffered,
    /// Account or password are wrong; which, nobody is told.
    #[error("user or password are wrong")]
    Wrong,
    /// They were seen before.
    #[error("the credentials were used before")]
    Replayed,
}

impl Realm {
    /// SHA-256 before MD5, as RFC 8760 asks.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Realm {
            name: name.into(),
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
            nonce_life: NONCE_LIFE,
        }
    }
}

impl Verifier {
    /// A realm without accounts. The secret is random, and another one after each start; time counts from `epoch`.
    pub fn new(realm: &Realm, secret: [u8; 32], epoch: Instant) -> Result<Self, CredentialError> {
        // Peers do not agree on how a quoted-pair is hashed.
        let is_bad = |c: char| c.is_control() || matches!(c, '"' | '\\');
        if realm.name.is_empty() || realm.name.chars().any(is_bad) {
            return Err(CredentialError::Realm);
        }
        let mut algorithms: Vec<Algorithm> = Vec::new();
        for algorithm in &realm.algorithms {
            if !algorithms.contains(algorithm) {
                algorithms.push(*algorithm);
            }
        }
        if algorithms.is_empty() {
            return Err(CredentialError::Algorithm);
        }
        let nonces = Nonces::new(secret, epoch, realm.nonce_life);
        let password = nonces.password_of_nobody();
        let nobody = Algorithm::ALL.map(|algorithm| {
            let hash = Ha1::new(algorithm, "", &realm.name, &password);
            (algorithm, hash)
        });
        Ok(Verifier {
            realm: realm.name.clone(),
            nobody: nobody.into(),
            algorithms: algorithms.into(),
            accounts: BTreeMap::new(),
            nonces,
        })
    }

    /// Adds or replaces an account. The secrets must answer every algorithm that is offered: a peer chooses before
    /// anybody knows who it is. A password answers all.
    pub fn admit(&mut self, user: &str, secrets: &[Secret]) -> Result<(), CredentialError> {
        let algorithms = self.algorithms.clone();
        self.admit_by(&algorithms, user, secrets)
    }

    /// The same for an account that proves itself by these algorithms and no others, whatever it was offered.
    pub fn admit_by(
        &mut self,
        algorithms: &[Algorithm],
        user: &str,
        secrets: &[Secret],
    ) -> Result<(), CredentialError> {
        if user.is_empty() {
            return Err(CredentialError::User);
        }
        if algorithms.is_empty() {
            return Err(CredentialError::Algorithm);
        }
        let hash = |algorithm: &Algorithm| {
            secrets
                .iter()
                .find_map(|secret| secret.ha1(*algorithm, user, &self.realm))
                .map(|ha1| (*algorithm, ha1))
                .ok_or(CredentialError::Algorithm)
        };
        let account: Account = algorithms.iter().map(hash).collect::<Result<_, _>>()?;
        self.accounts.insert(user.into(), account);
        Ok(())
    }

    /// Removes an account.
    pub fn dismiss(&mut self, user: &str) {
        self.accounts.remove(user);
    }

    /// The challenges for whoever sent a request: the headers of a 401 or 407.
    #[must_use]
    pub fn challenge(&mut self, asking: Asking<'_>, stale: Stale, now: Instant) -> Extra {
        let nonce = self.nonces.make(asking.flow, now);
        let realm = &self.realm;
        let stale = match stale {
            Stale::No => "",
            Stale::Yes => ", stale=true",
        };
        let mut headers = Extra::none();
        for algorithm in asking.offered.unwrap_or(&self.algorithms) {
            let value = format!(
                "Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}"
            );
            headers
                .add(asking.asker.challenge().as_str(), &value)
                .expect("a realm holds no control character and offers few algorithms");
        }
        headers
    }

    /// Judges the credentials of a request.
    #[must_use]
    pub fn verify(&mut self, asking: Asking<'_>, request: &Message, now: Instant) -> Verification {
        let mut is_readable = true;
        let own = request
            .authorizations(asking.asker)
            .find_map(|one| match one {
                Ok(one) => (one.realm_text() == *self.realm).then_some(one),
                Err(_) => {
                    is_readable = false;
                    None
                }
            });
        let method = request.method().map_or("", |method| method.as_str());
        match own {
            Some(own) => self
                .judge(&own, method, asking, now)
                .unwrap_or_else(|why| Verification::Refused { why }),
            None if is_readable => Verification::Challenge { stale: Stale::No },
            None => Verification::Refused {
                why: Refusal::Malformed,
            },
        }
    }

    fn judge(
        &mut self,
        given: &Authorization<'_>,
        method: &str,
        asking: Asking<'_>,
        now: Instant,
    ) -> Result<Verification, Refusal> {
        let algorithm = given.hash().map_err(|_| Refusal::NotOffered)?;
        let offered = asking.offered.unwrap_or(&self.algorithms);
        if !offered.contains(&algorithm) {
            return Err(Refusal::NotOffered);
        }
        let count = match given.qop.map(lex::trim) {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => Some(Count {
                digits: given.nc.ok_or(Refusal::Malformed)?,
                cnonce: given.cnonce.ok_or(Refusal::Malformed)?,
            }),
            Some(_) => return Err(Refusal::NotOffered),
        };
        let number = match count {
            Some(_) => Some(given.count().ok_or(Refusal::Malformed)?),
            None => None,
        };
        let proof = Proof {
            algorithm,
            nonce: given.nonce,
            count,
            method,
            // The request-URI may have been changed on its way, so what counts is what was hashed.
            uri: given.uri,
        };
        let account = self.accounts.get_key_value(&*given.user_text());
        // Whoever may not answer with this hash is measured like somebody who does not exist.
        let account = account.and_then(|(user, account)| Some((user, account.get(&algorithm)?)));
        let nobody = self.nobody.get(&algorithm);
        let ha1 = account.map(|(_, ha1)| ha1).or(nobody);
        let is_proven = ha1.is_some_and(|ha1| proof.is_proven_by(ha1, given.response));
        let stamp = self.nonces.read(given.nonce, asking.flow, now);
        let (Some((user, _)), true) = (account, is_proven) else {
            return Err(Refusal::Wrong);
        };
        let Some(stamp) = stamp else {
            return Ok(Verification::Challenge { stale: Stale::Yes });
        };
        match self.nonces.count(stamp, number, now) {
            Freshness::Fresh => Ok(Verification::Verified { user: user.clone() }),
            Freshness::Replayed => Err(Refusal::Replayed),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("realm", &self.realm)
            .field("algorithms", &self.algorithms)
            .field("accounts", &self.accounts.len())
            .field("nonces", &self.nonces)
            .finish_non_exhaustive()
    }
}

/// How long a nonce is good: a call's setup with its retransmissions, and a few refreshes of a short registration.
pub const NONCE_LIFE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::super::{Credential, Credentials, Sessions};
    use super::*;
    use crate::endpoint::flow::Transport;
    use crate::method::Method;

    /// A realm with one account, and time.
    struct Desk {
        verifier: Verifier,
        offered: Option<&'static [Algorithm]>,
        now: Instant,
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test needs some instant to count from"
    )]
    fn desk() -> Desk {
        let now = Instant::now();
        let mut verifier = Verifier::new(&Realm::new("a b"), [7; 32], now).unwrap();
        verifier.admit("4930\"123", &[password("hunter2")]).unwrap();
        let offered = None;
        Desk {
            verifier,
            offered,
            now,
        }
    }

    fn password(text: &str) -> Secret {
        Secret::Password(text.into())
    }

    fn flow(remote: &str) -> Flow {
        let local = "192.0.2.1:5060".parse().unwrap();
        Flow::new(Transport::Udp, local, remote.parse().unwrap())
    }

    fn from<'a>(remote: &str, offered: Option<&'a [Algorithm]>) -> Asking<'a> {
        Asking {
            offered,
            ..Asking::as_all(Asker::Server, flow(remote))
        }
    }

    fn message(start: &str, headers: &[(&str, &str)]) -> Message {
        let mut text = format!("{start}\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        Message::parse(format!("{text}\r\n").into()).unwrap()
    }

    fn client(user: &str, secret: &str) -> Sessions {
        let account = Credential::new(None, user, password(secret)).unwrap();
        Sessions::new(Credentials::new(vec![account]).unwrap())
    }

    impl Desk {
        fn challenge(&mut self, client: &mut Sessions, stale: Stale) {
            let headers =
                self.verifier
                    .challenge(from("192.0.2.2:5060", self.offered), stale, self.now);
            let headers: Vec<_> = headers.iter().collect();
            client
                .take(&message("SIP/2.0 401 X", &headers), &[], 1)
                .unwrap();
        }

        fn verify(&mut self, authorization: &str) -> Verification {
            let request = message(
                "REGISTER sip:r SIP/2.0",
                &[("Authorization", authorization)],
            );
            let asking = from("192.0.2.2:5062", self.offered);
            self.verifier.verify(asking, &request, self.now)
        }
    }

    fn shown(client: &mut Sessions) -> String {
        client.present(&Method::Register, "sip:r")[0]
            .header()
            .1
            .to_owned()
    }

    fn refused(why: Refusal) -> Verification {
        Verification::Refused { why }
    }

    fn verified() -> Verification {
        let user = "4930\"123".into();
        Verification::Verified { user }
    }

    #[test]
    fn a_client_that_knows_the_password_is_let_in_again_and_again() {
        let mut desk = desk();
        let mut client = client("4930\"123", "hunter2");
        desk.challenge(&mut client, Stale::No);
        for _ in 0..3 {
            let shown = shown(&mut client);
            assert!(shown.contains("algorithm=SHA-256"), "{shown}");
            assert_eq!(desk.verify(&shown), verified());
            assert_eq!(desk.verify(&shown), refused(Refusal::Replayed));
        }
    }

    #[test]
    fn challenges_stand_in_the_order_of_preference() {
        let mut desk = desk();
        let home = flow("192.0.2.2:5060");
        let headers =
            desk.verifier
                .challenge(Asking::as_all(Asker::Proxy, home), Stale::Yes, desk.now);
        let lines: Vec<_> = headers.iter().collect();
        let [(name, first), (_, second)] = lines[..] else {
            panic!("{lines:?}");
        };
        assert_eq!(name, "Proxy-Authenticate");
        assert!(
            first.starts_with(r#"Digest realm="a b", nonce=""#),
            "{first}"
        );
        assert!(first.ends_with(r#", algorithm=SHA-256, qop="auth", stale=true"#));
        assert!(second.ends_with(r#", algorithm=MD5, qop="auth", stale=true"#));
    }

    #[test]
    fn a_stranger_and_a_wrong_password_are_told_the_same() {
        let mut desk = desk();
        for (user, secret) in [("4930\"123", "hunter3"), ("nobody", "hunter2"), ("", "")] {
            let mut client = client(if user.is_empty() { "x" } else { user }, secret);
            desk.challenge(&mut client, Stale::No);
            let mut shown = shown(&mut client);
            if user.is_empty() {
                shown = shown.replace("\"x\"", "\"\"");
            }
            assert_eq!(desk.verify(&shown), refused(Refusal::Wrong), "{user}");
        }
        desk.verifier.dismiss("4930\"123");
        let mut client = client("4930\"123", "hunter2");
        desk.challenge(&mut client, Stale::No);
        assert_eq!(desk.verify(&shown(&mut client)), refused(Refusal::Wrong));
    }

    #[test]
    fn what_is_offered_is_of_the_place_and_what_proves_is_of_the_account() {
        let mut desk = desk();
        let old = [password("old")];
        desk.verifier
            .admit_by(&[Algorithm::Md5], "old", &old)
            .unwrap();
        // Where MD5 alone is offered, whoever may use it is let in, known or not to that place.
        desk.offered = Some(&[Algorithm::Md5]);
        for (user, secret) in [("old", "old"), ("4930\"123", "hunter2")] {
            let mut client = client(user, secret);
            desk.challenge(&mut client, Stale::No);
            let shown = shown(&mut client);
            assert!(shown.contains("algorithm=MD5"), "{shown}");
            assert_eq!(
                desk.verify(&shown),
                Verification::Verified { user: user.into() }
            );
            // What was not offered there is not taken there.
            let better = shown.replace("algorithm=MD5", "algorithm=SHA-256");
            assert_eq!(desk.verify(&better), refused(Refusal::NotOffered));
        }
        // Elsewhere a client chooses SHA-256: an account of MD5 is refused like one that does not exist.
        desk.offered = None;
        for user in ["old", "nobody"] {
            let mut client = client(user, "old");
            desk.challenge(&mut client, Stale::No);
            assert_eq!(desk.verify(&shown(&mut client)), refused(Refusal::Wrong));
        }
        let none = desk.verifier.admit_by(&[], "x", &[password("x")]);
        assert_eq!(none, Err(CredentialError::Algorithm));
    }

    #[test]
    fn an_old_or_foreign_nonce_is_stale_only_for_who_knows_the_password() {
        let stale = Verification::Challenge { stale: Stale::Yes };
        let mut desk = desk();
        let mut good = client("4930\"123", "hunter2");
        let mut bad = client("4930\"123", "wrong");
        desk.challenge(&mut good, Stale::No);
        desk.challenge(&mut bad, Stale::No);
        let request = message(
            "REGISTER sip:r SIP/2.0",
            &[("Authorization", &shown(&mut good))],
        );
        let elsewhere = flow("192.0.2.9:5060");
        let asking = Asking::as_all(Asker::Server, elsewhere);
        let judged = desk.verifier.verify(asking, &request, desk.now);
        assert_eq!(judged, stale);
        desk.now += NONCE_LIFE + Duration::from_secs(1);
        assert_eq!(desk.verify(&shown(&mut good)), stale);
        assert_eq!(desk.verify(&shown(&mut bad)), refused(Refusal::Wrong));
    }

    #[test]
    fn credentials_that_cannot_be_judged_are_refused_and_none_are_asked_for() {
        let mut desk = desk();
        let mut client = client("4930\"123", "hunter2");
        desk.challenge(&mut client, Stale::No);
        let good = shown(&mut client);
        let cut = |from: &str| {
            let at = good.find(from).unwrap();
            let end = good[at..].find(", ").map_or(good.len(), |end| at + end + 2);
            format!("{}{}", &good[..at], &good[end..])
        };
        for (bad, why) in [
            (good.replace("SHA-256", "SHA-512-256"), Refusal::NotOffered),
            (good.replace("SHA-256", "MD5-sess"), Refusal::NotOffered),
            (
                good.replace("qop=auth", "qop=auth-int"),
                Refusal::NotOffered,
            ),
            (cut("cnonce="), Refusal::Malformed),
            (cut("nc="), Refusal::Malformed),
            (good.replace("nc=00000001", "nc=x"), Refusal::Malformed),
            (cut("response="), Refusal::Malformed),
            (good.replace("nc=00000001", "nc=00000002"), Refusal::Wrong),
            (cut("algorithm="), Refusal::Wrong),
            (format!("{good}, nc=1"), Refusal::Malformed),
        ] {
            assert_eq!(desk.verify(&bad), refused(why), "{bad}");
        }
        let ask = Verification::Challenge { stale: Stale::No };
        assert_eq!(desk.verify("Basic YTpi"), ask);
        assert_eq!(desk.verify(&good.replace("realm=\"a", "realm=\"c")), ask);
        assert_eq!(desk.verify(&good), verified());
    }

    #[test]
    fn a_peer_of_rfc_2069_is_let_in_once_with_each_nonce() {
        let mut desk = desk();
        let home = flow("192.0.2.2:5060");
        let nonce = desk.verifier.nonces.make(home, desk.now);
        let proof = Proof {
            algorithm: Algorithm::Md5,
            nonce: &nonce,
            count: None,
            method: "REGISTER",
            uri: "sip:r",
        };
        let ha1 = Ha1::new(Algorithm::Md5, "4930\"123", "a b", "hunter2");
        let shown = format!(
            r#"Digest username="4930\"123", realm="a b", nonce="{nonce}", uri="sip:r", response="{}""#,
            proof.response(&ha1)
        );
        assert_eq!(desk.verify(&shown), verified());
        assert_eq!(desk.verify(&shown), refused(Refusal::Replayed));
    }

    #[test]
    fn every_account_answers_every_algorithm() {
        let mut verifier = desk().verifier;
        let hash = |algorithm: Algorithm| Secret::Ha1 {
            algorithm,
            digits: "0".repeat(algorithm.digits()).into(),
        };
        let (md5, sha) = (hash(Algorithm::Md5), hash(Algorithm::Sha256));
        let error = verifier.admit("u", std::slice::from_ref(&md5)).unwrap_err();
        assert_eq!(error, CredentialError::Algorithm);
        assert_eq!(verifier.admit("u", &[md5, sha]), Ok(()));
        assert_eq!(
            verifier.admit("", &[password("")]),
            Err(CredentialError::User)
        );
        let now = desk().now;
        let made = |realm: &Realm| Verifier::new(realm, [1; 32], now).err();
        for bad in ["", "r\n", "r\"", "r\\"] {
            assert_eq!(made(&Realm::new(bad)), Some(CredentialError::Realm));
        }
        let mut realm = Realm::new("r");
        realm.algorithms = vec![];
        assert_eq!(made(&realm), Some(CredentialError::Algorithm));
        let text = format!("{:?}", desk().verifier);
        assert!(!text.contains("4930") && !text.contains("hunter"), "{text}");
    }
}
