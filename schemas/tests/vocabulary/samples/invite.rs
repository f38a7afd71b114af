//! Samples of an INVITE that began a call, in every version.

use trunkline_schemas::media::{MediaDirection, MediaOffer};
use trunkline_schemas::observation::*;
use trunkline_schemas::version::InviteReceivedV1;
use trunkline_schemas::{LegId, Personal, Transport, TrunkName};

use super::call::{context, identity};
use super::{Listed, observation, old};

pub fn samples() -> Vec<Listed> {
    vec![
        old(1, &invite_v1(), lifted(invite_v1())),
        old(1, &anonymous_v1(), lifted(anonymous_v1())),
        observation(forwarded()),
        observation(anonymous()),
        observation(by_remote_party()),
    ]
}

/// A call that another phone system forwarded, with all that may be there.
fn forwarded() -> InviteReceived {
    let v1 = invite_v1();
    let ada = party(
        "Ada Lovelace",
        "+442071838750",
        "sip:+442071838750@192.0.2.7;user=phone",
    );
    let desk = || party("Front Desk", "3500", "sip:3500@192.0.2.7");
    InviteReceived {
        session: Some(SessionId {
            local: "ab30317f1a784dc48ff824d0d3715d86".into(),
            remote: Some("00000000000000000000000000000000".into()),
        }),
        max_forwards: Some(68),
        called: Personal::from("4155550100"),
        called_e164: Some(Personal::from("+14155550100")),
        caller: Caller {
            header: IdentityHeader::PAssertedIdentity,
            party: ada.clone(),
            withheld: false,
        },
        asserted: vec![ada.clone(), party("", "+442071838750", "tel:+442071838750")],
        remote_parties: vec![RemoteParty {
            party: ada,
            side: Some("calling".into()),
            screened: true,
            privacy: Some("off".into()),
        }],
        privacy: vec!["none".into()],
        diversions: vec![
            Diversion {
                party: desk(),
                reason: Some("no-answer".into()),
                counter: Some(1),
                privacy: Some("off".into()),
            },
            Diversion {
                party: party("", "", "sip:queue@192.0.2.7"),
                reason: None,
                counter: None,
                privacy: None,
            },
        ],
        history: vec![
            HistoryEntry {
                party: desk(),
                index: Some("1".into()),
                cause: Some(408),
                privacy: Some("history".into()),
            },
            HistoryEntry {
                party: party("", "+14155550100", "sip:+14155550100@203.0.113.10"),
                index: None,
                cause: None,
                privacy: None,
            },
        ],
        user_to_user: vec![UserToUser {
            content: Personal::from("004164613d3132333435"),
            encoding: Some("hex".into()),
            purpose: Some("isdn-uui".into()),
            holds: Some("isdn-uui".into()),
        }],
        reasons: vec![Reason {
            protocol: "Q.850".into(),
            cause: Some(19),
            text: Some("no answer".into()),
        }],
        external: Some(Personal::new(ExternalCall {
            announced: Some("1731000000000x8".into()),
            external: Some("crm-7781".into()),
            original: Some("+12025550188".into()),
        })),
        context: vec![
            context(
                "Diversion",
                "<sip:3500@192.0.2.7>;reason=no-answer;counter=1;privacy=off",
            ),
            context("X-EI", "S.1731000000000x8;E.crm-7781;O.+12025550188;"),
            context("X-Queue", "sales"),
        ],
        load: Some(Load {
            trunk: occupancy(12, 2),
            number: occupancy(3, 0),
            total: occupancy(240, 9),
        }),
        ..lifted(v1)
    }
}

/// An anonymous caller through a gateway that offers nothing: all that may be absent is absent.
fn anonymous() -> InviteReceived {
    InviteReceived {
        caller: Caller {
            header: IdentityHeader::From,
            party: party("Anonymous", "", "sip:anonymous@anonymous.invalid"),
            withheld: true,
        },
        privacy: vec!["id".into(), "critical".into()],
        load: Some(Load::default()),
        ..lifted(anonymous_v1())
    }
}

/// A caller whom only Remote-Party-ID names, and whom it hides.
fn by_remote_party() -> InviteReceived {
    let named = party("", "+442071838750", "sip:+442071838750@192.0.2.7");
    InviteReceived {
        caller: Caller {
            header: IdentityHeader::RemotePartyId,
            party: named.clone(),
            withheld: true,
        },
        remote_parties: vec![RemoteParty {
            party: named,
            side: None,
            screened: false,
            privacy: Some("full".into()),
        }],
        ..anonymous()
    }
}

/// What version 1 means today.
fn lifted(old: InviteReceivedV1) -> InviteReceived {
    let named = |identity: Identity| {
        Personal::new(Party {
            identity,
            e164: None,
        })
    };
    let from = old.from.reveal().clone();
    InviteReceived {
        caller: match &old.asserted {
            Some(asserted) => Caller {
                header: IdentityHeader::PAssertedIdentity,
                party: named(asserted.reveal().clone()),
                withheld: false,
            },
            None => Caller {
                header: IdentityHeader::From,
                withheld: from.number.is_empty(),
                party: named(from),
            },
        },
        leg: old.leg,
        trunk: old.trunk,
        source: old.source,
        local: old.local,
        transport: old.transport,
        sip_call_id: old.sip_call_id,
        session: None,
        max_forwards: None,
        request_uri: old.request_uri,
        called: old.called,
        called_e164: None,
        to: old.to,
        from: old.from,
        asserted: old
            .asserted
            .into_iter()
            .map(|asserted| named(asserted.into_inner()))
            .collect(),
        remote_parties: Vec::new(),
        privacy: Vec::new(),
        diversions: Vec::new(),
        history: Vec::new(),
        user_to_user: Vec::new(),
        reasons: Vec::new(),
        external: None,
        context: old.context,
        user_agent: old.user_agent,
        offer: old.offer,
        load: None,
    }
}

fn invite_v1() -> InviteReceivedV1 {
    InviteReceivedV1 {
        leg: LegId::CALLER,
        trunk: TrunkMatch {
            trunk: TrunkName::from("office-cube"),
            because: "source 192.0.2.7 is in 192.0.2.0/24".into(),
            tried: vec![Tried {
                candidate: "trunk carrier".into(),
                failed: "source 192.0.2.7 is in none of 198.51.100.0/24".into(),
            }],
        },
        source: "192.0.2.7:5060".into(),
        local: "203.0.113.10:32681".into(),
        transport: Transport::Udp,
        sip_call_id: "8DA1C0F2-2B11ED-A0F3B2C1@192.0.2.7".into(),
        request_uri: Personal::from("sip:+14155550100@203.0.113.10:32681;user=phone"),
        called: Personal::from("+14155550100"),
        to: Personal::new(identity(
            "",
            "+14155550100",
            "sip:+14155550100@203.0.113.10",
        )),
        from: Personal::new(identity(
            "Ada Lovelace",
            "+442071838750",
            "sip:+442071838750@192.0.2.7",
        )),
        asserted: Some(Personal::new(identity(
            "Ada Lovelace",
            "+442071838750",
            "sip:+442071838750@192.0.2.7;user=phone",
        ))),
        context: vec![
            context(
                "Diversion",
                "<sip:3500@192.0.2.7>;reason=no-answer;counter=1",
            ),
            context("User-to-User", "004164613d3132333435;encoding=hex"),
        ],
        user_agent: Some("Cisco-SIPGateway/IOS-17.6.1a".into()),
        offer: Some(MediaOffer {
            codecs: vec!["PCMU/8000".into(), "PCMA/8000".into(), "G729/8000".into()],
            address: "192.0.2.7:16512".into(),
            profile: "RTP/AVP".into(),
            direction: MediaDirection::SendReceive,
            telephone_event: true,
        }),
    }
}

/// An anonymous caller through a gateway that offers nothing: all that may be absent is absent.
fn anonymous_v1() -> InviteReceivedV1 {
    let anonymous = identity("Anonymous", "", "sip:anonymous@anonymous.invalid");
    InviteReceivedV1 {
        transport: Transport::Tls,
        from: Personal::new(anonymous),
        asserted: None,
        context: Vec::new(),
        user_agent: None,
        offer: None,
        ..invite_v1()
    }
}

fn party(display_name: &str, number: &str, uri: &str) -> Personal<Party> {
    Personal::new(Party {
        identity: identity(display_name, number, uri),
        e164: number.starts_with('+').then(|| number.to_owned()),
    })
}

fn occupancy(calls: u32, new_calls: u32) -> Occupancy {
    Occupancy { calls, new_calls }
}
