//! An edge without sockets: it begins calls, does what decisions say, and tells what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use journal::{EventLog, Filter, Outcome, Stream};
use schemas::command::BuiltInAgent;
use schemas::observation::*;
use schemas::{
    CallId, Chain, Command, Draft, Event, EventId, Lane, LegId, NodeName, Personal, Position,
    Record, Subject, Timestamp, Transport,
};

/// How calls go. Each fate is a number's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A SIP agent answers, transfers, the target answers; the caller hangs up.
    Transfer,
    /// The SIP agent is busy; the caller talks to an echo and hangs up.
    Busy,
    /// Nobody answers the SIP agent's leg until control gives up.
    Silence,
    /// A menu transfers; the target is busy; the caller hangs up.
    Menu,
    /// An echo answers; the caller hangs up.
    Echo,
}

/// After how long without a decision a call counts as lost: longer than any wait of control's.
const PATIENCE: Duration = Duration::from_secs(120);

/// The edge.
pub struct Edge {
    log: Arc<dyn EventLog>,
    now: Box<dyn Fn() -> Timestamp + Send>,
    calls: BTreeMap<CallId, Held>,
    pub done: Vec<EventId>,
}

struct Held {
    fate: Fate,
    facts: Chain,
    answered: Vec<LegId>,
    over: Vec<LegId>,
    asked: bool,
    ended: bool,
}

impl Edge {
    pub fn new(log: Arc<dyn EventLog>, now: impl Fn() -> Timestamp + Send + 'static) -> Edge {
        Edge {
            log,
            now: Box::new(now),
            calls: BTreeMap::new(),
            done: Vec::new(),
        }
    }

    /// Begins calls, one of each fate after the other.
    pub async fn begin(&mut self, count: usize, fates: &[Fate]) {
        let mut records = Vec::new();
        for fate in fates.iter().cycle().take(count) {
            let mut random = [0; 10];
            let number = self.calls.len();
            random[1..9].copy_from_slice(&number.to_be_bytes());
            random[9] = u8::try_from(number % 251).expect("less than 251");
            let id = CallId::new(1_790_000_000_000, random);
            let mut held = Held {
                fate: *fate,
                facts: Chain::new(Subject::Call(id), Lane::Facts),
                answered: Vec::new(),
                over: Vec::new(),
                asked: false,
                ended: false,
            };
            records.push(held.tell((self.now)(), invite(*fate)));
            self.calls.insert(id, held);
        }
        self.append(records).await;
    }

    /// Does what is decided until every call has ended. `between` is called after each batch.
    pub async fn run(&mut self, mut between: impl FnMut(usize)) {
        let from = Position::beginning(self.log.id(Stream::Events));
        let filter = Filter::ALL.lanes(&[Lane::Decisions]);
        let follow = self.log.follow(Stream::Events, from, filter);
        let mut follower = follow.await.expect("the log is there");
        let mut batches = 0;
        while self.calls.values().any(|held| !held.ended) {
            let next = tokio::time::timeout(PATIENCE, follower.next()).await;
            let entries = next
                .expect("a call that goes on has a decision to wait for")
                .expect("the log goes on");
            let mut told = Vec::new();
            for entry in entries {
                let id = entry
                    .record
                    .subject()
                    .call()
                    .expect("only calls have decisions");
                let decision = entry.record.id();
                if self.done.contains(&decision) {
                    continue;
                }
                self.done.push(decision);
                let Ok(Event::Decision(decided)) = entry.record.event() else {
                    panic!("a decision lane has decisions");
                };
                let held = self.calls.get_mut(&id).expect("a call of this edge");
                for command in &decided.commands {
                    for observation in held.carry_out(command) {
                        told.push(held.tell((self.now)(), observation));
                    }
                }
                held.ended |= decided
                    .conclusions
                    .iter()
                    .any(|one| one.name() == "CallEnded");
            }
            self.append(told).await;
            batches += 1;
            between(batches);
            tokio::task::yield_now().await;
        }
    }

    /// Tells something of every call, late.
    pub async fn tell_all(&mut self, observation: Observation) {
        let records = self
            .calls
            .values_mut()
            .map(|held| held.tell((self.now)(), observation.clone()))
            .collect();
        self.append(records).await;
    }

    async fn append(&self, records: Vec<Record>) {
        for outcome in self.log.append(records).await {
            assert!(matches!(outcome, Outcome::Appended(_)), "{outcome:?}");
        }
    }
}

impl Held {
    fn tell(&mut self, now: Timestamp, observation: Observation) -> Record {
        self.facts.append(Draft {
            because: None,
            producer: NodeName::from("edge"),
            recorded_at: now,
            event: observation.into(),
        })
    }

    fn carry_out(&mut self, command: &Command) -> Vec<Observation> {
        let leg = command.leg();
        if self.over.contains(&leg) && !matches!(command, Command::DialLeg(_)) {
            let late = CommandFailed {
                decision: EventId([0; 16]),
                leg,
                command: command.name().into(),
                status: 481,
                error: "the leg is over".into(),
            };
            return vec![late.into()];
        }
        match command {
            Command::AnswerLeg(_) => self.answers(leg),
            Command::RefuseLeg(_) => self.ends(leg, EndedBy::Control),
            Command::HangUpLeg(_) if self.answered.contains(&leg) || leg == LegId::CALLER => {
                self.ends(leg, EndedBy::Control)
            }
            Command::HangUpLeg(_) => self.fails(leg, LegFailure::Cancelled),
            Command::DialLeg(dial) => self.dials(leg, dial.target.reveal()),
            Command::DialStream(dial) => self.dials(leg, &dial.url),
            Command::BridgeLegs(bridge) if bridge.with == LegId(1) && !self.asked => {
                self.asked = true;
                vec![self.asks(bridge.with, TransferSource::Refer)]
            }
            Command::ConnectAgent(connect) if connect.does == BuiltInAgent::Hold => Vec::new(),
            Command::ConnectAgent(connect) if connect.agent.as_str() == "menu" && !self.asked => {
                self.asked = true;
                let source = TransferSource::Agent {
                    agent: connect.agent.clone(),
                    choice: "menu choice".into(),
                };
                vec![self.asks(leg, source)]
            }
            // Whoever talks now, the caller has had enough.
            Command::BridgeLegs(_) | Command::ConnectAgent(_) => {
                let mut bye: Vec<Observation> = vec![
                    ByeReceived {
                        leg: LegId::CALLER,
                        reason: None,
                        context: Vec::new(),
                    }
                    .into(),
                ];
                bye.extend(self.ends(LegId::CALLER, EndedBy::Peer));
                bye
            }
            Command::RingLeg(_)
            | Command::PassEarlyMedia(_)
            | Command::AcceptTransfer(_)
            | Command::RefuseTransfer(_)
            | Command::ReportTransfer(_)
            | Command::ReferLeg(_)
            | Command::StartRecording(_)
            | Command::PauseRecording(_)
            | Command::ResumeRecording(_)
            | Command::StopRecording(_) => Vec::new(),
        }
    }

    fn dials(&mut self, leg: LegId, target: &str) -> Vec<Observation> {
        let ringing = LegRinging { leg, status: 180 }.into();
        let busy = LegFailure::Refused {
            status: 486,
            phrase: "Busy Here".into(),
        };
        match (self.fate, target.starts_with("sip:queue")) {
            (Fate::Silence, _) => vec![ringing],
            (Fate::Busy, false) | (Fate::Menu, true) => self.fails(leg, busy),
            (Fate::Transfer | Fate::Busy | Fate::Menu | Fate::Echo, _) => {
                let mut told = vec![ringing];
                told.extend(self.answers(leg));
                told
            }
        }
    }

    fn asks(&self, leg: LegId, source: TransferSource) -> Observation {
        TransferRequested {
            leg,
            target: "queue".into(),
            source,
            referred_by: None,
            replaces: false,
        }
        .into()
    }

    fn answers(&mut self, leg: LegId) -> Vec<Observation> {
        self.answered.push(leg);
        vec![LegAnswered { leg, after_ms: 0 }.into()]
    }

    fn ends(&mut self, leg: LegId, by: EndedBy) -> Vec<Observation> {
        self.over.push(leg);
        let cause = "BYE".into();
        let talk_ms = 0;
        vec![
            LegEnded {
                leg,
                by,
                cause,
                talk_ms,
            }
            .into(),
        ]
    }

    fn fails(&mut self, leg: LegId, failure: LegFailure) -> Vec<Observation> {
        self.over.push(leg);
        vec![
            LegFailed {
                leg,
                failure,
                reason: None,
                retry_after_s: None,
                after_ms: 0,
            }
            .into(),
        ]
    }
}

fn invite(fate: Fate) -> Observation {
    let called = match fate {
        Fate::Transfer | Fate::Busy | Fate::Silence => "1",
        Fate::Menu => "2",
        Fate::Echo => "3",
    };
    InviteReceived {
        leg: LegId::CALLER,
        trunk: TrunkMatch {
            trunk: "office".into(),
            because: "source 192.0.2.1 is in 192.0.2.0/24".into(),
            tried: Vec::new(),
        },
        source: "192.0.2.1:5060".into(),
        local: "192.0.2.2:32681".into(),
        transport: Transport::Udp,
        sip_call_id: "beef@192.0.2.1".into(),
        session: None,
        max_forwards: None,
        request_uri: Personal::new(format!("sip:{called}@192.0.2.2")),
        called: called.into(),
        called_e164: None,
        caller: Caller {
            header: IdentityHeader::From,
            party: Personal::default(),
            withheld: false,
        },
        to: Personal::default(),
        from: Personal::default(),
        asserted: Vec::new(),
        remote_parties: Vec::new(),
        privacy: Vec::new(),
        diversions: Vec::new(),
        history: Vec::new(),
        user_to_user: Vec::new(),
        reasons: Vec::new(),
        external: None,
        context: Vec::new(),
        user_agent: None,
        offer: None,
        load: None,
    }
    .into()
}
