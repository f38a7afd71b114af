//! Keeps what runs have found: `seed --keep DIRECTORY`, where each target has a folder of small inputs.

use std::path::Path;
use std::{fs, io};

/// The most octets that are kept of a target: as much as a person looks through, and a repository bears.
const KEPT_MAX: usize = 20_000;

/// Writes the smallest inputs of each folder, as many as may be kept.
pub fn keep(folders: &Path, home: &Path) -> io::Result<()> {
    for folder in fs::read_dir(folders)? {
        let folder = folder?;
        let mut inputs = Vec::new();
        for file in fs::read_dir(folder.path())? {
            inputs.push(fs::read(file?.path())?);
        }
        inputs.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        let mut text = String::new();
        for input in inputs {
            let line = input.escape_ascii().to_string();
            if text.len() + line.len() < KEPT_MAX && !line.is_empty() {
                text.push_str(&line);
                text.push('\n');
            }
        }
        fs::write(home.join("corpus").join(folder.file_name()), text)?;
    }
    Ok(())
}
