//! What control decided.

use schemas::command::*;
use schemas::conclusion::*;
use schemas::observation::Tried;
use schemas::{
    AgentName, Command, Conclusion, Decision, Hash, LegId, Personal, Transport, TrunkName,
};

use super::line::Line;

/// The decision that a line tells.
pub fn decision(line: &Line) -> Decision {
    let mut decision = Decision {
        rule: line.words[0].clone(),
        configuration: Hash([9; 32]),
        commands: Vec::new(),
        conclusions: Vec::new(),
    };
    for part in line.words[1..].split(|word| word == ";") {
        if part.is_empty() {
            continue;
        }
        let part = Line {
            text: line.text,
            words: part.to_vec(),
        };
        match command(&part) {
            Some(command) => decision.commands.push(command),
            None => decision.conclusions.push(conclusion(&part)),
        }
    }
    decision
}

fn command(part: &Line) -> Option<Command> {
    Some(match part.word(0) {
        "ring" => RingLeg { leg: part.leg(1) }.into(),
        "record" => StartRecording {
            leg: LegId::CALLER,
            recording: part.number("number", 1),
            notice: None,
            digits: RecordedDigits::Masked,
        }
        .into(),
        "pause" => PauseRecording {
            leg: LegId::CALLER,
            by: part.word(1).to_owned(),
        }
        .into(),
        "resume" => ResumeRecording {
            leg: LegId::CALLER,
            by: part.word(1).to_owned(),
        }
        .into(),
        "stop" => StopRecording {
            leg: LegId::CALLER,
            by: part.word(1).to_owned(),
        }
        .into(),
        "answer" => AnswerLeg { leg: part.leg(1) }.into(),
        "refuse" => RefuseLeg {
            leg: part.leg(1),
            status: part.number("status", 404),
            phrase: part.find("phrase").unwrap_or("Not Found").to_owned(),
            reason: None,
            retry_after_s: None,
        }
        .into(),
        "dial" => DialLeg {
            leg: part.leg(1),
            trunk: part.find("trunk").map(TrunkName::from),
            destination: part.find("at").unwrap_or("10.0.0.9:5060").to_owned(),
            transport: Transport::Udp,
            target: Personal::from(part.word(2)),
            caller: Personal::default(),
            told: schemas::command::Told::default(),
            context: Vec::new(),
            codecs_of: None,
            media: schemas::media::MediaTerms::default(),
        }
        .into(),
        "stream" => DialStream {
            leg: part.leg(1),
            agent: part.word(2).into(),
            url: part.word(3).to_owned(),
            protocol: StreamProtocol::Twilio,
            parameters: Vec::new(),
            silent_ms: 30_000,
        }
        .into(),
        "hang-up" => HangUpLeg {
            leg: part.leg(1),
            reason: None,
            context: Vec::new(),
        }
        .into(),
        "bridge" => BridgeLegs {
            leg: part.leg(1),
            with: part.leg(2),
        }
        .into(),
        "connect" => ConnectAgent {
            leg: part.leg(1),
            agent: AgentName::from(part.word(2)),
            does: match part.word(3) {
                "echo" => BuiltInAgent::Echo,
                "hold" => BuiltInAgent::Hold,
                "menu" => BuiltInAgent::Menu {
                    prompt: None,
                    choices: Vec::new(),
                },
                other => panic!("no agent {other:?}: {}", part.text),
            },
        }
        .into(),
        "accept-refer" => AcceptTransfer { leg: part.leg(1) }.into(),
        "refer" => ReferLeg {
            leg: part.leg(1),
            target: Personal::from(part.word(2)),
            referred_by: None,
        }
        .into(),
        _ => return None,
    })
}

fn conclusion(part: &Line) -> Conclusion {
    let method = |word: &str| match word {
        "bridged" => TransferMethod::Bridged,
        "refer" => TransferMethod::Refer,
        other => panic!("no method {other:?}: {}", part.text),
    };
    match part.word(0) {
        "routed" => CallRouted {
            agent: AgentName::from(part.word(1)),
            rule: part.word(2).to_owned(),
            tried: Vec::new(),
        }
        .into(),
        "refused" => CallRefused {
            status: part.word(1).parse().expect("a status"),
            why: part.word(2).to_owned(),
            tried: tried(part),
        }
        .into(),
        "transfer-started" => TransferStarted {
            target: Personal::from(part.word(3)),
            method: method(part.word(1)),
            leg: part.leg(2),
        }
        .into(),
        "transfer-completed" => TransferCompleted {
            method: method(part.word(1)),
            leg: part.leg(2),
        }
        .into(),
        "transfer-failed" => TransferFailed {
            failure: match part.word(1) {
                "busy" => TransferFailure::Busy,
                "no-answer" => TransferFailure::NoAnswer,
                "rejected" => TransferFailure::Rejected,
                "not-found" => TransferFailure::NumberNotFound,
                "caller-left" => TransferFailure::CallerLeft,
                "unsupported" => TransferFailure::MethodUnsupported,
                other => panic!("no failure {other:?}: {}", part.text),
            },
            status: part
                .find("status")
                .map(|text| text.parse().expect("a status")),
            why: part.word(2).to_owned(),
        }
        .into(),
        "ended" => CallEnded {
            by: match part.word(1) {
                "caller" => CallEndedBy::Caller,
                "agent" => CallEndedBy::Agent,
                "target" => CallEndedBy::Target,
                "control" => CallEndedBy::Control,
                "edge" => CallEndedBy::Edge,
                "operator" => CallEndedBy::Operator,
                other => panic!("nobody {other:?}: {}", part.text),
            },
            outcome: match part.word(2) {
                "completed" => CallOutcome::Completed,
                "transferred" => CallOutcome::Transferred,
                "abandoned" => CallOutcome::Abandoned,
                "refused" => CallOutcome::Refused,
                "failed" => CallOutcome::Failed,
                other => panic!("no outcome {other:?}: {}", part.text),
            },
            cause: part.word(3).to_owned(),
        }
        .into(),
        "refused-request" => RequestRefused {
            why: part.word(1).to_owned(),
        }
        .into(),
        other => panic!("control decides no {other:?}: {}", part.text),
    }
}

fn tried(part: &Line) -> Vec<Tried> {
    let tried = part
        .words
        .iter()
        .filter_map(|word| word.strip_prefix("tried="));
    tried
        .filter_map(|text| text.split_once(':'))
        .map(|(candidate, failed)| Tried {
            candidate: candidate.to_owned(),
            failed: failed.trim().to_owned(),
        })
        .collect()
}
