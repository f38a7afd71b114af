//! Samples of the command to send an INVITE, in every version.

use trunkline_schemas::command::{DialLeg, Told};
use trunkline_schemas::media::{AudioCodec, MediaTerms, SrtpKeying, SrtpPolicy};
use trunkline_schemas::observation::*;
use trunkline_schemas::version::{DialLegV1, DialLegV2, DialLegV3};
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
    let v2 = [
        told(),
        DialLegV2 {
            transport: Transport::Tcp,
            told: Told::default(),
            context: Vec::new(),
            ..told()
        },
        DialLegV2 {
            transport: Transport::Tls,
            caller: Personal::new(identity("Anonymous", "", "")),
            told: Told {
                privacy: vec!["id".into()],
                ..Told::default()
            },
            ..told()
        },
    ];
    samples.extend(
        v2.iter()
            .map(|old| old_command(2, old, of_v3(of_v2(old.clone())))),
    );
    let policies = [SrtpPolicy::Off, SrtpPolicy::Prefer, SrtpPolicy::Require];
    let v3 = v2.iter().zip(policies).map(|(old, srtp)| DialLegV3 {
        srtp,
        ..of_v2(old.clone())
    });
    let v3: Vec<DialLegV3> = v3.collect();
    samples.extend(v3.iter().map(|old| old_command(3, old, of_v3(old.clone()))));
    let [off, prefer, require] = policies.map(|srtp| MediaTerms {
        srtp,
        ..MediaTerms::default()
    });
    let prefer = MediaTerms {
        codecs: vec![AudioCodec::Opus, AudioCodec::G722],
        keying: vec![SrtpKeying::Dtls, SrtpKeying::Sdes],
        ..prefer
    };
    let require = MediaTerms {
        codecs: vec![AudioCodec::Pcmu, AudioCodec::Pcma],
        keying: vec![SrtpKeying::Sdes],
        ..require
    };
    let v4 = v3.into_iter().zip([off, prefer, require]);
    samples.extend(v4.map(|(old, media)| {
        command(DialLeg {
            media,
            ..of_v3(old)
        })
    }));
    samples
}

/// All that may be told.
fn told() -> DialLegV2 {
    let ada = || identity("Ada Lovelace", "02071838750", "");
    let party = |identity: Identity| {
        Personal::new(Party {
            identity,
            e164: Some("+442071838750".into()),
        })
    };
    DialLegV2 {
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
        ..of_v1(v1(Transport::Udp, Some("office-cube"), Some(LegId::CALLER)))
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
    of_v3(of_v2(of_v1(old)))
}

fn of_v1(old: DialLegV1) -> DialLegV2 {
    DialLegV2 {
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

fn of_v2(old: DialLegV2) -> DialLegV3 {
    DialLegV3 {
        leg: old.leg,
        trunk: old.trunk,
        destination: old.destination,
        transport: old.transport,
        target: old.target,
        caller: old.caller,
        told: old.told,
        context: old.context,
        codecs_of: old.codecs_of,
        srtp: SrtpPolicy::Off,
    }
}

fn of_v3(old: DialLegV3) -> DialLeg {
    DialLeg {
        leg: old.leg,
        trunk: old.trunk,
        destination: old.destination,
        transport: old.transport,
        target: old.target,
        caller: old.caller,
        told: old.told,
        context: old.context,
        codecs_of: old.codecs_of,
        media: MediaTerms {
            srtp: old.srtp,
            ..MediaTerms::default()
        },
    }
}
