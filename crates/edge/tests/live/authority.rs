//! An authority that signs certificates for tests, and TLS ends that use them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};
use trunkline_edge::Identity;

/// Whom the tests believe.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    /// One that writes its files into that folder.
    pub fn new(folder: &Path, name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("ca.pem"), issuer.pem()).unwrap();
        Authority { issuer, folder }
    }

    /// Its own certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// A certificate for a name. Like those of public authorities it is one of a server.
    pub fn sign(&self, name: &str) -> Identity {
        self.sign_for(name, &[ExtendedKeyUsagePurpose::ServerAuth])
    }

    /// A certificate for a name that clients may show as well.
    pub fn sign_both(&self, name: &str) -> Identity {
        let (server, client) = (
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        );
        self.sign_for(name, &[server, client])
    }

    /// A certificate for a name that ends in a while.
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge under test reads the real clock"
    )]
    pub fn sign_until(&self, name: &str, from_now: Duration) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = (SystemTime::now() + from_now).into();
        self.write(name, params)
    }

    fn sign_for(&self, name: &str, uses: &[ExtendedKeyUsagePurpose]) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = uses.to_vec();
        self.write(name, params)
    }

    fn write(&self, name: &str, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let identity = Identity {
            certificate: self.folder.join(format!("{name}.pem")),
            key: self.folder.join(format!("{name}.key")),
        };
        std::fs::write(&identity.certificate, certificate.pem()).unwrap();
        std::fs::write(&identity.key, key.serialize_pem()).unwrap();
        identity
    }

    /// Connects by TLS to `edge.test` as somebody who believes this authority.
    pub async fn connect(
        &self,
        edge: SocketAddr,
        version: &'static SupportedProtocolVersion,
        own: Option<&Identity>,
    ) -> std::io::Result<client::TlsStream<TcpStream>> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.roots());
        let config = match own {
            Some(own) => {
                let (chain, key) = read(own);
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(edge).await?;
        let name = ServerName::try_from("edge.test").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    /// Accepts one connection by TLS; with `asks` only of somebody whom this authority signed for.
    pub async fn accept(
        &self,
        listener: &TcpListener,
        own: &Identity,
        asks: bool,
    ) -> std::io::Result<server::TlsStream<TcpStream>> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if asks {
            let verifier = WebPkiClientVerifier::builder_with_provider(self.roots(), provider());
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let (chain, key) = read(own);
        let config = builder.with_single_cert(chain, key).unwrap();
        let (stream, _) = listener.accept().await?;
        TlsAcceptor::from(Arc::new(config)).accept(stream).await
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        Arc::new(roots)
    }
}

fn read(own: &Identity) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = CertificateDer::pem_file_iter(&own.certificate)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    (chain, PrivateKeyDer::from_pem_file(&own.key).unwrap())
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
