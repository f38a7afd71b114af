//! Why a handshake came to nothing, in words, with the alert and the versions of both sides where they are known.

use std::io;
use std::net::IpAddr;

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible, ProtocolVersion};
use schemas::TrunkName;
use schemas::observation::{AlertSender, TlsFault};

use super::hello;
use crate::configuration::TlsVersion;

const NO_COMMON_VERSION: &str = "there is no version of TLS that both sides speak";

/// Names of a certificate that are told: enough to see whose it is.
const NAMES_MAX: usize = 5;

/// A handshake that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The peer.
    pub peer: IpAddr,
    /// Whose address it is; none for strangers.
    pub trunk: Option<TrunkName>,
    /// Who opened the connection.
    pub opener: Opener,
    /// Why.
    pub failure: Failure,
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opener {
    /// The peer.
    Peer,
    /// The edge.
    Edge,
}

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure.
    pub fault: TlsFault,
    /// In words.
    pub error: String,
    /// The alert that ended it.
    pub alert: Option<Alert>,
    /// Our versions.
    pub ours: &'static str,
    /// What the peer offered or chose.
    pub theirs: Option<String>,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// As RFC 8446 names it.
    pub name: String,
    /// Who sent it.
    pub by: AlertSender,
}

impl Failure {
    /// What an error says, and the octets that the peer began with.
    pub(in crate::transport) fn of(error: &io::Error, head: &[u8], ours: TlsVersion) -> Failure {
        let theirs = hello::versions(head);
        if is_sip(head) {
            let told = "the peer speaks SIP without TLS";
            return Failure::told(TlsFault::NotTls, told, ours);
        }
        match tls(error) {
            Some(error) if is_apart(theirs.as_deref(), ours) => Failure {
                fault: TlsFault::NoCommonVersion,
                error: NO_COMMON_VERSION.to_owned(),
                ..Failure::said(error, theirs, ours)
            },
            Some(error) => Failure::said(error, theirs, ours),
            None => Failure {
                theirs,
                ..Failure::broken(error, ours)
            },
        }
    }

    /// What an alert says that came when the connection was open, in this version.
    pub(in crate::transport) fn late(
        error: &io::Error,
        spoken: Option<ProtocolVersion>,
        ours: TlsVersion,
    ) -> Option<Failure> {
        let theirs = match spoken {
            Some(ProtocolVersion::TLSv1_2) => Some("1.2".to_owned()),
            Some(ProtocolVersion::TLSv1_3) => Some("1.3".to_owned()),
            _ => None,
        };
        let error = tls(error).filter(|error| matches!(error, Error::AlertReceived(_)))?;
        Some(Failure::said(error, theirs, ours))
    }

    /// What the edge itself says.
    pub(in crate::transport) fn told(fault: TlsFault, error: &str, ours: TlsVersion) -> Failure {
        Failure {
            fault,
            error: error.to_owned(),
            alert: None,
            ours: versions_from(ours),
            theirs: None,
        }
    }

    fn said(error: &Error, theirs: Option<String>, ours: TlsVersion) -> Failure {
        Failure {
            fault: fault(error),
            error: words(error),
            alert: alert(error),
            ours: versions_from(ours),
            theirs,
        }
    }

    fn broken(error: &io::Error, ours: TlsVersion) -> Failure {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                Failure::told(TlsFault::Closed, "the peer closed the connection", ours)
            }
            _ => Failure::told(TlsFault::Other, &error.to_string(), ours),
        }
    }
}

fn tls(error: &io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// Whether a connection for plain text begins with a TLS handshake.
pub(in crate::transport) fn tls_on_plain(head: &[u8]) -> bool {
    matches!(head, [22, 3, ..])
}

fn versions_from(min: TlsVersion) -> &'static str {
    match min {
        TlsVersion::V1_2 => "1.2, 1.3",
        TlsVersion::V1_3 => "1.3",
    }
}

/// Whether the versions of the peer are none of ours. What is missing in an old hello beside the version is told first.
fn is_apart(theirs: Option<&str>, ours: TlsVersion) -> bool {
    let ours = versions_from(ours);
    theirs.is_some_and(|theirs| !theirs.split(", ").any(|one| ours.contains(one)))
}

fn is_sip(head: &[u8]) -> bool {
    head.len() > 8
        && head
            .iter()
            .take(8)
            .all(|octet| octet.is_ascii_graphic() || *octet == b' ')
}

fn words(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => {
            format!("the peer ended the handshake with {}", alert_name(*alert))
        }
        Error::NoCertificatesPresented => "the peer showed no certificate".to_owned(),
        Error::PeerIncompatible(why) if is_about_version(why) => NO_COMMON_VERSION.to_owned(),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the peer's certificate is signed by no authority that is trusted here".to_owned()
        }
        Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            expected,
            presented,
        }) => format!(
            "the peer's certificate is for {}, not for {}",
            names(presented),
            expected.to_str()
        ),
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "the peer's certificate has expired".to_owned(),
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "the peer's certificate is not valid yet".to_owned(),
        error => error.to_string(),
    }
}

/// The names in a certificate, as webpki shows them: `DnsName("pbx.test")`.
fn names(presented: &[String]) -> String {
    let inner = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    if presented.is_empty() {
        return "no name at all".to_owned();
    }
    let mut names: Vec<_> = presented.iter().take(NAMES_MAX).map(inner).collect();
    if presented.len() > NAMES_MAX {
        names.push("others".to_owned());
    }
    names.join(", ")
}

fn fault(error: &Error) -> TlsFault {
    match error {
        Error::AlertReceived(alert) => fault_named(*alert),
        Error::NoCertificatesPresented => TlsFault::NoCertificate,
        Error::PeerIncompatible(why) if is_about_version(why) => TlsFault::NoCommonVersion,
        Error::PeerIncompatible(_) => TlsFault::NoCommonCipher,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => TlsFault::WrongName,
        Error::InvalidCertificate(why) => match fault_named(why.clone().into()) {
            TlsFault::Other => TlsFault::BadCertificate,
            fault => fault,
        },
        _ => TlsFault::Other,
    }
}

/// What an alert says. What does not fit a certificate's name is `bad_certificate` to most, and most often nothing else is.
fn fault_named(alert: AlertDescription) -> TlsFault {
    match alert {
        AlertDescription::ProtocolVersion => TlsFault::NoCommonVersion,
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            TlsFault::NoCommonCipher
        }
        AlertDescription::UnknownCA => TlsFault::UnknownAuthority,
        AlertDescription::UnrecognisedName => TlsFault::WrongName,
        AlertDescription::CertificateExpired => TlsFault::NotValidNow,
        AlertDescription::CertificateRequired => TlsFault::NoCertificate,
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown => TlsFault::BadCertificate,
        _ => TlsFault::Other,
    }
}

fn alert(error: &Error) -> Option<Alert> {
    let (alert, by) = match error {
        Error::AlertReceived(alert) => (*alert, AlertSender::Peer),
        error => (sent(error)?, AlertSender::Edge),
    };
    let name = alert_name(alert);
    Some(Alert { name, by })
}

/// The alert that we send for an error.
fn sent(error: &Error) -> Option<AlertDescription> {
    match error {
        Error::InvalidCertificate(error) => Some(error.clone().into()),
        Error::NoCertificatesPresented => Some(AlertDescription::CertificateRequired),
        Error::PeerIncompatible(why) if is_about_version(why) => {
            Some(AlertDescription::ProtocolVersion)
        }
        Error::PeerIncompatible(_) => Some(AlertDescription::HandshakeFailure),
        _ => None,
    }
}

fn is_about_version(why: &PeerIncompatible) -> bool {
    matches!(
        why,
        PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::Tls13RequiredForQuic
            | PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::SupportedVersionsExtensionRequired
    )
}

/// `ProtocolVersion` is `protocol_version` in the RFC.
fn alert_name(alert: AlertDescription) -> String {
    if alert == AlertDescription::UnrecognisedName {
        return "unrecognized_name".to_owned();
    }
    let mut name = String::new();
    let mut previous_is_capital = true;
    for letter in format!("{alert:?}").chars() {
        if letter.is_ascii_uppercase() && !previous_is_capital {
            name.push('_');
        }
        previous_is_capital = letter.is_ascii_uppercase();
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_named_as_in_the_rfc() {
        assert_eq!(
            alert_name(AlertDescription::ProtocolVersion),
            "protocol_version"
        );
        assert_eq!(alert_name(AlertDescription::UnknownCA), "unknown_ca");
        assert_eq!(
            alert_name(AlertDescription::UnrecognisedName),
            "unrecognized_name"
        );
    }

    #[test]
    fn a_peer_at_the_wrong_port_is_told_from_one_that_fails() {
        let told = |error: Error, head: &[u8]| {
            let error = io::Error::new(io::ErrorKind::InvalidData, error);
            Failure::of(&error, head, TlsVersion::V1_3)
        };
        let sip = b"OPTIONS sip:edge SIP/2.0\r\n";
        assert_eq!(
            told(Error::DecryptError, sip).error,
            "the peer speaks SIP without TLS"
        );
        let version = Error::PeerIncompatible(PeerIncompatible::Tls12NotOfferedOrEnabled);
        let failure = told(version, &[]);
        let alert = failure.alert.unwrap();
        assert_eq!(alert.name, "protocol_version");
        assert_eq!(alert.by, AlertSender::Edge);
        assert_eq!((failure.ours, failure.theirs), ("1.3", None));
        assert!(tls_on_plain(&[22, 3, 1, 0]) && !tls_on_plain(sip));
    }
}
