//! The sentences for what was decided: one for the decision, one for each thing that it concludes.

use schemas::command::BuiltInAgent;
use schemas::conclusion::{CallEnded, CallOutcome, CallRefused, Conclusion, TransferMethod};
use schemas::{Command, Decision};

use super::cast::{Cast, short_uri};
use super::telling::{Telling, told};

pub(super) fn tell(decision: &Decision, cast: &Cast) -> Vec<Telling> {
    let commands: Vec<String> = decision
        .commands
        .iter()
        .map(|one| words(one, cast))
        .collect();
    let mut fields = vec![("rule", decision.rule.clone())];
    let id = if commands.is_empty() {
        "decision.nothing"
    } else {
        fields.push(("commands", commands.join("; ")));
        "decision"
    };
    let decided = told(id, &fields)
        .of_kind("Decision")
        .with("configuration", decision.configuration.to_string());
    let mut tellings = vec![decided];
    for conclusion in &decision.conclusions {
        tellings.push(concluded(conclusion, cast).of_kind(conclusion.name()));
    }
    tellings
}

fn concluded(conclusion: &Conclusion, cast: &Cast) -> Telling {
    match conclusion {
        Conclusion::CallRouted(routed) => {
            let fields = [
                ("agent", routed.agent.to_string()),
                ("rule", routed.rule.clone()),
            ];
            let mut telling = told("call.routed", &fields);
            for tried in &routed.tried {
                telling = telling.with(&tried.candidate, tried.failed.as_str());
            }
            telling
        }
        Conclusion::CallRefused(refused) => call_refused(refused),
        Conclusion::TransferStarted(started) => {
            let target = ("target", short_uri(started.target.reveal()));
            let telling = match started.method {
                TransferMethod::Bridged => told("transfer.bridged", &[target]),
                TransferMethod::Refer => told(
                    "transfer.refer",
                    &[target, ("party", cast.party(started.leg))],
                ),
            };
            telling.on(started.leg)
        }
        Conclusion::TransferCompleted(completed) => {
            let target = match completed.method {
                TransferMethod::Bridged => cast.party(completed.leg),
                TransferMethod::Refer => "the target, by the word of its peer".to_owned(),
            };
            told("transfer.completed", &[("target", target)]).on(completed.leg)
        }
        Conclusion::TransferFailed(failed) => {
            told("transfer.failed", &[("why", failed.why.clone())])
                .with("failure", format!("{:?}", failed.failure))
                .with(
                    "status",
                    failed
                        .status
                        .map(|status| status.to_string())
                        .unwrap_or_default(),
                )
        }
        Conclusion::RequestRefused(refused) => {
            told("request.refused", &[("why", refused.why.clone())])
        }
        Conclusion::CallEnded(ended) => call_ended(ended),
    }
}

fn call_refused(refused: &CallRefused) -> Telling {
    let fields = [
        ("status", refused.status.to_string()),
        ("why", refused.why.clone()),
    ];
    let mut telling = told("call.refused", &fields);
    for tried in &refused.tried {
        telling = telling.with(&tried.candidate, tried.failed.as_str());
    }
    telling
}

fn call_ended(ended: &CallEnded) -> Telling {
    let id = match ended.outcome {
        CallOutcome::Completed | CallOutcome::Transferred => "call.ended",
        CallOutcome::Abandoned => "call.abandoned",
        CallOutcome::Refused | CallOutcome::Failed => "call.broken",
    };
    told(id, &[("cause", ended.cause.clone())])
        .with("by", format!("{:?}", ended.by))
        .with("outcome", format!("{:?}", ended.outcome))
}

/// A command as a part of a sentence.
pub(crate) fn words(command: &Command, cast: &Cast) -> String {
    let party = cast.party(command.leg());
    match command {
        Command::RingLeg(_) => format!("let {party} hear ringing"),
        Command::AnswerLeg(_) => format!("answer {party}"),
        Command::PassEarlyMedia(pass) => {
            format!(
                "let {party} hear {} before the answer",
                cast.party(pass.from)
            )
        }
        Command::RefuseLeg(refuse) => {
            format!("refuse {party} with {} {}", refuse.status, refuse.phrase)
        }
        Command::DialLeg(dial) => format!("call {party} at {}", dial.destination),
        Command::DialStream(dial) => format!("connect to {party} at {}", dial.url),
        Command::HangUpLeg(_) => format!("hang {party} up"),
        Command::BridgeLegs(bridge) => {
            format!(
                "let {party} and {} hear each other",
                cast.party(bridge.with)
            )
        }
        Command::ConnectAgent(connect) => {
            format!(
                "put agent {} ({}) on the line of {party}",
                connect.agent,
                kind(&connect.does)
            )
        }
        Command::AcceptTransfer(_) => format!("accept the REFER of {party}"),
        Command::RefuseTransfer(refuse) => {
            format!(
                "refuse the REFER of {party} with {} {}",
                refuse.status, refuse.phrase
            )
        }
        Command::ReportTransfer(report) => {
            format!(
                "tell {party} how the transfer goes: {} {}",
                report.status, report.phrase
            )
        }
        Command::StartRecording(_) => format!("record {party}"),
        Command::PauseRecording(pause) => format!("pause the recording for {}", pause.by),
        Command::ResumeRecording(resume) => format!("resume the recording for {}", resume.by),
        Command::StopRecording(stop) => format!("end the recording for {}", stop.by),
        Command::ReferLeg(refer) => {
            format!(
                "send {party} to {} by REFER",
                short_uri(refer.target.reveal())
            )
        }
    }
}

fn kind(agent: &BuiltInAgent) -> &'static str {
    match agent {
        BuiltInAgent::Echo => "echo",
        BuiltInAgent::Tone { .. } => "tone",
        BuiltInAgent::Announcement { .. } => "announcement",
        BuiltInAgent::Menu { .. } => "menu",
        BuiltInAgent::Hold => "hold",
    }
}
