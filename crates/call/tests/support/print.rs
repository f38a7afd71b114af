//! Decisions as lines of text.

use std::fmt::Write;

use schemas::observation::Tried;
use schemas::{Command, Conclusion, Decision};

pub fn decision(decision: &Decision) -> String {
    let mut text = format!("    {}\n", decision.rule);
    for one in &decision.commands {
        writeln!(text, "      {}", command(one)).expect("a string takes text");
    }
    for one in &decision.conclusions {
        conclusion(&mut text, one);
    }
    text
}

fn command(command: &Command) -> String {
    let rest = match command {
        Command::RefuseLeg(refuse) => format!(
            " {} {}{}",
            refuse.status,
            refuse.phrase,
            refuse
                .retry_after_s
                .map(|after| format!(", again after {after} s"))
                .unwrap_or_default()
        ),
        Command::DialLeg(dial) => {
            let context: Vec<String> = dial
                .context
                .iter()
                .map(|header| format!(", {}: {}", header.name, header.value.reveal()))
                .collect();
            format!(
                " {} at {} {:?}{}, from {}{}{}",
                dial.target.reveal(),
                dial.destination,
                dial.transport,
                dial.trunk
                    .as_ref()
                    .map(|trunk| format!(" through {trunk}"))
                    .unwrap_or_default(),
                dial.caller.reveal().number,
                context.concat(),
                dial.codecs_of
                    .map(|leg| format!(", codecs of {leg}"))
                    .unwrap_or_default(),
            )
        }
        Command::BridgeLegs(bridge) => format!(" with {}", bridge.with),
        Command::ConnectAgent(connect) => format!(" {}", connect.agent),
        Command::RefuseTransfer(refuse) => format!(" {} {}", refuse.status, refuse.phrase),
        Command::ReportTransfer(report) => format!(
            " {} {}{}",
            report.status,
            report.phrase,
            if report.last { ", the last" } else { "" }
        ),
        Command::ReferLeg(refer) => format!(
            " to {}{}",
            refer.target.reveal(),
            refer
                .referred_by
                .as_ref()
                .map(|by| format!(", referred by {}", by.reveal()))
                .unwrap_or_default()
        ),
        Command::RingLeg(_)
        | Command::AnswerLeg(_)
        | Command::HangUpLeg(_)
        | Command::AcceptTransfer(_) => String::new(),
    };
    format!("{} {}{rest}", command.name(), command.leg())
}

fn conclusion(text: &mut String, one: &Conclusion) {
    let mut line = |rest: String| {
        writeln!(text, "      = {}{rest}", one.name()).expect("a string takes text");
    };
    match one {
        Conclusion::CallRouted(routed) => {
            line(format!(" to {} by {}", routed.agent, routed.rule));
            tried(text, &routed.tried);
        }
        Conclusion::CallRefused(refused) => {
            line(format!(" {}: {}", refused.status, refused.why));
            tried(text, &refused.tried);
        }
        Conclusion::TransferStarted(started) => line(format!(
            " {:?} on leg {} to {}",
            started.method,
            started.leg,
            started.target.reveal()
        )),
        Conclusion::TransferCompleted(completed) => {
            line(format!(" {:?} on leg {}", completed.method, completed.leg));
        }
        Conclusion::TransferFailed(failed) => line(format!(
            " {:?}{}: {}",
            failed.failure,
            failed
                .status
                .map(|status| format!(" {status}"))
                .unwrap_or_default(),
            failed.why
        )),
        Conclusion::CallEnded(ended) => {
            line(format!(
                " by {:?}, {:?}: {}",
                ended.by, ended.outcome, ended.cause
            ));
        }
    }
}

fn tried(text: &mut String, tried: &[Tried]) {
    for one in tried {
        writeln!(text, "        tried {}: {}", one.candidate, one.failed)
            .expect("a string takes text");
    }
}
