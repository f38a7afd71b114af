//! Decisions as lines of text.

use std::fmt::Write;

use schemas::command::{DialLeg, PauseRecording, ResumeRecording, StopRecording};
use schemas::media::MediaTerms;
use schemas::observation::{Identity, Party, Tried};
use schemas::{Command, Conclusion, Decision, Personal};

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
        Command::RefuseLeg(refuse) => {
            let mut text = format!(" {} {}", refuse.status, refuse.phrase);
            if let Some(reason) = &refuse.reason {
                write!(text, ", {reason}").expect("it takes text");
            }
            if let Some(after) = refuse.retry_after_s {
                write!(text, ", again after {after} s").expect("it takes text");
            }
            text
        }
        Command::DialLeg(dial) => {
            format!(
                " {} at {} {:?}{}, from {}{}{}{}",
                dial.target.reveal(),
                dial.destination,
                dial.transport,
                dial.trunk
                    .as_ref()
                    .map(|trunk| format!(" through {trunk}"))
                    .unwrap_or_default(),
                from(dial.caller.reveal()),
                told(dial),
                dial.codecs_of
                    .map(|leg| format!(", codecs of {leg}"))
                    .unwrap_or_default(),
                media(&dial.media),
            )
        }
        Command::DialStream(dial) => {
            let parameters = dial.parameters.iter();
            let parameters =
                parameters.map(|told| format!(", {}={}", told.name, told.value.reveal()));
            let told: String = parameters.collect();
            let silent_s = dial.silent_ms / 1_000;
            format!(
                " {} at {} {:?}, silent {silent_s} s{told}",
                dial.agent, dial.url, dial.protocol
            )
        }
        Command::BridgeLegs(bridge) => format!(" with {}", bridge.with),
        Command::PassEarlyMedia(pass) => format!(" from {}", pass.from),
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
        Command::HangUpLeg(hang_up) => {
            let context = hang_up.context.iter();
            let context =
                context.map(|header| format!("{}: {}", header.name, header.value.reveal()));
            let along = hang_up.reason.clone().into_iter().chain(context);
            along.map(|text| format!(", {text}")).collect()
        }
        Command::StartRecording(start) => format!(
            " number {}, {}, digits {:?}",
            start.recording,
            match &start.notice {
                Some(notice) => format!("{notice:?} first"),
                None => "no notice".to_owned(),
            },
            start.digits
        ),
        Command::PauseRecording(PauseRecording { by, .. })
        | Command::ResumeRecording(ResumeRecording { by, .. })
        | Command::StopRecording(StopRecording { by, .. }) => format!(" for {by}"),
        Command::RingLeg(_) | Command::AnswerLeg(_) | Command::AcceptTransfer(_) => String::new(),
    };
    format!("{} {}{rest}", command.name(), command.leg())
}

fn from(caller: &Identity) -> &str {
    match caller.number.as_str() {
        "" => &caller.display_name,
        number => number,
    }
}

fn media(terms: &MediaTerms) -> String {
    if *terms == MediaTerms::default() {
        return String::new();
    }
    let MediaTerms {
        srtp,
        keying,
        codecs,
    } = terms;
    format!(", srtp {srtp:?} by {keying:?}, codecs {codecs:?}")
}

/// What is told beside From, in the order in which it is written.
fn told(dial: &DialLeg) -> String {
    let mut text = String::new();
    let mut add =
        |name: &str, value: &str| write!(text, ", {name}: {value}").expect("it takes text");
    let told = &dial.told;
    let number = |party: &Personal<Party>| party.reveal().identity.number.clone();
    for identity in &told.asserted {
        add("asserted", from(identity.reveal()));
    }
    for remote in &told.remote_parties {
        let privacy = remote.privacy.clone().unwrap_or_default();
        let screened = if remote.screened {
            "screened"
        } else {
            "unscreened"
        };
        let text = format!("{} {screened} {privacy}", number(&remote.party));
        add("remote party", &text);
    }
    for value in &told.privacy {
        add("privacy", value);
    }
    for diversion in &told.diversions {
        add("diversion", &number(&diversion.party));
    }
    for entry in &told.history {
        let identity = &entry.party.reveal().identity;
        let index = entry.index.clone().unwrap_or_default();
        add(
            "history",
            &format!("{index} {}{}", identity.number, identity.uri),
        );
    }
    for data in &told.user_to_user {
        add("User-to-User", data.content.reveal());
    }
    if let Some(domain) = &told.domain {
        add("at", domain);
    }
    if let Some(session) = &told.session {
        add("session", session);
    }
    if let Some(hops) = told.max_forwards {
        add("hops", &hops.to_string());
    }
    for header in &dial.context {
        add(&header.name, header.value.reveal());
    }
    text
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
        Conclusion::RequestRefused(refused) => line(format!(": {}", refused.why)),
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
