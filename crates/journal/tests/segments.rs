//! What segment files survive: crashes, cuts, flipped bits, full disks, slow readers.

mod script;

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use schemas::{Lane, Position, Record, Subject};
use script::{Pen, append, call, records, take};
use tempfile::TempDir;
use trunkline_journal::{
    Continuity, Error, EventLog, Filter, Outcome, Reason, Retention, Segments, Settings, Stream,
    export,
};

const SMALL: Settings = Settings {
    segment_bytes: 4 << 10,
    wire_sync: Duration::from_secs(1),
    events: Retention::FOREVER,
    wire: Retention::FOREVER,
};

fn open(directory: &Path) -> Segments {
    Segments::open(directory, SMALL).unwrap()
}

fn segment_files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory.join("events"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    paths.sort();
    paths
}

/// Everything readable, and how many places were damaged.
fn scan(path: &Path) -> (Vec<Record>, u64) {
    let archive = Segments::open_read_only(path).unwrap();
    let (mut records, mut missing) = (Vec::new(), 0);
    for item in archive.entries(Stream::Events, Filter::ALL) {
        match item {
            Ok(entry) => records.push(entry.record),
            Err(Error::Damaged(damage)) => missing += damage.missing().max(1),
            Err(error) => panic!("{error}"),
        }
    }
    (records, missing)
}

#[tokio::test]
async fn a_log_that_is_opened_again_goes_on() {
    let directory = TempDir::new().unwrap();
    let mut pens = [1, 2, 3].map(|number| Pen::of_call(number, Lane::Facts));
    let mut written = Vec::new();
    let mut place = None;
    for round in 0..6 {
        let log = open(directory.path());
        let from = place.unwrap_or(Position::beginning(log.id(Stream::Events)));
        assert_eq!(
            log.check(Stream::Events, &from).await.unwrap(),
            Continuity::Same
        );
        assert_eq!(log.report().events.cut_bytes, 0);
        for pen in &mut pens {
            let batch = pen.write_many(7 * round);
            append(&log, &batch).await;
            written.extend(batch);
        }
        if round == 3 {
            // An index that is lost or damaged is made again.
            let indexes = segment_files(directory.path(), "index");
            fs::remove_file(&indexes[0]).unwrap();
            let mut bytes = fs::read(&indexes[1]).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&indexes[1], bytes).unwrap();
        }
        for number in 1..=3 {
            let entries = log.read(&Subject::Call(call(number))).await.unwrap();
            assert_eq!(entries.len(), 7 * (0..=round).sum::<usize>());
            if let Some(entry) = entries.first() {
                let again = log.append(vec![entry.record.clone()]).await;
                assert!(matches!(again[0], Outcome::AlreadyThere(_)));
            }
        }
        place = Some(log.head(Stream::Events).await.unwrap());
    }
    assert!(segment_files(directory.path(), "segment").len() > 10);
    assert_eq!(scan(directory.path()), (written, 0));
}

#[tokio::test]
async fn a_second_writer_is_told_and_a_reader_is_welcome() {
    let directory = TempDir::new().unwrap();
    let log = open(directory.path());
    let second = Segments::open(directory.path(), SMALL);
    assert!(matches!(second, Err(Error::InUse { .. })), "{second:?}");
    let mut pen = Pen::of_call(1, Lane::Facts);
    let mut written = Vec::new();
    for _ in 0..10 {
        let batch = pen.write_many(5);
        append(&log, &batch).await;
        written.extend(batch.clone());
        assert_eq!(scan(directory.path()), (written.clone(), 0));
        let archive = Segments::open_read_only(directory.path()).unwrap();
        let subject = archive.subject(&Subject::Call(call(1))).unwrap();
        assert_eq!(records(&subject), written);
        let refused = archive.append(batch).await;
        assert_eq!(refused[0], Outcome::Unavailable(Reason::Closed));
    }
}

#[tokio::test]
async fn a_file_cut_at_any_byte_keeps_what_is_whole() {
    let directory = TempDir::new().unwrap();
    let mut pen = Pen::of_call(1, Lane::Facts);
    let mut written = Vec::new();
    {
        let log = open(directory.path());
        for _ in 0..8 {
            let record = pen.write();
            append(&log, std::slice::from_ref(&record)).await;
            written.push(record);
        }
    }
    let file = segment_files(directory.path(), "segment").remove(0);
    let whole = fs::read(&file).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut seen = Vec::new();
    for length in 77..used {
        let copy = TempDir::new().unwrap();
        fs::create_dir_all(copy.path().join("events")).unwrap();
        let cut = copy.path().join("events").join(file.file_name().unwrap());
        fs::write(&cut, &whole[..length]).unwrap();
        let log = open(copy.path());
        assert!(log.report().events.damage.is_empty());
        let entries = log.read(&Subject::Call(call(1))).await.unwrap();
        assert_eq!(records(&entries), written[..entries.len()]);
        seen.push(entries.len());
        // It goes on from there, and the next reader sees one whole history.
        append(&log, &written[entries.len()..]).await;
        drop(log);
        assert_eq!(scan(copy.path()), (written.clone(), 0));
    }
    assert!(seen.is_sorted());
    assert_eq!((seen[0], seen[seen.len() - 1]), (0, 8));
}

#[tokio::test]
async fn a_flipped_bit_is_told_and_hides_one_event_at_most() {
    let directory = TempDir::new().unwrap();
    let mut written = Vec::new();
    {
        let log = open(directory.path());
        let mut pen = Pen::of_call(1, Lane::Facts);
        for _ in 0..6 {
            let record = pen.write();
            append(&log, std::slice::from_ref(&record)).await;
            written.push(record);
        }
    }
    let file = segment_files(directory.path(), "segment").remove(0);
    let whole = fs::read(&file).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let damage = directory.path().join("damaged.segment");
    for at in 76..used {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&damage, &bytes).unwrap();
        let (readable, missing) = scan(&damage);
        assert!(readable.len() >= 5, "byte {at}");
        assert!(
            readable.iter().all(|record| written.contains(record)),
            "byte {at}"
        );
        if readable.len() < 6 {
            assert_eq!(missing, 1, "byte {at}");
        }
    }
}

#[tokio::test]
async fn a_damaged_header_stops_the_opening_with_the_file_in_the_error() {
    let directory = TempDir::new().unwrap();
    append(
        &open(directory.path()),
        &[Pen::of_call(1, Lane::Facts).write()],
    )
    .await;
    let file = segment_files(directory.path(), "segment").remove(0);
    let whole = fs::read(&file).unwrap();
    for at in 0..76 {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(&file, &bytes).unwrap();
        let error = Segments::open(directory.path(), SMALL).unwrap_err();
        assert!(
            error.to_string().contains(file.to_str().unwrap()),
            "{error}"
        );
    }
}

/// Damage in the middle of a log with many segments: told when it is opened or read, once to each
/// follower, and never a reason to give a shorter answer.
#[tokio::test]
async fn damage_in_the_middle_is_told_and_never_skipped_in_silence() {
    let directory = TempDir::new().unwrap();
    let (mut one, mut two) = (Pen::of_call(1, Lane::Facts), Pen::of_call(2, Lane::Facts));
    {
        let log = open(directory.path());
        for _ in 0..200 {
            append(&log, &[one.write()]).await;
        }
        append(&log, &two.write_many(3)).await;
    }
    let files = segment_files(directory.path(), "segment");
    let hurt = &files[2];
    let middle = fs::metadata(hurt).unwrap().len() / 2;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(hurt)
        .unwrap();
    file.write_all_at(&[0xff; 3], middle).unwrap();
    for lost_indexes in [false, true] {
        if lost_indexes {
            for index in segment_files(directory.path(), "index") {
                fs::remove_file(index).unwrap();
            }
        }
        let log = open(directory.path());
        assert_eq!(log.report().events.damage.len(), usize::from(lost_indexes));
        let read = log.read(&Subject::Call(call(1))).await;
        assert!(
            matches!(&read, Err(Error::Damaged(damage)) if damage.file == *hurt),
            "{read:?}"
        );
        assert_eq!(log.read(&Subject::Call(call(2))).await.unwrap().len(), 3);
        let from = Position::beginning(log.id(Stream::Events));
        let mut follower = log.follow(Stream::Events, from, Filter::ALL).await.unwrap();
        let (mut seen, mut told) = (0, Vec::new());
        while seen < 202 {
            match follower.next().await {
                Ok(entries) => seen += entries.len(),
                Err(Error::Damaged(damage)) => told.push(damage),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0].file, told[0].missing()), (hurt, 1));
        assert_eq!(follower.position(), log.head(Stream::Events).await.unwrap());
    }
    // The log goes on all the same.
    let log = open(directory.path());
    append(&log, &one.write_many(30)).await;
}

/// The power goes during a write: its parts reach the disk in any order. Nothing of it was confirmed,
/// so it is cut from the first torn record on, also what is whole behind it; the cut bytes are kept.
#[tokio::test]
async fn a_torn_last_write_is_cut_where_it_tore() {
    let directory = TempDir::new().unwrap();
    let copy = TempDir::new().unwrap();
    let mut pen = Pen::of_call(1, Lane::Facts);
    let before = pen.write_many(2);
    let torn = pen.write_many(8);
    let log = open(directory.path());
    append(&log, &before).await;
    append(&log, &torn).await;
    // The log is open: there is no mark behind the last write, as after a crash.
    copy_all(directory.path(), copy.path());
    let path = segment_files(copy.path(), "segment").remove(0);
    let length = before[0].bytes().len() as u64 + 20;
    let third_of_the_write = 76 + 5 * length - 40;
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0; 16], third_of_the_write).unwrap();
    assert_eq!(scan(copy.path()), (pen_records(&before, &torn[..2]), 0));
    let again = open(copy.path());
    let report = &again.report().events;
    assert!(
        report.damage.is_empty() && report.cut_bytes > 4 * length,
        "{report:?}"
    );
    let kept = report.cut_kept_in.as_ref().unwrap();
    assert_eq!(fs::metadata(kept).unwrap().len(), report.cut_bytes);
    // The writer offers everything again, as it must: nothing was confirmed to it.
    append(&again, &torn[2..]).await;
    drop(again);
    assert_eq!(scan(copy.path()), (pen_records(&before, &torn), 0));
}

fn pen_records(first: &[Record], second: &[Record]) -> Vec<Record> {
    [first, second].concat()
}

#[tokio::test]
async fn a_missing_segment_is_told() {
    let directory = TempDir::new().unwrap();
    let mut pen = Pen::of_call(1, Lane::Facts);
    append(&open(directory.path()), &pen.write_many(200)).await;
    let files = segment_files(directory.path(), "segment");
    fs::remove_file(&files[1]).unwrap();
    let log = open(directory.path());
    let damage = &log.report().events.damage;
    assert_eq!(damage.len(), 1);
    let (readable, missing) = scan(directory.path());
    assert_eq!(readable.len() as u64 + missing, 200);
    assert!(missing > 10);
    assert!(log.read(&Subject::Call(call(1))).await.is_err());
}

#[tokio::test]
async fn a_log_that_lost_its_tail_or_was_replaced_is_noticed_behind_a_cursor() {
    let directory = TempDir::new().unwrap();
    let kept = TempDir::new().unwrap();
    let mut pen = Pen::of_call(1, Lane::Facts);
    append(&open(directory.path()), &pen.write_many(5)).await;
    copy_all(directory.path(), kept.path());
    let mut other = pen.rival();
    let (early, late) = {
        let log = open(directory.path());
        let early = log.head(Stream::Events).await.unwrap();
        append(&log, &pen.write_many(5)).await;
        (early, log.head(Stream::Events).await.unwrap())
    };
    // Yesterday's directory comes back, and others write to it.
    let log = open(kept.path());
    let check = log.check(Stream::Events, &late).await.unwrap();
    assert_eq!(check, Continuity::Truncated { head: early });
    append(&log, &other.write_many(9)).await;
    assert_eq!(
        log.check(Stream::Events, &late).await.unwrap(),
        Continuity::Diverged
    );
    assert_eq!(
        log.check(Stream::Events, &early).await.unwrap(),
        Continuity::Same
    );
    let follow = log.follow(Stream::Events, late, Filter::ALL).await;
    assert!(matches!(follow, Err(Error::Diverged)));
    let fresh = TempDir::new().unwrap();
    let log = open(fresh.path());
    assert_eq!(
        log.check(Stream::Events, &early).await.unwrap(),
        Continuity::Diverged
    );
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn old_segments_are_deleted_whole_and_a_cursor_behind_them_is_told() {
    let directory = TempDir::new().unwrap();
    let settings = Settings {
        events: Retention {
            max_age: None,
            max_bytes: Some(16 << 10),
        },
        ..SMALL
    };
    let log = Segments::open(directory.path(), settings).unwrap();
    let first = log.append(Pen::of_call(1, Lane::Facts).write_many(3)).await;
    for number in 2..60 {
        append(&log, &Pen::of_call(number, Lane::Facts).write_many(5)).await;
    }
    assert!(segment_files(directory.path(), "segment").len() <= 5);
    let old = first[1].position().unwrap();
    assert_eq!(
        log.check(Stream::Events, &old).await.unwrap(),
        Continuity::Expired
    );
    let follow = log.follow(Stream::Events, old, Filter::ALL).await;
    assert!(matches!(follow, Err(Error::Expired { oldest }) if oldest > 3));
    assert!(log.read(&Subject::Call(call(1))).await.unwrap().is_empty());
    assert_eq!(log.read(&Subject::Call(call(59))).await.unwrap().len(), 5);
    let from = Position::beginning(log.id(Stream::Events));
    let mut follower = log.follow(Stream::Events, from, Filter::ALL).await.unwrap();
    assert!(!follower.next().await.unwrap().is_empty());
}

/// A reader that stops for a whole history of many segments holds nothing, and still gets all.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_costs_nothing_and_gets_all() {
    let directory = TempDir::new().unwrap();
    let settings = Settings {
        segment_bytes: 1 << 20,
        ..SMALL
    };
    let log = Segments::open(directory.path(), settings).unwrap();
    let from = Position::beginning(log.id(Stream::Events));
    let mut slow = log.follow(Stream::Events, from, Filter::ALL).await.unwrap();
    append(&log, &[Pen::of_call(0, Lane::Facts).write()]).await;
    assert_eq!(slow.next().await.unwrap().len(), 1);
    let before = resident_bytes();
    const CALLS: u64 = 1_500;
    for number in 1..=CALLS {
        let mut pen = Pen::of_call(number, Lane::Facts);
        let batch: Vec<Record> = (0..25).map(|_| pen.write_unknown(600)).collect();
        append(&log, &batch).await;
    }
    let grown = resident_bytes().saturating_sub(before);
    let on_disk: u64 = segment_files(directory.path(), "segment")
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert!(on_disk > 24 << 20, "{on_disk}");
    assert!(
        grown < on_disk,
        "{grown} bytes of memory for {on_disk} bytes of log"
    );
    let count = usize::try_from(CALLS * 25).unwrap();
    let entries = take(&mut slow, count).await;
    let dense = entries
        .windows(2)
        .all(|pair| pair[1].position.sequence == pair[0].position.sequence + 1);
    assert!(dense);
}

fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}

#[tokio::test]
async fn an_exported_call_is_one_sealed_file() {
    let directory = TempDir::new().unwrap();
    let log = open(directory.path());
    let (mut facts, mut wire) = (Pen::of_call(1, Lane::Facts), Pen::of_call(1, Lane::Wire));
    let mut batch = facts.write_many(20);
    batch.extend(wire.write_many(30));
    append(&log, &batch).await;
    let events = log.read(&Subject::Call(call(1))).await.unwrap();
    let messages = log.read_wire(call(1)).await.unwrap();
    let all = records(&[events, messages].concat());
    let bytes = export(&all);
    assert_eq!(bytes, export(&all));
    let file = directory.path().join("incident.trunkline");
    fs::write(&file, &bytes).unwrap();
    let archive = Segments::open_read_only(&file).unwrap();
    assert!(archive.report().events.is_complete);
    let events = archive.subject(&Subject::Call(call(1))).unwrap();
    assert_eq!(records(&events), all[..20]);
    assert_eq!(records(&archive.wire(call(1)).unwrap()), all[20..]);
    let listed: Vec<Record> = archive
        .entries(Stream::Events, Filter::ALL)
        .map(|entry| entry.unwrap().record)
        .collect();
    assert_eq!(listed, all[..20]);
    // An end that is missing is told, wherever it is missing.
    for length in (77..bytes.len()).step_by(101) {
        fs::write(&file, &bytes[..length]).unwrap();
        let archive = Segments::open_read_only(&file).unwrap();
        assert!(!archive.report().events.is_complete, "cut at {length}");
    }
}

/// The file format is a promise: what was written once is read by every later release.
#[test]
fn the_golden_file_is_still_written_and_read() {
    let mut records = Pen::of_call(1, Lane::Facts).write_many(3);
    records.extend(Pen::of_call(1, Lane::Wire).write_many(2));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-1.trunkline");
    assert_eq!(fs::read(&golden).unwrap(), export(&records));
    let archive = Segments::open_read_only(&golden).unwrap();
    assert_eq!(archive.wire(call(1)).unwrap().len(), 2);
    assert_eq!(archive.subject(&Subject::Call(call(1))).unwrap().len(), 3);
}

/// A peer that puts the bytes of a frame into a message gains nothing when the disk is damaged there.
#[tokio::test]
async fn bytes_of_a_peer_never_pass_for_a_record() {
    use schemas::{Event, Unknown};
    let directory = TempDir::new().unwrap();
    let forged = export(&Pen::of_call(7, Lane::Facts).write_many(3))[76..].to_vec();
    {
        let log = open(directory.path());
        let mut pen = Pen::of_call(1, Lane::Facts);
        for payload in [forged, vec![1; 20]] {
            let event = Event::Unknown(Unknown {
                kind: 60_000,
                version: 1,
                payload,
            });
            append(&log, &[pen.write_event(event)]).await;
        }
    }
    let file = segment_files(directory.path(), "segment").remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[80] ^= 1;
    let damaged = directory.path().join("damaged.segment");
    fs::write(&damaged, bytes).unwrap();
    let (readable, missing) = scan(&damaged);
    assert_eq!((readable.len(), missing), (1, 1));
    assert_eq!(readable[0].subject(), &Subject::Call(call(1)));
}

/// The child of the crash test: appends batches and tells the parent what was confirmed.
#[test]
#[ignore = "run by the crash test in a process of its own"]
fn child_that_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "the parent says where")]
    let Ok(directory) = std::env::var("TRUNKLINE_TEST_LOG") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let log = open(Path::new(&directory));
        let mut pens = Vec::new();
        for number in 0..5 {
            let subject = Subject::Call(call(number));
            let mut pen = Pen::new(subject.clone(), Lane::Facts);
            for entry in log.read(&subject).await.unwrap() {
                pen.follow(&entry.record);
            }
            pens.push(pen);
        }
        let mut out = std::io::stdout();
        for size in (1..6).cycle() {
            let batch: Vec<Record> = pens
                .iter_mut()
                .flat_map(|pen| pen.write_many(size))
                .collect();
            append(&log, &batch).await;
            for record in &batch {
                let subject = record.subject().call().unwrap();
                writeln!(
                    out,
                    "\nconfirmed {subject} {} {}",
                    record.header().sequence,
                    record.id()
                )
                .unwrap();
            }
            out.flush().unwrap();
        }
    });
}

/// SIGKILL in the middle of appends, again and again: nothing that was confirmed is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_loses_nothing_that_was_confirmed() {
    let directory = TempDir::new().unwrap();
    let mut confirmed = std::collections::BTreeMap::new();
    for round in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "child_that_is_killed",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env("TRUNKLINE_TEST_LOG", directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut after = 50 + round * 97;
        for line in lines {
            let line = line.unwrap_or_default();
            let mut words = line.split(' ');
            if let (Some("confirmed"), Some(call), Some(number), Some(id)) =
                (words.next(), words.next(), words.next(), words.next())
            {
                // A line that the kill cut short confirms nothing.
                if id.len() == 32 {
                    confirmed.insert(
                        (call.to_owned(), number.parse::<u32>().unwrap()),
                        id.to_owned(),
                    );
                }
                after -= 1;
                if after == 0 {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        let log = open(directory.path());
        assert!(log.report().events.damage.is_empty(), "{:?}", log.report());
        let mut there = std::collections::BTreeMap::new();
        for number in 0..5 {
            let entries = log.read(&Subject::Call(call(number))).await.unwrap();
            for (expected, entry) in (0..).zip(&entries) {
                assert_eq!(entry.record.header().sequence, expected);
                there.insert(
                    (call(number).to_string(), expected),
                    entry.record.id().to_string(),
                );
            }
        }
        for (key, id) in &confirmed {
            assert_eq!(
                there.get(key),
                Some(id),
                "round {round}: {key:?} was confirmed"
            );
        }
    }
    assert!(confirmed.len() > 1_000);
}

/// A real full disk: a small tmpfs. Needs root; elsewhere `a_file_limit_is_a_full_disk` stands in.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_heals() {
    let mount = TempDir::new().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=96k", "tmpfs"])
        .arg(mount.path())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("SKIPPED, NOT TESTED: mounting a small tmpfs needs root");
        return;
    }
    let outcome = tokio::spawn(fill_and_heal(mount.path().to_owned())).await;
    let unmounted = Command::new("umount").arg(mount.path()).status().unwrap();
    outcome.unwrap();
    assert!(unmounted.success());
}

async fn fill_and_heal(directory: PathBuf) {
    let log = open(&directory);
    let ballast = directory.join("ballast");
    fs::write(&ballast, vec![1; 40 << 10]).unwrap();
    let mut pen = Pen::of_call(1, Lane::Facts);
    let mut confirmed = Vec::new();
    let refused = loop {
        let batch = pen.write_many(3);
        let outcomes = log.append(batch.clone()).await;
        let taken = outcomes
            .iter()
            .take_while(|one| matches!(one, Outcome::Appended(_)))
            .count();
        confirmed.extend_from_slice(&batch[..taken]);
        let full = |one: &Outcome| matches!(one, Outcome::Unavailable(Reason::Full(_)));
        assert!(outcomes[taken..].iter().all(full), "{outcomes:?}");
        if taken < batch.len() {
            break batch[taken..].to_vec();
        }
    };
    // Nothing of what was refused can be seen, by anybody.
    let entries = log.read(&Subject::Call(call(1))).await.unwrap();
    assert_eq!(records(&entries), confirmed);
    assert_eq!(scan(&directory), (confirmed.clone(), 0));
    let again = log.append(refused.clone()).await;
    assert!(
        matches!(again[0], Outcome::Unavailable(Reason::Full(_))),
        "{again:?}"
    );
    fs::remove_file(ballast).unwrap();
    append(&log, &refused).await;
    confirmed.extend(refused);
    drop(log);
    assert_eq!(scan(&directory), (confirmed, 0));
}

/// A sync that fails, made to fail by the kernel's tracer: the writer stops, and says so for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_stops_the_writer() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("SKIPPED, NOT TESTED: strace was not found (apt install strace)");
        return;
    }
    let directory = TempDir::new().unwrap();
    let output = Command::new("strace")
        .args([
            "-f",
            "-o",
            "/dev/null",
            "-e",
            "inject=fdatasync:error=EIO:when=4",
        ])
        .arg(std::env::current_exe().unwrap())
        .args([
            "child_whose_sync_fails",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env("TRUNKLINE_TEST_LOG", directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("the writer stopped after 3"), "{text}");
}

#[test]
#[ignore = "run under strace by the test above"]
fn child_whose_sync_fails() {
    #[expect(clippy::disallowed_methods, reason = "the parent says where")]
    let Ok(directory) = std::env::var("TRUNKLINE_TEST_LOG") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let log = open(Path::new(&directory));
        let written = Pen::of_call(1, Lane::Facts).write_many(8);
        let mut taken = 0;
        for record in &written {
            match &log.append(vec![record.clone()]).await[0] {
                Outcome::Appended(_) if taken < 4 => taken += 1,
                Outcome::Unavailable(Reason::Failed(why)) => assert!(why.contains("sync"), "{why}"),
                other => panic!("{other:?}"),
            }
        }
        let entries = log.read(&Subject::Call(call(1))).await.unwrap();
        assert_eq!(entries.len(), taken);
        println!("the writer stopped after {taken}");
    });
}
