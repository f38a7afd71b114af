//! SIPp: a caller, agent or transfer target that does exactly what its scenario in `tests/sipp` says.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::Process;
use crate::{ports, sound, wait};

/// The tone that every SIPp caller plays, in hertz.
pub const TONE_HZ: u32 = 1_000;
/// After this beside its pauses SIPp gives up by itself and fails.
const GIVES_UP: Duration = Duration::from_secs(40);

/// The most pauses in one scenario.
const PAUSES_MAX: u32 = 5;

/// A SIPp with one scenario and one call.
pub struct Sipp {
    name: String,
    port: u16,
    gives_up: Duration,
    process: Process,
    folder: TempDir,
}

impl Sipp {
    /// Calls `user` at `127.0.0.1:to_port`. `talk` is how long the pauses of the scenario are.
    pub fn call(scenario: &str, user: &str, to_port: u16, talk: Duration) -> Sipp {
        Sipp::start(
            scenario,
            talk,
            &["-s", user, &format!("127.0.0.1:{to_port}")],
        )
    }

    /// The same by TCP.
    pub fn call_by_tcp(scenario: &str, user: &str, to_port: u16, talk: Duration) -> Sipp {
        let to = format!("127.0.0.1:{to_port}");
        Sipp::start(scenario, talk, &["-t", "t1", "-s", user, &to])
    }

    /// Waits for a call, and sends back the sound that it hears.
    pub fn answer(scenario: &str, talk: Duration) -> Sipp {
        Sipp::listening(Sipp::start(scenario, talk, &["-rtp_echo"]))
    }

    /// Waits for a call; the scenario says what it plays.
    pub fn listen(scenario: &str, talk: Duration) -> Sipp {
        Sipp::listening(Sipp::start(scenario, talk, &[]))
    }

    /// The same as `answer` with a scenario that asks for a transfer to `target`.
    pub fn answer_and_refer(scenario: &str, target: &str, talk: Duration) -> Sipp {
        let target = target.trim_start_matches("sip:");
        Sipp::listening(Sipp::start(
            scenario,
            talk,
            &["-rtp_echo", "-key", "target", target],
        ))
    }

    /// The port on which it speaks SIP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until it is done and fails unless everything went as its scenario says.
    pub fn succeeds(mut self) {
        let status = self.process.end(self.gives_up + Duration::from_secs(5));
        let errors = self.errors();
        let code = status.and_then(|status| status.code());
        assert_eq!(
            code,
            Some(0),
            "SIPp {} did not go as its scenario says:\n{errors}",
            self.name
        );
    }

    /// What SIPp says went wrong.
    fn errors(&self) -> String {
        fs::read_to_string(self.folder.path().join("errors.log")).unwrap_or_default()
    }

    fn start(scenario: &str, talk: Duration, arguments: &[&str]) -> Sipp {
        let folder = tempfile::tempdir().expect("a folder");
        let gives_up = GIVES_UP + talk * PAUSES_MAX;
        sound::write_ulaw(&folder.path().join("tone.ul"), &sound::tone(TONE_HZ, 2));
        let port = ports::free(2);
        let media = ports::free(8);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sipp/{scenario}.xml"));
        let mut command = Command::new("sipp");
        command
            .arg("-sf")
            .arg(
                file.canonicalize()
                    .expect("there is a scenario of this name"),
            )
            .args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-m", "1", "-nostdin"])
            .args(["-p", &port.to_string(), "-mp", &media.to_string()])
            .args(["-d", &talk.as_millis().to_string()])
            .args([
                "-timeout",
                &gives_up.as_secs().to_string(),
                "-timeout_error",
            ])
            .args(["-trace_err", "-error_file", "errors.log"])
            .args(arguments)
            .current_dir(folder.path());
        let log = folder.path().join("screen.log");
        let process = Process::start(&format!("sipp {scenario}"), &mut command, &log);
        Sipp {
            name: scenario.to_owned(),
            port,
            gives_up,
            process,
            folder,
        }
    }

    /// A call that comes before SIPp listens is lost for half a second.
    fn listening(self) -> Sipp {
        let listens = wait::until(Duration::from_secs(5), || {
            ports::is_bound(self.port).then_some(())
        });
        assert!(
            listens.is_some(),
            "SIPp {} does not listen:\n{}",
            self.name,
            self.process.output()
        );
        self
    }
}

/// A test that fails before it asks how SIPp fared still tells it: its screen does not hold the error.
impl Drop for Sipp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the errors of sipp {}:\n{}", self.name, self.errors());
        }
    }
}
