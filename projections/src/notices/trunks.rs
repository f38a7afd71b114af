//! What is told of trunks: whether they are there.

use schemas::observation::{LimitReached, ProbeFailure, TrunkDown, TrunkUp};

use super::Words;
use crate::Mark;

/// A target answers.
pub(super) fn up(up: &TrunkUp) -> Words {
    let TrunkUp { trunk, target, .. } = up;
    let latency_ms = f64::from(up.latency_us) / 1_000.0;
    let answer = format!("{} after {latency_ms:.1} ms", up.status);
    let text = match up.down_ms {
        Some(down_ms) => format!(
            "trunk {trunk} answers again at {target} ({answer}); it was down for {} s",
            down_ms / 1_000
        ),
        None => format!("trunk {trunk} answers at {target} ({answer})"),
    };
    (Mark::Ok, text, Vec::new())
}

/// A target does not answer.
pub(super) fn down(down: &TrunkDown) -> Words {
    let TrunkDown { trunk, target, .. } = down;
    let why = failure(&down.failure);
    let (mark, others) = match down.others_up {
        0 => (Mark::Bad, "no target of it is known to answer".to_owned()),
        1 => (Mark::Warn, "1 other target of it answers".to_owned()),
        others => (Mark::Warn, format!("{others} other targets of it answer")),
    };
    let text = format!("trunk {trunk} is down at {target}: {why}; {others}");
    let since = ("since".to_owned(), down.since.to_string());
    let probes = ("probes lost".to_owned(), down.probes.to_string());
    (mark, text, vec![since, probes])
}

/// Calls were too many. Whose limit it was stands in the reason.
pub(super) fn limit(reached: &LimitReached) -> Words {
    let through = match &reached.trunk {
        Some(trunk) => format!(" of trunk {trunk}"),
        None => String::new(),
    };
    let got = match reached.status {
        Some(status) => format!("got {status}"),
        None => "were not sent".to_owned(),
    };
    let text = format!("{} calls{through} {got}: {}", reached.calls, reached.why);
    (Mark::Warn, text, Vec::new())
}

/// Why a target is not there, in words.
pub(crate) fn failure(failure: &ProbeFailure) -> String {
    match failure {
        ProbeFailure::TimedOut { after_ms } => {
            format!("no answer within {} s", after_ms / 1_000)
        }
        ProbeFailure::Refused { status, phrase } => format!("it answered {status} {phrase}"),
        ProbeFailure::Unreachable { error } | ProbeFailure::NotFound { error } => error.clone(),
    }
}
