//! Samples of decisions, of every command and of every conclusion.

use trunkline_schemas::command::*;
use trunkline_schemas::conclusion::*;
use trunkline_schemas::observation::Tried;
use trunkline_schemas::version::{HangUpLegV1, RefuseLegV1};
use trunkline_schemas::{AgentName, Command, Decision, Hash, LegId, Personal};

use super::call::context;
use super::{Listed, command, conclusion, dial, event, old_command};

pub fn samples() -> Vec<Listed> {
    let mut all = vec![
        event(Decision {
            rule: "route.number".into(),
            configuration: Hash::of(b"a configuration"),
            commands: vec![AnswerLeg { leg: LegId::CALLER }.into(), menu()],
            conclusions: vec![routed().into()],
        }),
        event(Decision {
            rule: "nothing".into(),
            configuration: Hash::ZERO,
            commands: Vec::new(),
            conclusions: Vec::new(),
        }),
    ];
    all.extend(commands());
    all.extend(hung_up_without_context());
    all.extend(dial::samples());
    all.extend(agents());
    all.extend(conclusions());
    all
}

/// A refusal of version 1, and what it means today.
fn refused_before(status: u16, phrase: &str, retry_after_s: Option<u32>) -> Listed {
    let old = RefuseLegV1 {
        leg: LegId::CALLER,
        status,
        phrase: phrase.into(),
        retry_after_s,
    };
    let lifted = RefuseLeg {
        leg: LegId::CALLER,
        status,
        phrase: phrase.into(),
        reason: None,
        retry_after_s,
    };
    old_command(1, &old, lifted)
}

/// As a leg was hung up before a BYE handed anything on.
fn hung_up_without_context() -> Vec<Listed> {
    let hang_up = |leg, reason: Option<&str>| {
        let reason = reason.map(str::to_owned);
        let old = HangUpLegV1 {
            leg,
            reason: reason.clone(),
        };
        let today = HangUpLeg {
            leg,
            reason,
            context: Vec::new(),
        };
        old_command(1, &old, today)
    };
    vec![
        hang_up(LegId::CALLER, Some("Q.850;cause=16")),
        hang_up(LegId(300), None),
    ]
}

fn commands() -> Vec<Listed> {
    let leg = LegId::CALLER;
    vec![
        command(RingLeg { leg }),
        command(PassEarlyMedia {
            leg,
            from: LegId(1),
        }),
        command(AnswerLeg { leg }),
        refused_before(404, "Not Found", None),
        refused_before(503, "Service Unavailable", Some(30)),
        command(RefuseLeg {
            leg,
            status: 404,
            phrase: "Not Found".into(),
            reason: Some("Q.850;cause=1".into()),
            retry_after_s: None,
        }),
        command(RefuseLeg {
            leg,
            status: 503,
            phrase: "Service Unavailable".into(),
            reason: None,
            retry_after_s: Some(30),
        }),
        command(HangUpLeg {
            leg,
            reason: Some("Q.850;cause=16".into()),
            context: vec![context("X-Outcome", "escalate")],
        }),
        command(HangUpLeg {
            leg: LegId(300),
            reason: None,
            context: Vec::new(),
        }),
        command(BridgeLegs {
            leg,
            with: LegId(2),
        }),
        command(AcceptTransfer { leg: LegId(1) }),
        command(RefuseTransfer {
            leg: LegId(1),
            status: 603,
            phrase: "Decline".into(),
        }),
        command(ReportTransfer {
            leg: LegId(1),
            status: 180,
            phrase: "Ringing".into(),
            last: false,
        }),
        command(ReferLeg {
            leg,
            target: Personal::from("sip:3500@192.0.2.7"),
            referred_by: Some(Personal::from("sip:trunkline@203.0.113.10")),
        }),
    ]
}

fn agents() -> Vec<Listed> {
    let connect = |does| command(connect(does));
    vec![
        connect(BuiltInAgent::Echo),
        connect(BuiltInAgent::Tone { frequency_hz: 440 }),
        connect(BuiltInAgent::Announcement {
            file: "closed.wav".into(),
            repeat: false,
        }),
        command(menu()),
        connect(BuiltInAgent::Hold),
    ]
}

fn menu() -> Command {
    let does = BuiltInAgent::Menu {
        prompt: Some("welcome.wav".into()),
        choices: vec![
            MenuChoice {
                digit: '1',
                target: "queue".into(),
            },
            MenuChoice {
                digit: '*',
                target: "sip:3500@192.0.2.7".into(),
            },
        ],
    };
    connect(does).into()
}

fn connect(does: BuiltInAgent) -> ConnectAgent {
    ConnectAgent {
        leg: LegId::CALLER,
        agent: AgentName::from("reception"),
        does,
    }
}

fn conclusions() -> Vec<Listed> {
    let mut all = vec![
        conclusion(routed()),
        conclusion(CallRefused {
            status: 404,
            why: "no rule has the number +14155550199".into(),
            tried: vec![tried()],
        }),
        conclusion(TransferStarted {
            target: Personal::from("sip:3500@192.0.2.7"),
            method: TransferMethod::Bridged,
            leg: LegId(2),
        }),
        conclusion(TransferCompleted {
            method: TransferMethod::Refer,
            leg: LegId::CALLER,
        }),
        conclusion(TransferCompleted {
            method: TransferMethod::Bridged,
            leg: LegId(2),
        }),
    ];
    all.extend(transfer_failures().map(|failure| {
        conclusion(TransferFailed {
            failure,
            status: Some(486),
            why: "the target answered 486 Busy Here".into(),
        })
    }));
    all.extend(endings().map(|(by, outcome)| {
        conclusion(CallEnded {
            by,
            outcome,
            cause: "BYE from the caller".into(),
        })
    }));
    all
}

fn transfer_failures() -> impl Iterator<Item = TransferFailure> {
    [
        TransferFailure::NumberNotFound,
        TransferFailure::NumberIncomplete,
        TransferFailure::DestinationUnavailable,
        TransferFailure::Busy,
        TransferFailure::NoAnswer,
        TransferFailure::Rejected,
        TransferFailure::BlockedByCarrier,
        TransferFailure::CarrierUnavailable,
        TransferFailure::RoutingLoop,
        TransferFailure::MediaNegotiationFailed,
        TransferFailure::MethodUnsupported,
        TransferFailure::CallerLeft,
        TransferFailure::TargetUnknown,
    ]
    .into_iter()
}

fn endings() -> impl Iterator<Item = (CallEndedBy, CallOutcome)> {
    [
        (CallEndedBy::Caller, CallOutcome::Completed),
        (CallEndedBy::Agent, CallOutcome::Transferred),
        (CallEndedBy::Target, CallOutcome::Completed),
        (CallEndedBy::Control, CallOutcome::Refused),
        (CallEndedBy::Edge, CallOutcome::Failed),
        (CallEndedBy::Operator, CallOutcome::Abandoned),
    ]
    .into_iter()
}

fn routed() -> CallRouted {
    CallRouted {
        agent: AgentName::from("reception"),
        rule: "number +14155550100".into(),
        tried: vec![tried()],
    }
}

fn tried() -> Tried {
    Tried {
        candidate: "number +14155550111".into(),
        failed: "the called number is +14155550100".into(),
    }
}
