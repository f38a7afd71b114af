//! The configuration of the scenarios: three trunks, four kinds of agent, ladders and targets.

use call::configuration::{
    Agent, Destination, Fallback, Limit, Number, Recorded, Recording, TransferTarget, Transfers,
    Trunk, Waits, WebSocket,
};
use call::number::NumberForm;
use call::outbound::Outbound;
use call::{Applied, Configuration};
use schemas::Transport;
use schemas::command::{BuiltInAgent, MenuChoice, RecordedDigits, RecordingNotice, StreamProtocol};
use schemas::conclusion::TransferMethod;
use schemas::media::{AudioCodec, SrtpKeying, SrtpPolicy};
use schemas::observation::IdentityHeader;
use trunkline_call as call;

pub fn applied() -> Applied {
    Applied::new(configuration()).expect("the scenarios' configuration is right")
}

pub fn configuration() -> Configuration {
    Configuration {
        trunks: [
            (
                "office",
                trunk(Some("pbx.example.com:5060"), TransferMethod::Bridged),
            ),
            (
                "carrier",
                trunk(Some("carrier.example.com:5060"), TransferMethod::Refer),
            ),
            ("closed", trunk(None, TransferMethod::Bridged)),
            ("taped", taped()),
            ("trusted", trusted()),
            ("british", british()),
        ]
        .map(|(name, trunk)| (name.into(), trunk))
        .into(),
        numbers: [
            ("+14155550100", number("echo", None, &[])),
            ("+14155550101", number("bot", None, &[])),
            (
                "+14155550102",
                number("bot", None, &[agent("spare"), agent("sorry"), refuse(480)]),
            ),
            ("+14155550103", number("menu", None, &[])),
            ("+14155550104", number("bot", Some("carrier"), &[])),
            ("+14155550105", number("bot", None, &[refuse(503)])),
            ("+14155550106", number("sorry", None, &[agent("echo")])),
            ("+14155550107", untaped(number("echo", None, &[]))),
            (
                "+14155550110",
                number(
                    "assistant",
                    None,
                    &[agent("assistant"), transfer("queue"), agent("sorry")],
                ),
            ),
            (
                "+14155550111",
                number("talker", None, &[transfer("queue"), refuse(480)]),
            ),
            ("+14155550112", number("assistant", None, &[refuse(503)])),
            ("+14155550113", number("wide", None, &[])),
            ("*", number("echo", Some("carrier"), &[])),
        ]
        .map(|(name, number)| (name.to_owned(), number))
        .into(),
        agents: [
            ("echo", Agent::BuiltIn(BuiltInAgent::Echo)),
            (
                "sorry",
                Agent::BuiltIn(BuiltInAgent::Announcement {
                    file: "sorry.wav".into(),
                    repeat: false,
                }),
            ),
            (
                "menu",
                Agent::BuiltIn(BuiltInAgent::Menu {
                    prompt: None,
                    choices: vec![MenuChoice {
                        digit: '1',
                        target: "queue".into(),
                    }],
                }),
            ),
            ("bot", sip("sip:bot@192.0.2.10:5060", "192.0.2.10:5060")),
            ("assistant", web_socket(StreamProtocol::Twilio, None)),
            (
                "talker",
                web_socket(StreamProtocol::L16 { rate_hz: 16_000 }, Some(10)),
            ),
            ("wide", wide()),
            ("spare", sip("sip:spare@192.0.2.11:5060", "192.0.2.11:5060")),
        ]
        .map(|(name, agent)| (name.into(), agent))
        .into(),
        transfer: Transfers {
            targets: [
                (
                    "queue",
                    target("sip:+14155550199@pbx.example.com", Some("office"), None),
                ),
                ("boss", target("tel:+442071838750", Some("british"), None)),
                (
                    "friend",
                    target(
                        "sip:+442071838751@trusted.example.com",
                        Some("trusted"),
                        None,
                    ),
                ),
                (
                    "sales",
                    target(
                        "sip:sales@pbx.example.com",
                        Some("office"),
                        Some(TransferMethod::Refer),
                    ),
                ),
            ]
            .map(|(name, target)| (name.to_owned(), target))
            .into(),
            allowed: vec!["sip:*@pbx.example.com".into(), "tel:+1*".into()],
        },
        waits: Waits::default(),
        limit: Limit {
            calls: Some(100),
            retry_after_s: Some(5),
            ..Limit::default()
        },
    }
}

fn trunk(address: Option<&str>, transfer: TransferMethod) -> Trunk {
    Trunk {
        destination: address.map(destination),
        transfer,
        limit: Limit {
            calls: Some(30),
            calls_per_s: Some(10),
            status: Some(480),
            ..Limit::default()
        },
        outbound: Outbound::default(),
        recording: Recording {
            when: Recorded::OnRequest,
            ..Recording::default()
        },
    }
}

/// All of its calls are recorded, and told so.
fn taped() -> Trunk {
    Trunk {
        recording: Recording {
            when: Recorded::On,
            notice: Some(RecordingNotice::Tone),
            digits: RecordedDigits::Paused,
        },
        ..trunk(None, TransferMethod::Bridged)
    }
}

/// None of its calls are.
fn untaped(number: Number) -> Number {
    Number {
        recording: Some(Recorded::Off),
        ..number
    }
}

/// In our trust domain, and told by every header there is.
fn trusted() -> Trunk {
    Trunk {
        outbound: Outbound {
            trusted: true,
            identity: vec![
                IdentityHeader::PAssertedIdentity,
                IdentityHeader::RemotePartyId,
            ],
            domain: Some("trusted.example.com".into()),
            ..Outbound::default()
        },
        ..trunk(Some("trusted.example.com:5060"), TransferMethod::Bridged)
    }
}

/// Outside of it, told by every header, with numbers as they are dialed in Britain, and two headers of context.
fn british() -> Trunk {
    Trunk {
        outbound: Outbound {
            numbers: NumberForm::National {
                country_code: "44".into(),
                trunk_prefix: "0".into(),
                international_prefix: "00".into(),
            },
            identity: vec![
                IdentityHeader::PAssertedIdentity,
                IdentityHeader::RemotePartyId,
            ],
            headers: vec!["Diversion".into(), "X-Case".into()],
            ..Outbound::default()
        },
        ..trunk(Some("british.example.com:5060"), TransferMethod::Bridged)
    }
}

fn destination(address: &str) -> Destination {
    Destination {
        address: address.to_owned(),
        transport: Transport::Udp,
    }
}

fn number(agent: &str, trunk: Option<&str>, fallback: &[Fallback]) -> Number {
    Number {
        agent: agent.into(),
        trunk: trunk.map(Into::into),
        fallback: fallback.to_vec(),
        limit: Limit {
            calls: Some(3),
            ..Limit::default()
        },
        recording: None,
    }
}

fn agent(name: &str) -> Fallback {
    Fallback::Agent(name.into())
}

fn refuse(status: u16) -> Fallback {
    Fallback::Refuse { status }
}

fn sip(uri: &str, address: &str) -> Agent {
    Agent::Sip {
        uri: uri.to_owned(),
        destination: destination(address),
        outbound: Outbound::default(),
        srtp: SrtpPolicy::Off,
        srtp_keying: Vec::new(),
        codecs: Vec::new(),
    }
}

/// With codecs and SRTP of its own.
fn wide() -> Agent {
    Agent::Sip {
        uri: "sip:wide@192.0.2.12:5060".to_owned(),
        destination: destination("192.0.2.12:5060"),
        outbound: Outbound::default(),
        srtp: SrtpPolicy::Require,
        srtp_keying: vec![SrtpKeying::Dtls, SrtpKeying::Sdes],
        codecs: vec![AudioCodec::Opus, AudioCodec::Pcma],
    }
}

fn web_socket(protocol: StreamProtocol, silent_s: Option<u32>) -> Agent {
    Agent::WebSocket(WebSocket {
        url: "wss://bot.example/ws".to_owned(),
        protocol,
        parameters: [("tenant".to_owned(), "acme".to_owned())].into(),
        outbound: Outbound::default(),
        silent_s,
    })
}

fn transfer(name: &str) -> Fallback {
    Fallback::Transfer(name.to_owned())
}

fn target(uri: &str, trunk: Option<&str>, method: Option<TransferMethod>) -> TransferTarget {
    TransferTarget {
        uri: uri.to_owned(),
        trunk: trunk.map(Into::into),
        method,
    }
}
