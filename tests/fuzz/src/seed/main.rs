//! Writes the first inputs of each target: `seed DIRECTORY` makes a folder for each. The torture messages, the scenarios
//! and the golden bytes are read where they lie; what is made here are programs and files that no test has as bytes.

mod files;
mod programs;
mod texts;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

// The code under test is built to report to libFuzzer, which therefore has to be there.
use libfuzzer_sys as _;

fn main() -> io::Result<()> {
    let target = env::args_os().nth(1).map(PathBuf::from);
    let target = target.ok_or_else(|| io::Error::other("usage: seed DIRECTORY"))?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let messages = texts::messages(&root)?;
    let records = files::golden(&root)?;

    put(&target, "datagram", &messages)?;
    put(&target, "stream", &programs::streams(&messages))?;
    put(&target, "uri", &texts::uris())?;
    put(&target, "identity", &texts::identities())?;
    put(&target, "digest", &texts::challenges())?;
    put(&target, "sdp", &texts::descriptions(&messages))?;
    put(&target, "endpoint", &programs::endpoint(&messages))?;
    put(&target, "rtp", &programs::rtp())?;
    put(&target, "srtp", &programs::srtp())?;
    put(&target, "record", &records)?;
    put(&target, "segment", &files::segments(&records))?;
    put(&target, "decide", &programs::decide())
}

fn put(target: &Path, name: &str, inputs: &[Vec<u8>]) -> io::Result<()> {
    assert!(!inputs.is_empty(), "{name} has no seeds");
    let folder = target.join(name);
    fs::create_dir_all(&folder)?;
    for (number, input) in inputs.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), input)?;
    }
    Ok(())
}
