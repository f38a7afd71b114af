//! Registrations with a trunk, ours there and its own here, as each edge sees them.

use schemars::JsonSchema;
use schemas::observation::{
    RegistrationEnded, RegistrationRefused, TrunkBound, TrunkRegistered, TrunkUnbound,
};
use schemas::{EventId, NodeName, Timestamp};
use serde::{Deserialize, Serialize};

use super::reach::Seen;
use crate::{Mark, plain};

/// The most registrations of a trunk that are told apart, over all edges.
const REGISTRATIONS_MAX: usize = 256;

/// One registration as one edge sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Registration {
    /// The edge.
    pub node: NodeName,
    /// Who registered with whom.
    pub by: Registrant,
    /// Where the registrar is, or the trunk that registered, `ip:port`; absent where no way was found.
    pub place: Option<String>,
    /// Whether it stands, as far as was told.
    pub stands: bool,
    /// Since when.
    pub since: Timestamp,
    /// What was told that says so.
    pub why: String,
    /// The event that says so.
    pub event: EventId,
}

/// Who registered with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Registrant {
    /// We with the trunk.
    Edge,
    /// The trunk with us.
    Trunk,
}

/// What is told of a registration.
struct Told {
    by: Registrant,
    place: Option<String>,
    stands: bool,
    why: String,
}

impl Registration {
    /// What it is at a glance.
    pub fn mark(&self) -> Mark {
        match self.stands {
            true => Mark::Ok,
            false => Mark::Bad,
        }
    }
}

pub(super) fn registered(list: &mut Vec<Registration>, seen: Seen<'_>, told: &TrunkRegistered) {
    let why = format!("registered at {} for {} s", told.registrar, told.expires_s);
    let place = Some(told.destination.clone());
    note(list, seen, of_edge(place, true, why));
}

pub(super) fn refused(list: &mut Vec<Registration>, seen: Seen<'_>, told: &RegistrationRefused) {
    let mut why = match told.status {
        Some(status) => format!("{status} {}", told.error),
        None => told.error.clone(),
    };
    if let Some(seconds) = told.bound_s {
        why.push_str(&format!("; the one before stands for {seconds} s more"));
    }
    note(list, seen, of_edge(told.destination.clone(), false, why));
}

pub(super) fn ended(list: &mut Vec<Registration>, seen: Seen<'_>, told: &RegistrationEnded) {
    let place = list.iter().find(|one| one.is(seen.node, Registrant::Edge));
    let place = place.and_then(|one| one.place.clone());
    note(list, seen, of_edge(place, false, told.cause.clone()));
}

pub(super) fn bound(list: &mut Vec<Registration>, seen: Seen<'_>, told: &TrunkBound) {
    let told = Told {
        by: Registrant::Trunk,
        place: Some(told.source.clone()),
        stands: true,
        why: format!("it registered for {} s", told.expires_s),
    };
    note(list, seen, told);
}

/// Where it was before it moved is nothing any more.
pub(super) fn unbound(list: &mut Vec<Registration>, seen: Seen<'_>, told: &TrunkUnbound) {
    let place = Some(plain(&told.source).into_owned());
    let current = list.iter().find(|one| one.is(seen.node, Registrant::Trunk));
    if current.is_some_and(|current| current.place == place) {
        let told = Told {
            by: Registrant::Trunk,
            place,
            stands: false,
            why: told.cause.clone(),
        };
        note(list, seen, told);
    }
}

impl Registration {
    fn is(&self, node: &NodeName, by: Registrant) -> bool {
        self.node == *node && self.by == by
    }
}

fn of_edge(place: Option<String>, stands: bool, why: String) -> Told {
    Told {
        by: Registrant::Edge,
        place,
        stands,
        why,
    }
}

fn note(list: &mut Vec<Registration>, seen: Seen<'_>, told: Told) {
    let known = list.iter().position(|one| one.is(seen.node, told.by));
    let before = known.map(|index| list.remove(index));
    if list.len() >= REGISTRATIONS_MAX {
        return;
    }
    let same = before.filter(|before| before.stands == told.stands);
    list.push(Registration {
        node: seen.node.clone(),
        by: told.by,
        place: told.place.map(|place| plain(&place).into_owned()),
        stands: told.stands,
        since: same.map_or(seen.at, |before| before.since),
        why: plain(&told.why).into_owned(),
        event: seen.event,
    });
}

#[cfg(test)]
mod tests {
    use schemas::Transport;

    use super::*;

    fn at<'a>(node: &'a NodeName, second: i64) -> Seen<'a> {
        Seen {
            node,
            at: Timestamp(second * 1_000_000),
            event: EventId([7; 16]),
        }
    }

    #[test]
    fn a_registration_that_fails_and_comes_back_says_since_when() {
        let node = NodeName::from("edge-1");
        let mut list = Vec::new();
        let told = TrunkRegistered {
            trunk: "carrier".into(),
            registrar: "sip:carrier.example".into(),
            destination: "192.0.2.1:5060".into(),
            transport: Transport::Udp,
            expires_s: 300,
            refresh_s: 200,
            seen_as: None,
            other_contacts: 0,
        };
        registered(&mut list, at(&node, 1), &told);
        registered(&mut list, at(&node, 2), &told);
        assert_eq!((list.len(), list[0].since), (1, Timestamp(1_000_000)));
        let failed = RegistrationRefused {
            trunk: "carrier".into(),
            registrar: "sip:carrier.example".into(),
            destination: None,
            status: Some(403),
            error: "Forbidden\n".into(),
            retry_s: Some(30),
            bound_s: Some(80),
        };
        refused(&mut list, at(&node, 3), &failed);
        assert_eq!((list[0].stands, list[0].mark()), (false, Mark::Bad));
        assert_eq!(
            list[0].why,
            "403 Forbidden\\u{a}; the one before stands for 80 s more"
        );
        assert_eq!(list[0].since, Timestamp(3_000_000));
    }

    #[test]
    fn a_trunk_that_moves_is_at_its_new_place() {
        let node = NodeName::from("edge-1");
        let mut list = Vec::new();
        let there = |source: &str| TrunkBound {
            trunk: "branch".into(),
            source: source.into(),
            transport: Transport::Udp,
            expires_s: 60,
        };
        let gone = |source: &str| TrunkUnbound {
            trunk: "branch".into(),
            source: source.into(),
            transport: Transport::Udp,
            cause: "expired".into(),
        };
        bound(&mut list, at(&node, 1), &there("192.0.2.1:5060"));
        bound(&mut list, at(&node, 2), &there("192.0.2.2:5060"));
        unbound(&mut list, at(&node, 2), &gone("192.0.2.1:5060"));
        assert!(list[0].stands && list.len() == 1);
        assert_eq!(list[0].place.as_deref(), Some("192.0.2.2:5060"));
        unbound(&mut list, at(&node, 9), &gone("192.0.2.2:5060"));
        assert_eq!((list[0].stands, &*list[0].why), (false, "expired"));
    }
}
