//! One association: a handshake that was agreed on, until its keys are there or it is over.
//!
//! ```text
//!            agreed on -> Shaking --- keys ---> Done   what the peer repeats is answered for a while
//!                            |  \
//!        wrong certificate   |   \  10 s
//!                            v    v
//!                         Failed  Late --- keys ---> Done   who is late is still welcome
//! ```

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use media::{MasterKey, Secured, Suite};
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, HandshakeConfig};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use sdp::{Fingerprint, Handshake, HashFunction, Role};

use super::guard::Guard;
use super::{Certificate, Outcome, fingerprint, provider};

/// From the agreement to the keys; a peer that needs longer is not there. RFC 6347 would have a minute, and nobody
/// listens to silence for so long.
const SHAKING_MAX: Duration = Duration::from_secs(10);
/// How long what the peer repeats of its last flight is answered: ours was lost then.
const LINGER: Duration = Duration::from_secs(10);
/// From an attempt that failed to the next.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Octets of a datagram of ours: less than any path of today holds.
const DATAGRAM_BYTES_MAX: usize = 1_200;
/// RFC 5764, section 4.2.
const LABEL: &str = "EXTRACTOR-dtls_srtp";

/// The suites, the best first: what costs least and is safest.
const PROFILES: [(SrtpProtectionProfile, Suite); 4] = [
    (
        SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        Suite::AeadAes128Gcm,
    ),
    (
        SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
        Suite::AeadAes256Gcm,
    ),
    (
        SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
        Suite::AesCm128HmacSha1_80,
    ),
    (
        SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_32,
        Suite::AesCm128HmacSha1_32,
    ),
];

/// An association.
pub struct Association {
    terms: Handshake,
    config: Arc<HandshakeConfig>,
    engine: Endpoint,
    /// What an engine had to say that is no more.
    last_words: VecDeque<Bytes>,
    guard: Guard,
    began: Instant,
    state: State,
    /// When the client begins again.
    again_at: Option<Instant>,
    /// Why the last attempt came to nothing.
    error: Option<String>,
    /// The certificate that the peer has shown, and has the key of.
    shown: Arc<OnceLock<Vec<u8>>>,
    made: Option<Made>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Shaking,
    Late,
    Done { until: Instant },
    Failed,
}

/// What an association has made.
#[derive(Debug)]
pub struct Made {
    /// The keys; without them none are good any more.
    pub keys: Option<Box<Secured>>,
    /// What there is to tell.
    pub outcome: Outcome,
}

impl Association {
    /// A handshake on these terms; a client begins at once.
    pub fn new(certificate: &Certificate, terms: Handshake, now: Instant) -> Association {
        let shown = Arc::new(OnceLock::new());
        let config = Arc::new(configuration(certificate, &terms, shown.clone()));
        let mut association = Association {
            engine: engine(terms.role, &config),
            last_words: VecDeque::new(),
            terms,
            config,
            guard: Guard::default(),
            began: now,
            state: State::Shaking,
            again_at: None,
            error: None,
            shown,
            made: None,
        };
        association.connect(now);
        association
    }

    /// Whether it is the one of these terms (RFC 8842, section 3.2).
    pub fn is_of(&self, terms: &Handshake) -> bool {
        let (ours, theirs) = (&self.terms, terms);
        (ours.role, &ours.fingerprints, &ours.tls_id)
            == (theirs.role, &theirs.fingerprints, &theirs.tls_id)
    }

    /// Takes a datagram of the peer.
    pub fn take(&mut self, datagram: &[u8], now: Instant) {
        if self.state == State::Failed || self.is_over(now) {
            return;
        }
        let records = self.guard.admit(datagram);
        if records.is_empty() {
            return;
        }
        match self
            .engine
            .read(now, PEER, None, BytesMut::from(&records[..]))
        {
            Ok(events) => {
                let is_done = |event| matches!(event, EndpointEvent::HandshakeComplete);
                if events.into_iter().any(is_done) {
                    self.complete(now);
                }
            }
            Err(error) => self.attempt_failed(error.to_string(), now),
        }
    }

    /// Looks at its times.
    pub fn wake(&mut self, now: Instant) {
        if self.again_at.is_some_and(|at| at <= now) {
            self.again_at = None;
            self.connect(now);
        }
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if matches!(self.state, State::Shaking | State::Late)
            && is_due(self.engine.poll_timeout(&PEER))
            && let Err(error) = self.engine.handle_timeout(PEER, now)
        {
            self.attempt_failed(error.to_string(), now);
        }
        if self.state == State::Shaking && is_due(Some(self.began + SHAKING_MAX)) {
            self.state = State::Late;
            self.again_at = None;
            let because = self.why_late();
            self.fail(because, now);
        }
    }

    /// When [`Association::wake`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        let repeats = self.engine.poll_timeout(&PEER);
        match self.state {
            State::Shaking => {
                let times = [repeats, self.again_at, Some(self.began + SHAKING_MAX)];
                times.into_iter().flatten().min()
            }
            State::Late => repeats,
            State::Done { .. } | State::Failed => None,
        }
    }

    /// The next datagram for the peer.
    pub fn poll_datagram(&mut self) -> Option<Bytes> {
        self.last_words.pop_front().or_else(|| {
            let transmit = self.engine.poll_transmit()?;
            Some(transmit.message.freeze())
        })
    }

    /// What it has made, once.
    pub fn poll_made(&mut self) -> Option<Made> {
        self.made.take()
    }

    fn is_over(&self, now: Instant) -> bool {
        matches!(self.state, State::Done { until } if until <= now)
    }

    fn connect(&mut self, now: Instant) {
        if self.terms.role == Role::Client {
            let connected = self.engine.connect(now, PEER, self.config.clone(), None);
            if let Err(error) = connected {
                self.error = Some(error.to_string());
            }
        }
    }

    /// The engine gave up, maybe because of what somebody else sent: it begins again. Who showed a certificate that was
    /// not agreed on proved to be the wrong one, and that is the end.
    fn attempt_failed(&mut self, error: String, now: Instant) {
        if let Some(certificate) = self.shown.get()
            && self.fits(certificate).is_none()
        {
            self.state = State::Failed;
            self.again_at = None;
            self.fail(
                "the peer's certificate is not the one of its description".to_owned(),
                now,
            );
            return;
        }
        if matches!(self.state, State::Done { .. }) {
            // The keys are made; how the association ends does not matter to them.
            return;
        }
        self.error = Some(error);
        // Its last words: an alert says why.
        while let Some(word) = self.engine.poll_transmit() {
            self.last_words.push_back(word.message.freeze());
        }
        self.engine = engine(self.terms.role, &self.config);
        self.again_at = (self.state == State::Shaking).then_some(now + AGAIN_AFTER);
    }

    fn complete(&mut self, now: Instant) {
        let hash = self.shown.get().and_then(|shown| self.fits(shown));
        let (Some(hash), Some((suite, keys))) = (hash, self.export()) else {
            self.state = State::Failed;
            return self.fail(
                "no protection profile of SRTP was agreed on".to_owned(),
                now,
            );
        };
        self.state = State::Done {
            until: now + LINGER,
        };
        let after = now.saturating_duration_since(self.began);
        self.made = Some(Made {
            keys: Some(Box::new(keys)),
            outcome: Outcome::Completed { suite, hash, after },
        });
    }

    /// The keys of both sides (RFC 5764, section 4.2).
    fn export(&self) -> Option<(Suite, Secured)> {
        let state = self.engine.get_connection_state(PEER)?;
        let agreed = state.srtp_protection_profile();
        let (_, suite) = PROFILES
            .into_iter()
            .find(|(profile, _)| *profile == agreed)?;
        let (key, salt) = (suite.key_bytes(), suite.salt_bytes());
        let material = state
            .export_keying_material(LABEL, &[], 2 * (key + salt))
            .ok()?;
        let (keys, salts) = material.as_ref().split_at_checked(2 * key)?;
        let master = |at: usize| {
            let key = &keys[at * key..][..key];
            MasterKey::new(suite, key, &salts[at * salt..][..salt])
        };
        let (client, server) = (master(0)?, master(1)?);
        let (ours, theirs) = match self.terms.role {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        let mki = None;
        Some((suite, Secured { ours, theirs, mki }))
    }

    /// The function by which a certificate is one that was agreed on.
    fn fits(&self, certificate: &[u8]) -> Option<HashFunction> {
        fits(&self.terms.fingerprints, certificate)
    }

    fn fail(&mut self, because: String, now: Instant) {
        let hash = self.terms.fingerprints.first().map(|wanted| wanted.hash);
        let hash = hash.unwrap_or(HashFunction::Sha256);
        let shown = self.shown.get();
        self.made = Some(Made {
            keys: None,
            outcome: Outcome::Failed {
                because,
                shown: shown.map(|certificate| fingerprint(hash, certificate)),
                after: now.saturating_duration_since(self.began),
            },
        });
    }

    fn why_late(&self) -> String {
        let bound = SHAKING_MAX.as_secs();
        if let Some(alert) = self.guard.alert() {
            return format!("it was not over within {bound} s; the peer sent the alert {alert}");
        }
        match &self.error {
            Some(error) => format!("it was not over within {bound} s: {error}"),
            None => format!("it was not over within {bound} s"),
        }
    }
}

fn fits(wanted: &[Fingerprint], certificate: &[u8]) -> Option<HashFunction> {
    let mut hashes = wanted.iter().filter(|wanted| {
        // Of whatever order: each is compared by its own function.
        fingerprint(wanted.hash, certificate) == **wanted
    });
    hashes.next().map(|fitting| fitting.hash)
}

/// The engine knows its peer by this; where datagrams really come from is the shell's business.
const PEER: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(
    std::net::Ipv4Addr::new(192, 0, 2, 1),
    9,
));

fn engine(role: Role, config: &Arc<HandshakeConfig>) -> Endpoint {
    let server = (role == Role::Server).then(|| config.clone());
    Endpoint::new(PEER, TransportProtocol::UDP, server)
}

fn configuration(
    certificate: &Certificate,
    terms: &Handshake,
    shown: Arc<OnceLock<Vec<u8>>>,
) -> HandshakeConfig {
    let wanted = terms.fingerprints.clone();
    let check = move |chain: &[Vec<u8>], _: &[_]| {
        let Some(certificate) = chain.first() else {
            return Err(wrong());
        };
        let _ = shown.set(certificate.clone());
        match fits(&wanted, certificate) {
            Some(_) => Ok(()),
            None => Err(wrong()),
        }
    };
    ConfigBuilder::default()
        .with_crypto_provider(provider())
        .with_certificates(vec![certificate.inner.clone()])
        .with_srtp_protection_profiles(PROFILES.map(|(profile, _)| profile).to_vec())
        // Whom a certificate belongs to is said by the description, so there is no authority to ask: its fingerprint has
        // to fit, and its key has to sign.
        .with_insecure_skip_verify(true)
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        .with_verify_peer_certificate(Some(Arc::new(check)))
        .with_mtu(DATAGRAM_BYTES_MAX)
        .with_server_name("trunkline".to_owned())
        .build(terms.role == Role::Client, None)
        .expect("what is configured here is the same for every handshake, and tests have made some")
}

fn wrong() -> rtc_shared::error::Error {
    rtc_shared::error::Error::Other("the certificate does not fit its fingerprint".to_owned())
}
