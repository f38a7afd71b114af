//! Why a handshake came to nothing, in words, with the alert and the versions of both sides where they are known.

use std::io;
use std::net::IpAddr;

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};
use schemas::TrunkName;

use super::hello;
use crate::configuration::TlsVersion;

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
    /// In words.
    pub error: String,
    /// The alert that ended it, as RFC 8446 names it.
    pub alert: Option<String>,
    /// Our versions.
    pub ours: String,
    /// The peer's versions.
    pub theirs: Option<String>,
}

impl Failure {
    /// What an error says, and the octets that the peer began with.
    pub(in crate::transport) fn of(error: &io::Error, head: &[u8], ours: TlsVersion) -> Failure {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
        let (error, alert) = match tls {
            _ if is_sip(head) => ("the peer speaks SIP without TLS".to_owned(), None),
            Some(error) => (words(error), alert(error)),
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                ("the peer closed the connection".to_owned(), None)
            }
            None => (error.to_string(), None),
        };
        Failure {
            error,
            alert: alert.map(alert_name),
            ours: versions_from(ours),
            theirs: hello::versions(head),
        }
    }

    /// What the edge itself says.
    pub(in crate::transport) fn told(error: &str, ours: TlsVersion) -> Failure {
        Failure {
            error: error.to_owned(),
            alert: None,
            ours: versions_from(ours),
            theirs: None,
        }
    }
}

/// Whether an error of an open connection is an alert about our certificate: in TLS 1.3 it comes behind the handshake.
pub(in crate::transport) fn is_late_alert(error: &io::Error) -> bool {
    let tls: Option<&Error> = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(tls, Some(Error::AlertReceived(_)))
}

/// Whether a connection for plain text begins with a TLS handshake.
pub(in crate::transport) fn tls_on_plain(head: &[u8]) -> bool {
    matches!(head, [22, 3, ..])
}

fn versions_from(min: TlsVersion) -> String {
    match min {
        TlsVersion::V1_2 => "1.2, 1.3".to_owned(),
        TlsVersion::V1_3 => "1.3".to_owned(),
    }
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
        Error::PeerIncompatible(why) if is_about_version(why) => {
            "there is no version of TLS that both sides speak".to_owned()
        }
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the peer's certificate is signed by no authority that is trusted here".to_owned()
        }
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "the peer's certificate has expired".to_owned(),
        error => error.to_string(),
    }
}

fn alert(error: &Error) -> Option<AlertDescription> {
    match error {
        Error::AlertReceived(alert) => Some(*alert),
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
        assert_eq!(failure.alert.unwrap(), "protocol_version");
        assert_eq!((failure.ours.as_str(), failure.theirs), ("1.3", None));
        assert!(tls_on_plain(&[22, 3, 1, 0]) && !tls_on_plain(sip));
    }
}
