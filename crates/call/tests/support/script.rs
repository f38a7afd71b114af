//! The script language of the scenarios: one observation a line.
//!
//! ```text
//! invite +14155550100 from +14155550123 trunk office [load TRUNK NUMBER TOTAL] [X-Case=7] [asserted=+14155550124] [privacy=id]
//!        [hops=3] [diversion=3500] [hidden-diversion=3501] [history=3502] [User-to-User=00] [session=ab…] [no-offer]
//!                   a load is the calls in progress, and behind a `/` the new ones
//! dialed 1 · ringing 1 [180] · early 1 · answered 1
//! failed 1 486 Busy Here [retry 30] · failed 1 timeout B · failed 1 unreachable · failed 1 cancelled
//! failed 1 impossible no common codec
//! bye 1 [Q.850;cause=16] [X-Outcome=escalate] · cancel 0 [SIP;cause=200] · ended 1 peer|control|edge cause
//! refer 1 to queue [replaces] · choice menu to queue
//! progress sent|accepted|timedout · progress refused 405 Method Not Allowed · progress 180 Ringing [last]
//! lost echo finished · cannot DialLeg 1 503 no free port
//! silent 1 10       an agent, for so many seconds
//! asks 1 hang-up · asks 1 transfer queue      the agent behind a WebSocket on that leg, by REST
//! timer             the next wait runs out · operator grace · digit 0
//! record start|pause|resume|stop grace · record started|paused|resumed|ended · record failed No space left on device
//! ```
//! A number before a line is the time in seconds since the INVITE; otherwise 10 ms pass.

use schemas::media::{DigitMethod, MediaDirection, MediaOffer};
use schemas::observation::*;
use schemas::{EventId, Hash, LegId, Observation, Personal, Timestamp, Transport};

/// When the first line of a script happens.
pub const BEGIN: Timestamp = Timestamp(1_790_000_000_000_000);

/// A line of a script.
pub enum Line {
    /// Something is observed.
    Observed(Observation),
    /// The next wait runs out.
    Timer,
}

/// The time of a line, if it has one, and the line.
pub fn read(line: &str) -> (Option<Timestamp>, Line) {
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    match first.parse::<f64>() {
        Ok(seconds) => {
            let micros = i64::from((seconds * 1_000.0).round() as i32) * 1_000;
            (Some(Timestamp(BEGIN.0 + micros)), word(rest))
        }
        Err(_) => (None, word(line)),
    }
}

fn word(line: &str) -> Line {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words == ["timer"] {
        return Line::Timer;
    }
    let observation = observation(&words).unwrap_or_else(|| panic!("no such line: {line}"));
    Line::Observed(observation)
}

fn observation(words: &[&str]) -> Option<Observation> {
    Some(match words {
        [
            "invite",
            to,
            "from",
            from,
            "trunk",
            trunk,
            "load",
            of_trunk,
            of_number,
            total,
            ..,
        ] => InviteReceived {
            load: Some(Load {
                trunk: occupancy(of_trunk),
                number: occupancy(of_number),
                total: occupancy(total),
            }),
            ..invite(to, from, trunk, &[])
        }
        .into(),
        ["invite", to, "from", from, "trunk", trunk, context @ ..] => {
            invite(to, from, trunk, context).into()
        }
        ["dialed", leg] => LegDialed {
            leg: self::leg(leg),
            trunk: None,
            destination: "192.0.2.10:5060".into(),
            transport: Transport::Udp,
            target: "sip:bot@192.0.2.10".into(),
            caller: Personal::default(),
            sip_call_id: "c0ffee".into(),
            offer: None,
        }
        .into(),
        ["ringing", leg, status @ ..] => LegRinging {
            leg: self::leg(leg),
            status: status.first().map_or(180, |status| number(status)),
        }
        .into(),
        ["early", leg] => EarlyMediaStarted {
            leg: self::leg(leg),
            status: 183,
        }
        .into(),
        ["answered", leg] => LegAnswered {
            leg: self::leg(leg),
            after_ms: 1_000,
        }
        .into(),
        ["failed", leg, why @ ..] => failed(self::leg(leg), why).into(),
        ["bye", leg, along @ ..] => ByeReceived {
            leg: self::leg(leg),
            reason: along
                .iter()
                .find(|text| text.contains(";cause="))
                .map(|&text| text.to_owned()),
            context: along
                .iter()
                .filter_map(|text| text.split_once('='))
                .filter(|(name, _)| !name.contains(';'))
                .map(|(name, value)| ContextHeader {
                    name: name.to_owned(),
                    value: Personal::from(value),
                })
                .collect(),
        }
        .into(),
        ["cancel", leg, reason @ ..] => CancelReceived {
            leg: self::leg(leg),
            reason: reason.first().map(|&text| text.to_owned()),
        }
        .into(),
        ["ended", leg, by, cause @ ..] => LegEnded {
            leg: self::leg(leg),
            by: match *by {
                "peer" => EndedBy::Peer,
                "control" => EndedBy::Control,
                "edge" => EndedBy::Edge,
                _ => return None,
            },
            cause: cause.join(" "),
            talk_ms: 0,
        }
        .into(),
        ["digit", leg] => DigitReceived {
            leg: self::leg(leg),
            method: DigitMethod::TelephoneEvent,
            duration_ms: 100,
            digit: None,
            seen: None,
        }
        .into(),
        ["operator", name] => HangUpRequested {
            by: (*name).to_owned(),
            key: None,
            leg: None,
        }
        .into(),
        ["asks", leg, "hang-up"] => HangUpRequested {
            by: "assistant".to_owned(),
            key: None,
            leg: Some(self::leg(leg)),
        }
        .into(),
        ["asks", leg, "transfer", target] => TransferRequested {
            leg: self::leg(leg),
            target: Personal::from(*target),
            source: TransferSource::Agent {
                agent: "assistant".into(),
                choice: "REST request".into(),
            },
            referred_by: None,
            replaces: false,
        }
        .into(),
        ["silent", leg, seconds] => AgentSilent {
            leg: self::leg(leg),
            for_ms: u32::from(number(seconds)) * 1_000,
        }
        .into(),
        ["lost", agent, cause @ ..] => AgentLost {
            leg: LegId::CALLER,
            agent: (*agent).into(),
            cause: cause.join(" "),
        }
        .into(),
        ["cannot", command, leg, status, error @ ..] => CommandFailed {
            decision: EventId([0; 16]),
            leg: self::leg(leg),
            command: (*command).to_owned(),
            status: number(status),
            error: error.join(" "),
        }
        .into(),
        ["fired", "ring", leg] => fired(Timer::Ring(self::leg(leg))),
        ["fired", "call"] => fired(Timer::MaximumDuration),
        ["fired", "transfer"] => fired(Timer::Transfer),
        ["record", ..] => return record(words),
        _ => return transfer(words),
    })
}

fn record(words: &[&str]) -> Option<Observation> {
    let leg = LegId::CALLER;
    let file = || "0199-1.wav".to_owned();
    let pause = || RecordingPause::Request { by: "grace".into() };
    let asked = |action, by: &str| RecordingRequested {
        action,
        by: by.to_owned(),
        key: None,
    };
    Some(match words {
        ["record", "start", name] => asked(RecordingAction::Start, name).into(),
        ["record", "pause", name] => asked(RecordingAction::Pause, name).into(),
        ["record", "resume", name] => asked(RecordingAction::Resume, name).into(),
        ["record", "stop", name] => asked(RecordingAction::Stop, name).into(),
        ["record", "started"] => RecordingStarted {
            leg,
            file: file(),
            sample_hz: 8_000,
        }
        .into(),
        ["record", "paused"] => RecordingPaused {
            leg,
            pause: pause(),
            at_ms: 0,
        }
        .into(),
        ["record", "resumed"] => RecordingResumed {
            leg,
            pause: pause(),
            at_ms: 0,
        }
        .into(),
        ["record", "ended"] => RecordingEnded {
            leg,
            file: file(),
            cause: "the call ended".into(),
            sha256: Hash::ZERO,
            length_ms: 0,
            octets: 44,
            dropped_ms: 0,
            silenced_ms: Some(0),
        }
        .into(),
        ["record", "failed", error @ ..] => RecordingFailed {
            leg,
            file: file(),
            error: error.join(" "),
            length_ms: 0,
        }
        .into(),
        _ => return None,
    })
}

fn transfer(words: &[&str]) -> Option<Observation> {
    Some(match words {
        ["refer", leg, "to", target, replaces @ ..] => TransferRequested {
            leg: self::leg(leg),
            target: Personal::from(*target),
            source: TransferSource::Refer,
            referred_by: Some("sip:bot@192.0.2.10".into()),
            replaces: replaces == ["replaces"],
        }
        .into(),
        ["choice", agent, "to", target] => TransferRequested {
            leg: LegId::CALLER,
            target: Personal::from(*target),
            source: TransferSource::Agent {
                agent: (*agent).into(),
                choice: "menu choice".into(),
            },
            referred_by: None,
            replaces: false,
        }
        .into(),
        ["progress", "sent"] => progress(TransferProgress::Sent),
        ["progress", "accepted"] => progress(TransferProgress::Accepted),
        ["progress", "timedout"] => progress(TransferProgress::TimedOut),
        ["progress", "refused", status, phrase @ ..] => progress(TransferProgress::Refused {
            status: number(status),
            phrase: phrase.join(" "),
        }),
        ["progress", status, phrase @ .., "last"] => notified(status, phrase, true),
        ["progress", status, phrase @ ..] => notified(status, phrase, false),
        _ => return None,
    })
}

fn fired(timer: Timer) -> Observation {
    TimerFired { timer, late_us: 0 }.into()
}

fn notified(status: &str, phrase: &[&str], last: bool) -> Observation {
    progress(TransferProgress::Notified {
        status: number(status),
        phrase: phrase.join(" "),
        last,
    })
}

fn progress(progress: TransferProgress) -> Observation {
    TransferProgressed {
        leg: LegId::CALLER,
        progress,
    }
    .into()
}

fn occupancy(text: &str) -> Occupancy {
    let (calls, new_calls) = text.split_once('/').unwrap_or((text, "0"));
    Occupancy {
        calls: number(calls).into(),
        new_calls: number(new_calls).into(),
    }
}

fn invite(to: &str, from: &str, trunk: &str, rest: &[&str]) -> InviteReceived {
    let pairs = || rest.iter().filter_map(|word| word.split_once('='));
    let find = |name: &str| {
        pairs()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let party = |text: &str| {
        Personal::new(Party {
            identity: Identity {
                display_name: String::new(),
                number: text.to_owned(),
                uri: format!("sip:{text}@192.0.2.1"),
            },
            e164: text.starts_with('+').then(|| text.to_owned()),
        })
    };
    let identity = Identity {
        display_name: String::new(),
        number: from.to_owned(),
        uri: format!("sip:{from}@192.0.2.1"),
    };
    InviteReceived {
        leg: LegId::CALLER,
        trunk: TrunkMatch {
            trunk: trunk.into(),
            because: "source 192.0.2.1 is in 192.0.2.0/24".into(),
            tried: Vec::new(),
        },
        source: "192.0.2.1:5060".into(),
        local: "192.0.2.2:32681".into(),
        transport: Transport::Udp,
        sip_call_id: "beef@192.0.2.1".into(),
        session: find("session").map(|name| SessionId {
            local: name.to_owned(),
            remote: None,
        }),
        max_forwards: find("hops").and_then(|hops| hops.parse().ok()),
        request_uri: Personal::new(format!("sip:{to}@192.0.2.2")),
        called: to.into(),
        called_e164: None,
        caller: Caller {
            header: match find("asserted") {
                Some(_) => IdentityHeader::PAssertedIdentity,
                None => IdentityHeader::From,
            },
            party: party(find("asserted").unwrap_or(from)),
            withheld: find("privacy").is_some(),
        },
        to: Personal::default(),
        from: Personal::new(identity),
        asserted: Vec::new(),
        remote_parties: Vec::new(),
        privacy: find("privacy").map(str::to_owned).into_iter().collect(),
        diversions: pairs()
            .filter(|(key, _)| *key == "diversion" || *key == "hidden-diversion")
            .map(|(key, number)| Diversion {
                party: party(number),
                reason: Some("user-busy".into()),
                counter: Some(1),
                privacy: (key == "hidden-diversion").then(|| "full".to_owned()),
            })
            .collect(),
        history: find("history")
            .map(|number| HistoryEntry {
                party: party(number),
                index: Some("1".into()),
                cause: Some(302),
                privacy: None,
            })
            .into_iter()
            .collect(),
        user_to_user: find("User-to-User")
            .map(|content| UserToUser {
                content: Personal::from(content),
                encoding: Some("hex".into()),
                purpose: None,
                holds: None,
            })
            .into_iter()
            .collect(),
        reasons: Vec::new(),
        external: None,
        context: pairs()
            .filter(|(name, _)| name.starts_with(|c: char| c.is_ascii_uppercase()))
            .map(|(name, value)| ContextHeader {
                name: name.to_owned(),
                value: value.into(),
            })
            .collect(),
        user_agent: None,
        offer: (!rest.contains(&"no-offer")).then(|| MediaOffer {
            codecs: vec!["PCMU/8000".into()],
            address: "192.0.2.1:4000".into(),
            profile: "RTP/AVP".into(),
            direction: MediaDirection::SendReceive,
            telephone_event: true,
        }),
        load: None,
    }
}

fn failed(leg: LegId, why: &[&str]) -> LegFailed {
    let (mut retry_after_s, mut reason) = (None, None);
    let mut why = why;
    if let [before @ .., "retry", seconds] = why {
        retry_after_s = Some(seconds.parse().expect("seconds"));
        why = before;
    }
    if let [before @ .., "reason", said] = why {
        reason = Some((*said).to_owned());
        why = before;
    }
    let failure = match why {
        ["timeout", timer] => LegFailure::TimedOut {
            timer: (*timer).to_owned(),
        },
        ["unreachable"] => LegFailure::Unreachable {
            error: "network unreachable".into(),
        },
        ["cancelled"] => LegFailure::Cancelled,
        ["impossible", error @ ..] => LegFailure::Impossible {
            error: error.join(" "),
        },
        [status, phrase @ ..] => LegFailure::Refused {
            status: number(status),
            phrase: phrase.join(" "),
        },
        [] => panic!("a leg fails for a reason"),
    };
    LegFailed {
        leg,
        failure,
        reason,
        retry_after_s,
        after_ms: 0,
    }
}

fn leg(text: &str) -> LegId {
    LegId(number(text))
}

fn number(text: &str) -> u16 {
    text.parse()
        .unwrap_or_else(|_| panic!("{text} is no number"))
}
