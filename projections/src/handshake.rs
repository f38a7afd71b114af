//! TLS handshakes that came to nothing, in words: what each side said, and what to change on which side.

use schemas::TrunkName;
use schemas::observation::{AlertSender, ConnectionOpener, TlsFault, TlsRefused};

/// The alert and who sent it, the versions of both sides, and what to change.
pub(crate) fn details(told: &TlsRefused) -> Vec<(String, String)> {
    let mut details = vec![("alert", alert(told)), ("versions", versions(told))];
    details.extend(remedy(told).map(|remedy| ("to change", remedy)));
    details
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Whose handshakes failed, and why.
pub(crate) fn what(told: &TlsRefused) -> String {
    let direction = match told.opened_by {
        ConnectionOpener::Peer => "from",
        ConnectionOpener::Edge => "to",
    };
    let handshakes = match told.handshakes {
        1 => "1 TLS handshake".to_owned(),
        count => format!("{count} TLS handshakes"),
    };
    let trunk = match &told.trunk {
        Some(trunk) => format!(" (trunk {trunk})"),
        None => String::new(),
    };
    format!(
        "{handshakes} {direction} {}{trunk} failed: {}",
        told.peer, told.error
    )
}

fn alert(told: &TlsRefused) -> String {
    match (&told.alert, told.alert_by) {
        (Some(alert), Some(AlertSender::Peer)) => format!("it sent the alert {alert}"),
        (Some(alert), Some(AlertSender::Edge)) => format!("we sent the alert {alert}"),
        (Some(alert), None) => format!("alert {alert}"),
        (None, _) => "no alert was seen".to_owned(),
    }
}

fn versions(told: &TlsRefused) -> String {
    let ours = &told.versions_ours;
    match (&told.versions_theirs, told.opened_by) {
        (Some(theirs), ConnectionOpener::Peer) => {
            format!("it offered TLS {theirs}, we take {ours}")
        }
        (Some(theirs), ConnectionOpener::Edge) => {
            format!("we offered TLS {ours}, it chose {theirs}")
        }
        (None, ConnectionOpener::Peer) => {
            format!("we take TLS {ours}, what it offers cannot be told")
        }
        (None, ConnectionOpener::Edge) => {
            format!("we offered TLS {ours}, what it speaks cannot be told")
        }
    }
}

/// What to change, and on which side; none where nobody can tell.
fn remedy(told: &TlsRefused) -> Option<String> {
    let section = section(told.trunk.as_ref());
    match told.fault {
        TlsFault::NoCommonVersion => Some(version(told, &section)),
        TlsFault::NoCommonCipher => Some(cipher(told, &section)),
        TlsFault::UnknownAuthority
        | TlsFault::WrongName
        | TlsFault::NotValidNow
        | TlsFault::NoCertificate
        | TlsFault::BadCertificate => match told.alert_by? {
            AlertSender::Edge => theirs(told, &section),
            AlertSender::Peer => ours(told, &section),
        },
        TlsFault::NotTls => Some(match told.opened_by {
            ConnectionOpener::Peer => {
                "at the peer, choose TLS for this port, or the port of `[edge] listen` for UDP and TCP"
                    .to_owned()
            }
            ConnectionOpener::Edge => format!(
                "here, name the peer's port for TLS in `target` of {section}, or leave `transport=tls` out of it"
            ),
        }),
        TlsFault::UnexpectedTls => Some(
            "at the peer, choose the port that listens for TLS here (32682 unless `[edge] listen` says otherwise), \
             or TCP without TLS"
                .to_owned(),
        ),
        TlsFault::Closed => Some(
            "look into the peer's log: whoever closes without an alert most often dislikes the certificate or the version"
                .to_owned(),
        ),
        TlsFault::TooSlow => Some(
            "look for a firewall between the two sides, and whether the peer speaks TLS at this port"
                .to_owned(),
        ),
        TlsFault::Other => None,
    }
}

/// Where the trunk's keys stand.
fn section(trunk: Option<&TrunkName>) -> String {
    match trunk {
        Some(trunk) => format!("[trunk.{trunk}]"),
        None => "its trunk".to_owned(),
    }
}

fn version(told: &TlsRefused, section: &str) -> String {
    let only_new = !told.versions_ours.contains("1.2");
    let speaks_1_2 = told
        .versions_theirs
        .as_ref()
        .is_none_or(|theirs| theirs.contains("1.2"));
    if only_new && speaks_1_2 {
        return format!(
            "at the peer, turn TLS 1.3 on; or here, let 1.2 in by `tls_min = \"1.2\"` in {section}"
        );
    }
    match only_new {
        true => format!(
            "at the peer, turn TLS 1.3 on, or 1.2 together with `tls_min = \"1.2\"` in {section}; older ones are never spoken here"
        ),
        false => "at the peer, turn TLS 1.2 or 1.3 on; older ones are never spoken here".to_owned(),
    }
}

fn cipher(told: &TlsRefused, section: &str) -> String {
    let ours =
        "at the peer, allow suites with ECDHE and AES-GCM or ChaCha20, the curves X25519 or P-256";
    match (told.alert_by, told.opened_by) {
        // Before TLS 1.3 there was no alert for a certificate that is not there.
        (Some(AlertSender::Peer), ConnectionOpener::Edge) => format!(
            "{ours}; or, if it wants a certificate of ours, name `certificate` and `key` in {section}"
        ),
        _ => ours.to_owned(),
    }
}

/// The peer's certificate is at fault.
fn theirs(told: &TlsRefused, section: &str) -> Option<String> {
    let text = match told.fault {
        TlsFault::UnknownAuthority => format!(
            "here, name who signed the peer's certificate in `ca` of {section}; or at the peer, send the whole chain up to its authority"
        ),
        TlsFault::WrongName => format!(
            "here, set `tls_name` of {section} to a name in its certificate, or call it by one in `target`; or at the peer, use a certificate for the name that we call"
        ),
        TlsFault::NotValidNow => {
            "at the peer, renew the certificate; and look at the clocks of both sides".to_owned()
        }
        TlsFault::NoCertificate => format!(
            "at the peer, turn its client certificate on (mutual TLS); or here, ask for none by `certificate_required = false` in {section}"
        ),
        TlsFault::BadCertificate => {
            "at the peer, use another certificate: what is wrong with this one is said above"
                .to_owned()
        }
        _ => return None,
    };
    Some(text)
}

/// Our certificate is at fault.
fn ours(told: &TlsRefused, section: &str) -> Option<String> {
    let place = match told.opened_by {
        ConnectionOpener::Peer => "[edge.tls]".to_owned(),
        ConnectionOpener::Edge => format!("{section} or [edge.tls]"),
    };
    let text = match told.fault {
        TlsFault::UnknownAuthority => format!(
            "at the peer, trust who signed our certificate; or here, name one that it trusts, with its whole chain, in `certificate` of {place}"
        ),
        TlsFault::WrongName => format!(
            "here, name in `certificate` of {place} one for the name that the peer calls; or at the peer, call us by the name in ours"
        ),
        TlsFault::NotValidNow => format!(
            "here, renew the `certificate` of {place}; and look at the clocks of both sides"
        ),
        TlsFault::NoCertificate => {
            format!("here, name `certificate` and `key` in {place}: the peer asks for them")
        }
        TlsFault::BadCertificate => format!(
            "here, look at the `certificate` of {place}: it must be for the name that the peer calls us by, for servers and clients, and signed by somebody whom the peer trusts"
        ),
        _ => return None,
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain;

    fn told(fault: TlsFault, by: AlertSender, opened_by: ConnectionOpener) -> TlsRefused {
        TlsRefused {
            peer: "192.0.2.7".to_owned(),
            trunk: Some(TrunkName::from("office")),
            opened_by,
            handshakes: 3,
            fault,
            error: "why".to_owned(),
            alert: Some("an_alert".to_owned()),
            alert_by: Some(by),
            versions_ours: "1.3".to_owned(),
            versions_theirs: Some("1.0, 1.1, 1.2".to_owned()),
            over_ms: 0,
        }
    }

    #[test]
    fn both_sides_are_heard() {
        let mut one = told(
            TlsFault::NoCommonVersion,
            AlertSender::Edge,
            ConnectionOpener::Peer,
        );
        assert_eq!(
            what(&one),
            "3 TLS handshakes from 192.0.2.7 (trunk office) failed: why"
        );
        assert_eq!(alert(&one), "we sent the alert an_alert");
        assert_eq!(versions(&one), "it offered TLS 1.0, 1.1, 1.2, we take 1.3");
        one.handshakes = 1;
        one.alert_by = Some(AlertSender::Peer);
        one.opened_by = ConnectionOpener::Edge;
        one.versions_theirs = None;
        assert_eq!(
            what(&one),
            "1 TLS handshake to 192.0.2.7 (trunk office) failed: why"
        );
        assert_eq!(alert(&one), "it sent the alert an_alert");
        let cannot_tell = "we offered TLS 1.3, what it speaks cannot be told";
        assert_eq!(versions(&one), cannot_tell);
    }

    #[test]
    fn no_remedy_is_cut() {
        use TlsFault::*;
        let faults = [
            NoCommonVersion,
            NoCommonCipher,
            UnknownAuthority,
            WrongName,
            NotValidNow,
            NoCertificate,
            BadCertificate,
            NotTls,
            UnexpectedTls,
            Closed,
            TooSlow,
        ];
        for fault in faults {
            for by in [AlertSender::Peer, AlertSender::Edge] {
                for opener in [ConnectionOpener::Peer, ConnectionOpener::Edge] {
                    let remedy = remedy(&told(fault, by, opener)).unwrap();
                    assert!(!plain(&remedy).ends_with('…'), "{remedy}");
                }
            }
        }
    }

    #[test]
    fn a_version_is_let_in_only_if_it_is_spoken() {
        let mut one = told(
            TlsFault::NoCommonVersion,
            AlertSender::Edge,
            ConnectionOpener::Peer,
        );
        assert!(remedy(&one).unwrap().contains("or here, let 1.2 in"));
        one.versions_theirs = Some("1.1".to_owned());
        assert!(remedy(&one).unwrap().contains("or 1.2 together with"));
        one.versions_ours = "1.2, 1.3".to_owned();
        assert!(!remedy(&one).unwrap().contains("tls_min"));
    }

    #[test]
    fn whoever_sent_the_alert_dislikes_the_others_certificate() {
        let about = |fault, by, opener| remedy(&told(fault, by, opener)).unwrap();
        use AlertSender::{Edge, Peer};
        let dialed = ConnectionOpener::Edge;
        let text = about(TlsFault::UnknownAuthority, Edge, dialed);
        assert!(
            text.starts_with("here, name who signed the peer's"),
            "{text}"
        );
        let text = about(TlsFault::UnknownAuthority, Peer, dialed);
        assert!(text.contains("[trunk.office] or [edge.tls]"), "{text}");
        let text = about(TlsFault::NoCertificate, Edge, ConnectionOpener::Peer);
        assert!(text.contains("certificate_required = false"), "{text}");
        let text = about(TlsFault::NoCertificate, Peer, dialed);
        assert!(text.contains("the peer asks for them"), "{text}");
        // Version 1 did not tell who sent it: nobody is blamed.
        let mut old = told(TlsFault::Other, Edge, dialed);
        old.alert_by = None;
        assert_eq!(remedy(&old), None);
    }
}
