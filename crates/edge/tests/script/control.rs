//! The control of a scenario: decisions as the script writes them, and the words for media.

use std::collections::BTreeMap;
use std::time::Duration;

use schemas::command::*;
use schemas::conclusion::{CallEnded, CallEndedBy, CallOutcome, CallRefused};
use schemas::observation::{
    ContextHeader, Identity, LegFailure, LimitOf, LoadStated, Occupancy, StreamCloser, TrunkLoad,
};
use schemas::{
    AgentName, CallId, Chain, Command, Decision, Draft, Hash, Lane, LegId, NodeName, Personal,
    Record, Subject, Timestamp, Transport, TrunkName,
};

use trunkline_edge::recorder::{Complete, Told};
use trunkline_edge::websocket;

use super::log::Log;

/// The writer of decisions.
#[derive(Default)]
pub struct Control {
    chains: BTreeMap<CallId, Chain>,
    /// What other edges state.
    edges: BTreeMap<NodeName, Chain>,
    decisions: Vec<Record>,
}

impl Control {
    /// The commands of that text, for the call that began last.
    pub fn decide(&mut self, text: &str, log: &Log, wall: Timestamp) -> Record {
        let call = log.call();
        let mut conclusions = Vec::new();
        let mut commands = Vec::new();
        let mut rule = "script";
        for words in text
            .split(';')
            .map(|part| part.split_whitespace().collect::<Vec<_>>())
        {
            if words == ["end"] {
                let (by, outcome) = (CallEndedBy::Caller, CallOutcome::Completed);
                conclusions.push(
                    CallEnded {
                        by,
                        outcome,
                        cause: "test".to_owned(),
                    }
                    .into(),
                );
            } else if let ["because", of] = words[..] {
                rule = limit(of).rule();
                conclusions.push(
                    CallRefused {
                        status: 503,
                        why: of.to_owned(),
                        tried: vec![],
                    }
                    .into(),
                );
            } else {
                commands.push(command(&words));
            }
        }
        let configuration = Hash::ZERO;
        let decision = Decision {
            rule: rule.to_owned(),
            configuration,
            commands,
            conclusions,
        };
        let new = || Chain::new(Subject::Call(call), Lane::Decisions);
        let chain = self.chains.entry(call).or_insert_with(new);
        let record = chain.append(Draft {
            because: Some(log.last_fact(call)),
            producer: NodeName::from("control"),
            recorded_at: wall,
            event: decision.into(),
        });
        self.decisions.push(record.clone());
        record
    }

    /// What another edge states: so many calls of a trunk, none of them new.
    pub fn stated(&mut self, edge: &str, trunk: &str, calls: &str, wall: Timestamp) -> Record {
        let edge = NodeName::from(edge);
        let load = Occupancy {
            calls: calls.parse().unwrap(),
            new_calls: 0,
        };
        let trunk = TrunkName::from(trunk);
        let stated = LoadStated {
            trunks: vec![TrunkLoad { trunk, load }],
            numbers: vec![],
            total: load,
        };
        let new = || Chain::new(Subject::Node(edge.clone()), Lane::Facts);
        self.edges
            .entry(edge.clone())
            .or_insert_with(new)
            .append(Draft {
                because: None,
                producer: edge.clone(),
                recorded_at: wall,
                event: stated.into(),
            })
    }

    /// The last decision once more.
    pub fn again(&self) -> Record {
        self.decisions.last().cloned().expect("nothing was decided")
    }

    /// All that was decided.
    pub fn decisions(&self) -> &[Record] {
        &self.decisions
    }
}

fn limit(of: &str) -> LimitOf {
    match of {
        "limit.trunk" => LimitOf::Trunk,
        "limit.number" => LimitOf::Number,
        _ => LimitOf::Total,
    }
}

fn command(words: &[&str]) -> Command {
    let leg = |text: &str| LegId(text.parse().unwrap());
    match words {
        ["ring", to] => RingLeg { leg: leg(to) }.into(),
        ["stream", to, agent] => DialStream {
            leg: leg(to),
            agent: (*agent).into(),
            url: "wss://bot.example/ws".to_owned(),
            protocol: StreamProtocol::Twilio,
            parameters: Vec::new(),
            silent_ms: 30_000,
        }
        .into(),
        ["early", to, from] => PassEarlyMedia {
            leg: leg(to),
            from: leg(from),
        }
        .into(),
        ["answer", to] => AnswerLeg { leg: leg(to) }.into(),
        ["refuse", to, status, phrase @ ..] => RefuseLeg {
            leg: leg(to),
            status: status.parse().unwrap(),
            phrase: phrase.join(" "),
            reason: None,
            retry_after_s: (*status == "503").then_some(30),
        }
        .into(),
        ["dial", to, destination, target, rest @ ..] => DialLeg {
            leg: leg(to),
            trunk: rest
                .first()
                .filter(|name| **name != "-" && !name.contains('='))
                .map(|name| TrunkName::from(*name)),
            destination: (*destination).to_owned(),
            transport: Transport::Udp,
            target: Personal::from(*target),
            caller: Personal::new(Identity {
                display_name: "Ann".to_owned(),
                number: "+14155550100".to_owned(),
                uri: "sip:+14155550100@192.0.2.10".to_owned(),
            }),
            told: schemas::command::Told::default(),
            context: vec![ContextHeader {
                name: "X-Queue".to_owned(),
                value: Personal::from("sales"),
            }],
            codecs_of: Some(LegId::CALLER),
            media: super::srtp::terms(rest),
        }
        .into(),
        ["hangup", to] => HangUpLeg {
            leg: leg(to),
            reason: None,
            context: Vec::new(),
        }
        .into(),
        ["hangup", to, "with", name, value] => HangUpLeg {
            leg: leg(to),
            reason: None,
            context: vec![ContextHeader {
                name: (*name).to_owned(),
                value: Personal::from(*value),
            }],
        }
        .into(),
        ["hangup", to, reason] => HangUpLeg {
            leg: leg(to),
            reason: Some((*reason).to_owned()),
            context: Vec::new(),
        }
        .into(),
        ["bridge", one, other] => BridgeLegs {
            leg: leg(one),
            with: leg(other),
        }
        .into(),
        ["agent", to, kind, rest @ ..] => ConnectAgent {
            leg: leg(to),
            agent: AgentName::from(*kind),
            does: agent(kind, rest),
        }
        .into(),
        ["accept", to] => AcceptTransfer { leg: leg(to) }.into(),
        ["decline", to, status] => RefuseTransfer {
            leg: leg(to),
            status: status.parse().unwrap(),
            phrase: String::new(),
        }
        .into(),
        ["report", to, status, last] => ReportTransfer {
            leg: leg(to),
            status: status.parse().unwrap(),
            phrase: String::new(),
            last: *last == "last",
        }
        .into(),
        ["refer", to, target] => ReferLeg {
            leg: leg(to),
            target: Personal::from(*target),
            referred_by: Some(Personal::from("sip:trunkline@198.51.100.1")),
        }
        .into(),
        ["record", to, number, notice @ ..] => StartRecording {
            leg: leg(to),
            recording: number.parse().unwrap(),
            notice: match notice {
                [] => None,
                ["tone"] => Some(RecordingNotice::Tone),
                [file] => Some(RecordingNotice::Announcement {
                    file: (*file).to_owned(),
                }),
                other => panic!("what notice is {other:?}?"),
            },
            digits: RecordedDigits::Masked,
        }
        .into(),
        ["pause", of, by] => PauseRecording {
            leg: leg(of),
            by: (*by).to_owned(),
        }
        .into(),
        ["resume", of, by] => ResumeRecording {
            leg: leg(of),
            by: (*by).to_owned(),
        }
        .into(),
        ["stop", of, by] => StopRecording {
            leg: leg(of),
            by: (*by).to_owned(),
        }
        .into(),
        other => panic!("what is {other:?}?"),
    }
}

fn agent(kind: &str, rest: &[&str]) -> BuiltInAgent {
    match (kind, rest) {
        ("echo", []) => BuiltInAgent::Echo,
        ("tone", [hertz]) => BuiltInAgent::Tone {
            frequency_hz: hertz.parse().unwrap(),
        },
        ("hold", []) => BuiltInAgent::Hold,
        ("announcement", [file]) => BuiltInAgent::Announcement {
            file: (*file).to_owned(),
            repeat: false,
        },
        ("menu", choices) => {
            let choice = |text: &&str| {
                let (digit, target) = text.split_once('=').unwrap();
                MenuChoice {
                    digit: digit.parse().unwrap(),
                    target: target.to_owned(),
                }
            };
            BuiltInAgent::Menu {
                prompt: None,
                choices: choices.iter().map(choice).collect(),
            }
        }
        other => panic!("what is agent {other:?}?"),
    }
}

/// An event of media.
pub fn media_event(what: &[&str]) -> media::Event {
    let second = Duration::from_secs(1);
    let digit = |key: &str| media::Digit::new(key.parse().unwrap()).unwrap();
    let silence = media::Silence::NoPackets;
    match what {
        ["started"] => media::Event::Started {
            source: "192.0.2.10:4000".parse().unwrap(),
            ssrc: 7,
            codec: media::Codec::Pcmu,
            after: second,
        },
        ["silent"] => media::Event::Silent {
            silence,
            lasted: second * 2,
            seen: media::Seen {
                received: 50,
                sent: 150,
                sent_meanwhile: 100,
                refused_meanwhile: [0; media::Reason::ALL.len()],
                refused_source: None,
            },
        },
        ["resumed"] => media::Event::Resumed {
            silence,
            after: second * 3,
        },
        ["digit", key] => media::Event::Digit {
            press: media::Press {
                digit: digit(key),
                duration: second / 10,
                volume: 10,
            },
            method: media::Method::TelephoneEvent,
            seen: Some(media::KeySeen {
                ended: true,
                over: second / 10,
            }),
        },
        ["latched", source, signalled] => media::Event::Latched {
            source: source.parse().unwrap(),
            signalled: signalled.parse().unwrap(),
            ssrc: 7,
        },
        ["refused", source] => media::Event::Refused(media::Refused {
            reason: media::Reason::ForeignSource,
            packets: 500,
            total: 1_500,
            last: media::Stranger {
                source: source.parse().unwrap(),
                rtp: Some(media::RtpHead {
                    ssrc: 9,
                    payload_type: 0,
                    sequence: 7,
                    timestamp: 160,
                    payload_bytes: 160,
                }),
            },
            in_row: 500,
            same_timestamp: 0,
        }),
        // A telephone event with a number that nobody agreed on.
        ["keys-refused", payload_type] => media::Event::Refused(media::Refused {
            reason: media::Reason::PayloadType,
            packets: 8,
            total: 8,
            last: media::Stranger {
                source: "192.0.2.10:4000".parse().unwrap(),
                rtp: Some(media::RtpHead {
                    ssrc: 7,
                    payload_type: payload_type.parse().unwrap(),
                    sequence: 8,
                    timestamp: 160,
                    payload_bytes: 4,
                }),
            },
            in_row: 8,
            same_timestamp: 7,
        }),
        ["echo", ms] => media::Event::Echo(media::Echoed {
            delay: Duration::from_millis(ms.parse().unwrap()),
            correlation_permille: 950,
        }),
        ["doubled", ms] => media::Event::DigitDoubled(media::Doubled {
            counted_as: media::Method::TelephoneEvent,
            method: media::Method::Signalled,
            apart: Duration::from_millis(ms.parse().unwrap()),
        }),
        ["no-sound"] => media::Event::Silent {
            silence: media::Silence::NoSound,
            lasted: second * 15,
            seen: media::Seen {
                received: 750,
                sent: 750,
                sent_meanwhile: 0,
                refused_meanwhile: [0; media::Reason::ALL.len()],
                refused_source: None,
            },
        },
        ["measured", occasion] => {
            let media::Event::Measured(mut measured) = measured() else {
                panic!("they are measures");
            };
            measured.occasion = match *occasion {
                "interval" => media::Occasion::Interval,
                "loss" => media::Occasion::Loss,
                other => panic!("no occasion {other:?}"),
            };
            measured.reported = Some(media::Reported {
                reports: 2,
                about_us: 2,
                known_packets: 48,
                ..media::Reported::default()
            });
            media::Event::Measured(measured)
        }
        ["digit-lost"] => media::Event::DigitLost(media::DigitLoss::NoWay),
        ["choice", key] => media::Event::AgentChoice { digit: digit(key) },
        ["finished"] => media::Event::AgentFinished {
            finished: media::Finished::Played,
        },
        [what @ ("paused" | "went-on" | "keys" | "no-more-keys"), ms] => {
            let at = Duration::from_millis(ms.parse().unwrap());
            let digits = what.contains("keys");
            match *what {
                "paused" | "keys" => media::Event::RecordingPaused { at, digits },
                _ => media::Event::RecordingResumed { at, digits },
            }
        }
        other => panic!("what is media {other:?}?"),
    }
}

/// The measures that every leg of a scenario has.
pub fn stream_event(what: &[&str]) -> websocket::Event {
    match what {
        ["opened"] => websocket::Event::Opened {
            destination: "192.0.2.50:443".to_owned(),
            tls: Some("TLS 1.3".to_owned()),
            connected: Duration::from_millis(40),
            taken: Duration::from_millis(12),
        },
        ["refused", status] => websocket::Event::Failed(LegFailure::Refused {
            status: status.parse().unwrap(),
            phrase: "No".to_owned(),
        }),
        ["times-out", timer] => websocket::Event::Failed(LegFailure::TimedOut {
            timer: (*timer).to_owned(),
        }),
        ["closes", code] => websocket::Event::Closed {
            by: StreamCloser::Agent,
            code: Some(code.parse().unwrap()),
            reason: String::new(),
        },
        ["breaks"] => websocket::Event::Closed {
            by: StreamCloser::Nobody,
            code: None,
            reason: "connection reset by peer".to_owned(),
        },
        ["overrun"] => websocket::Event::Overrun,
        ["counts"] => websocket::Event::Counted(websocket::Counts {
            keys: 1,
            overrun_ms: 40,
            malformed: 2,
        }),
        other => panic!("what is {other:?}?"),
    }
}

pub fn measured() -> media::Event {
    let stream = media::Stream {
        packets: 50,
        ..media::Stream::default()
    };
    media::Event::Measured(Box::new(media::Measured {
        received: stream,
        sent: stream,
        over: Duration::from_secs(1),
        ..media::Measured::default()
    }))
}

/// What becomes of a recording.
pub fn recorded(what: &[&str]) -> Told {
    match what {
        ["started"] => Told::Started { sample_hz: 8_000 },
        ["ended"] => Told::Ended {
            complete: Complete {
                sha256: Hash::of(b"a recording"),
                length: Duration::from_secs(2),
                octets: 64_044,
            },
            dropped: Duration::ZERO,
            silenced: Duration::from_millis(500),
        },
        ["failed", ms, error @ ..] => Told::Failed {
            error: error.join(" "),
            length: Duration::from_millis(ms.parse().unwrap()),
        },
        other => panic!("what recording is {other:?}?"),
    }
}

/// An order to media in words.
pub fn describe(input: &media::Input) -> String {
    match input {
        media::Input::Update { leg, negotiated } => format!(
            "{}: {:?} to {} {:?}, digits {:?}, {}{}",
            leg.0,
            negotiated.codec,
            negotiated.remote,
            negotiated.direction,
            negotiated.telephone_event,
            if negotiated.watched {
                "watched"
            } else {
                "not watched"
            },
            negotiated
                .security
                .as_ref()
                .map(|keys| format!(", SRTP {:?}", keys.ours.suite()))
                .unwrap_or_default(),
        ),
        media::Input::Record { leg, order } => match order {
            media::RecordOrder::Start { notice, .. } => {
                let notice = notice.as_ref().map(|samples| samples.len());
                format!("{} is recorded, {notice:?} samples first", leg.0)
            }
            media::RecordOrder::Pause => format!("{} is not recorded for a while", leg.0),
            media::RecordOrder::Resume => format!("{} is recorded again", leg.0),
            media::RecordOrder::Stop => format!("{} is recorded no more", leg.0),
        },
        media::Input::Connect { leg, hears } => match hears {
            media::Hears::Agent(agent) => format!("{} hears {}", leg.0, agent.kind()),
            media::Hears::Leg(other) => format!("{} hears leg {}", leg.0, other.0),
            media::Hears::Nothing => format!("{} hears nothing", leg.0),
        },
        media::Input::DigitSignalled { leg, digit, .. } => {
            format!("{} pressed {}", leg.0, digit.key())
        }
        media::Input::Remove { leg } => format!("{} closes", leg.0),
        other => format!("{other:?}"),
    }
}
