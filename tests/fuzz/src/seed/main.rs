//! Writes the first inputs of each target: `seed DIRECTORY` makes a folder for each. The torture messages, the scenarios
//! and the golden bytes are read where they lie; what is made here are programs and files that no test has as bytes. What
//! runs have found is in `corpus`. `seed --keep DIRECTORY` writes that anew, from a folder of small inputs for each target.

mod corpus;
mod files;
mod keep;
mod programs;
mod texts;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

// The code under test is built to report to libFuzzer, which therefore has to be there.
use libfuzzer_sys as _;

fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1);
    let mut target = arguments.next();
    let keeps = target.as_deref().is_some_and(|first| first == "--keep");
    if keeps {
        target = arguments.next();
    }
    let target = target.map(PathBuf::from);
    let target = target.ok_or_else(|| io::Error::other("usage: seed [--keep] DIRECTORY"))?;
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    if keeps {
        return keep::keep(&target, home);
    }
    let root = home.join("../..");
    let messages = texts::messages(&root)?;
    let records = files::golden(&root)?;

    put(&target, "datagram", &messages)?;
    put(&target, "stream", &programs::streams(&messages))?;
    put(&target, "uri", &texts::uris())?;
    put(&target, "header", &texts::headers(&messages))?;
    put(&target, "identity", &texts::identities())?;
    put(&target, "digest", &texts::challenges())?;
    put(&target, "sdp", &texts::descriptions(&messages))?;
    put(&target, "endpoint", &programs::endpoint(&messages))?;
    put(&target, "rtp", &programs::rtp())?;
    put(&target, "srtp", &programs::srtp())?;
    put(&target, "dtls", &programs::dtls())?;
    put(&target, "stun", &programs::stun())?;
    put(&target, "codec", &programs::codec())?;
    put(&target, "agent", &texts::agents())?;
    put(&target, "record", &records)?;
    put(&target, "segment", &files::segments(&records))?;
    put(&target, "decide", &programs::decide())?;
    for (name, inputs) in corpus::read(home)? {
        write(&target.join(name), "kept", &inputs)?;
    }
    Ok(())
}

fn put(target: &Path, name: &str, inputs: &[Vec<u8>]) -> io::Result<()> {
    assert!(!inputs.is_empty(), "{name} has no seeds");
    write(&target.join(name), "seed", inputs)
}

fn write(folder: &Path, kind: &str, inputs: &[Vec<u8>]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, input) in inputs.iter().enumerate() {
        fs::write(folder.join(format!("{kind}-{number:03}")), input)?;
    }
    Ok(())
}
