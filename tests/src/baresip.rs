//! baresip: a real phone without a screen, told what to do over its control port, which records what
//! it hears.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Process;
use crate::{ports, sound, wait};

/// For whatever a phone does without waiting for a person.
pub const SOON: Duration = Duration::from_secs(10);
/// For how many seconds it plays its tone: longer than the longest call of the proofs.
const TONE_S: u32 = 240;
/// Where Debian and the others put the modules.
const MODULES: [&str; 3] = [
    "/usr/lib/baresip/modules",
    "/usr/local/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
];

/// What it does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// It answers at once.
    Answers,
    /// It rings.
    Rings,
}

/// What a phone is to somebody who knows its password.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// Its name, by which it authenticates as well.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// The port of 127.0.0.1 that it is known at.
    pub registrar: u16,
    /// Whether it registers there.
    pub registers: bool,
}

/// A phone.
pub struct Baresip {
    name: String,
    port: u16,
    tone_hz: u32,
    folder: TempDir,
    control: TcpStream,
    unread: Vec<u8>,
    events: VecDeque<Value>,
    process: Process,
}

impl Baresip {
    /// Starts a phone that plays this tone to whoever it talks to.
    pub fn start(name: &str, called: Called, tone_hz: u32) -> Baresip {
        let port = ports::free(2);
        let account = format!("<sip:{name}@127.0.0.1:{port}>;regint=0");
        Baresip::start_as(name, &account, called, tone_hz, port)
    }

    /// The same with SRTP: `srtp-mand` insists on it, `srtp` offers keys beside plain RTP.
    pub fn start_secure(name: &str, encryption: &str, called: Called, tone_hz: u32) -> Baresip {
        let port = ports::free(2);
        let account = format!("<sip:{name}@127.0.0.1:{port}>;regint=0;mediaenc={encryption}");
        Baresip::start_with(name, (&account, "module srtp.so\n"), called, tone_hz, port)
    }

    /// The same with one codec, as baresip names it: `opus`, `G722`, `PCMU`.
    pub fn start_speaking(name: &str, codec: &str, called: Called, tone_hz: u32) -> Baresip {
        let port = ports::free(2);
        let account = format!("<sip:{name}@127.0.0.1:{port}>;regint=0;audio_codecs={codec}");
        let modules = "module opus.so\nmodule g722.so\n";
        Baresip::start_with(name, (&account, modules), called, tone_hz, port)
    }

    /// The same with SRTP by DTLS, which it insists on.
    pub fn start_by_dtls(name: &str, called: Called, tone_hz: u32) -> Baresip {
        let port = ports::free(2);
        let account = format!("<sip:{name}@127.0.0.1:{port}>;regint=0;mediaenc=dtls_srtp");
        let keys = "module dtls_srtp.so\nrtcp_mux yes\n";
        Baresip::start_with(name, (&account, keys), called, tone_hz, port)
    }

    /// The same with an account.
    pub fn with_account(account: &Account<'_>, called: Called, tone_hz: u32) -> Baresip {
        let Account {
            user,
            password,
            registrar,
            registers,
        } = account;
        let interval = if *registers { 60 } else { 0 };
        let line = format!(
            "<sip:{user}@127.0.0.1:{registrar}>;auth_user={user};auth_pass={password};regint={interval}"
        );
        Baresip::start_as(user, &line, called, tone_hz, ports::free(2))
    }

    /// The same by TLS: the registrar's port is one for TLS, and its certificate is signed by that authority.
    pub fn with_account_by_tls(
        account: &Account<'_>,
        authority: &str,
        called: Called,
        tone_hz: u32,
    ) -> Baresip {
        let Account {
            user,
            password,
            registrar,
            registers,
        } = account;
        let interval = if *registers { 60 } else { 0 };
        let line = format!(
            "<sip:{user}@127.0.0.1:{registrar};transport=tls>;auth_user={user};auth_pass={password};regint={interval}"
        );
        let keys = format!("sip_cafile {authority}\n");
        Baresip::start_with(user, (&line, &keys), called, tone_hz, ports::free(4))
    }

    fn start_as(name: &str, account: &str, called: Called, tone_hz: u32, port: u16) -> Baresip {
        Baresip::start_with(name, (account, ""), called, tone_hz, port)
    }

    fn start_with(
        name: &str,
        (account, keys): (&str, &str),
        called: Called,
        tone_hz: u32,
        port: u16,
    ) -> Baresip {
        let folder = tempfile::tempdir().expect("a folder");
        let control = ports::free(2);
        configure(
            folder.path(),
            (account, keys, called),
            tone_hz,
            port,
            control,
        );
        let mut command = Command::new("baresip");
        command
            .arg("-f")
            .arg(folder.path())
            .current_dir(folder.path());
        let process = Process::start(name, &mut command, &folder.path().join("baresip.log"));
        let stream = wait::until(SOON, || TcpStream::connect(("127.0.0.1", control)).ok());
        let stream =
            stream.unwrap_or_else(|| panic!("baresip did not start:\n{}", process.output()));
        stream
            .set_read_timeout(Some(Duration::from_millis(20)))
            .expect("20 ms is a timeout");
        Baresip {
            name: name.to_owned(),
            port,
            tone_hz,
            folder,
            control: stream,
            unread: Vec::new(),
            events: VecDeque::new(),
            process,
        }
    }

    /// Its URI.
    pub fn uri(&self) -> String {
        format!("sip:{}@127.0.0.1:{}", self.name, self.port)
    }

    /// The port on which it speaks SIP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Calls somebody.
    pub fn dial(&mut self, uri: &str) {
        self.command("dial", uri);
    }

    /// Presses a key (RFC 4733).
    pub fn press(&mut self, digit: char) {
        self.command("sndcode", &digit.to_string());
    }

    /// Hangs up.
    pub fn hang_up(&mut self) {
        self.command("hangup", "");
    }

    /// Puts the other side on hold.
    pub fn hold(&mut self) {
        self.command("hold", "");
    }

    /// Takes the other side from hold.
    pub fn resume(&mut self) {
        self.command("resume", "");
    }

    /// Asks the other side to call somebody else (REFER).
    pub fn transfer(&mut self, uri: &str) {
        self.command("transfer", uri);
    }

    /// Waits for an event of its: `CALL_ESTABLISHED`, `CALL_CLOSED`, `CALL_DTMF_START` …
    /// Earlier events of other kinds are passed over.
    pub fn event(&mut self, kind: &str) -> Value {
        let mut passed = Vec::new();
        let found = wait::until(SOON, || {
            self.read();
            while let Some(event) = self.events.pop_front() {
                if event["type"] == kind {
                    return Some(event);
                }
                passed.push(event["type"].clone());
            }
            None
        });
        found.unwrap_or_else(|| {
            panic!(
                "{} saw no {kind} within {SOON:?}, but {passed:?}",
                self.name
            )
        })
    }

    /// Waits until it has heard this tone for so long.
    pub fn hears(&mut self, hz: u32, seconds: f64) {
        let within = SOON + Duration::from_secs_f64(seconds);
        let heard = wait::until(within, || {
            self.read();
            (self.heard(hz) >= seconds).then_some(())
        });
        assert!(
            heard.is_some(),
            "{} heard {hz} Hz for {:.1} s and not for {seconds} s, in a recording of {:.1} s",
            self.name,
            self.heard(hz),
            self.recorded_seconds(),
        );
    }

    /// Waits until each of the two has heard the other's tone for so long.
    pub fn talks_with(&mut self, other: &mut Baresip, seconds: f64) {
        self.hears(other.tone_hz, seconds);
        other.hears(self.tone_hz, seconds);
    }

    /// For how many seconds it has heard this tone in all its calls.
    pub fn heard(&self, hz: u32) -> f64 {
        let recordings = self.recordings();
        recordings
            .iter()
            .fold(0.0, |sum, samples| sum + sound::seconds_of(samples, hz))
    }

    /// How long its recordings are together.
    pub fn recorded_seconds(&self) -> f64 {
        let samples: usize = self.recordings().iter().map(Vec::len).sum();
        f64::from(u32::try_from(samples).expect("a short call")) / f64::from(sound::RATE)
    }

    /// Everything that it wrote.
    pub fn output(&self) -> String {
        self.process.output()
    }

    fn recordings(&self) -> Vec<Vec<i16>> {
        let folder = fs::read_dir(self.folder.path().join("heard")).expect("the folder is there");
        let mut files: Vec<PathBuf> = folder.flatten().map(|file| file.path()).collect();
        files.retain(|path| path.to_string_lossy().ends_with("-dec.wav"));
        files.sort();
        files
            .iter()
            .map(|path| sound::read_recording(path))
            .collect()
    }

    fn command(&mut self, command: &str, parameters: &str) {
        let text = json!({"command": command, "params": parameters, "token": "t"}).to_string();
        let sent = write!(self.control, "{}:{text},", text.len());
        sent.unwrap_or_else(|error| panic!("cannot tell {} to {command}: {error}", self.name));
    }

    /// Takes what the control port has: netstrings of JSON, answers and events.
    fn read(&mut self) {
        let mut buffer = [0; 8_192];
        match self.control.read(&mut buffer) {
            Ok(0) => panic!("{} ended:\n{}", self.name, self.process.output()),
            Ok(length) => self.unread.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("{} cannot be read: {error}", self.name),
        }
        while let Some(message) = next_netstring(&mut self.unread) {
            let value: Value = serde_json::from_slice(&message).unwrap_or_default();
            if value["event"] == true {
                self.events.push_back(value);
            }
        }
    }
}

/// Takes the first whole netstring (`5:hello,`) from the front.
fn next_netstring(unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    let colon = unread.iter().position(|&byte| byte == b':')?;
    let length: usize = std::str::from_utf8(&unread[..colon]).ok()?.parse().ok()?;
    let end = colon + 1 + length;
    if unread.len() <= end {
        return None;
    }
    let message = unread[colon + 1..end].to_vec();
    unread.drain(..=end);
    Some(message)
}

fn configure(
    folder: &Path,
    (account, keys, called): (&str, &str, Called),
    tone_hz: u32,
    port: u16,
    control: u16,
) {
    let modules = MODULES.iter().find(|path| Path::new(path).is_dir());
    let modules = modules.unwrap_or_else(|| panic!("there is no folder of baresip modules"));
    let heard = folder.join("heard");
    let tone = folder.join("tone.wav");
    fs::create_dir(&heard).expect("a folder can be made");
    sound::write_wav(&tone, &sound::tone(tone_hz, TONE_S));
    let rtp = ports::free(20);
    let config = format!(
        "poll_method epoll\n\
         sip_listen 127.0.0.1:{port}\n\
         net_interface 127.0.0.1\n\
         rtp_ports {rtp}-{}\n\
         audio_source aufile,{}\n\
         audio_player aubridge,ear\n\
         audio_alert aubridge,bell\n\
         ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
         module_path {modules}\n\
         module g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n\
         module_app account.so\nmodule_app ctrl_tcp.so\nmodule_app menu.so\n\
         ctrl_tcp_listen 127.0.0.1:{control}\n\
         {keys}\
         snd_path {}\n",
        rtp + 19,
        tone.display(),
        heard.display(),
    );
    let mode = match called {
        Called::Answers => "auto",
        Called::Rings => "manual",
    };
    let account = format!("{account};answermode={mode}\n");
    fs::write(folder.join("config"), config).expect("a file can be written");
    fs::write(folder.join("accounts"), account).expect("a file can be written");
    fs::write(folder.join("contacts"), "").expect("a file can be written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netstrings_are_taken_whole() {
        let mut unread = b"5:hello,3:ab".to_vec();
        assert_eq!(next_netstring(&mut unread), Some(b"hello".to_vec()));
        assert_eq!(next_netstring(&mut unread), None);
        unread.extend_from_slice(b"c,");
        assert_eq!(next_netstring(&mut unread), Some(b"abc".to_vec()));
        assert!(unread.is_empty());
    }
}
