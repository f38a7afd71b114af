//! Samples of sessions, credentials and registrations.

use trunkline_schemas::observation::*;
use trunkline_schemas::{LegId, Transport};

use super::{Listed, observation};

pub fn samples() -> Vec<Listed> {
    let registrar = "sip:sip.carrier.example";
    vec![
        observation(SessionRefreshed {
            leg: LegId(1),
            by: LegSide::Edge,
            method: "UPDATE".into(),
            interval_s: 1_800,
        }),
        observation(SessionRefreshed {
            leg: LegId::CALLER,
            by: LegSide::Peer,
            method: "INVITE".into(),
            interval_s: 90,
        }),
        observation(SessionExpired {
            leg: LegId::CALLER,
            refresher: LegSide::Peer,
            interval_s: 1_800,
        }),
        observation(SessionExpired {
            leg: LegId(1),
            refresher: LegSide::Edge,
            interval_s: 90,
        }),
        observation(ChallengeUnanswered {
            leg: LegId(1),
            method: "INVITE".into(),
            status: 407,
            realms: vec!["carrier.example".into(), "BroadWorks".into()],
            why: "no credentials for its realm".into(),
        }),
        observation(TrunkRegistered {
            trunk: "carrier".into(),
            registrar: registrar.into(),
            destination: "198.51.100.20:5060".into(),
            transport: Transport::Udp,
            expires_s: 300,
            refresh_s: 221,
            seen_as: Some("203.0.113.10:32681".into()),
            other_contacts: 0,
        }),
        observation(TrunkRegistered {
            trunk: "carrier".into(),
            registrar: registrar.into(),
            destination: "[2001:db8::20]:5061".into(),
            transport: Transport::Tls,
            expires_s: 3_600,
            refresh_s: 1_900,
            seen_as: None,
            other_contacts: 2,
        }),
        observation(RegistrationRefused {
            trunk: "carrier".into(),
            registrar: registrar.into(),
            destination: Some("198.51.100.20:5060".into()),
            status: Some(403),
            error: "Forbidden".into(),
            retry_s: Some(34),
            bound_s: Some(120),
        }),
        observation(RegistrationRefused {
            trunk: "carrier".into(),
            registrar: registrar.into(),
            destination: None,
            status: None,
            error: "sip.carrier.example has no address".into(),
            retry_s: None,
            bound_s: None,
        }),
        observation(RegistrationEnded {
            trunk: "carrier".into(),
            registrar: registrar.into(),
            cause: "edge stopping".into(),
            confirmed: true,
        }),
        observation(TrunkBound {
            trunk: "branch".into(),
            source: "192.0.2.77:49152".into(),
            transport: Transport::Tcp,
            expires_s: 300,
        }),
        observation(TrunkUnbound {
            trunk: "branch".into(),
            source: "192.0.2.77:49152".into(),
            transport: Transport::Tcp,
            cause: "expired".into(),
        }),
    ]
}
