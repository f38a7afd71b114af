//! What a peer's certificate proves. It is asked for always and needed where the trunk says so: a certificate that
//! proves nothing is as good as none, because many phone systems send one that they made themselves.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

use super::Fault;
use crate::configuration::{TlsVersion, TrunkSecurity};

/// What certificates of one trunk are measured by.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    roots: Arc<RootCertStore>,
    client: Arc<dyn ClientCertVerifier>,
    algorithms: WebPkiSupportedAlgorithms,
    /// The name that it must hold; none where the authorities sign for nobody else.
    name: Option<ServerName<'static>>,
    required: bool,
    version_min: TlsVersion,
}

impl Proof {
    /// The measure of a trunk; none where nobody is believed.
    pub(super) fn new(
        trunk: &TrunkSecurity,
        roots: Arc<RootCertStore>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Proof>, Fault> {
        let name = trunk.name.clone().map(ServerName::try_from);
        let name = name.and_then(Result::ok);
        if trunk.authorities.is_none() && (roots.is_empty() || name.is_none()) {
            if trunk.certificate_required {
                let error = "there are none; name the peer's in `ca`".to_owned();
                return Err(Fault::Authorities { error });
            }
            return Ok(None);
        }
        let client = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .map_err(|error| Fault::Authorities {
                error: error.to_string(),
            })?;
        Ok(Some(Proof {
            roots,
            client,
            algorithms: provider.signature_verification_algorithms,
            name,
            required: trunk.certificate_required,
            version_min: trunk.version_min,
        }))
    }

    /// The same for somebody who may be somebody else: any certificate is let in, and none.
    pub(super) fn not_required(&self) -> Proof {
        Proof {
            required: false,
            ..self.clone()
        }
    }

    /// Whether a chain, the peer's own certificate first, proves who it is, shown by this version of TLS.
    pub(crate) fn is_given_by(&self, chain: &[CertificateDer<'_>], version: TlsVersion) -> bool {
        let Some((own, others)) = chain.split_first() else {
            return false;
        };
        version >= self.version_min && self.check(own, others, UnixTime::now()).is_ok()
    }

    fn check(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(own)?;
        if let Some(name) = &self.name {
            verify_server_name(&parsed, name)?;
        }
        // Public authorities sign for servers only by now, and a SIP peer is both (RFC 5922 section 7).
        let as_client = self.client.verify_client_cert(own, others, now).map(drop);
        as_client.or_else(|_| {
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, others, now, algorithms)
        })
    }
}

impl ClientCertVerifier for Proof {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.required {
            self.check(own, others, now)?;
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.client.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.client.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.client.supported_verify_schemes()
    }
}
