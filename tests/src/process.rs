//! A process that ends with the test that started it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::wait;

/// A running program and the file that has its output.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program with its output in `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Process {
        let out = File::create(log).expect("the log can be written");
        let errors = out.try_clone().expect("the log can be written twice");
        let started = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn();
        let child = started.unwrap_or_else(|error| {
            let program = command.get_program();
            panic!(
                "cannot start {}: {error}; tests/run installs what is missing",
                program.display()
            )
        });
        Process {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, `within` at most; `None` if it still runs.
    pub fn end(&mut self, within: Duration) -> Option<ExitStatus> {
        wait::until(within, || self.child.try_wait().expect("it is our child"))
    }

    /// Asks it to end, as an operator does.
    pub fn terminate(&self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(
            asked.is_ok_and(|status| status.success()),
            "{} is gone already",
            self.name
        );
    }

    /// Ends it without asking, as a crash does.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_none()
    }

    /// What it wrote.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let output = self.output();
            let tail: Vec<&str> = output.lines().rev().take(40).collect();
            eprintln!("--- the end of what {} wrote", self.name);
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}
