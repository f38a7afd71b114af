//! What TLS refused, whose fault it was, and what each side said; and how the files that it is made from are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConnectionOpener;
use crate::{Timestamp, TrunkName};

/// TLS handshakes came to nothing. One event for many with the same peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsRefused {
    /// The peer, without the port.
    pub peer: String,
    /// The trunk that it belongs to; absent for addresses of no trunk.
    pub trunk: Option<TrunkName>,
    /// Who opened the connection.
    pub opened_by: ConnectionOpener,
    /// How many handshakes.
    pub handshakes: u64,
    /// What kind of failure the first of them was.
    pub fault: TlsFault,
    /// Why the first of them came to nothing, in words.
    pub error: String,
    /// The alert that ended it, as RFC 8446 names it: `protocol_version`. Absent if there was none, or none was seen.
    pub alert: Option<String>,
    /// Who sent the alert; absent if there was none, or version 1 told of it.
    pub alert_by: Option<AlertSender>,
    /// Our versions: `1.2, 1.3`.
    pub versions_ours: String,
    /// The versions that the peer offered or chose, in the same form; absent if its hello was not seen.
    pub versions_theirs: Option<String>,
    /// Over how many milliseconds.
    pub over_ms: u32,
}

/// Why a handshake came to nothing. Where a certificate is at fault, it is the certificate of the side that did not send
/// the alert.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum TlsFault {
    /// There is no version that both sides speak.
    NoCommonVersion,
    /// There is no cipher suite, group or kind of signature that both sides know.
    NoCommonCipher,
    /// A certificate is signed by nobody whom the other side trusts.
    UnknownAuthority,
    /// A certificate is for another name.
    WrongName,
    /// A certificate has expired, or is not valid yet.
    NotValidNow,
    /// A certificate was needed and not shown.
    NoCertificate,
    /// A certificate is of no use for another reason.
    BadCertificate,
    /// The peer speaks without TLS where TLS is spoken.
    NotTls,
    /// The peer speaks TLS where SIP is spoken without it.
    UnexpectedTls,
    /// The peer closed the connection and said nothing.
    Closed,
    /// The handshake took too long.
    TooSlow,
    /// Something else: the words say what.
    Other,
}

/// Who sent an alert.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum AlertSender {
    /// The peer, to us.
    Peer,
    /// The edge, to the peer.
    Edge,
}

/// A file of TLS changed and cannot be used: what was read before stays in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsReloadFailed {
    /// The trunk that names the file; absent for the edge's own certificate.
    pub trunk: Option<TrunkName>,
    /// Which file, what is wrong with it, and what to do.
    pub error: String,
}

/// Files of TLS changed, and connections that begin now use them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsReloaded {
    /// Those that changed.
    pub files: Vec<String>,
}

/// A file of TLS holds a certificate that ends soon, or has ended. Told once for each of the two, and again when files
/// were read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CertificateExpiryNoticed {
    /// The trunk that names the file; absent for the edge's own certificate.
    pub trunk: Option<TrunkName>,
    /// The file.
    pub file: String,
    /// What it is for.
    pub holds: TlsFile,
    /// When it ends: a chain with the first of its certificates, authorities with the last of them.
    pub ends_at: Timestamp,
    /// Whether it has ended already.
    pub ended: bool,
}

/// What a file of TLS holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum TlsFile {
    /// Our certificate, and those that lead to an authority.
    Certificate,
    /// The authorities that sign the peer's.
    Authorities,
}
