//! Samples of what TLS refused, and of its files.

use trunkline_schemas::Timestamp;
use trunkline_schemas::observation::*;
use trunkline_schemas::version::TlsRefusedV1;

use super::{Listed, observation, old};

pub fn samples() -> Vec<Listed> {
    let mut all = before_faults();
    all.extend(FAULTS.map(refused));
    all.extend(files());
    all
}

/// Each kind of failure, its words, the alert, and who sent it.
const FAULTS: [(TlsFault, &str, Option<&str>, Option<AlertSender>); 12] = {
    use AlertSender::{Edge, Peer};
    use TlsFault::*;
    let version = "there is no version of TLS that both sides speak";
    let cipher = "the peer ended the handshake with handshake_failure";
    let authority = "the peer ended the handshake with unknown_ca";
    let name = "the peer's certificate is for elsewhere.test, not for pbx.test";
    let ended = "the peer's certificate has expired";
    let none = "the peer showed no certificate";
    let bad = "the peer ended the handshake with certificate_unknown";
    [
        (
            NoCommonVersion,
            version,
            Some("protocol_version"),
            Some(Edge),
        ),
        (
            NoCommonCipher,
            cipher,
            Some("handshake_failure"),
            Some(Peer),
        ),
        (UnknownAuthority, authority, Some("unknown_ca"), Some(Peer)),
        (WrongName, name, Some("bad_certificate"), Some(Edge)),
        (NotValidNow, ended, Some("certificate_expired"), Some(Edge)),
        (
            NoCertificate,
            none,
            Some("certificate_required"),
            Some(Edge),
        ),
        (BadCertificate, bad, Some("certificate_unknown"), Some(Peer)),
        (NotTls, "the peer speaks SIP without TLS", None, None),
        (
            UnexpectedTls,
            "the peer speaks TLS at the port for TCP",
            None,
            None,
        ),
        (Closed, "the peer closed the connection", None, None),
        (TooSlow, "no TLS handshake within 10 s", None, None),
        (
            Other,
            "invalid peer signature",
            Some("decrypt_error"),
            Some(Edge),
        ),
    ]
};

fn refused(
    (fault, error, alert, alert_by): (TlsFault, &str, Option<&str>, Option<AlertSender>),
) -> Listed {
    observation(TlsRefused {
        peer: "198.51.100.20".into(),
        trunk: Some("genesys".into()),
        opened_by: ConnectionOpener::Peer,
        handshakes: 3,
        fault,
        error: error.into(),
        alert: alert.map(str::to_owned),
        alert_by,
        versions_ours: "1.3".into(),
        versions_theirs: Some("1.0, 1.1, 1.2".into()),
        over_ms: 10_000,
    })
}

fn files() -> Vec<Listed> {
    let expiry = |trunk: Option<&str>, holds, ended| {
        observation(CertificateExpiryNoticed {
            trunk: trunk.map(Into::into),
            file: "/etc/trunkline/edge.pem".into(),
            holds,
            ends_at: Timestamp(1_795_244_400_000_000),
            ended,
        })
    };
    vec![
        observation(TlsReloadFailed {
            trunk: Some("genesys".into()),
            error: "/etc/trunkline/genesys.pem holds no certificate".into(),
        }),
        observation(TlsReloaded {
            files: vec![
                "/etc/trunkline/edge.pem".into(),
                "/etc/trunkline/edge.key".into(),
            ],
        }),
        expiry(None, TlsFile::Certificate, false),
        expiry(Some("genesys"), TlsFile::Authorities, true),
    ]
}

fn before_faults() -> Vec<Listed> {
    let first = TlsRefusedV1 {
        peer: "198.51.100.20".into(),
        trunk: Some("genesys".into()),
        opened_by: ConnectionOpener::Peer,
        handshakes: 3,
        error: "there is no version of TLS that both sides speak".into(),
        alert: Some("protocol_version".into()),
        versions_ours: "1.3".into(),
        versions_theirs: Some("1.0, 1.1, 1.2".into()),
        over_ms: 10_000,
    };
    let second = TlsRefusedV1 {
        peer: "203.0.113.66".into(),
        trunk: None,
        opened_by: ConnectionOpener::Edge,
        handshakes: 1,
        error: "the peer closed the connection".into(),
        alert: None,
        versions_ours: "1.2, 1.3".into(),
        versions_theirs: None,
        over_ms: 0,
    };
    let written = [first, second];
    written.map(|one| old(1, &one, today(one.clone()))).into()
}

fn today(one: TlsRefusedV1) -> TlsRefused {
    TlsRefused {
        peer: one.peer,
        trunk: one.trunk,
        opened_by: one.opened_by,
        handshakes: one.handshakes,
        fault: TlsFault::Other,
        error: one.error,
        alert: one.alert,
        alert_by: None,
        versions_ours: one.versions_ours,
        versions_theirs: one.versions_theirs,
        over_ms: one.over_ms,
    }
}
