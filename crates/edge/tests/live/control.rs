//! A control for tests: it follows the facts and decides what a function says.

use std::collections::BTreeMap;
use std::sync::Arc;

use journal::{EventLog, Filter, Stream};
use schemas::command::{AnswerLeg, BridgeLegs, BuiltInAgent, ConnectAgent, DialLeg, Told};
use schemas::conclusion::{CallEnded, CallEndedBy, CallOutcome};
use schemas::media::MediaTerms;
use schemas::observation::InviteReceived;
use schemas::{
    AgentName, CallId, Chain, Command, Conclusion, Decision, Draft, Event, Hash, Lane, LegId,
    NodeName, Observation, Personal, Position, Subject, Transport,
};
use tokio::task::JoinHandle;

/// What a control says to an observation.
pub type Say = fn(&Observation) -> (Vec<Command>, Vec<Conclusion>);

/// Starts a control that decides until it is aborted.
pub fn start(log: Arc<dyn EventLog>, say: Say) -> JoinHandle<()> {
    tokio::spawn(async move {
        let filter = Filter::ALL.lanes(&[Lane::Facts]);
        let begin = Position::beginning(log.id(Stream::Events));
        let mut follower = log.follow(Stream::Events, begin, filter).await.unwrap();
        let mut chains: BTreeMap<CallId, Chain> = BTreeMap::new();
        loop {
            for entry in follower.next().await.unwrap() {
                let Some(call) = entry.record.subject().call() else {
                    continue;
                };
                let Ok(Event::Observation(observation)) = entry.record.event() else {
                    continue;
                };
                let (commands, conclusions) = say(&observation);
                if commands.is_empty() && conclusions.is_empty() {
                    continue;
                }
                let rule = "test".to_owned();
                let decision = Decision {
                    rule,
                    configuration: Hash::ZERO,
                    commands,
                    conclusions,
                };
                let new = || Chain::new(Subject::Call(call), Lane::Decisions);
                let record = chains.entry(call).or_insert_with(new).append(Draft {
                    because: Some(entry.record.id()),
                    producer: NodeName::from("control"),
                    recorded_at: entry.record.header().recorded_at,
                    event: decision.into(),
                });
                log.append(vec![record]).await;
            }
        }
    })
}

/// The facts of every call in the log, by call.
pub async fn facts(log: &Arc<dyn EventLog>) -> BTreeMap<CallId, Vec<Observation>> {
    let head = log.head(Stream::Events).await.unwrap();
    let begin = Position::beginning(log.id(Stream::Events));
    let mut follower = log
        .follow(Stream::Events, begin, Filter::ALL)
        .await
        .unwrap();
    let mut facts: BTreeMap<CallId, Vec<Observation>> = BTreeMap::new();
    while follower.position().sequence < head.sequence {
        for entry in follower.next().await.unwrap() {
            let call = entry.record.subject().call();
            if let (Some(call), Ok(Event::Observation(fact))) = (call, entry.record.event()) {
                facts.entry(call).or_default().push(fact);
            }
        }
    }
    facts
}

/// The facts of nodes in the log that the function takes.
pub async fn node_facts<T>(
    log: &Arc<dyn EventLog>,
    wanted: impl Fn(&Observation) -> Option<T>,
) -> Vec<T> {
    let head = log.head(Stream::Events).await.unwrap();
    let begin = Position::beginning(log.id(Stream::Events));
    let mut follower = log
        .follow(Stream::Events, begin, Filter::ALL)
        .await
        .unwrap();
    let mut found = Vec::new();
    while follower.position().sequence < head.sequence {
        for entry in follower.next().await.unwrap() {
            if entry.record.subject().call().is_none()
                && let Ok(Event::Observation(fact)) = entry.record.event()
            {
                found.extend(wanted(&fact));
            }
        }
    }
    found
}

/// Waits until a node's fact is there that the function takes.
pub async fn node_fact<T>(
    log: &Arc<dyn EventLog>,
    wanted: impl Fn(&Observation) -> Option<T>,
) -> T {
    let begin = Position::beginning(log.id(Stream::Events));
    let mut follower = log
        .follow(Stream::Events, begin, Filter::ALL)
        .await
        .unwrap();
    let found = async {
        loop {
            for entry in follower.next().await.unwrap() {
                if let Ok(Event::Observation(fact)) = entry.record.event()
                    && let Some(found) = wanted(&fact)
                {
                    return found;
                }
            }
        }
    };
    tokio::time::timeout(super::PATIENCE, found)
        .await
        .expect("the fact comes in time")
}

/// A control that answers every call with an echo.
pub fn echo(observation: &Observation) -> (Vec<Command>, Vec<Conclusion>) {
    match observation {
        Observation::InviteReceived(_) => {
            let leg = LegId::CALLER;
            let (agent, does) = (AgentName::from("echo"), BuiltInAgent::Echo);
            let connect = ConnectAgent { leg, agent, does };
            (vec![AnswerLeg { leg }.into(), connect.into()], vec![])
        }
        Observation::LegEnded(_) => (vec![], ended()),
        _ => (vec![], vec![]),
    }
}

/// The leg that a test's control dials.
pub const AGENT: LegId = LegId(1);

/// An INVITE to a bot at a destination, in a caller's name and by plain UDP.
pub fn bot_at(destination: String, invite: &InviteReceived) -> DialLeg {
    DialLeg {
        leg: AGENT,
        trunk: None,
        destination,
        transport: Transport::Udp,
        target: Personal::from("sip:bot@bots.example"),
        caller: invite.from.clone(),
        told: Told::default(),
        context: vec![],
        codecs_of: Some(LegId::CALLER),
        media: MediaTerms::default(),
    }
}

/// The one that was dialed answered: so is the caller, and they talk.
pub fn connect() -> (Vec<Command>, Vec<Conclusion>) {
    let (leg, with) = (LegId::CALLER, AGENT);
    let bridge = BridgeLegs { leg, with };
    (vec![AnswerLeg { leg }.into(), bridge.into()], vec![])
}

/// What control says at the end of a call.
pub fn ended() -> Vec<Conclusion> {
    let (by, outcome) = (CallEndedBy::Caller, CallOutcome::Completed);
    let cause = "test".to_owned();
    vec![CallEnded { by, outcome, cause }.into()]
}
