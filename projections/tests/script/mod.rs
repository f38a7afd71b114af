//! Calls as text: each line is one event, `TIME AUTHOR WHAT ARGUMENTS`, and becomes a record as the
//! edge or control would write it. Whoever needs a realistic history (tests, the bench, the page's
//! example) writes one of these.
//!
//! ```text
//! 0.000 edge invite office +14155550123 +14155550100 name="Ann Example" x-ticket=42 diverted=+14155550188
//! 0.002 control route.number dial 1 sip:bot@10.0.0.9 ; ring 0 ; routed greeter "number +14155550100"
//! ```

use std::collections::BTreeMap;

use schemas::command::{
    AcceptTransfer, AnswerLeg, BridgeLegs, BuiltInAgent, ConnectAgent, DialLeg, DialStream,
    HangUpLeg, PauseRecording, RecordedDigits, ReferLeg, RefuseLeg, ResumeRecording, RingLeg,
    StartRecording, StopRecording, StreamProtocol,
};
use schemas::conclusion::{
    CallEnded, CallEndedBy, CallOutcome, CallRefused, CallRouted, RequestRefused,
    TransferCompleted, TransferFailed, TransferFailure, TransferMethod, TransferStarted,
};
use schemas::media::{
    DigitMethod, MeasureOccasion, MediaDirection, MediaOffer, MediaSeen, MediaSilence, PeerAccount,
    RefusedBecause, RefusedPackets, SpeechRating, StreamDetail, StreamMeasure,
};
use schemas::observation::*;
use schemas::{
    AgentName, CallId, Chain, Command, Conclusion, Decision, Direction, Draft, Event, EventId,
    Hash, Lane, LegId, NodeName, Personal, Record, Subject, Timestamp, Transport, TrunkName,
    Unknown, WireMessage,
};

/// A call that was written down: its records in the order of the log, and its wire capture.
#[derive(Default)]
pub struct Written {
    /// Facts, decisions and requests.
    pub records: Vec<Record>,
    /// SIP messages.
    pub wire: Vec<Record>,
}

/// Writes a script as a call that begins at a moment. A line that cannot be read panics with itself.
pub fn write(script: &str, call: CallId, began: Timestamp) -> Written {
    let mut writer = Writer {
        call,
        began,
        chains: BTreeMap::new(),
        last_fact: None,
        last_decision: None,
        legs: BTreeMap::new(),
        written: Written::default(),
    };
    for line in script.lines().map(str::trim) {
        if !line.is_empty() && !line.starts_with('#') {
            writer.line(line);
        }
    }
    writer.written
}

struct Writer {
    call: CallId,
    began: Timestamp,
    chains: BTreeMap<Lane, Chain>,
    last_fact: Option<EventId>,
    last_decision: Option<EventId>,
    /// The peer's address on each leg, for the wire capture.
    legs: BTreeMap<u16, String>,
    written: Written,
}

impl Writer {
    fn line(&mut self, line: &str) {
        let words = split(line);
        let seconds: f64 = words[0]
            .parse()
            .unwrap_or_else(|_| panic!("no time: {line}"));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a script's times are small"
        )]
        let at = Timestamp(self.began.0 + (seconds * 1e6).round() as i64);
        let line = Line {
            text: line,
            words: words[2..].to_vec(),
        };
        match words[1].as_str() {
            "edge" => {
                let event = observation(&line, &mut self.legs);
                // What came of the decision before.
                let answers = line.words.last().is_some_and(|word| word == "answers");
                let because = self.last_decision.filter(|_| answers);
                let record = self.append(Lane::Facts, at, because, event.into());
                self.last_fact = Some(record.id());
                self.written.records.push(record);
            }
            "operator" => {
                let by = line.word(0).to_owned();
                let key = line.find("key").map(str::to_owned);
                let action = line.find("recording").map(|action| match action {
                    "start" => RecordingAction::Start,
                    "pause" => RecordingAction::Pause,
                    "resume" => RecordingAction::Resume,
                    "stop" => RecordingAction::Stop,
                    other => panic!("nobody asks for {other}"),
                });
                let asked: Event = match action {
                    Some(action) => RecordingRequested { action, by, key }.into(),
                    None => HangUpRequested { by, key }.into(),
                };
                let record = self.append(Lane::Requests, at, None, asked);
                self.last_fact = Some(record.id());
                self.written.records.push(record);
            }
            "control" => {
                let decision = decision(&line);
                let because = self.last_fact;
                let record = self.append(Lane::Decisions, at, because, decision.into());
                self.last_decision = Some(record.id());
                self.written.records.push(record);
            }
            "wire" => {
                let message = wire(&line, &self.legs);
                let record = self.append(Lane::Wire, at, None, message.into());
                self.written.wire.push(record);
            }
            // An event that nobody will ever see again.
            "lost" => {
                let event = LegRinging {
                    leg: LegId(0),
                    status: 180,
                }
                .into();
                let lane = if line.words.first().is_some_and(|word| word == "decision") {
                    Lane::Decisions
                } else {
                    Lane::Facts
                };
                self.append(lane, at, None, event);
            }
            "later-release" => {
                let unknown = Unknown {
                    kind: 999,
                    version: 3,
                    payload: vec![1, 2, 3],
                };
                let record = self.append(Lane::Facts, at, None, Event::Unknown(unknown));
                self.written.records.push(record);
            }
            "torn" => {
                let unknown = Unknown {
                    kind: 2,
                    version: 1,
                    payload: vec![0xff; 3],
                };
                let record = self.append(Lane::Facts, at, None, Event::Unknown(unknown));
                self.written.records.push(record);
            }
            other => panic!("no author {other:?} in: {}", line.text),
        }
    }

    fn append(
        &mut self,
        lane: Lane,
        at: Timestamp,
        because: Option<EventId>,
        event: Event,
    ) -> Record {
        let call = self.call;
        let producer = match lane {
            Lane::Facts | Lane::Wire => "edge-1",
            Lane::Decisions => "control-1",
            Lane::Requests => "api-1",
        };
        self.chains
            .entry(lane)
            .or_insert_with(|| Chain::new(Subject::Call(call), lane))
            .append(Draft {
                because,
                producer: NodeName::from(producer),
                recorded_at: at,
                event,
            })
    }
}

struct Line<'a> {
    text: &'a str,
    words: Vec<String>,
}

impl Line<'_> {
    fn word(&self, index: usize) -> &str {
        let plain = self.words.iter().filter(|word| !is_pair(word));
        plain
            .skip(index)
            .map(String::as_str)
            .next()
            .unwrap_or_else(|| panic!("too short: {}", self.text))
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.words
            .iter()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> T {
        match self.find(name) {
            Some(text) => text
                .parse()
                .unwrap_or_else(|_| panic!("no number {name}: {}", self.text)),
            None => default,
        }
    }

    fn leg(&self, index: usize) -> LegId {
        let word = self.word(index);
        LegId(
            word.parse()
                .unwrap_or_else(|_| panic!("no leg {word:?}: {}", self.text)),
        )
    }
}

fn is_pair(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c == '-' || c == '_')
    })
}

fn identity(number: &str, name: &str, host: &str) -> Identity {
    Identity {
        display_name: name.to_owned(),
        number: number.to_owned(),
        uri: format!("sip:{number}@{host}"),
    }
}

fn observation(line: &Line, legs: &mut BTreeMap<u16, String>) -> Observation {
    match line.word(0) {
        "invite" => invite(line, legs).into(),
        "dialed" => {
            let destination = line.find("at").unwrap_or("10.0.0.9:5060").to_owned();
            legs.insert(line.leg(1).0, destination.clone());
            LegDialed {
                leg: line.leg(1),
                trunk: line.find("trunk").map(TrunkName::from),
                destination,
                transport: Transport::Udp,
                target: Personal::from(line.word(2)),
                caller: Personal::new(identity(
                    line.find("from").unwrap_or("+14155550123"),
                    "",
                    "edge",
                )),
                sip_call_id: format!("leg-{}@edge-1", line.word(1)),
            }
            .into()
        }
        "ringing" => LegRinging {
            leg: line.leg(1),
            status: line.number("status", 180),
        }
        .into(),
        "early" => EarlyMediaStarted {
            leg: line.leg(1),
            status: 183,
        }
        .into(),
        "answered" => LegAnswered {
            leg: line.leg(1),
            after_ms: line.number("after", 0),
        }
        .into(),
        "failed" => LegFailed {
            leg: line.leg(1),
            failure: failure(line),
            reason: line.find("reason").map(str::to_owned),
            retry_after_s: line
                .find("retry")
                .map(|text| text.parse().expect("seconds")),
            after_ms: line.number("after", 0),
        }
        .into(),
        "codec" => CodecNegotiated {
            leg: line.leg(1),
            codec: line.word(2).to_owned(),
            payload_type: 0,
            telephone_event: line
                .find("digits")
                .map(|text| text.parse().expect("payload type")),
            local: "192.0.2.1:20000".to_owned(),
            remote: line.find("at").unwrap_or("192.0.2.7:30000").to_owned(),
            direction: MediaDirection::SendReceive,
            packet_ms: 20,
        }
        .into(),
        "media" => MediaStarted {
            leg: line.leg(1),
            after_answer_ms: line.number("after", 0),
            source: "192.0.2.7:30000".to_owned(),
            ssrc: 0x1234_5678,
        }
        .into(),
        "transcoded" => MediaTranscoded {
            leg: line.leg(1),
            speaker: line.leg(2),
            from: line.word(3).to_owned(),
            to: line.word(4).to_owned(),
        }
        .into(),
        "secured" => MediaSecured {
            leg: line.leg(1),
            keying: "SDES".to_owned(),
            suite: line.word(2).to_owned(),
            profile: line.find("profile").unwrap_or("RTP/SAVP").to_owned(),
        }
        .into(),
        "shaken" => HandshakeCompleted {
            leg: line.leg(1),
            begun_here: true,
            fingerprint_hash: "sha-256".to_owned(),
            after_ms: line.number("after", 80),
        }
        .into(),
        "unshaken" => HandshakeFailed {
            leg: line.leg(1),
            begun_here: false,
            because: line.words[2..].join(" "),
            agreed: vec!["sha-256 00:01".to_owned()],
            shown: Some("sha-256 02:03".to_owned()),
            after_ms: 90,
        }
        .into(),
        "stream" => stream(line),
        "unsecured" => MediaUnsecured {
            leg: line.leg(1),
            because: line.words[2..].join(" "),
        }
        .into(),
        "offer-refused" => OfferRefused {
            leg: line.leg(1),
            status: 488,
            because: line.words[2..].join(" "),
        }
        .into(),
        "silent" => MediaSilent {
            leg: line.leg(1),
            for_ms: line.number("for", 5_000),
            silence: match line.find("no") {
                Some("sound") => MediaSilence::NoSound,
                _ => MediaSilence::NoPackets,
            },
            seen: line.find("elsewhere").map(|source| MediaSeen {
                received: 0,
                sent: 250,
                sent_meanwhile: 250,
                refused_meanwhile: vec![RefusedPackets {
                    because: RefusedBecause::ForeignSource,
                    packets: 248,
                }],
                refused_source: Some(source.to_owned()),
            }),
        }
        .into(),
        "resumed" => MediaResumed {
            leg: line.leg(1),
            after_ms: line.number("after", 6_000),
            silence: MediaSilence::NoPackets,
        }
        .into(),
        "measured" => measured(line).into(),
        "reported" => MediaReported {
            leg: line.leg(1),
            reports: 3,
            lost: line.number("lost", 0),
            worst_loss_permille: line.number("worst", 0),
            jitter_us: 250,
            jitter_max_us: line.number("jitter", 1_500),
            round_trip_us: line.find("round-trip").and_then(|text| text.parse().ok()),
            round_trip_max_us: line.find("round-trip").and_then(|text| text.parse().ok()),
            detail: line.find("known").map(|known| ReportDetail {
                about_us: 3,
                sender_reports: 3,
                known_packets: known.parse().expect("a number"),
                rating: Some(rating(line)),
            }),
        }
        .into(),
        "latched" => MediaLatched {
            leg: line.leg(1),
            source: line.word(2).to_owned(),
            signalled: line.word(3).to_owned(),
            ssrc: 0x1234_5678,
        }
        .into(),
        "refused-packets" => MediaRefused {
            leg: line.leg(1),
            because: RefusedBecause::ForeignSource,
            packets: line.number("packets", 500),
            total: line.number("total", 1_500),
            source: line.word(2).to_owned(),
            in_row: line.number("row", 500),
            ssrc: Some(7),
            payload_type: Some(0),
            payload_bytes: Some(160),
        }
        .into(),
        "accounted" => MediaAccounted {
            leg: line.leg(1),
            account: PeerAccount::PRtpStat,
            packets_sent: Some(line.number("sent", 4_900)),
            octets_sent: None,
            packets_received: Some(line.number("received", 0)),
            octets_received: None,
            packets_lost: Some(0),
            packets_late: None,
            jitter: Some(0),
            round_trip_ms: None,
            duration_s: Some(98),
            metrics: None,
        }
        .into(),
        "digit-lost" => DigitLost {
            leg: line.leg(1),
            because: match line.find("status") {
                Some(status) => DigitLoss::Refused {
                    status: status.parse().expect("a status"),
                },
                None => DigitLoss::NoWay,
            },
        }
        .into(),
        "digit" => DigitReceived {
            leg: line.leg(1),
            method: if line.find("info").is_some() {
                DigitMethod::Info
            } else if line.find("tones").is_some() {
                DigitMethod::InBand
            } else {
                DigitMethod::TelephoneEvent
            },
            duration_ms: line.number("for", 120),
            digit: line.find("key").and_then(|text| text.chars().next()),
            seen: line.find("seen").map(|over| KeySeen {
                ended: line.find("endless").is_none(),
                over_ms: over.parse().expect("a number"),
            }),
        }
        .into(),
        "hold" => HoldRequested {
            leg: line.leg(1),
            direction: MediaDirection::SendOnly,
        }
        .into(),
        "resume" => ResumeRequested { leg: line.leg(1) }.into(),
        "early-passed" => EarlyMediaPassed {
            leg: line.leg(1),
            from: line.leg(2),
            status: line.find("status").and_then(|text| text.parse().ok()),
        }
        .into(),
        "bridged" => LegsBridged {
            leg: line.leg(1),
            with: line.leg(2),
        }
        .into(),
        "refer-answered" => TransferAnswered {
            leg: line.leg(1),
            status: line.number("status", 202),
        }
        .into(),
        "refer-reported" => TransferReported {
            leg: line.leg(1),
            status: line.number("status", 200),
            last: line.find("last").is_some(),
        }
        .into(),
        "transfer" => TransferRequested {
            leg: line.leg(1),
            target: Personal::from(line.word(2)),
            source: match line.find("agent") {
                Some(agent) => TransferSource::Agent {
                    agent: AgentName::from(agent),
                    choice: "menu choice".to_owned(),
                },
                None => TransferSource::Refer,
            },
            referred_by: line.find("by").map(Personal::from),
            replaces: false,
        }
        .into(),
        "refer" => TransferProgressed {
            leg: line.leg(1),
            progress: progress(line),
        }
        .into(),
        "bye" => ByeReceived {
            leg: line.leg(1),
            reason: line.find("reason").map(str::to_owned),
            context: context(line),
        }
        .into(),
        "cancel" => CancelReceived {
            leg: line.leg(1),
            reason: line.find("reason").map(str::to_owned),
        }
        .into(),
        "ended" => LegEnded {
            leg: line.leg(1),
            by: match line.word(2) {
                "peer" => EndedBy::Peer,
                "control" => EndedBy::Control,
                "edge" => EndedBy::Edge,
                other => panic!("nobody {other:?}: {}", line.text),
            },
            cause: line.word(3).to_owned(),
            talk_ms: line.number("talk", 0),
        }
        .into(),
        "agent" => AgentConnected {
            leg: line.leg(1),
            agent: AgentName::from(line.word(2)),
            kind: line.word(3).to_owned(),
        }
        .into(),
        "agent-lost" => AgentLost {
            leg: line.leg(1),
            agent: AgentName::from(line.word(2)),
            cause: line.word(3).to_owned(),
        }
        .into(),
        "command-failed" => CommandFailed {
            decision: EventId([7; 16]),
            leg: line.leg(1),
            command: line.word(2).to_owned(),
            error: line.word(3).to_owned(),
            status: line.number("status", 500),
        }
        .into(),
        "recording" => RecordingStarted {
            leg: LegId::CALLER,
            file: line.word(1).to_owned(),
            sample_hz: 8_000,
        }
        .into(),
        "recording-paused" => RecordingPaused {
            leg: LegId::CALLER,
            pause: pause(line),
            at_ms: line.number("at", 0),
        }
        .into(),
        "recording-resumed" => RecordingResumed {
            leg: LegId::CALLER,
            pause: pause(line),
            at_ms: line.number("at", 0),
        }
        .into(),
        "recording-ended" => RecordingEnded {
            leg: LegId::CALLER,
            file: line.word(1).to_owned(),
            cause: line.find("cause").unwrap_or("the call ended").to_owned(),
            sha256: schemas::Hash::of(b"a recording"),
            length_ms: line.number("length", 0),
            octets: line.number("octets", 44),
            dropped_ms: line.number("dropped", 0),
            silenced_ms: Some(line.number("silenced", 0)),
        }
        .into(),
        "recording-failed" => RecordingFailed {
            leg: LegId::CALLER,
            file: line.word(1).to_owned(),
            error: line.word(2).to_owned(),
            length_ms: line.number("length", 0),
        }
        .into(),
        "timer" => TimerFired {
            timer: match line.word(1) {
                "ring" => Timer::Ring(line.leg(2)),
                "duration" => Timer::MaximumDuration,
                "transfer" => Timer::Transfer,
                other => panic!("no timer {other:?}: {}", line.text),
            },
            late_us: 250,
        }
        .into(),
        other => panic!("the edge saw no {other:?}: {}", line.text),
    }
}

fn pause(line: &Line) -> RecordingPause {
    match line.find("by") {
        Some(by) => RecordingPause::Request { by: by.to_owned() },
        None => RecordingPause::Digits,
    }
}

/// The words `x-name=value` of a line.
fn context(line: &Line) -> Vec<ContextHeader> {
    let words = line.words.iter();
    let fields = words.filter(|word| word.starts_with("x-") && is_pair(word));
    fields
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| ContextHeader {
            name: name.to_owned(),
            value: Personal::from(value),
        })
        .collect()
}

fn diversion(number: &str) -> Diversion {
    Diversion {
        party: Personal::new(Party {
            identity: identity(number, "", "192.0.2.7"),
            e164: None,
        }),
        reason: Some("no-answer".to_owned()),
        counter: Some(1),
        privacy: None,
    }
}

fn invite(line: &Line, legs: &mut BTreeMap<u16, String>) -> InviteReceived {
    let source = line.find("source").unwrap_or("192.0.2.7:5060").to_owned();
    let host = source.split(':').next().unwrap_or_default().to_owned();
    legs.insert(0, source.clone());
    let (trunk, caller, called) = (line.word(1), line.word(2), line.word(3));
    let caller = if caller == "anonymous" { "" } else { caller };
    let name = line.find("name").unwrap_or_default();
    let from = identity(caller, name, &host);
    let asserted = line.find("asserted").map(|number| Party {
        identity: identity(number, name, &host),
        e164: None,
    });
    let (header, party) = match &asserted {
        Some(party) => (IdentityHeader::PAssertedIdentity, party.clone()),
        None => {
            let party = Party {
                identity: from.clone(),
                e164: line.find("caller-e164").map(str::to_owned),
            };
            (IdentityHeader::From, party)
        }
    };
    InviteReceived {
        leg: LegId::CALLER,
        trunk: TrunkMatch {
            trunk: TrunkName::from(trunk),
            because: format!("source {host} is in {host}/32"),
            tried: Vec::new(),
        },
        source,
        local: "192.0.2.1:32681".to_owned(),
        transport: Transport::Udp,
        sip_call_id: line
            .find("call-id")
            .unwrap_or("a84b4c76e66710@pbx")
            .to_owned(),
        session: None,
        max_forwards: None,
        request_uri: Personal::new(format!("sip:{called}@192.0.2.1:32681")),
        called: Personal::from(called),
        called_e164: line.find("called-e164").map(Personal::from),
        caller: Caller {
            header,
            party: Personal::new(party),
            withheld: line.words.iter().any(|word| word == "withheld"),
        },
        to: Personal::new(identity(called, "", "192.0.2.1")),
        from: Personal::new(from),
        asserted: asserted.map(Personal::new).into_iter().collect(),
        remote_parties: Vec::new(),
        privacy: Vec::new(),
        diversions: line.find("diverted").map(diversion).into_iter().collect(),
        history: Vec::new(),
        user_to_user: Vec::new(),
        reasons: Vec::new(),
        external: line.find("external").map(|id| {
            Personal::new(ExternalCall {
                announced: None,
                external: Some(id.to_owned()),
                original: None,
            })
        }),
        context: context(line),
        user_agent: Some(
            line.find("user-agent")
                .unwrap_or("Asterisk PBX 20.9.3")
                .to_owned(),
        ),
        offer: Some(MediaOffer {
            codecs: line
                .find("offer")
                .unwrap_or("PCMU/8000,PCMA/8000")
                .split(',')
                .map(str::to_owned)
                .collect(),
            address: format!("{host}:30000"),
            profile: "RTP/AVP".to_owned(),
            direction: MediaDirection::SendReceive,
            telephone_event: true,
        }),
        load: None,
    }
}

/// `stream dialed 1 greeter wss://…`, `stream opened 1`, `stream closed 1 agent|edge|nobody [code=1000] reason`,
/// `stream silent 1`, `stream slow 1`, `stream hasty 1`, `stream measured 1 [first=480]`.
fn stream(line: &Line) -> Observation {
    let leg = line.leg(2);
    match line.word(1) {
        "dialed" => StreamDialed {
            leg,
            agent: line.word(3).into(),
            url: line.word(4).to_owned(),
            protocol: StreamProtocol::Twilio,
            stream: "MZ1".to_owned(),
        }
        .into(),
        "opened" => StreamOpened {
            leg,
            destination: "10.0.0.9:443".to_owned(),
            tls: Some("TLS 1.3".to_owned()),
            codec: "PCMU/8000".to_owned(),
            connected_ms: 40,
            taken_ms: 12,
        }
        .into(),
        "closed" => StreamClosed {
            leg,
            by: match line.word(3) {
                "agent" => StreamCloser::Agent,
                "edge" => StreamCloser::Edge,
                _ => StreamCloser::Nobody,
            },
            code: line.find("code").and_then(|code| code.parse().ok()),
            reason: line.words.get(4).cloned().unwrap_or_default(),
        }
        .into(),
        "silent" => AgentSilent {
            leg,
            for_ms: 30_000,
        }
        .into(),
        "measured" => StreamMeasured {
            leg,
            marks: 3,
            clears: 1,
            keys: 2,
            first_sound_ms: line.find("first").and_then(|first| first.parse().ok()),
            queued_max_ms: 6_340,
            overrun_from_agent_ms: 0,
            overrun_to_agent_ms: line.number("dropped", 0),
            filled_ms: 60,
            malformed: 0,
        }
        .into(),
        way => AgentOverrun {
            leg,
            way: if way == "slow" {
                StreamWay::ToAgent
            } else {
                StreamWay::FromAgent
            },
        }
        .into(),
    }
}

fn failure(line: &Line) -> LegFailure {
    match line.word(2) {
        "cancelled" => LegFailure::Cancelled,
        "timer" => LegFailure::TimedOut {
            timer: line.word(3).to_owned(),
        },
        "unreachable" => LegFailure::Unreachable {
            error: line.word(3).to_owned(),
        },
        "impossible" => LegFailure::Impossible {
            error: line.word(3).to_owned(),
        },
        status => LegFailure::Refused {
            status: status
                .parse()
                .unwrap_or_else(|_| panic!("no failure: {}", line.text)),
            phrase: line.word(3).to_owned(),
        },
    }
}

fn progress(line: &Line) -> TransferProgress {
    match line.word(2) {
        "sent" => TransferProgress::Sent,
        "accepted" => TransferProgress::Accepted,
        "timeout" => TransferProgress::TimedOut,
        "refused" => TransferProgress::Refused {
            status: line.number("status", 603),
            phrase: line.find("phrase").unwrap_or("Decline").to_owned(),
        },
        "notified" => TransferProgress::Notified {
            status: line.number("status", 200),
            phrase: line.find("phrase").unwrap_or("OK").to_owned(),
            last: line.number("status", 200) >= 200,
        },
        other => panic!("no progress {other:?}: {}", line.text),
    }
}

fn measured(line: &Line) -> MediaMeasured {
    let received: u64 = line.number("in", 500);
    let sent: u64 = line.number("out", 500);
    let stream = |packets: u64, lost: u64| StreamMeasure {
        packets,
        payload_bytes: packets * 160,
        lost,
        jitter_us: if packets > 0 { 350 } else { 0 },
        jitter_max_us: if packets > 0 {
            line.number("jitter", 2_400)
        } else {
            0
        },
        longest_gap_ms: if packets > 0 { 41 } else { 0 },
        detail: line.find("mos").map(|_| StreamDetail {
            out_of_buffer: line.number("late", 0),
            level_dbov: Some(-24),
            rating: Some(rating(line)).filter(|_| packets > 0),
            ..StreamDetail::default()
        }),
        ..StreamMeasure::default()
    };
    MediaMeasured {
        leg: line.leg(1),
        received: stream(received, line.number("lost", 0)),
        sent: stream(sent, 0),
        refused_packets: line.number("refused", 0),
        over_ms: line.number("over", 10_000),
        unauthenticated_packets: line.number("forged", 0),
        replayed_packets: line.number("replayed", 0),
        occasion: match line.find("because") {
            Some("interval") => MeasureOccasion::Interval,
            Some("loss") => MeasureOccasion::Loss,
            Some(other) => panic!("no occasion {other:?}"),
            None => MeasureOccasion::End,
        },
        refused: Vec::new(),
        samples: Vec::new(),
        keys_doubled: 0,
    }
}

fn rating(line: &Line) -> SpeechRating {
    SpeechRating {
        r_tenths: 900,
        mos_hundredths: line.number("mos", 434),
        delay_ms: line
            .find("delay")
            .map(|delay| delay.parse().expect("a number")),
        codec: "G.711 with concealment".to_owned(),
        ie_tenths: 0,
        bpl_tenths: 251,
    }
}

fn decision(line: &Line) -> Decision {
    let mut decision = Decision {
        rule: line.words[0].clone(),
        configuration: Hash([9; 32]),
        commands: Vec::new(),
        conclusions: Vec::new(),
    };
    for part in line.words[1..].split(|word| word == ";") {
        if part.is_empty() {
            continue;
        }
        let part = Line {
            text: line.text,
            words: part.to_vec(),
        };
        match command(&part) {
            Some(command) => decision.commands.push(command),
            None => decision.conclusions.push(conclusion(&part)),
        }
    }
    decision
}

fn command(part: &Line) -> Option<Command> {
    Some(match part.word(0) {
        "ring" => RingLeg { leg: part.leg(1) }.into(),
        "record" => StartRecording {
            leg: LegId::CALLER,
            recording: part.number("number", 1),
            notice: None,
            digits: RecordedDigits::Masked,
        }
        .into(),
        "pause" => PauseRecording {
            leg: LegId::CALLER,
            by: part.word(1).to_owned(),
        }
        .into(),
        "resume" => ResumeRecording {
            leg: LegId::CALLER,
            by: part.word(1).to_owned(),
        }
        .into(),
        "stop" => StopRecording {
            leg: LegId::CALLER,
            by: part.word(1).to_owned(),
        }
        .into(),
        "answer" => AnswerLeg { leg: part.leg(1) }.into(),
        "refuse" => RefuseLeg {
            leg: part.leg(1),
            status: part.number("status", 404),
            phrase: part.find("phrase").unwrap_or("Not Found").to_owned(),
            reason: None,
            retry_after_s: None,
        }
        .into(),
        "dial" => DialLeg {
            leg: part.leg(1),
            trunk: part.find("trunk").map(TrunkName::from),
            destination: part.find("at").unwrap_or("10.0.0.9:5060").to_owned(),
            transport: Transport::Udp,
            target: Personal::from(part.word(2)),
            caller: Personal::default(),
            told: schemas::command::Told::default(),
            context: Vec::new(),
            codecs_of: None,
            srtp: schemas::media::SrtpPolicy::Off,
        }
        .into(),
        "stream" => DialStream {
            leg: part.leg(1),
            agent: part.word(2).into(),
            url: part.word(3).to_owned(),
            protocol: StreamProtocol::Twilio,
            parameters: Vec::new(),
            silent_ms: 30_000,
        }
        .into(),
        "hang-up" => HangUpLeg {
            leg: part.leg(1),
            reason: None,
            context: Vec::new(),
        }
        .into(),
        "bridge" => BridgeLegs {
            leg: part.leg(1),
            with: part.leg(2),
        }
        .into(),
        "connect" => ConnectAgent {
            leg: part.leg(1),
            agent: AgentName::from(part.word(2)),
            does: match part.word(3) {
                "echo" => BuiltInAgent::Echo,
                "hold" => BuiltInAgent::Hold,
                "menu" => BuiltInAgent::Menu {
                    prompt: None,
                    choices: Vec::new(),
                },
                other => panic!("no agent {other:?}: {}", part.text),
            },
        }
        .into(),
        "accept-refer" => AcceptTransfer { leg: part.leg(1) }.into(),
        "refer" => ReferLeg {
            leg: part.leg(1),
            target: Personal::from(part.word(2)),
            referred_by: None,
        }
        .into(),
        _ => return None,
    })
}

fn conclusion(part: &Line) -> Conclusion {
    let method = |word: &str| match word {
        "bridged" => TransferMethod::Bridged,
        "refer" => TransferMethod::Refer,
        other => panic!("no method {other:?}: {}", part.text),
    };
    match part.word(0) {
        "routed" => CallRouted {
            agent: AgentName::from(part.word(1)),
            rule: part.word(2).to_owned(),
            tried: Vec::new(),
        }
        .into(),
        "refused" => CallRefused {
            status: part.word(1).parse().expect("a status"),
            why: part.word(2).to_owned(),
            tried: tried(part),
        }
        .into(),
        "transfer-started" => TransferStarted {
            target: Personal::from(part.word(3)),
            method: method(part.word(1)),
            leg: part.leg(2),
        }
        .into(),
        "transfer-completed" => TransferCompleted {
            method: method(part.word(1)),
            leg: part.leg(2),
        }
        .into(),
        "transfer-failed" => TransferFailed {
            failure: match part.word(1) {
                "busy" => TransferFailure::Busy,
                "no-answer" => TransferFailure::NoAnswer,
                "rejected" => TransferFailure::Rejected,
                "not-found" => TransferFailure::NumberNotFound,
                "caller-left" => TransferFailure::CallerLeft,
                "unsupported" => TransferFailure::MethodUnsupported,
                other => panic!("no failure {other:?}: {}", part.text),
            },
            status: part
                .find("status")
                .map(|text| text.parse().expect("a status")),
            why: part.word(2).to_owned(),
        }
        .into(),
        "ended" => CallEnded {
            by: match part.word(1) {
                "caller" => CallEndedBy::Caller,
                "agent" => CallEndedBy::Agent,
                "target" => CallEndedBy::Target,
                "control" => CallEndedBy::Control,
                "edge" => CallEndedBy::Edge,
                "operator" => CallEndedBy::Operator,
                other => panic!("nobody {other:?}: {}", part.text),
            },
            outcome: match part.word(2) {
                "completed" => CallOutcome::Completed,
                "transferred" => CallOutcome::Transferred,
                "abandoned" => CallOutcome::Abandoned,
                "refused" => CallOutcome::Refused,
                "failed" => CallOutcome::Failed,
                other => panic!("no outcome {other:?}: {}", part.text),
            },
            cause: part.word(3).to_owned(),
        }
        .into(),
        "refused-request" => RequestRefused {
            why: part.word(1).to_owned(),
        }
        .into(),
        other => panic!("control decides no {other:?}: {}", part.text),
    }
}

fn tried(part: &Line) -> Vec<Tried> {
    let tried = part
        .words
        .iter()
        .filter_map(|word| word.strip_prefix("tried="));
    tried
        .filter_map(|text| text.split_once(':'))
        .map(|(candidate, failed)| Tried {
            candidate: candidate.to_owned(),
            failed: failed.trim().to_owned(),
        })
        .collect()
}

fn wire(line: &Line, legs: &BTreeMap<u16, String>) -> WireMessage {
    let direction = match line.word(0) {
        "in" => Direction::Received,
        "out" => Direction::Sent,
        other => panic!("no direction {other:?}: {}", line.text),
    };
    let first = line.word(2);
    let cseq = line.find("cseq").map_or_else(
        || first.split(' ').next().unwrap_or_default().to_owned(),
        str::to_owned,
    );
    let start = match first.chars().next() {
        Some('1'..='6') => format!("SIP/2.0 {first}"),
        _ => format!("{first} SIP/2.0"),
    };
    let body = if line.find("sdp").is_some() {
        "v=0\r\n"
    } else {
        ""
    };
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    let length = body.len();
    let text = format!("{start}\r\nCSeq: 1 {cseq}\r\n{kind}Content-Length: {length}\r\n\r\n{body}");
    let leg = line.leg(1);
    WireMessage {
        leg: Some(leg),
        direction,
        local: "192.0.2.1:32681".to_owned(),
        peer: legs
            .get(&leg.0)
            .cloned()
            .unwrap_or_else(|| "192.0.2.7:5060".to_owned()),
        transport: Transport::Udp,
        retransmission: line.find("again").is_some(),
        bytes: text.into_bytes(),
    }
}

/// Words of a line; quotes hold them together, `\xNN` and `\u{…}` stand for what a text file cannot hold.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    let mut began = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => (quoted, began) = (!quoted, true),
            ' ' if !quoted => {
                if began {
                    words.push(std::mem::take(&mut word));
                    began = false;
                }
            }
            '\\' if characters.next_if_eq(&'u').is_some() => {
                let digits: String = characters
                    .by_ref()
                    .skip(1)
                    .take_while(|c| *c != '}')
                    .collect();
                let code = u32::from_str_radix(&digits, 16).expect("a code point");
                word.push(char::from_u32(code).expect("a code point"));
                began = true;
            }
            _ => {
                word.push(character);
                began = true;
            }
        }
    }
    if began {
        words.push(word);
    }
    words
}
