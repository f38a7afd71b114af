//! Each file of `tests/calls` is a call as text; what every view makes of it is a snapshot beside it.
//!
//! Each one is also delivered again and again, in pieces and out of order, and must not change.

mod script;

use std::fmt::Write as _;
use std::path::Path;

use projections::history::{Applied, Leg};
use projections::ladder::Characters;
use projections::sentences::Level;
use projections::verification::findings;
use projections::{Ladder, Live, Row, Timeline, diagnosis::Diagnosis};
use schemas::{CallId, Record, Timestamp};
use script::{Written, write};
use trunkline_projections as projections;

datatest_stable::harness! {
    { test = scenario, root = "tests/calls", pattern = r"\.call$" },
}

fn scenario(path: &Path) -> datatest_stable::Result<()> {
    let text = std::fs::read_to_string(path)?;
    let call = CallId::new(1_790_000_000_000, [7; 10]);
    let written = write(&text, call, Timestamp(1_790_000_000_000_000));
    let row = fold(call, written.records.iter());
    again_changes_nothing(call, &written, &row);
    stored_is_read_back(&row);
    let name = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let story = tell(&text, &row, &written);
    assert!(
        !story.chars().any(|c| c.is_control() && c != '\n'),
        "control characters are shown"
    );
    insta::with_settings!({ snapshot_path => "calls", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, story);
    });
    Ok(())
}

fn fold<'a>(call: CallId, records: impl Iterator<Item = &'a Record>) -> Row {
    let mut row = Row::new(call);
    for record in records {
        row.apply(record);
    }
    row
}

fn again_changes_nothing(call: CallId, written: &Written, row: &Row) {
    let ten_times = written
        .records
        .iter()
        .flat_map(|record| std::iter::repeat_n(record, 10));
    assert_eq!(fold(call, ten_times), *row, "ten deliveries of each event");
    for end in 0..=written.records.len() {
        let (before, behind) = written.records.split_at(end);
        let again = before.iter().chain(before).chain(behind).chain(behind);
        assert_eq!(fold(call, again), *row, "the first {end} events twice");
    }
    let stranger = fold(CallId([1; 16]), written.records.iter());
    assert_eq!(stranger.events, 0, "the events of another call");
    let mut again = row.clone();
    assert!(
        written
            .records
            .iter()
            .all(|record| again.apply(record) == Applied::Nothing)
    );
}

fn stored_is_read_back(row: &Row) {
    let bytes = postcard::to_allocvec(row).expect("a row encodes");
    assert_eq!(postcard::from_bytes::<Row>(&bytes).as_ref(), Ok(row));
    let json = serde_json::to_string(row).expect("a row is JSON");
    assert_eq!(
        serde_json::from_str::<Row>(&json).expect("it reads back"),
        *row
    );
}

fn tell(text: &str, row: &Row, written: &Written) -> String {
    let claim = text.lines().next().unwrap_or_default();
    let mut story = format!("{claim}\n");
    let diagnosis = Diagnosis::of(row);
    let _ = writeln!(story, "\n{} {}", diagnosis.mark.glyph(), diagnosis.verdict);
    for words in &diagnosis.incomplete {
        let _ = writeln!(story, "✖ incomplete: {words}");
    }
    for cause in &diagnosis.causes {
        let _ = writeln!(
            story,
            "  {} ({}): {}",
            cause.title,
            cause.events.len(),
            cause.text
        );
    }
    let _ = writeln!(story, "\n{}", row_words(row));
    for line in row.legs.iter().filter_map(Leg::quality).flatten() {
        let _ = writeln!(story, "{line}");
    }
    let ladder = Ladder::of(row.call, &written.records, &written.wire);
    let unicode = ladder.text(Characters::Unicode);
    let ascii = ladder.text(Characters::Ascii);
    assert!(ascii.is_ascii(), "an ASCII ladder is ASCII");
    assert!(ascii.lines().all(|line| line.len() <= 100));
    assert!(unicode.lines().all(|line| line.chars().count() <= 100));
    let _ = writeln!(story, "\n{unicode}");
    let timeline = Timeline::of(row.call, &written.records, &written.wire);
    for moment in timeline.at_level(Level::Decisions) {
        let level = if moment.level == Level::Story {
            ""
        } else {
            "  · "
        };
        let seconds = moment.offset_us / 1_000;
        let (glyph, side, words) = (moment.mark.glyph(), &moment.side, &moment.text);
        let _ = writeln!(story, "{seconds:>7} ms {glyph} {side:<8} {level}{words}");
    }
    let _ = writeln!(story);
    for (trunk, finding) in findings(row) {
        assert!(!finding.events.is_empty());
        let (title, verdict) = (finding.check.title(), finding.verdict.word());
        let _ = writeln!(story, "{trunk} · {title}: {verdict}: {}", finding.why);
    }
    let live = Live::of([row], 10);
    for one in live.calls {
        let _ = writeln!(
            story,
            "live: {:?}, held {}, {:?}",
            one.state, one.held, one.legs
        );
    }
    story.trim_end().to_owned()
}

fn row_words(row: &Row) -> String {
    let mut words = format!(
        "outcome {:?}, ring {:?} ms, talk {:?} ms, {} digits, {} events, {} unknown, {} unreadable",
        row.outcome, row.ring_ms, row.talk_ms, row.digits, row.events, row.unknown, row.unreadable
    );
    if let Some(first) = &row.first_called {
        let _ = write!(words, "\nfirst called: {:?}", first.number.reveal());
        let _ = write!(words, " by {}, {:?}", first.field, first.reason);
    }
    for header in &row.handed_back {
        let _ = write!(
            words,
            "\nhanded back: {}: {}",
            header.name,
            header.value.reveal()
        );
    }
    for leg in &row.legs {
        let codec = leg.codec.as_ref().map_or("-", |codec| codec.name.as_str());
        let trunk = leg.trunk.as_ref().map_or("-", |trunk| trunk.as_str());
        let _ = write!(
            words,
            "\nleg {}: {:?} {:?}, trunk {trunk}, {codec}, talk {:?}, {:?}",
            leg.id, leg.role, leg.state, leg.talk_ms, leg.cause
        );
    }
    for transfer in &row.transfers {
        let _ = write!(
            words,
            "\ntransfer: {:?} {:?} by {:?}, {:?}, {:?}",
            transfer.state, transfer.method, transfer.by, transfer.acceptance, transfer.why
        );
    }
    for trouble in &row.troubles {
        let _ = write!(words, "\ntrouble: {:?}", trouble.what);
    }
    words
}
