//! What the file says of recordings.

use call::configuration::{Recorded, Recording};
use schemas::command::{RecordedDigits, RecordingNotice};

use crate::configuration as file;
use crate::fault::{Fault, Source};

/// MiB that recordings may take if the file does not say.
const MAX_MB: u64 = 10_240;

/// Where the edge records to; nowhere if nothing is to be recorded.
pub(super) fn edge(
    file: &file::File,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Option<edge::recorder::Settings> {
    let trunks = file.trunk.values().map(|trunk| trunk.recording);
    let numbers = file.number.values().filter_map(|number| number.recording);
    if trunks
        .chain(numbers)
        .all(|when| when == file::Recorded::Off)
    {
        return None;
    }
    let written = &file.recording;
    let max_mb = written.max_mb.unwrap_or(MAX_MB);
    if max_mb == 0 {
        faults.push(source.fault(
            "recording.max_mb",
            "0 MiB hold no recording",
            format!("max_mb = {MAX_MB}, or recording = \"off\" for its trunks and numbers"),
        ));
    }
    let beside = || file.node.data.join("recorded");
    Some(edge::recorder::Settings {
        directory: written.directory.clone().unwrap_or_else(beside),
        bytes_max: max_mb.saturating_mul(1 << 20),
    })
}

/// How the calls of a trunk are recorded.
pub(super) fn trunk(
    name: &str,
    written: &file::Trunk,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Recording {
    let notice = written.recording_notice.as_deref().map(|text| match text {
        "tone" => RecordingNotice::Tone,
        file => {
            if !file.to_ascii_lowercase().ends_with(".wav") {
                faults.push(source.fault(
                    &format!("trunk.{name}.recording_notice"),
                    format!("{file:?} is neither a tone nor a file"),
                    r#"recording_notice = "tone", or "consent.wav" of the directory edge.recordings"#,
                ));
            }
            RecordingNotice::Announcement {
                file: file.to_owned(),
            }
        }
    });
    Recording {
        when: when(written.recording),
        notice,
        digits: match written.recording_digits {
            file::RecordedDigits::Mask => RecordedDigits::Masked,
            file::RecordedDigits::Pause => RecordedDigits::Paused,
            file::RecordedDigits::Keep => RecordedDigits::Kept,
        },
    }
}

/// When calls are recorded.
pub(super) fn when(written: file::Recorded) -> Recorded {
    match written {
        file::Recorded::Off => Recorded::Off,
        file::Recorded::OnRequest => Recorded::OnRequest,
        file::Recorded::On => Recorded::On,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Resolved, resolve};
    use super::*;

    fn with(before: &str, trunk: &str, number: &str) -> Result<Resolved, String> {
        let text = format!(
            "{before}\n[trunk.one]\nsources = [\"192.0.2.1\"]\n{trunk}\n\
             [number.\"*\"]\nagent = \"echo\"\n{number}\n"
        );
        resolve(Path::new("t.toml"), &text).map_err(|faults| faults.to_string())
    }

    #[test]
    fn nothing_is_recorded_unless_the_file_says_so() {
        let resolved = with("", "", "").unwrap();
        assert_eq!(resolved.edge.recorder, None);
        let snapshot = serde_json::to_string(resolved.call.configuration()).unwrap();
        assert!(!snapshot.contains("recording"), "{snapshot}");

        let own = "[recording]\ndirectory = \"/srv/calls\"\nmax_mb = 5";
        let trunk = "recording = \"on\"\nrecording_notice = \"tone\"\nrecording_digits = \"pause\"";
        let resolved = with(own, trunk, "recording = \"on-request\"").unwrap();
        let recorder = resolved.edge.recorder.unwrap();
        assert_eq!(recorder.directory, Path::new("/srv/calls"));
        assert_eq!(recorder.bytes_max, 5 << 20);
        let configuration = resolved.call.configuration();
        let expected = Recording {
            when: Recorded::On,
            notice: Some(RecordingNotice::Tone),
            digits: RecordedDigits::Paused,
        };
        assert_eq!(configuration.trunks[&"one".into()].recording, expected);
        let any = &configuration.numbers["*"];
        assert_eq!(any.recording, Some(Recorded::OnRequest));
        let default = with("", "", "recording = \"on\"").unwrap().edge.recorder;
        assert_eq!(default.unwrap().directory, Path::new("data/recorded"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_a_remedy() {
        let cases = [
            (
                with("", "recording = \"yes\"", ""),
                "t.toml:4:",
                "`on-request`",
            ),
            (
                with("", "recording = \"on\"\nrecording_notice = \"beep\"", ""),
                "t.toml:5:",
                "recording_notice = \"tone\"",
            ),
            (
                with("[recording]\nmax_mb = 0", "recording = \"on\"", ""),
                "t.toml:2:",
                "max_mb = 10240",
            ),
            (with("", "", "recording = 1"), "t.toml:", "string"),
        ];
        for (told, place, instead) in cases {
            let told = told.map(|_| ()).unwrap_err();
            assert!(told.contains(place) && told.contains(instead), "{told}");
        }
    }
}
