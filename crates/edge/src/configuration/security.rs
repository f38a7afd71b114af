//! TLS as it is configured: our certificate, and per trunk whom to believe and from which version on.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The TLS of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// Our certificate. TLS cannot be listened to without one.
    pub identity: Option<Identity>,
    /// How often the files are looked at for changes. Default 10 s.
    pub reload_every: Duration,
}

impl Default for Security {
    fn default() -> Security {
        Security {
            identity: None,
            reload_every: Duration::from_secs(10),
        }
    }
}

/// A certificate and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The certificate, and behind it those that lead to an authority.
    pub certificate: PathBuf,
    /// Its private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// The TLS of a trunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrunkSecurity {
    /// The lowest version. Default 1.3.
    pub version_min: TlsVersion,
    /// The authorities that sign its certificates, PEM. Default: those that the system trusts.
    pub authorities: Option<PathBuf>,
    /// The name in its certificate, where it is not the host of the target (RFC 5922).
    pub name: Option<String>,
    /// Our certificate towards it. Default: the edge's own, if there is one.
    pub identity: Option<Identity>,
    /// Whether a connection from it needs a certificate that proves who it is. Default: no.
    pub certificate_required: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TlsVersion {
    /// RFC 5246: for platforms that speak nothing newer.
    V1_2,
    /// RFC 8446.
    #[default]
    V1_3,
}

impl TlsVersion {
    /// The version of that name: `1.2`, `1.3`.
    pub fn parse(text: &str) -> Option<TlsVersion> {
        match text {
            "1.2" => Some(TlsVersion::V1_2),
            "1.3" => Some(TlsVersion::V1_3),
            _ => None,
        }
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsVersion::V1_2 => "1.2",
            TlsVersion::V1_3 => "1.3",
        })
    }
}
