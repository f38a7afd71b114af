//! Certificates, keys and authorities from PEM files, and those that the system trusts.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::configuration::Identity;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be read.
    #[error("cannot read {path}: {error}; name a PEM file that this user may read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        error: String,
    },
    /// It is no PEM, or a damaged one.
    #[error("{path} is no PEM: {error}; write it again, with its BEGIN and END lines")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: String,
    },
    /// Something that it should hold is not in it.
    #[error("{path} holds no {missing}; name the file that begins with `-----BEGIN {begins}`")]
    Missing {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        missing: &'static str,
        /// How its first line goes on.
        begins: &'static str,
    },
    /// The certificate is not of that key, or the key is of an unknown kind.
    #[error(
        "{certificate} and {key} cannot be used together: {error}; name the key that the certificate was made for"
    )]
    Pair {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        error: String,
    },
    /// The authorities cannot be used.
    #[error("the authorities of a trunk that needs a certificate cannot be used: {error}")]
    Authorities {
        /// Why.
        error: String,
    },
}

/// A certificate with its chain and its key.
pub(super) fn identity(
    identity: &Identity,
    provider: &CryptoProvider,
) -> Result<Arc<SingleCertAndKey>, Fault> {
    let Identity { certificate, key } = identity;
    let chain = certificates(certificate)?;
    let secret = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| fault(key, error, "private key", "PRIVATE KEY-----"))?;
    let certified =
        CertifiedKey::from_der(chain, secret, provider).map_err(|error| Fault::Pair {
            certificate: certificate.clone(),
            key: key.clone(),
            error: error.to_string(),
        })?;
    Ok(Arc::new(SingleCertAndKey::from(certified)))
}

/// The authorities in a file.
pub(super) fn authorities(path: &Path) -> Result<Arc<RootCertStore>, Fault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| Fault::Damaged {
            path: path.to_owned(),
            error: error.to_string(),
        })?;
    }
    Ok(Arc::new(roots))
}

/// The authorities that the system trusts, read once; none on a machine without.
pub(super) fn system() -> Arc<RootCertStore> {
    static SYSTEM: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        Arc::new(roots)
    };
    SYSTEM.get_or_init(read).clone()
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let told = |error| fault(path, error, "certificate", "CERTIFICATE-----");
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(told)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(told)?;
    if certificates.is_empty() {
        return Err(told(pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

fn fault(path: &Path, error: pem::Error, missing: &'static str, begins: &'static str) -> Fault {
    let path = path.to_owned();
    match error {
        pem::Error::Io(error) => Fault::Unreadable {
            path,
            error: error.to_string(),
        },
        pem::Error::NoItemsFound => Fault::Missing {
            path,
            missing,
            begins,
        },
        error => Fault::Damaged {
            path,
            error: error.to_string(),
        },
    }
}
