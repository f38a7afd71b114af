//! Whether the targets of a trunk answer, as each edge sees it.

use schemars::JsonSchema;
use schemas::observation::{ProbeLatency, TrunkDown, TrunkProbed, TrunkUp};
use schemas::{EventId, NodeName, Timestamp, Transport};
use serde::{Deserialize, Serialize};

use super::registration::Registration;
use crate::{Mark, notices, plain};

/// The most targets of a trunk that are told apart, over all edges.
const TARGETS_MAX: usize = 256;

/// One target as one edge sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reach {
    /// The edge.
    pub node: NodeName,
    /// The target, `ip:port`; the name where no address was found.
    pub target: String,
    /// How it is reached; absent where no address was found.
    pub transport: Option<Transport>,
    /// Whether it answers.
    pub up: bool,
    /// Since when.
    pub since: Timestamp,
    /// What the edge saw that says so.
    pub why: String,
    /// The event that says so.
    pub event: EventId,
    /// What was measured last.
    pub answers: Option<Answers>,
}

/// What the probes of a minute measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answers {
    /// When this was told.
    pub at: Timestamp,
    /// How many probes were sent.
    pub probes: u32,
    /// How many were answered.
    pub answers: u32,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// How long answers took.
    pub latency: Option<ProbeLatency>,
}

/// Whether calls can come and go through a trunk: its targets answer, and its registrations stand.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody asked, or nobody was answered yet.
    CannotTell,
    /// Every target answers, and every registration stands.
    Up,
    /// Some do, or do at some edges.
    Partly,
    /// None does.
    Down,
}

impl State {
    /// What some targets and registrations come to.
    pub(super) fn of(reach: &[Reach], registrations: &[Registration]) -> State {
        let stands = registrations.iter().map(|one| one.stands);
        let all: Vec<bool> = reach.iter().map(|one| one.up).chain(stands).collect();
        let up = all.iter().filter(|up| **up).count();
        match (up, all.len()) {
            (_, 0) => State::CannotTell,
            (0, _) => State::Down,
            (up, all) if up == all => State::Up,
            (_, _) => State::Partly,
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            State::CannotTell => "cannot tell",
            State::Up => "up",
            State::Partly => "partly",
            State::Down => "down",
        }
    }

    /// At a glance.
    pub fn mark(self) -> Mark {
        match self {
            State::CannotTell => Mark::Mute,
            State::Up => Mark::Ok,
            State::Partly => Mark::Warn,
            State::Down => Mark::Bad,
        }
    }
}

/// Who saw something, and when.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) node: &'a NodeName,
    pub(super) at: Timestamp,
    pub(super) event: EventId,
}

/// A target was measured.
pub(super) fn probed(all: &mut [Reach], seen: Seen<'_>, told: &TrunkProbed) {
    let target = |one: &&mut Reach| one.node == *seen.node && one.target == told.target;
    if let Some(reach) = all.iter_mut().find(target) {
        reach.answers = Some(Answers {
            at: seen.at,
            probes: told.probes,
            answers: told.answers,
            status: told.status,
            latency: told.latency,
        });
    }
}

/// A target answers.
pub(super) fn up(all: &mut Vec<Reach>, seen: Seen<'_>, told: &TrunkUp) {
    // Where an address answers, the name leads somewhere.
    all.retain(|one| one.node != *seen.node || one.transport.is_some());
    let reach = Reach {
        node: seen.node.clone(),
        target: plain(&told.target).into_owned(),
        transport: Some(told.transport),
        up: true,
        since: seen.at,
        why: format!("it answers {}", told.status),
        event: seen.event,
        answers: None,
    };
    set(all, reach);
}

/// A target does not.
pub(super) fn down(all: &mut Vec<Reach>, seen: Seen<'_>, told: &TrunkDown) {
    let reach = Reach {
        node: seen.node.clone(),
        target: plain(&told.target).into_owned(),
        transport: told.transport,
        up: false,
        since: told.since,
        why: plain(&notices::failure(&told.failure)).into_owned(),
        event: seen.event,
        answers: None,
    };
    set(all, reach);
}

fn set(all: &mut Vec<Reach>, mut reach: Reach) {
    let same = |one: &&mut Reach| one.node == reach.node && one.target == reach.target;
    if let Some(known) = all.iter_mut().find(same) {
        reach.answers = known.answers.take();
        *known = reach;
    } else if all.len() < TARGETS_MAX {
        all.push(reach);
    }
}

#[cfg(test)]
mod tests {
    use schemas::TrunkName;
    use schemas::observation::ProbeFailure;

    use super::*;
    use crate::trunks::Registrant;

    #[test]
    fn a_trunk_is_what_its_targets_are() {
        let (edge, mut all) = (NodeName::from("edge-1"), Vec::new());
        let seen = |at| Seen {
            node: &edge,
            at: Timestamp(at),
            event: EventId([1; 16]),
        };
        let down_at = |target: &str, transport| TrunkDown {
            trunk: TrunkName::from("office"),
            target: target.to_owned(),
            transport,
            failure: ProbeFailure::TimedOut { after_ms: 3_000 },
            probes: 3,
            since: Timestamp(5),
            others_up: 0,
        };
        let up_at = |target: &str| TrunkUp {
            trunk: TrunkName::from("office"),
            target: target.to_owned(),
            transport: Transport::Udp,
            status: 200,
            latency_us: 7,
            down_ms: None,
        };
        assert_eq!(State::of(&all, &[]), State::CannotTell);
        down(&mut all, seen(1), &down_at("pbx.example.com", None));
        assert_eq!(State::of(&all, &[]), State::Down);
        up(&mut all, seen(2), &up_at("192.0.2.1:5060"));
        assert_eq!((State::of(&all, &[]), all.len()), (State::Up, 1));
        down(
            &mut all,
            seen(9),
            &down_at("192.0.2.2:5060", Some(Transport::Udp)),
        );
        assert_eq!(State::of(&all, &[]), State::Partly);
        assert_eq!(all[1].why, "no answer within 3 s");
        assert_eq!(all[1].since, Timestamp(5));
        // A registration is a way for calls as a target is.
        let registered = |stands| {
            vec![Registration {
                node: edge.clone(),
                by: Registrant::Edge,
                place: None,
                stands,
                since: Timestamp(1),
                why: String::new(),
                event: EventId([1; 16]),
            }]
        };
        assert_eq!(State::of(&[], &registered(true)), State::Up);
        assert_eq!(State::of(&[], &registered(false)), State::Down);
        assert_eq!(State::of(&all[..1], &registered(false)), State::Partly);
    }
}
