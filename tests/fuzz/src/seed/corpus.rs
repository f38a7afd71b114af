//! What runs have found and is kept in `corpus/TARGET`: one input a line, with what is no plain text escaped.

use std::path::Path;
use std::{fs, io};

/// The inputs of each target.
pub fn read(home: &Path) -> io::Result<Vec<(String, Vec<Vec<u8>>)>> {
    let mut all = Vec::new();
    for file in fs::read_dir(home.join("corpus"))? {
        let path = file?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path)?;
        let inputs = text.lines().map(|line| unescape(line.as_bytes()));
        let inputs: Option<Vec<_>> = inputs.collect();
        let inputs = inputs
            .ok_or_else(|| io::Error::other(format!("{name} has a line that is no input")))?;
        all.push((name, inputs));
    }
    all.sort();
    Ok(all)
}

/// The octets of a line.
fn unescape(line: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'\\' {
            octets.push(*first);
            continue;
        }
        let (kind, behind) = rest.split_first()?;
        rest = behind;
        octets.push(match kind {
            b't' => b'\t',
            b'r' => b'\r',
            b'n' => b'\n',
            b'x' => {
                let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                rest = &rest[2..];
                u8::from_str_radix(digits, 16).ok()?
            }
            other => *other,
        });
    }
    Some(octets)
}
