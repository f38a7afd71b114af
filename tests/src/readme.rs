//! What the README shows, taken out of it, so that tests prove it as it stands there.

use std::fs;
use std::path::Path;

/// The text of the first block in a language behind a heading; the language of a block without one is empty.
pub fn block(heading: &str, language: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let file = root
        .expect("the tests are in the repository")
        .join("README.md");
    let readme = fs::read_to_string(file).expect("there is a README");
    let heading = format!("\n## {heading}\n");
    let (_, behind) = readme.split_once(&heading).expect("it has that heading");
    let mut blocks = Vec::new();
    let mut lines = behind.lines().take_while(|line| !line.starts_with("## "));
    while let Some(line) = lines.next() {
        if let Some(found) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((found, text.join("\n") + "\n"));
        }
    }
    let mut found = blocks.into_iter();
    let (_, text) = found
        .find(|(found, _)| *found == language)
        .expect("it has a block of that language");
    text
}

/// A line without what differs from run to run: numbers, whether they are seconds or thousandths, and how wide a column is.
pub fn words(line: &str) -> String {
    let mut words = String::new();
    for word in line.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        let mut was_number = false;
        for c in word.chars() {
            let is_number = c.is_ascii_digit() || (was_number && matches!(c, '.' | ':'));
            if !is_number {
                words.push(c);
            } else if !was_number {
                words.push('0');
            }
            was_number = is_number;
        }
    }
    words.replace("0 ms", "0 s")
}
