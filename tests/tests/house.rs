//! House rules that no compiler holds: lints everywhere, short files, no path of somebody's machine.

use std::fs;
use std::path::{Path, PathBuf};

/// The most lines that a source file may have in front of its tests.
const LINES_MAX: usize = 400;

/// Files that are longer for a reason, and how long they may be.
const LONGER: &[(&str, usize, &str)] = &[
    (
        "schemas/src/observation.rs",
        720,
        "one struct for each observation; a vocabulary is read as one list",
    ),
    (
        "projections/src/sentences.rs",
        600,
        "one row for each sentence; a catalogue is read as one list",
    ),
];

#[test]
fn every_package_takes_the_lints_of_the_house() {
    let mut manifests = 0;
    for path in files()
        .into_iter()
        .filter(|path| path.ends_with("Cargo.toml"))
    {
        let text = fs::read_to_string(&path).expect("a manifest is text");
        if text.contains("[workspace]") {
            continue;
        }
        manifests += 1;
        assert!(
            text.contains("[lints]\nworkspace = true\n"),
            "{} takes no lints",
            show(&path)
        );
    }
    assert!(manifests >= 13, "only {manifests} packages were found");
}

#[test]
fn source_files_are_short() {
    let mut long = Vec::new();
    for path in sources() {
        let name = show(&path);
        let lines = lines_before_tests(&fs::read_to_string(&path).expect("source is text"));
        let allowed = LONGER.iter().find(|(longer, ..)| *longer == name);
        if lines > allowed.map_or(LINES_MAX, |(_, lines, _)| *lines) {
            long.push(format!("{name} has {lines} lines without its tests"));
        }
    }
    assert!(
        long.is_empty(),
        "one noun to a file, {LINES_MAX} lines at most:\n  {}",
        long.join("\n  ")
    );
}

#[test]
fn the_list_of_longer_files_holds_no_more_than_it_must() {
    for (name, ..) in LONGER {
        let text = fs::read_to_string(root().join(name)).unwrap_or_default();
        assert!(
            lines_before_tests(&text) > LINES_MAX,
            "{name} need not be listed any more"
        );
    }
}

#[test]
fn the_readme_shows_the_bot_that_a_test_runs() {
    let bot = fs::read_to_string(root().join("tests/agents/echo.py")).expect("there is a bot");
    let shown = trunkline_tests::readme::block("A bot in a minute", "python");
    assert_eq!(
        shown, bot,
        "README.md shows another bot than tests/agents/echo.py"
    );
}

#[test]
fn every_source_file_says_what_it_is() {
    for path in sources() {
        let text = fs::read_to_string(&path).expect("source is text");
        assert!(
            text.starts_with("//! "),
            "{} does not begin with `//! `",
            show(&path)
        );
    }
}

#[test]
fn nothing_points_out_of_the_repository() {
    // Written in two parts, so that this file may pass.
    let forbidden = [
        concat!("..", "/shared"),
        concat!("/work", "/main"),
        concat!("/work", "/shared"),
    ];
    for path in files() {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        for word in forbidden {
            assert!(!text.contains(word), "{} mentions {word}", show(&path));
        }
    }
}

#[test]
fn lines_are_counted_up_to_the_tests() {
    assert_eq!(
        lines_before_tests("a\nb\n#[cfg(test)]\nmod tests {\nc\n}\n"),
        2
    );
    assert_eq!(
        lines_before_tests("a\n#[cfg(test)]\nuse b;\nc\n"),
        4,
        "only a module ends the count"
    );
}

fn lines_before_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| {
        pair[0] == "#[cfg(test)]" && (pair[1].starts_with("mod ") || pair[1].starts_with("#["))
    });
    tests.unwrap_or(lines.len())
}

fn sources() -> Vec<PathBuf> {
    let all = files().into_iter();
    let sources = all.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let ships = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "src");
    let sources: Vec<PathBuf> = sources.filter(ships).collect();
    assert!(
        sources.len() > 20,
        "only {} source files were found",
        sources.len()
    );
    sources
}

/// Every file of the repository but what is built, run or stored.
fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)
            .expect("a folder can be read")
            .flatten()
        {
            let name = entry.file_name();
            let path = entry.path();
            // `.git` is a folder, or a file where the checkout is one of several.
            if [".git", "target", "data"].iter().any(|skip| name == *skip) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn show(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

fn root() -> PathBuf {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).canonicalize();
    root.expect("the repository is there")
}
