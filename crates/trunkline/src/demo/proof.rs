//! What the log tells of the story: ladder, timeline, verification, the same decisions once more.

use std::path::Path;

use projections::Row;
use projections::ladder::Characters;
use projections::sentences::Level;
use projections::verification::{Check, Report, Verdict};
use replay::re_decide::re_decide;
use replay::{By, Incident};
use schemas::{CallId, TrunkName};

use super::Fail;
use super::house::{CONTACT_CENTRE, PBX};
use super::teller::{headline, wrapped};
use crate::command::call::{ladder, row_of, timeline, why};
use crate::command::source::{Source, Where};
use crate::command::verify::{report, told};

/// What the caller's trunk must show, however the transfer ends.
const PBX_CHECKS: [Check; 5] = [
    Check::InboundReachesAgent,
    Check::TwoWayAudio,
    Check::Codec,
    Check::Digits,
    Check::CallerId,
];

/// What the trunk of the human queue must show when a human answers.
const CONTACT_CENTRE_CHECKS: [Check; 4] = [
    Check::TransferAccepted,
    Check::TransferLands,
    Check::CallerIdOnTransfer,
    Check::Outbound,
];

/// Where the sentences of a timeline begin.
const TIMELINE_INDENT: usize = 21;

/// How far the second line of a cause is moved in.
const WHY_INDENT: usize = 4;

/// Where the words of a verification row begin.
const VERDICT_INDENT: usize = 13;

/// Prints what the log tells, read as every other command reads it, and gives what is missing in it.
pub fn tell(config: &Path, call: CallId, fail: Option<Fail>) -> anyhow::Result<Vec<String>> {
    let source = Source::open(config, &Where::default())?;
    let incident = source.incident(&[call])?;
    let Some(recorded) = incident.call(call) else {
        return Ok(vec![format!("the call {call} in its log")]);
    };
    say!(
        "\n{}\n{}",
        headline("Ladder"),
        ladder(call, recorded, Characters::Unicode)
    );
    say!(
        "{}\n{}\n",
        headline("Timeline"),
        wrapped(&timeline(call, recorded, Level::Story), TIMELINE_INDENT)
    );
    say!(
        "{}\n{}",
        headline("Why"),
        wrapped(&why(call, recorded), WHY_INDENT)
    );
    let rows = source.rows()?;
    say!("\n{}", headline("Verification"));
    for trunk in [PBX, CONTACT_CENTRE] {
        let told = told(&report(&TrunkName::from(trunk), &rows));
        say!("{}\n", wrapped(&told, VERDICT_INDENT));
    }
    let mut missing = unproven(&row_of(call, recorded), fail);
    missing.extend(decided_differently(&incident)?);
    Ok(missing)
}

/// The rows of the verification that this call should have filled with PASS and has not.
fn unproven(row: &Row, fail: Option<Fail>) -> Vec<String> {
    let rows = std::slice::from_ref(row);
    let mut missing = not_passed(&report(&TrunkName::from(PBX), rows), &PBX_CHECKS);
    if fail.is_none() {
        let centre = report(&TrunkName::from(CONTACT_CENTRE), rows);
        missing.extend(not_passed(&centre, &CONTACT_CENTRE_CHECKS));
    }
    missing.extend(row.incomplete());
    missing
}

fn not_passed(report: &Report, checks: &[Check]) -> Vec<String> {
    let rows = checks.iter().filter_map(|check| report.row(*check));
    rows.filter(|row| row.verdict != Verdict::Pass)
        .map(|row| {
            format!(
                "trunk {}: {}: {}: {}",
                report.trunk,
                row.title,
                row.verdict.word(),
                row.why
            )
        })
        .collect()
}

/// Decides the call once more and says whether anything differs.
fn decided_differently(incident: &Incident) -> anyhow::Result<Vec<String>> {
    let damages = incident.damages();
    let outcome = re_decide(incident, By::Recorded);
    let mut missing: Vec<String> = damages.iter().map(ToString::to_string).collect();
    missing.extend(outcome.impossible.iter().map(|one| one.why.clone()));
    let differ = match outcome.divergences.len() {
        0 => "none differs".to_owned(),
        some => format!("{some} differ"),
    };
    missing.extend(outcome.divergences.iter().map(|one| {
        format!(
            "the {} of the call is answered differently when decided again",
            one.observation
        )
    }));
    say!(
        "{}\n{} decisions re-decided, {differ}.",
        headline("Replay"),
        outcome.decisions
    );
    Ok(missing)
}
