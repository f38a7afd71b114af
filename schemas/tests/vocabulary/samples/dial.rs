//! Samples of the command to send an INVITE, in every version.

use trunkline_schemas::command::{DialLeg, Told};
use trunkline_schemas::observation::*;
use trunkline_schemas::version::DialLegV1;
use trunkline_schemas::{LegId, Personal, Transport, TrunkName};

use super::call::{context, identity};
use super::{Listed, command, old_command};

pub fn samples() -> Vec<Listed> {
    let all = [
        v1(Transport::Udp, Some("office-cube"), Some(LegId::CALLER)),
        v1(Transport::Tcp, None, None),
        v1(Transport::Tls, None, None),
    ];
    let mut samples: Vec<Listed> = all
        .iter()
        .map(|old| old_command(1, old, lifted(old.clone())))
        .collect();
    samples.push(command(told()));
    samples.push(command(DialLeg {
        transport: Transport::Tcp,
        told: Told::default(),
        context: Vec::new(),
        ..told()
    }));
    samples.push(command(DialLeg {
        transport: Transport::Tls,
        caller: Personal::new(identity("Anonymous", "", "")),
        told: Told {
            privacy: vec!["id".into()],
            ..Told::default()
        },
        ..told()
    }));
    samples
}

/// All that may be told.
fn told() -> DialLeg {
    let ada = || identity("Ada Lovelace", "02071838750", "");
    let party = |identity: Identity| {
        Personal::new(Party {
            identity,
            e164: Some("+442071838750".into()),
        })
    };
    DialLeg {
        caller: Personal::new(ada()),
        told: Told {
            domain: Some("pbx.example.com".into()),
            asserted: vec![Personal::new(ada())],
            remote_parties: vec![RemoteParty {
                party: party(ada()),
                side: Some("calling".into()),
                screened: true,
                privacy: Some("off".into()),
            }],
            privacy: vec!["id".into(), "critical".into()],
            diversions: vec![Diversion {
                party: party(identity("", "3500", "")),
                reason: Some("no-answer".into()),
                counter: Some(1),
                privacy: Some("off".into()),
            }],
            history: vec![HistoryEntry {
                party: party(identity("", "3500", "")),
                index: Some("1.1".into()),
                cause: Some(408),
                privacy: None,
            }],
            user_to_user: vec![UserToUser {
                content: Personal::from("004164613d3132333435"),
                encoding: Some("hex".into()),
                purpose: None,
                holds: None,
            }],
            session: Some("ab30317f1a784dc48ff824d0d3715d86".into()),
            max_forwards: Some(67),
        },
        context: vec![context("X-Queue", "sales")],
        ..lifted(v1(Transport::Udp, Some("office-cube"), Some(LegId::CALLER)))
    }
}

fn v1(transport: Transport, trunk: Option<&str>, codecs_of: Option<LegId>) -> DialLegV1 {
    DialLegV1 {
        leg: LegId(2),
        trunk: trunk.map(TrunkName::from),
        destination: "192.0.2.7:5060".into(),
        transport,
        target: Personal::from("sip:3500@192.0.2.7"),
        caller: Personal::new(identity(
            "Ada Lovelace",
            "+442071838750",
            "sip:+442071838750@203.0.113.10",
        )),
        context: vec![context("User-to-User", "004164613d3132333435;encoding=hex")],
        codecs_of,
    }
}

fn lifted(old: DialLegV1) -> DialLeg {
    DialLeg {
        leg: old.leg,
        trunk: old.trunk,
        destination: old.destination,
        transport: old.transport,
        target: old.target,
        caller: old.caller,
        told: Told::default(),
        context: old.context,
        codecs_of: old.codecs_of,
    }
}
