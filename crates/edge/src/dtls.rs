//! DTLS on the port of RTP (RFC 5763, RFC 5764): the handshake that makes the keys of a leg's media.
//!
//! The engine is `rtc-dtls` (DTLS 1.2, with ring). It takes its time as an input and its randomness from the system, so it
//! lives in this shell; `media` gets the keys. What it cannot be handed is held back by the guard.

pub mod association;
mod guard;

use std::sync::Arc;
use std::time::Duration;

use rtc_dtls::crypto_provider::RTCCryptoProvider;
use rtc_dtls::crypto_provider::providers::RingProvider;
use sdp::{Fingerprint, HashFunction};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The certificate of this edge's media: of its own making, new with each start. Who believes it does so by its
/// fingerprint. `Debug` shows nothing else.
pub struct Certificate {
    inner: rtc_dtls::crypto::Certificate,
    fingerprint: Fingerprint,
}

/// What came of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The keys are there.
    Completed {
        /// The suite that they are for.
        suite: media::Suite,
        /// The function of the fingerprint that fitted.
        hash: HashFunction,
        /// Since it was agreed on.
        after: Duration,
    },
    /// There are none.
    Failed {
        /// Why, in words.
        because: String,
        /// The fingerprint of the certificate that the peer showed, if it showed one.
        shown: Option<Fingerprint>,
        /// Since it was agreed on.
        after: Duration,
    },
}

impl Certificate {
    /// A new one: ECDSA with P-256, which every peer knows.
    pub fn generate() -> Result<Certificate, String> {
        let provider = provider();
        // Nobody reads the name.
        let names = vec!["trunkline".to_owned()];
        let inner = rtc_dtls::crypto::Certificate::generate_self_signed(names, provider.crypto())
            .map_err(|error| error.to_string())?;
        let shown = inner.certificate.first().ok_or("it is empty")?;
        let fingerprint = fingerprint(HashFunction::Sha256, shown);
        Ok(Certificate { inner, fingerprint })
    }

    /// What descriptions say of it.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.fingerprint)
    }
}

/// The fingerprint of a certificate in DER.
fn fingerprint(hash: HashFunction, certificate: &[u8]) -> Fingerprint {
    let octets = match hash {
        HashFunction::Sha256 => Sha256::digest(certificate).to_vec(),
        HashFunction::Sha384 => Sha384::digest(certificate).to_vec(),
        HashFunction::Sha512 => Sha512::digest(certificate).to_vec(),
    };
    Fingerprint::new(hash, &octets).expect("a digest has the length of its function")
}

fn provider() -> Arc<dyn RTCCryptoProvider> {
    Arc::new(RingProvider::new())
}
