//! Calls that an earlier run of this edge left behind: it died while they were up. Each leg that did not end is ended
//! in the log, so that every call comes to its end, and so is its recording, whose file is made whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journal::{Error, EventLog, Filter, Stream};
use schemas::observation::{EndedBy, LegEnded, RecordingStarted};
use schemas::{
    CallId, Chain, Draft, Event, Lane, LegId, NodeName, Observation, Position, Record, Subject,
    Timestamp,
};

use crate::recorder::repair;

/// The cause in the `LegEnded` of a leg that was left behind.
pub const CAUSE: &str = "edge restarted";

/// What an edge has to know of its past.
#[derive(Debug)]
pub struct Past {
    /// The end of the node's own facts.
    pub chain: Chain,
    /// The facts that end what was left behind.
    pub endings: Vec<Record>,
    /// How many calls that were.
    pub calls: usize,
}

/// A call whose legs are looked after.
struct Open {
    chain: Chain,
    legs: BTreeSet<LegId>,
    /// Its recording, if that has no end.
    recording: Option<RecordingStarted>,
}

/// Reads the log from `from` on, or from its beginning, for what this node left behind.
pub async fn read(
    log: &Arc<dyn EventLog>,
    node: &NodeName,
    from: Option<Position>,
    now: Timestamp,
) -> Result<Past, Error> {
    let subject = Subject::Node(node.clone());
    let chain = match log.last(&subject, Lane::Facts).await? {
        Some(entry) => Chain::after(&entry.record),
        None => Chain::new(subject, Lane::Facts),
    };
    let open = match open_calls(log, node, from).await {
        // The place is of another log, or not kept any more: the whole log it is.
        Err(Error::Expired { .. } | Error::Truncated { .. } | Error::Diverged)
            if from.is_some() =>
        {
            open_calls(log, node, None).await?
        }
        other => other?,
    };
    let calls = open.len();
    let node = node.clone();
    // The files of recordings are read for their hashes.
    let ending = tokio::task::spawn_blocking(move || {
        let open = open.into_values();
        open.flat_map(|open| endings(open, &node, now)).collect()
    });
    let endings = match ending.await {
        Ok(endings) => endings,
        Err(broken) => std::panic::resume_unwind(broken.into_panic()),
    };
    Ok(Past {
        chain,
        endings,
        calls,
    })
}

async fn open_calls(
    log: &Arc<dyn EventLog>,
    node: &NodeName,
    from: Option<Position>,
) -> Result<BTreeMap<CallId, Open>, Error> {
    let head = log.head(Stream::Events).await?;
    let from = from.unwrap_or_else(|| Position::beginning(log.id(Stream::Events)));
    let mut open = BTreeMap::new();
    let mut at = from.sequence;
    // Without a filter: one that hides the last event would wait for the next for ever.
    let mut follower = log.follow(Stream::Events, from, Filter::ALL).await?;
    while at < head.sequence {
        match follower.next().await {
            Ok(entries) => {
                for entry in &entries {
                    note(&mut open, node, &entry.record);
                }
            }
            // Whatever is hidden there, it is told elsewhere; what can be read is read.
            Err(Error::Damaged(damage)) => tracing::warn!(%damage, "the log is damaged"),
            Err(error) => return Err(error),
        }
        at = follower.position().sequence;
    }
    Ok(open)
}

fn note(open: &mut BTreeMap<CallId, Open>, node: &NodeName, record: &Record) {
    let header = record.header();
    let Some(call) = header.subject.call() else {
        return;
    };
    if header.lane != Lane::Facts || header.producer != *node {
        return;
    }
    let state = open.entry(call).or_insert_with(|| Open {
        chain: Chain::new(header.subject.clone(), Lane::Facts),
        legs: BTreeSet::new(),
        recording: None,
    });
    state.chain.follow(record);
    match record.event() {
        Ok(Event::Observation(Observation::InviteReceived(invite))) => {
            state.legs.insert(invite.leg);
        }
        Ok(Event::Observation(Observation::LegDialed(dialed))) => {
            state.legs.insert(dialed.leg);
        }
        Ok(Event::Observation(Observation::StreamDialed(dialed))) => {
            state.legs.insert(dialed.leg);
        }
        Ok(Event::Observation(Observation::LegEnded(ended))) => {
            state.legs.remove(&ended.leg);
        }
        Ok(Event::Observation(Observation::LegFailed(failed))) => {
            state.legs.remove(&failed.leg);
        }
        Ok(Event::Observation(Observation::RecordingStarted(started))) => {
            state.recording = Some(started);
        }
        Ok(Event::Observation(
            Observation::RecordingEnded(_) | Observation::RecordingFailed(_),
        )) => state.recording = None,
        _ => {}
    }
    if state.legs.is_empty() && state.recording.is_none() {
        open.remove(&call);
    }
}

fn endings(open: Open, node: &NodeName, now: Timestamp) -> Vec<Record> {
    let Open {
        mut chain,
        legs,
        recording,
    } = open;
    let recording = recording.map(|started| repair::end(&started, CAUSE));
    let legs = legs.into_iter().map(|leg| {
        let ended = LegEnded {
            leg,
            by: EndedBy::Edge,
            cause: CAUSE.to_owned(),
            talk_ms: 0,
        };
        ended.into()
    });
    let mut draft = |observation: Observation| {
        chain.append(Draft {
            because: None,
            producer: node.clone(),
            recorded_at: now,
            event: observation.into(),
        })
    };
    recording.into_iter().chain(legs).map(&mut draft).collect()
}
