//! An authority that signs for the edge and for every platform, and both ends of TLS that believe it.

use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::server::{ResolvesServerCertUsingSni, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};

use crate::scenario::Tls;

/// The name of the edge in its certificate.
pub const EDGE: &str = "edge.test";

pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a platform does by TLS: what it speaks, and its certificate.
#[derive(Clone)]
pub struct Ends {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Authority { issuer }
    }

    /// Writes what the configuration of the edge names: `ca.pem`, `edge.pem` and `edge.key`.
    pub fn write(&self, folder: &Path) {
        let (certificate, key) = self.sign(EDGE);
        std::fs::write(folder.join("ca.pem"), self.issuer.pem()).unwrap();
        std::fs::write(folder.join("edge.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.join("edge.key"), key.serialize_pem()).unwrap();
    }

    /// The ends of a platform of that name. Its certificate is for whoever asks for that name (SNI), and for nobody else.
    pub fn ends(&self, name: &str, tls: &Tls) -> Ends {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let roots = Arc::new(roots);
        let versions: Vec<_> = tls.versions.iter().map(|text| version(text)).collect();
        let (certificate, key) = self.sign(name);
        let chain = vec![certificate.der().clone()];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let mut own = ResolvesServerCertUsingSni::new();
        let certified = CertifiedKey::new(chain, any_supported_type(&key).unwrap());
        own.add(name, certified).unwrap();
        let server = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&versions)
            .unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider());
        let server = match tls.asks {
            true => server.with_client_cert_verifier(verifier.build().unwrap()),
            false => server.with_no_client_auth(),
        };
        let client = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ends {
            server: Arc::new(server.with_cert_resolver(Arc::new(own))),
            client: Arc::new(client),
        }
    }

    fn sign(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

impl Ends {
    /// Somebody connected; the handshake goes on while it is read.
    pub fn accept(&self, stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
        StreamOwned::new(ServerConnection::new(self.server.clone()).unwrap(), stream)
    }

    /// It connected to the edge, whose certificate it verifies.
    pub fn connect(&self, stream: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
        let edge = ServerName::try_from(EDGE).unwrap();
        let connection = ClientConnection::new(self.client.clone(), edge).unwrap();
        StreamOwned::new(connection, stream)
    }
}

fn version(text: &str) -> &'static SupportedProtocolVersion {
    match text {
        "1.2" => &TLS12,
        "1.3" => &TLS13,
        other => panic!("{other} is no version of TLS"),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}
