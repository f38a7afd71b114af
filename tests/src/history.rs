//! Whether a history is whole, asked of the commands that everybody has.

use std::fs;

use serde_json::{Value, json};

/// Every chain is whole, nothing is missing, each of these calls ended once, and today's rules decide the same.
/// `run` runs a command on the log.
pub fn is_whole(run: impl Fn(&[&str]) -> (Option<i32>, String), calls: &[Value]) {
    let succeeds = |arguments: &[&str]| {
        let (code, text) = run(arguments);
        assert_eq!(code, Some(0), "trunkline {}:\n{text}", arguments[0]);
    };
    succeeds(&["check"]);
    succeeds(&["replay"]);
    let mut export = vec!["export"];
    for call in calls {
        assert!(!call["end"].is_null(), "it did not end: {call:#}");
        for lane in ["facts", "decisions", "requests"] {
            let missing = &call["lanes"][lane]["missing"];
            assert_eq!(*missing, json!([]), "{lane} of {call:#}");
        }
        export.push(call["call"].as_str().expect("a call has an id"));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.json");
    export.extend(["--output", file.to_str().expect("a path is text")]);
    succeeds(&export);
    // Each has an end, so none has two.
    let events = fs::read_to_string(file).expect("it was written");
    let ends = events.matches("\"CallEnded\"").count();
    assert_eq!(ends, calls.len(), "ends of {} calls", calls.len());
}
