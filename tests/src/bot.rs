//! A bot behind a WebSocket, as a process: Pipecat's own serializer for Twilio, or the one of the README.
//! `tests/agents/bot.py` and `echo.py` say what they do.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;
use crate::{ports, sound, wait};

/// How long it may take to start, and to be told something.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running bot.
pub struct Bot {
    port: u16,
    folder: TempDir,
    process: Process,
}

impl Bot {
    /// Starts one, with more arguments.
    pub fn start(more: &[&str]) -> Bot {
        Bot::start_script("bot.py", more)
    }

    /// Starts the bot of the README, which tells its folder nothing.
    pub fn echo() -> Bot {
        Bot::start_script("echo.py", &[])
    }

    fn start_script(script: &str, more: &[&str]) -> Bot {
        let (port, folder) = (ports::free(1), tempfile::tempdir().expect("a folder"));
        let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("agents");
        let script = agents.join(script);
        let mut command = Command::new("python3");
        command
            .arg(script)
            .arg(port.to_string())
            .arg(folder.path())
            .args(more);
        let mut process = Process::start("bot", &mut command, &folder.path().join("bot.log"));
        let up = wait::until(PATIENCE, || {
            assert!(process.runs(), "the bot ended:\n{}", process.output());
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        assert!(up.is_some(), "the bot did not start:\n{}", process.output());
        Bot {
            port,
            folder,
            process,
        }
    }

    /// What it printed.
    pub fn printed(&self) -> String {
        self.process.output()
    }

    /// The port on which it takes connections.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Says where its REST calls go.
    pub fn asks(&self, api: &str) {
        std::fs::write(self.folder.path().join("api"), api).expect("a file can be written");
    }

    /// What its REST calls were answered, in order.
    pub fn answers(&self) -> Vec<Value> {
        self.lines("answers.jsonl")
    }

    /// Waits until it has heard this tone for so long.
    pub fn hears(&self, hz: u32, seconds: f64) {
        let heard = || sound::seconds_of(&self.heard(), hz);
        let within = PATIENCE + Duration::from_secs_f64(seconds);
        let found = wait::until(within, || (heard() >= seconds).then_some(()));
        assert!(
            found.is_some(),
            "the bot heard {hz} Hz for {:.1} s and not for {seconds} s:\n{}",
            heard(),
            self.process.output()
        );
    }

    /// Waits until it was told that so many times, and gives the last.
    pub fn told(&self, event: &str, times: usize) -> Value {
        let found = wait::until(PATIENCE, || {
            let mut told = self.all_told();
            told.retain(|one| one["event"] == event);
            (told.len() >= times).then(|| told.pop()).flatten()
        });
        found.unwrap_or_else(|| {
            panic!(
                "the bot was not told {event} {times} times, but: {:?}\n{}",
                self.all_told(),
                self.process.output()
            )
        })
    }

    /// Everything that it was told beside audio, in order.
    pub fn all_told(&self) -> Vec<Value> {
        self.lines("told.jsonl")
    }

    /// The header fields of each handshake.
    pub fn asked(&self) -> Vec<Value> {
        self.lines("asked.jsonl")
    }

    /// What it heard.
    fn heard(&self) -> Vec<i16> {
        let octets = std::fs::read(self.folder.path().join("heard.raw")).unwrap_or_default();
        let (samples, _) = octets.as_chunks::<2>();
        samples
            .iter()
            .map(|sample| i16::from_le_bytes(*sample))
            .collect()
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        let whole = text.lines().map(serde_json::from_str);
        whole.filter_map(Result::ok).collect()
    }
}
