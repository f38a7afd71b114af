//! `trunkline demo --once` as a person starts it: the story happens, or says that it does not.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

/// `trunkline demo --once | head -1`: the demo ends in order, without a word.
fn a_reader_leaves() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args(["demo", "--once", "--no-page", "--data"])
        .arg(directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Somebody may run a trunkline on this machine: then the demo says first where it listens instead.
    let mut lines_of_the_story = lines.by_ref().skip_while(|line| {
        let line = line.as_ref().unwrap();
        line.starts_with("UDP port ")
    });
    assert_eq!(lines_of_the_story.next().unwrap().unwrap(), "The story");
    drop(lines);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert_eq!(errors, "");
}

fn demo(arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args(["demo", "--once", "--no-page", "--data"])
        .arg(directory.path())
        .args(arguments)
        .output()
        .unwrap()
}

/// One after the other: a demo takes the first port that is free.
#[test]
fn the_story_happens_in_each_of_its_ways_and_ends_when_nobody_listens() {
    a_reader_leaves();
    let common = [
        "hears the menu's prompt",
        "Ada Lovelace, +14155550123, as +14155550199",
    ];
    let cases: [(&[&str], &[&str]); 3] = [
        (
            &[],
            &[
                "the transfer is completed",
                "hears the caller: 1000 Hz",
                "hears the human: 350 Hz",
                "Caller ID intact on transfer",
                "decisions re-decided, none differs",
            ],
        ),
        (
            &["--fail", "busy"],
            &["486", "is back at the menu", "none differs"],
        ),
        (
            &["--fail", "no-answer"],
            &["nobody answered", "is back at the menu", "none differs"],
        ),
    ];
    for (arguments, expected) in cases {
        let output = demo(arguments);
        let told = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}\n{told}\n{errors}"
        );
        for words in common.iter().chain(expected) {
            assert!(
                told.contains(words),
                "{arguments:?}: {words:?} is missing in\n{told}"
            );
        }
        assert!(!told.contains('\u{1b}'), "colours without a terminal");
        let widest = told
            .lines()
            .max_by_key(|line| line.chars().count())
            .unwrap();
        assert!(widest.chars().count() <= 100, "{widest}");
    }
}
