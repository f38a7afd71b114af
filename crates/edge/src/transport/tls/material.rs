//! Certificates, keys and authorities from PEM files, and those that the system trusts.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use schemas::TrunkName;
use schemas::observation::TlsFile;

use super::{End, validity};
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

/// Who we are: a certificate with its chain and its key, if one is named, by the edge itself or by a trunk.
pub(super) fn ours(
    identity: Option<&Identity>,
    provider: &CryptoProvider,
    trunk: Option<&TrunkName>,
    ends: &mut Vec<End>,
) -> Result<Option<Arc<SingleCertAndKey>>, Fault> {
    let Some(Identity { certificate, key }) = identity else {
        return Ok(None);
    };
    let chain = certificates(certificate)?;
    let first = chain.iter().filter_map(|one| validity::end(one)).min();
    ends.extend(first.map(|at| End {
        trunk: trunk.cloned(),
        file: certificate.clone(),
        holds: TlsFile::Certificate,
        at,
    }));
    let secret = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| fault(key, error, "private key", "PRIVATE KEY-----"))?;
    let certified =
        CertifiedKey::from_der(chain, secret, provider).map_err(|error| Fault::Pair {
            certificate: certificate.clone(),
            key: key.clone(),
            error: error.to_string(),
        })?;
    Ok(Some(Arc::new(SingleCertAndKey::from(certified))))
}

/// Whom to believe of a trunk: the authorities in its file, or those of the system.
pub(super) fn whom(
    file: Option<&PathBuf>,
    trunk: Option<&TrunkName>,
    ends: &mut Vec<End>,
) -> Result<Arc<RootCertStore>, Fault> {
    let Some(path) = file else {
        return Ok(system());
    };
    let mut roots = RootCertStore::empty();
    let found = certificates(path)?;
    // One that has ended does no harm beside another.
    let last = found.iter().filter_map(|one| validity::end(one)).max();
    ends.extend(last.map(|at| End {
        trunk: trunk.cloned(),
        file: path.clone(),
        holds: TlsFile::Authorities,
        at,
    }));
    for certificate in found {
        roots.add(certificate).map_err(|error| Fault::Damaged {
            path: path.clone(),
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
