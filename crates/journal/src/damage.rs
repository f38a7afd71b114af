//! A place of the log that cannot be read.

use std::fmt;
use std::path::PathBuf;

/// Bytes that are no record although records were there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment file.
    pub file: PathBuf,
    /// Where the damage begins in the file.
    pub offset: u64,
    /// How many bytes are unreadable; 0 if the bytes are not there at all.
    pub bytes: u64,
    /// The number of the first event that is missing.
    pub first: u64,
    /// The number of the next event that can be read; `first` if no event is missing.
    pub next: u64,
}

impl Damage {
    /// How many events are missing.
    pub fn missing(&self) -> u64 {
        self.next - self.first
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at byte {}: {} bytes are unreadable, ",
            self.file.display(),
            self.offset,
            self.bytes
        )?;
        match self.missing() {
            0 => write!(f, "no event is missing"),
            1 => write!(f, "event {} is missing", self.first),
            _ => write!(f, "events {} to {} are missing", self.first, self.next - 1),
        }
    }
}
