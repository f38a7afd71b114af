//! Sessions: the challenges that we have answered, kept so that the next request answers them at once (RFC 7616 §3.3).
//!
//! A request is sent, challenged, and sent again with an answer. What decides whether there is a next time is what
//! the request carried: nothing or an old nonce may be answered, a new nonce only once more and only if it was stale,
//! because credentials that were just refused must not be shown again (RFC 3261 §22.2).

use std::fmt;

use crate::header::Name;
use crate::message::Message;
use crate::method::Method;

use super::algorithm::{Algorithm, hex};
use super::challenge::{Challenge, Qop};
use super::credentials::{Credentials, Hidden};
use super::proof::{Count, Ha1, Proof};
use super::{Asker, CHALLENGES_MAX, escaped};

/// What is known about who asks us for credentials, and how we answer. `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    credentials: Credentials,
    open: Vec<Session>,
}

/// Why a challenge is not answered: the refusal stands. The later, the nearer it was to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unanswered {
    /// There is no challenge, or none that can be read.
    #[error("the message holds no digest challenge that can be read")]
    Unreadable,
    /// Nobody gave us credentials.
    #[error("no credentials are configured")]
    NoCredentials,
    /// The credentials are for other realms.
    #[error("no credentials are configured for this realm")]
    OtherRealm,
    /// Only hashes that we do not know, or that a given hash cannot answer.
    #[error("no algorithm of the challenge can be answered")]
    Algorithm,
    /// Only qualities of protection other than `auth`.
    #[error("the challenge does not offer qop auth")]
    Protection,
    /// The answer was refused: user or password are wrong, or the asker does not know us at all.
    #[error("the credentials were refused")]
    Refused,
    /// One request was challenged too often.
    #[error("the request was challenged too often")]
    TooOften,
    /// The request with the answer would be too large, or is not kept any more.
    #[error("the request cannot be sent again")]
    Unwritable,
}

/// The answer to one asker, as a request carries it.
#[derive(Clone)]
pub struct Presented {
    asker: Asker,
    realm: Box<str>,
    nonce: Box<str>,
    age: Age,
    value: Box<str>,
}

/// How old the nonce of an answer is, seen from the request that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    /// An earlier request was challenged with it.
    Old,
    /// This request was.
    New,
    /// This request was, and the nonce before it was new and stale.
    Renewed,
}

/// One asker and realm.
#[derive(Clone, Debug)]
struct Session {
    asker: Asker,
    realm: Box<str>,
    nonce: Box<str>,
    opaque: Option<Box<str>>,
    /// The name as it was asked for.
    asked: Option<Box<str>>,
    algorithm: Algorithm,
    protection: Qop,
    user: Hidden,
    ha1: Ha1,
    cnonce: Box<str>,
    count: u32,
    age: Age,
}

impl Sessions {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Sessions {
            credentials,
            open: Vec::new(),
        }
    }

    /// Takes note of the challenges of a refusal, so that `present` answers them. `presented` is what the refused
    /// request carried, `cnonce` is random.
    pub fn take(
        &mut self,
        refusal: &Message,
        presented: &[Presented],
        cnonce: u64,
    ) -> Result<(), Unanswered> {
        let challenges: Vec<Challenge<'_>> = refusal.challenges().flatten().collect();
        let mut learned: Vec<Session> = Vec::new();
        let mut why = Unanswered::Unreadable;
        for (at, challenge) in challenges.iter().enumerate() {
            let is_same = |other: &Challenge<'_>| {
                other.asker == challenge.asker && other.realm == challenge.realm
            };
            if challenges[..at].iter().any(is_same) {
                continue;
            }
            let age = match age_of(challenge, presented) {
                Ok(age) => age,
                Err(why) => {
                    // The next request must not show them unasked.
                    self.open.retain(|one| !one.is_for(challenge));
                    return Err(why);
                }
            };
            match self.best(challenges[at..].iter().filter(|other| is_same(other))) {
                Ok(session) => learned.push(Session {
                    age,
                    cnonce: hex(&cnonce.to_be_bytes()).into(),
                    ..session
                }),
                Err(reason) => why = why.max(reason),
            }
        }
        if learned.is_empty() {
            return Err(why);
        }
        for session in learned {
            let known = self.open.iter().position(|one| one.is_with(&session));
            match known.and_then(|at| self.open.get_mut(at)) {
                Some(one) => *one = session,
                None => self.open.push(session),
            }
        }
        // Whoever asks under ever new names is forgotten, oldest first.
        let surplus = self.open.len().saturating_sub(CHALLENGES_MAX);
        self.open.drain(..surplus);
        Ok(())
    }

    /// The answers that the next request carries; each is counted.
    #[must_use]
    pub fn present(&mut self, method: &Method, uri: &str) -> Vec<Presented> {
        self.open
            .iter_mut()
            .map(|session| session.present(method.as_str(), uri))
            .collect()
    }

    /// The session to answer the best of several challenges of one realm with.
    fn best<'a>(
        &self,
        challenges: impl Iterator<Item = &'a Challenge<'a>>,
    ) -> Result<Session, Unanswered> {
        let mut best: Result<Session, Unanswered> = Err(Unanswered::Unreadable);
        for challenge in challenges {
            match (&best, self.session(challenge)) {
                (Ok(known), Ok(other))
                    if known.algorithm.strength() >= other.algorithm.strength() => {}
                (_, Ok(other)) => best = Ok(other),
                (Err(known), Err(why)) => best = Err(why.max(*known)),
                (Ok(_), Err(_)) => {}
            }
        }
        best
    }

    fn session(&self, challenge: &Challenge<'_>) -> Result<Session, Unanswered> {
        if self.credentials.is_empty() {
            return Err(Unanswered::NoCredentials);
        }
        if !self.credentials.has_realm(challenge) {
            return Err(Unanswered::OtherRealm);
        }
        let algorithm = challenge.hash().map_err(|_| Unanswered::Algorithm)?;
        let account = self.credentials.of(challenge, algorithm);
        let (user, ha1) = account.ok_or(Unanswered::Algorithm)?;
        let protection = challenge.protection().ok_or(Unanswered::Protection)?;
        Ok(Session {
            asker: challenge.asker,
            realm: challenge.realm.into(),
            nonce: challenge.nonce.into(),
            opaque: challenge.opaque.map(Into::into),
            asked: challenge.algorithm.map(Into::into),
            algorithm,
            protection,
            user: Hidden(user.into()),
            ha1,
            cnonce: "".into(),
            count: 0,
            age: Age::New,
        })
    }
}

/// How old an answer to `challenge` would be; none if it must not be answered again.
fn age_of(challenge: &Challenge<'_>, presented: &[Presented]) -> Result<Age, Unanswered> {
    let before = presented
        .iter()
        .find(|one| one.asker == challenge.asker && *one.realm == *challenge.realm);
    match before {
        None => Ok(Age::New),
        Some(one) if one.age == Age::Old && (challenge.stale || *one.nonce != *challenge.nonce) => {
            Ok(Age::New)
        }
        Some(one) if one.age == Age::New && challenge.stale => Ok(Age::Renewed),
        Some(_) => Err(Unanswered::Refused),
    }
}

impl Session {
    fn is_for(&self, challenge: &Challenge<'_>) -> bool {
        self.asker == challenge.asker && *self.realm == *challenge.realm
    }

    fn is_with(&self, other: &Session) -> bool {
        self.asker == other.asker && self.realm == other.realm
    }

    fn present(&mut self, method: &str, uri: &str) -> Presented {
        self.count = self.count.saturating_add(1);
        let digits = format!("{:08x}", self.count);
        let count = match self.protection {
            Qop::None => None,
            Qop::Auth => Some(Count {
                digits: &digits,
                cnonce: &self.cnonce,
            }),
        };
        let proof = Proof {
            algorithm: self.algorithm,
            nonce: &self.nonce,
            count,
            method,
            uri,
        };
        let response = proof.response(&self.ha1);
        let (user, realm, nonce) = (escaped(&self.user.0), &self.realm, &self.nonce);
        let mut value = format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\""
        );
        if let Some(asked) = &self.asked {
            value.push_str(", algorithm=");
            value.push_str(asked);
        }
        if let Some(Count { digits, cnonce }) = count {
            value.push_str(&format!(", cnonce=\"{cnonce}\", qop=auth, nc={digits}"));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        let age = std::mem::replace(&mut self.age, Age::Old);
        Presented {
            asker: self.asker,
            realm: self.realm.clone(),
            nonce: self.nonce.clone(),
            age,
            value: value.into(),
        }
    }
}

impl Presented {
    /// Name and value of the header.
    #[must_use]
    pub fn header(&self) -> (Name<'static>, &str) {
        (self.asker.authorization(), &self.value)
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("asker", &self.asker)
            .field("realm", &self.realm)
            .field("age", &self.age)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Authorization, Credential, Secret};
    use super::*;

    /// What becomes of one request: each refusal holds these challenges; the answers to the last, or why none.
    struct Request<'a> {
        sessions: &'a mut Sessions,
        presented: Vec<Presented>,
    }

    impl<'a> Request<'a> {
        fn new(sessions: &'a mut Sessions) -> Self {
            let presented = sessions.present(&Method::Register, "sip:r");
            Request {
                sessions,
                presented,
            }
        }

        fn refused(&mut self, challenges: &[&str]) -> Result<Vec<&str>, Unanswered> {
            let fields = challenges
                .iter()
                .map(|one| match one.strip_prefix("proxy ") {
                    Some(one) => format!("Proxy-Authenticate: Digest {one}\r\n"),
                    None => format!("WWW-Authenticate: Digest {one}\r\n"),
                });
            let text = format!("SIP/2.0 401 X\r\n{}\r\n", fields.collect::<String>());
            let refusal = Message::parse(text.into()).unwrap();
            self.sessions.take(&refusal, &self.presented, 7)?;
            self.presented = self.sessions.present(&Method::Register, "sip:r");
            Ok(self.presented.iter().map(|one| one.header().1).collect())
        }
    }

    fn sessions(realm: Option<&str>) -> Sessions {
        let secret = Secret::Password("hunter2".into());
        let account = Credential::new(realm, "me", secret).unwrap();
        Sessions::new(Credentials::new(vec![account]).unwrap())
    }

    fn nonce_and_count<'a>(answers: &[&'a str]) -> (&'a str, Option<u32>) {
        let one = Authorization::all_of(Asker::Server, answers[0]).next();
        let one = one.unwrap().unwrap();
        (one.nonce, one.count())
    }

    #[test]
    fn everything_of_the_challenge_is_said_back() {
        let mut sessions = sessions(None);
        let challenge =
            r#"realm="a \"b\"", nonce="n\\", opaque="o\"", algorithm=sha-256, qop="auth-int,auth""#;
        let mut request = Request::new(&mut sessions);
        let answers = request.refused(&[challenge]).unwrap();
        let expected = r#"Digest username="me", realm="a \"b\"", nonce="n\\", uri="sip:r", response="RESPONSE", algorithm=sha-256, cnonce="0000000000000007", qop=auth, nc=00000001, opaque="o\"""#;
        let (before, after) = expected.split_once("RESPONSE").unwrap();
        assert!(
            answers[0].starts_with(before) && answers[0].ends_with(after),
            "{}",
            answers[0]
        );
    }

    /// `printf me:r:hunter2 | md5sum` and so on.
    #[test]
    fn a_peer_of_rfc_2069_gets_neither_count_nor_algorithm() {
        let mut sessions = sessions(Some("r"));
        let answers = sessions_answer(&mut sessions, "realm=\"r\", nonce=\"n\"");
        assert_eq!(
            answers,
            [
                r#"Digest username="me", realm="r", nonce="n", uri="sip:r", response="2db666050f9a57b4f36efd71fc2b4073""#
            ]
        );
    }

    fn sessions_answer(sessions: &mut Sessions, challenge: &str) -> Vec<String> {
        let mut request = Request::new(sessions);
        let answers = request.refused(&[challenge]).unwrap();
        answers.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_best_algorithm_is_answered_and_between_equals_the_first() {
        for (asked, expected) in [
            (&["MD5", "SHA-256"][..], "SHA-256"),
            (&["SHA-512-256", "SHA-256", "MD5"], "SHA-512-256"),
            (&["SHA-256", "SHA-512-256"], "SHA-256"),
            (&["SHA-3", "MD5-sess", "MD5"], "MD5"),
        ] {
            let mut sessions = sessions(None);
            let challenges = asked
                .iter()
                .map(|name| format!("realm=r,nonce=n,algorithm={name}"));
            let challenges: Vec<String> = challenges.collect();
            let lines: Vec<&str> = challenges.iter().map(String::as_str).collect();
            let mut request = Request::new(&mut sessions);
            let answers = request.refused(&lines).unwrap();
            assert_eq!(answers.len(), 1);
            assert!(
                answers[0].ends_with(&format!("algorithm={expected}")),
                "{}",
                answers[0]
            );
        }
    }

    #[test]
    fn proxy_and_server_are_answered_side_by_side() {
        let mut sessions = sessions(None);
        let mut request = Request::new(&mut sessions);
        request.refused(&["proxy realm=p,nonce=1"]).unwrap();
        let answers = request.refused(&["realm=s,nonce=2"]).unwrap();
        assert_eq!(answers.len(), 2);
        assert!(answers[0].contains("realm=\"p\"") && answers[1].contains("realm=\"s\""));
        let mut both = Request::new(&mut sessions);
        let two = ["realm=s,nonce=3", "proxy realm=p,nonce=4"];
        assert_eq!(both.refused(&two).unwrap().len(), 2);
    }

    #[test]
    fn a_nonce_is_used_again_and_counted() {
        let mut sessions = sessions(None);
        let qop = "realm=r,nonce=n,qop=auth";
        let mut first = Request::new(&mut sessions);
        assert!(first.presented.is_empty());
        let answers = first.refused(&[qop]).unwrap();
        assert_eq!(nonce_and_count(&answers), ("n", Some(1)));
        let next = Request::new(&mut sessions);
        assert_eq!(
            nonce_and_count(&[next.presented[0].header().1]),
            ("n", Some(2))
        );
    }

    #[test]
    fn what_was_just_refused_is_not_shown_again() {
        let mut sessions = sessions(None);
        let mut request = Request::new(&mut sessions);
        request.refused(&["realm=r,nonce=1"]).unwrap();
        assert_eq!(
            request.refused(&["realm=r,nonce=1"]),
            Err(Unanswered::Refused)
        );
        assert!(
            request.sessions.open.is_empty(),
            "the next request asks first"
        );
        // Asterisk's challenge to somebody whom it does not know has a new nonce each time.
        assert_eq!(
            request.refused(&["realm=r,nonce=2"]),
            Err(Unanswered::Refused)
        );
    }

    #[test]
    fn a_stale_nonce_is_replaced_once() {
        let mut sessions = sessions(None);
        let mut request = Request::new(&mut sessions);
        request.refused(&["realm=r,nonce=1"]).unwrap();
        let answers = request.refused(&["realm=r,nonce=2,stale=true"]).unwrap();
        assert_eq!(nonce_and_count(&answers).0, "2");
        let again = request.refused(&["realm=r,nonce=3,stale=true"]);
        assert_eq!(again, Err(Unanswered::Refused));
    }

    #[test]
    fn an_old_nonce_may_be_replaced_by_a_new_one_with_or_without_stale() {
        for next in [
            "realm=r,nonce=2",
            "realm=r,nonce=2,stale=true",
            "realm=r,nonce=1,stale=true",
        ] {
            let mut sessions = sessions(None);
            Request::new(&mut sessions)
                .refused(&["realm=r,nonce=1"])
                .unwrap();
            let mut later = Request::new(&mut sessions);
            later.refused(&[next]).unwrap();
            assert_eq!(
                later.refused(&[next.trim_end_matches(",stale=true")]),
                Err(Unanswered::Refused)
            );
        }
        let mut sessions = sessions(None);
        Request::new(&mut sessions)
            .refused(&["realm=r,nonce=1"])
            .unwrap();
        let same = Request::new(&mut sessions)
            .refused(&["realm=r,nonce=1"])
            .err();
        assert_eq!(same, Some(Unanswered::Refused));
    }

    #[test]
    fn why_a_challenge_is_not_answered() {
        for (realm, challenge, why) in [
            (None, "realm=r", Unanswered::Unreadable),
            (Some("other"), "realm=r,nonce=n", Unanswered::OtherRealm),
            (
                None,
                "realm=r,nonce=n,algorithm=MD5-sess",
                Unanswered::Algorithm,
            ),
            (None, "realm=r,nonce=n,qop=auth-int", Unanswered::Protection),
        ] {
            let mut sessions = sessions(realm);
            let mut request = Request::new(&mut sessions);
            assert_eq!(request.refused(&[challenge]), Err(why));
            assert_eq!(request.refused(&[]), Err(Unanswered::Unreadable));
        }
        let mut none = Sessions::default();
        let refused = Request::new(&mut none).refused(&["realm=r,nonce=n"]).err();
        assert_eq!(refused, Some(Unanswered::NoCredentials));
    }

    #[test]
    fn sessions_are_bounded_and_show_no_secret() {
        let mut sessions = sessions(None);
        for number in 0..40 {
            let challenge = format!("realm=r{number},nonce=n");
            Request::new(&mut sessions).refused(&[&challenge]).unwrap();
        }
        assert_eq!(sessions.open.len(), CHALLENGES_MAX);
        assert_eq!(&*sessions.open[CHALLENGES_MAX - 1].realm, "r39");
        let presented = sessions.present(&Method::Bye, "sip:r");
        let text = format!("{sessions:?} {presented:?}");
        let answer = Authorization::all_of(Asker::Server, presented[0].header().1).next();
        let response = answer.unwrap().unwrap().response;
        assert!(
            !text.contains("hunter2") && !text.contains(response),
            "{text}"
        );
    }
}
