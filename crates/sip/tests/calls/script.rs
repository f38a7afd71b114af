//! Scripts: one file per claim, its first line names the section that it proves.
//!
//! `caller ACTION …` and `callee ACTION …` do something and let the datagrams arrive; `caller sees EVENT …` names all
//! events since the last look; `callee judges WHAT` says what the last INVITE has proven; `wait SECONDS` lets time
//! pass, which the trunk's registration uses as well; `callee answers-registers` says how: `silent`, a status with
//! headers, or by nothing more that it asks and keeps; `lose END WHAT COUNT` loses the next such messages; `terms END KEY=VALUE …` says before the first call what an
//! end agrees to; `over` waits until nothing is left anywhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use trunkline_sip::StatusCode;
use trunkline_sip::dialog::timer::Side;
use trunkline_sip::digest::{Asker, Stale};
use trunkline_sip::endpoint::ReferRequest;
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::keys::{Fork, LegKey};
use trunkline_sip::endpoint::terms::{Reliable, Terms, TimerMode};
use trunkline_sip::registration::Input;

use crate::gate::{self, Gate};
use crate::link::{End, Link, Network, sdp, word};
use crate::trunk::Trunk;

#[test]
fn every_script_goes_as_written() {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/calls/scenarios"
    ));
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 20, "scripts are missing");
    let failures: Vec<String> = files.iter().filter_map(|file| run(file).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn named(end: &str) -> End {
    match end {
        "caller" => End::Caller,
        "callee" => End::Callee,
        other => panic!("who is {other}?"),
    }
}

fn terms(words: &[&str]) -> Terms {
    let mut terms = Terms::default();
    for word in words {
        match word.split_once('=').unwrap() {
            ("reliable", "off") => terms.reliable = Reliable::Off,
            ("reliable", "supported") => terms.reliable = Reliable::Supported,
            ("reliable", "preferred") => terms.reliable = Reliable::Preferred,
            ("reliable", "required") => terms.reliable = Reliable::Required,
            ("timer", "off") => terms.timer.mode = TimerMode::Off,
            ("timer", "accept") => terms.timer.mode = TimerMode::Accept,
            ("timer", "want") => terms.timer.mode = TimerMode::Want,
            ("expires", seconds) => terms.timer.expires_s = seconds.parse().unwrap(),
            ("min", seconds) => terms.timer.min_se_s = seconds.parse().unwrap(),
            ("refresher", "we") => terms.timer.refresher = Some(Side::We),
            ("refresher", "peer") => terms.timer.refresher = Some(Side::Peer),
            other => panic!("what is {other:?}?"),
        }
    }
    terms
}

struct Stage {
    link: Link,
    legs: [Option<LegKey>; 2],
    /// Where the callee asks who calls.
    gate: Gate,
    /// The caller's registration at the callee.
    trunk: Trunk,
}

fn run(file: &Path) -> Result<(), String> {
    let text = fs::read_to_string(file).unwrap();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        text.starts_with("# RFC "),
        "{name}: the first line cites what the script proves"
    );
    let mut stage = Stage {
        link: Link::new(42, Network::PERFECT),
        legs: [None, None],
        gate: Gate::new(),
        trunk: Trunk::new(),
    };
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        stage.play(line).map_err(|error| {
            format!(
                "{name}:{}: {line}\n{error}\n{}",
                number + 1,
                stage.link.ladder.join("\n")
            )
        })?;
    }
    Ok(())
}

impl Stage {
    fn play(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let end = match words[0] {
            "caller" => End::Caller,
            "callee" => End::Callee,
            "wait" => {
                let seconds: f64 = words[1].parse().unwrap();
                self.run_for(Duration::from_secs_f64(seconds));
                return Ok(());
            }
            "lose" => {
                let end = named(words[1]);
                let what = words[2].replace('_', " ");
                self.link.lose.push((end, what, words[3].parse().unwrap()));
                return Ok(());
            }
            "terms" => {
                let end = named(words[1]);
                self.link.agree_to(end, terms(&words[2..]));
                return Ok(());
            }
            "over" => {
                self.run_for(Duration::from_secs(300));
                return if self.link.is_empty() {
                    Ok(())
                } else {
                    Err(self.left())
                };
            }
            other => return Err(format!("what is {other}?")),
        };
        match words[1] {
            "sees" => self.sees(end, &words[2..]),
            "fails" => match self.act(end, &words[2..]) {
                Ok(()) => Err("it worked".into()),
                Err(_) => Ok(()),
            },
            _ => self.act(end, &words[1..]),
        }
    }

    /// Lets time pass, for the trunk as well.
    fn run_for(&mut self, time: Duration) {
        let limit = self.link.now + time;
        loop {
            while self.trunk.pump(&mut self.link, &mut self.gate) {}
            let due = self.trunk.deadline().filter(|due| *due <= limit);
            if self.link.step(due.unwrap_or(limit)) {
                continue;
            }
            let Some(due) = due else {
                self.link.now = limit;
                return;
            };
            self.link.now = self.link.now.max(due);
            self.trunk.due(self.link.now);
        }
    }

    fn left(&self) -> String {
        format!(
            "left: {:?} and {:?}",
            self.link.ends[0].load(),
            self.link.ends[1].load()
        )
    }

    fn sees(&mut self, end: End, expected: &[&str]) -> Result<(), String> {
        let mut seen = Vec::new();
        while let Some(event) = self.link.events[end as usize].pop_front() {
            if let Event::IncomingInvite { leg, message, flow } = &event {
                self.legs[end as usize] = Some(*leg);
                self.gate.note(message, *flow);
            }
            seen.push(word(&event));
        }
        seen.extend(self.trunk.words(end));
        if seen == expected {
            Ok(())
        } else {
            Err(format!("but saw: {}", seen.join(" ")))
        }
    }

    fn act(&mut self, end: End, words: &[&str]) -> Result<(), String> {
        let now = self.link.now;
        let none = Extra::none;
        if words[0] == "invites" {
            let offer = if words.get(1) == Some(&"without-offer") {
                None
            } else {
                sdp()
            };
            self.legs[end as usize] = Some(self.link.invite(end, offer));
            self.arrive(words);
            return Ok(());
        }
        match words[0] {
            "knows" => {
                self.link.credentials = gate::credentials(words[1]);
                return Ok(());
            }
            "registers" | "unregisters" => {
                let input = match words[0] {
                    "registers" => Input::Start,
                    _ => Input::Stop,
                };
                let seconds = words.get(1).map(|seconds| seconds.parse().unwrap());
                self.trunk.wants(input, seconds, &mut self.link);
                // A few round trips.
                self.run_for(Duration::from_millis(10));
                return Ok(());
            }
            "answers-registers" => {
                self.trunk.set_rule(&words[1..]);
                return Ok(());
            }
            "judges" => {
                let judged = self.gate.at(now).judge(Asker::Server);
                return (judged == words[1])
                    .then_some(())
                    .ok_or_else(|| format!("but it is {judged}"));
            }
            _ => {}
        }
        let leg = self.legs[end as usize].ok_or("no leg")?;
        let status = |text: &str| StatusCode::new(text.parse().unwrap()).unwrap();
        let endpoint = self.link.end(end);
        let result = match words[0] {
            "challenges" => {
                let stale = match words.get(1) {
                    Some(&"stale") => Stale::Yes,
                    _ => Stale::No,
                };
                let headers = self.gate.at(now).challenge(Asker::Server, stale);
                endpoint.refuse(leg, StatusCode::UNAUTHORIZED, None, headers, now)
            }
            "rings" => endpoint.provisional(leg, StatusCode::RINGING, None, none(), now),
            "plays" => endpoint.provisional(leg, StatusCode::SESSION_PROGRESS, sdp(), none(), now),
            "answers" => endpoint.answer(leg, sdp(), none(), now),
            "refuses" => endpoint.refuse(leg, status(words[1]), Some("No Such Luck"), none(), now),
            "answers-early" => endpoint.acknowledge_early(leg, Fork::FIRST, sdp().unwrap(), now),
            "acknowledges" => endpoint.acknowledge(leg, sdp()),
            "cancels" => endpoint.cancel(leg, none(), now),
            "byes" => endpoint.bye(leg, none(), now),
            "hangs-up" => endpoint.hang_up(leg, none(), now),
            "reinvites" => endpoint.reinvite(leg, sdp(), none(), now),
            "updates" => {
                let offer = sdp().filter(|_| words.get(1) != Some(&"empty"));
                endpoint.update(leg, Fork::FIRST, offer, none(), now)
            }
            "accepts-offer" => endpoint.answer_offer(leg, sdp(), none(), now),
            "refuses-offer" => endpoint.refuse_offer(leg, status(words[1]), None, none(), now),
            "refers" => {
                let refer_to = "<sip:300@192.0.2.3>".into();
                let headers = if words.get(1) == Some(&"without-reports") {
                    Extra::none().with("Refer-Sub", "false").unwrap()
                } else {
                    none()
                };
                endpoint.refer(
                    leg,
                    &ReferRequest {
                        refer_to,
                        referred_by: None,
                        headers,
                    },
                    now,
                )
            }
            "accepts-refer" => endpoint.accept_refer(leg, now),
            "refuses-refer" => endpoint.refuse_refer(leg, status(words[1]), None, none(), now),
            "reports" => {
                let last = words.get(2) == Some(&"last");
                endpoint.notify_refer(leg, status(words[1]), None, last, now)
            }
            "informs" => {
                let body = Bytes::from_static(b"Signal=5\r\nDuration=160\r\n");
                endpoint.info(leg, words[1], body, &none(), now)
            }
            other => return Err(format!("what is {other}?")),
        };
        result.map_err(|error| error.to_string())?;
        self.link.drain();
        self.arrive(words);
        Ok(())
    }

    /// `…, meanwhile` at the end of a line: the next action happens before the datagrams arrive.
    fn arrive(&mut self, words: &[&str]) {
        if words.last() != Some(&"meanwhile") {
            self.link.settle();
        }
    }
}
