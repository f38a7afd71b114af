//! `trunkline hang-up CALL`, `trunkline record pause CALL`: what an operator asks of a call that is up, by the API of the
//! process that runs; and what came of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use schemas::CallId;
use serde_json::Value;

use super::source::{Source, Where, read_file};
use super::terminal::plain;

/// How long the API has to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// How long a request has to come to its outcome before it is left alone.
const OUTCOME_WAIT: Duration = Duration::from_secs(10);
/// How often it is asked for.
const OUTCOME_EVERY: Duration = Duration::from_millis(50);

/// The end of a call.
#[derive(Debug, clap::Args)]
pub struct HangUp {
    #[command(flatten)]
    whose: Whose,
}

/// The recording of a call.
#[derive(Debug, clap::Args)]
pub struct Record {
    /// What shall become of it.
    action: Action,
    #[command(flatten)]
    whose: Whose,
}

/// Of which call, and who asks.
#[derive(Debug, clap::Args)]
struct Whose {
    /// The call's id, or its first digits.
    call: String,
    /// Who asks, as the log names them.
    #[arg(long, env = "USER", default_value = "operator")]
    by: String,
}

/// What may be asked of a recording.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Action {
    /// Record the call.
    Start,
    /// Be silent, as long as it lasts.
    Pause,
    /// Go on.
    Resume,
    /// Complete the file; the call goes on.
    Stop,
}

/// Hangs a call up.
pub fn hang_up(config: &Path, options: &HangUp) -> anyhow::Result<ExitCode> {
    ask(config, &options.whose, "hang-up")
}

/// Begins, pauses, resumes or ends the recording of a call.
pub fn record(config: &Path, options: &Record) -> anyhow::Result<ExitCode> {
    let request = match options.action {
        Action::Start => "start-recording",
        Action::Pause => "pause-recording",
        Action::Resume => "resume-recording",
        Action::Stop => "stop-recording",
    };
    ask(config, &options.whose, request)
}

fn ask(config: &Path, whose: &Whose, request: &str) -> anyhow::Result<ExitCode> {
    let call = Source::open(config, &Where::default())?.find(&whose.call)?;
    let api = read_file(config)?.api.listen;
    let wish = serde_json::json!({ "request": request, "by": whose.by });
    let path = format!("/api/calls/{call}/requests");
    let (status, answer) = exchange(api, "POST", &path, &wish.to_string())?;
    if status != 202 {
        bail!("{}", plain(answer["detail"].as_str().unwrap_or("refused")));
    }
    let event = answer["event"].as_str().unwrap_or_default();
    let outcome = outcome(api, call, event)?;
    let why = outcome["why"].as_str().unwrap_or_default();
    match outcome["state"].as_str() {
        Some("done") => {
            say!("{request}: done");
            Ok(ExitCode::SUCCESS)
        }
        Some("refused" | "failed") => {
            say!("{request}: {}", plain(why));
            Ok(ExitCode::FAILURE)
        }
        _ => bail!(
            "the request {event} has no outcome yet; `trunkline call {call}` tells what comes of it"
        ),
    }
}

/// What came of a request, or how far it is when the wait is over.
#[expect(
    clippy::disallowed_methods,
    reason = "the API tells an outcome when it is asked, and a command holds nobody up"
)]
fn outcome(api: SocketAddr, call: CallId, event: &str) -> anyhow::Result<Value> {
    let path = format!("/api/calls/{call}/requests");
    let until = now() + OUTCOME_WAIT;
    loop {
        let (_, answer) = exchange(api, "GET", &path, "")?;
        let requests = answer["requests"].as_array().cloned().unwrap_or_default();
        let own = requests.into_iter().find(|one| one["event"] == event);
        let own = own.context("the API does not know the request any more")?;
        let is_open = matches!(own["state"].as_str(), Some("asked" | "decided"));
        if !is_open || now() >= until {
            return Ok(own);
        }
        std::thread::sleep(OUTCOME_EVERY);
    }
}

/// One request of HTTP and its answer.
fn exchange(api: SocketAddr, method: &str, path: &str, body: &str) -> anyhow::Result<(u16, Value)> {
    let unreachable =
        || format!("no process answers at {api}; is `trunkline serve` running there?");
    let mut stream = TcpStream::connect_timeout(&api, ANSWER_WAIT).with_context(unreachable)?;
    stream.set_read_timeout(Some(ANSWER_WAIT))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {api}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .with_context(unreachable)?;
    read(&answer).with_context(|| format!("what answers at {api} is not the API of trunkline"))
}

/// Status and body of an answer that ended with its connection.
fn read(answer: &str) -> Option<(u16, Value)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command waits for an answer, and nothing is decided by the time"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_json() {
        let answer = "HTTP/1.1 409 Conflict\r\ncontent-type: application/json\r\n\r\n{\"detail\":\"it is over\"}";
        let (status, body) = read(answer).unwrap();
        assert_eq!((status, body["detail"].as_str()), (409, Some("it is over")));
        assert!(read("SSH-2.0-OpenSSH_9.2\r\n").is_none());
        assert!(read("HTTP/1.1 200 OK\r\n\r\n<html>").is_none());
    }
}
