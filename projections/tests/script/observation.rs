//! What the edge saw of a call: its legs, transfers and agents.

use std::collections::BTreeMap;

use schemas::command::StreamProtocol;
use schemas::media::*;
use schemas::observation::*;
use schemas::{AgentName, EventId, LegId, Personal, Transport, TrunkName};

use super::line::{Line, is_pair};
use super::{media, recording};

/// The fact that a line tells; what it learns of a leg's address goes to `legs`.
pub fn observation(line: &Line, legs: &mut BTreeMap<u16, String>) -> Observation {
    if let Some(seen) = media::observation(line).or_else(|| recording::observation(line)) {
        return seen;
    }
    match line.word(0) {
        "invite" => invite(line, legs).into(),
        "dialed" => {
            let destination = line.find("at").unwrap_or("10.0.0.9:5060").to_owned();
            legs.insert(line.leg(1).0, destination.clone());
            LegDialed {
                leg: line.leg(1),
                trunk: line.find("trunk").map(TrunkName::from),
                destination,
                transport: Transport::Udp,
                target: Personal::from(line.word(2)),
                caller: Personal::new(identity(
                    line.find("from").unwrap_or("+14155550123"),
                    "",
                    "edge",
                )),
                sip_call_id: format!("leg-{}@edge-1", line.word(1)),
                offer: None,
            }
            .into()
        }
        "ringing" => LegRinging {
            leg: line.leg(1),
            status: line.number("status", 180),
        }
        .into(),
        "early" => EarlyMediaStarted {
            leg: line.leg(1),
            status: 183,
        }
        .into(),
        "answered" => LegAnswered {
            leg: line.leg(1),
            after_ms: line.number("after", 0),
        }
        .into(),
        "failed" => LegFailed {
            leg: line.leg(1),
            failure: failure(line),
            reason: line.find("reason").map(str::to_owned),
            retry_after_s: line
                .find("retry")
                .map(|text| text.parse().expect("seconds")),
            after_ms: line.number("after", 0),
        }
        .into(),
        "stream" => stream(line),
        "hold" => HoldRequested {
            leg: line.leg(1),
            direction: MediaDirection::SendOnly,
        }
        .into(),
        "resume" => ResumeRequested { leg: line.leg(1) }.into(),
        "early-passed" => EarlyMediaPassed {
            leg: line.leg(1),
            from: line.leg(2),
            status: line.find("status").and_then(|text| text.parse().ok()),
        }
        .into(),
        "bridged" => LegsBridged {
            leg: line.leg(1),
            with: line.leg(2),
        }
        .into(),
        "refer-answered" => TransferAnswered {
            leg: line.leg(1),
            status: line.number("status", 202),
        }
        .into(),
        "refer-reported" => TransferReported {
            leg: line.leg(1),
            status: line.number("status", 200),
            last: line.find("last").is_some(),
        }
        .into(),
        "transfer" => TransferRequested {
            leg: line.leg(1),
            target: Personal::from(line.word(2)),
            source: match line.find("agent") {
                Some(agent) => TransferSource::Agent {
                    agent: AgentName::from(agent),
                    choice: "menu choice".to_owned(),
                },
                None => TransferSource::Refer,
            },
            referred_by: line.find("by").map(Personal::from),
            replaces: false,
        }
        .into(),
        "refer" => TransferProgressed {
            leg: line.leg(1),
            progress: progress(line),
        }
        .into(),
        "bye" => ByeReceived {
            leg: line.leg(1),
            reason: line.find("reason").map(str::to_owned),
            context: context(line),
        }
        .into(),
        "cancel" => CancelReceived {
            leg: line.leg(1),
            reason: line.find("reason").map(str::to_owned),
        }
        .into(),
        "ended" => LegEnded {
            leg: line.leg(1),
            by: match line.word(2) {
                "peer" => EndedBy::Peer,
                "control" => EndedBy::Control,
                "edge" => EndedBy::Edge,
                other => panic!("nobody {other:?}: {}", line.text),
            },
            cause: line.word(3).to_owned(),
            talk_ms: line.number("talk", 0),
        }
        .into(),
        "agent" => AgentConnected {
            leg: line.leg(1),
            agent: AgentName::from(line.word(2)),
            kind: line.word(3).to_owned(),
        }
        .into(),
        "agent-lost" => AgentLost {
            leg: line.leg(1),
            agent: AgentName::from(line.word(2)),
            cause: line.word(3).to_owned(),
        }
        .into(),
        "command-failed" => CommandFailed {
            decision: EventId([7; 16]),
            leg: line.leg(1),
            command: line.word(2).to_owned(),
            error: line.word(3).to_owned(),
            status: line.number("status", 500),
        }
        .into(),
        "timer" => TimerFired {
            timer: match line.word(1) {
                "ring" => Timer::Ring(line.leg(2)),
                "duration" => Timer::MaximumDuration,
                "transfer" => Timer::Transfer,
                other => panic!("no timer {other:?}: {}", line.text),
            },
            late_us: 250,
        }
        .into(),
        other => panic!("the edge saw no {other:?}: {}", line.text),
    }
}

fn invite(line: &Line, legs: &mut BTreeMap<u16, String>) -> InviteReceived {
    let source = line.find("source").unwrap_or("192.0.2.7:5060").to_owned();
    let host = source.split(':').next().unwrap_or_default().to_owned();
    legs.insert(0, source.clone());
    let (trunk, caller, called) = (line.word(1), line.word(2), line.word(3));
    let caller = if caller == "anonymous" { "" } else { caller };
    let name = line.find("name").unwrap_or_default();
    let from = identity(caller, name, &host);
    let asserted = line.find("asserted").map(|number| Party {
        identity: identity(number, name, &host),
        e164: None,
    });
    let (header, party) = match &asserted {
        Some(party) => (IdentityHeader::PAssertedIdentity, party.clone()),
        None => {
            let party = Party {
                identity: from.clone(),
                e164: line.find("caller-e164").map(str::to_owned),
            };
            (IdentityHeader::From, party)
        }
    };
    InviteReceived {
        leg: LegId::CALLER,
        trunk: TrunkMatch {
            trunk: TrunkName::from(trunk),
            because: format!("source {host} is in {host}/32"),
            tried: Vec::new(),
        },
        source,
        local: "192.0.2.1:32681".to_owned(),
        transport: Transport::Udp,
        sip_call_id: line
            .find("call-id")
            .unwrap_or("a84b4c76e66710@pbx")
            .to_owned(),
        session: None,
        max_forwards: None,
        request_uri: Personal::new(format!("sip:{called}@192.0.2.1:32681")),
        called: Personal::from(called),
        called_e164: line.find("called-e164").map(Personal::from),
        caller: Caller {
            header,
            party: Personal::new(party),
            withheld: line.words.iter().any(|word| word == "withheld"),
        },
        to: Personal::new(identity(called, "", "192.0.2.1")),
        from: Personal::new(from),
        asserted: asserted.map(Personal::new).into_iter().collect(),
        remote_parties: Vec::new(),
        privacy: Vec::new(),
        diversions: line.find("diverted").map(diversion).into_iter().collect(),
        history: Vec::new(),
        user_to_user: Vec::new(),
        reasons: Vec::new(),
        external: line.find("external").map(|id| {
            Personal::new(ExternalCall {
                announced: None,
                external: Some(id.to_owned()),
                original: None,
            })
        }),
        context: context(line),
        user_agent: Some(
            line.find("user-agent")
                .unwrap_or("Asterisk PBX 20.9.3")
                .to_owned(),
        ),
        offer: Some(MediaOffer {
            codecs: line
                .find("offer")
                .unwrap_or("PCMU/8000,PCMA/8000")
                .split(',')
                .map(str::to_owned)
                .collect(),
            address: format!("{host}:30000"),
            profile: "RTP/AVP".to_owned(),
            direction: MediaDirection::SendReceive,
            telephone_event: true,
        }),
        load: None,
    }
}

/// The words `x-name=value` of a line.
fn context(line: &Line) -> Vec<ContextHeader> {
    let words = line.words.iter();
    let fields = words.filter(|word| word.starts_with("x-") && is_pair(word));
    fields
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| ContextHeader {
            name: name.to_owned(),
            value: Personal::from(value),
        })
        .collect()
}

fn diversion(number: &str) -> Diversion {
    Diversion {
        party: Personal::new(Party {
            identity: identity(number, "", "192.0.2.7"),
            e164: None,
        }),
        reason: Some("no-answer".to_owned()),
        counter: Some(1),
        privacy: None,
    }
}

fn identity(number: &str, name: &str, host: &str) -> Identity {
    Identity {
        display_name: name.to_owned(),
        number: number.to_owned(),
        uri: format!("sip:{number}@{host}"),
    }
}

/// `stream dialed 1 greeter wss://…`, `stream opened 1`, `stream closed 1 agent|edge|nobody [code=1000] reason`,
/// `stream silent 1`, `stream slow 1`, `stream hasty 1`, `stream measured 1 [first=480]`.
fn stream(line: &Line) -> Observation {
    let leg = line.leg(2);
    match line.word(1) {
        "dialed" => StreamDialed {
            leg,
            agent: line.word(3).into(),
            url: line.word(4).to_owned(),
            protocol: StreamProtocol::Twilio,
            stream: "MZ1".to_owned(),
        }
        .into(),
        "opened" => StreamOpened {
            leg,
            destination: "10.0.0.9:443".to_owned(),
            tls: Some("TLS 1.3".to_owned()),
            codec: "PCMU/8000".to_owned(),
            connected_ms: 40,
            taken_ms: 12,
        }
        .into(),
        "closed" => StreamClosed {
            leg,
            by: match line.word(3) {
                "agent" => StreamCloser::Agent,
                "edge" => StreamCloser::Edge,
                _ => StreamCloser::Nobody,
            },
            code: line.find("code").and_then(|code| code.parse().ok()),
            reason: line.words.get(4).cloned().unwrap_or_default(),
        }
        .into(),
        "silent" => AgentSilent {
            leg,
            for_ms: 30_000,
        }
        .into(),
        "measured" => StreamMeasured {
            leg,
            marks: 3,
            clears: 1,
            keys: 2,
            first_sound_ms: line.find("first").and_then(|first| first.parse().ok()),
            queued_max_ms: 6_340,
            overrun_from_agent_ms: 0,
            overrun_to_agent_ms: line.number("dropped", 0),
            filled_ms: 60,
            malformed: 0,
        }
        .into(),
        way => AgentOverrun {
            leg,
            way: if way == "slow" {
                StreamWay::ToAgent
            } else {
                StreamWay::FromAgent
            },
        }
        .into(),
    }
}

fn failure(line: &Line) -> LegFailure {
    match line.word(2) {
        "cancelled" => LegFailure::Cancelled,
        "timer" => LegFailure::TimedOut {
            timer: line.word(3).to_owned(),
        },
        "unreachable" => LegFailure::Unreachable {
            error: line.word(3).to_owned(),
        },
        "impossible" => LegFailure::Impossible {
            error: line.word(3).to_owned(),
        },
        status => LegFailure::Refused {
            status: status
                .parse()
                .unwrap_or_else(|_| panic!("no failure: {}", line.text)),
            phrase: line.word(3).to_owned(),
        },
    }
}

fn progress(line: &Line) -> TransferProgress {
    match line.word(2) {
        "sent" => TransferProgress::Sent,
        "accepted" => TransferProgress::Accepted,
        "timeout" => TransferProgress::TimedOut,
        "refused" => TransferProgress::Refused {
            status: line.number("status", 603),
            phrase: line.find("phrase").unwrap_or("Decline").to_owned(),
        },
        "notified" => TransferProgress::Notified {
            status: line.number("status", 200),
            phrase: line.find("phrase").unwrap_or("OK").to_owned(),
            last: line.number("status", 200) >= 200,
        },
        other => panic!("no progress {other:?}: {}", line.text),
    }
}
