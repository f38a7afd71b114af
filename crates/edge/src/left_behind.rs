//! Calls that an earlier run of this edge left behind: it died while they were up. Each leg that did not end is ended
//! in the log, so that every call comes to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journal::{Error, EventLog, Filter, Stream};
use schemas::observation::{EndedBy, LegEnded};
use schemas::{
    CallId, Chain, Draft, Event, Lane, LegId, NodeName, Observation, Position, Record, Subject,
    Timestamp,
};

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
    let endings = open
        .into_values()
        .flat_map(|open| endings(open, node, now))
        .collect();
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
    });
    state.chain.follow(record);
    match record.event() {
        Ok(Event::Observation(Observation::InviteReceived(invite))) => {
            state.legs.insert(invite.leg);
        }
        Ok(Event::Observation(Observation::LegDialed(dialed))) => {
            state.legs.insert(dialed.leg);
        }
        Ok(Event::Observation(Observation::LegEnded(ended))) => {
            state.legs.remove(&ended.leg);
        }
        Ok(Event::Observation(Observation::LegFailed(failed))) => {
            state.legs.remove(&failed.leg);
        }
        _ => {}
    }
    if state.legs.is_empty() {
        open.remove(&call);
    }
}

fn endings(mut open: Open, node: &NodeName, now: Timestamp) -> Vec<Record> {
    let chain = &mut open.chain;
    let ending = |leg: LegId| {
        let cause = CAUSE.to_owned();
        let ended = LegEnded {
            leg,
            by: EndedBy::Edge,
            cause,
            talk_ms: 0,
        };
        let producer = node.clone();
        chain.append(Draft {
            because: None,
            producer,
            recorded_at: now,
            event: ended.into(),
        })
    };
    open.legs.iter().copied().map(ending).collect()
}
