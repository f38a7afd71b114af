//! The sentences for what happens beside the walk of a call: another target, credentials, the life of a session.

use schemas::LegId;
use schemas::observation::{
    ChallengeUnanswered, LegRedialed, LegSide, SessionExpired, SessionRefreshed,
};

use super::cast::Cast;
use super::observed::cause_of;
use super::telling::{Telling, told};
use crate::sentences::span;

pub(super) fn redialed(redialed: &LegRedialed, cast: &Cast) -> Telling {
    let parts = [
        ("party", cast.party(redialed.leg)),
        ("failed", redialed.failed.clone()),
        ("cause", cause_of(&redialed.failure)),
        ("address", redialed.destination.clone()),
    ];
    told("leg.redialed", &parts)
        .on(redialed.leg)
        .with("transport", redialed.transport.to_string())
}

pub(super) fn refreshed(refreshed: &SessionRefreshed, cast: &Cast) -> Telling {
    let leg = refreshed.leg;
    let parts = [
        ("party", cast.party(leg)),
        ("by", side(refreshed.by, leg, cast)),
        ("interval", span(u64::from(refreshed.interval_s) * 1_000)),
    ];
    told("session.refreshed", &parts)
        .on(leg)
        .with("by a request of", refreshed.method.as_str())
}

pub(super) fn expired(expired: &SessionExpired, cast: &Cast) -> Telling {
    let leg = expired.leg;
    let parts = [
        ("party", cast.party(leg)),
        ("refresher", side(expired.refresher, leg, cast)),
        ("interval", span(u64::from(expired.interval_s) * 1_000)),
    ];
    told("session.expired", &parts).on(leg)
}

pub(super) fn challenged(challenge: &ChallengeUnanswered, cast: &Cast) -> Telling {
    let parts = [
        ("party", cast.party(challenge.leg)),
        ("realms", challenge.realms.join(", ")),
        ("why", challenge.why.clone()),
    ];
    told("challenge.unanswered", &parts)
        .on(challenge.leg)
        .with("request", challenge.method.as_str())
        .with("status", challenge.status.to_string())
}

fn side(side: LegSide, leg: LegId, cast: &Cast) -> String {
    match side {
        LegSide::Edge => "the edge".to_owned(),
        LegSide::Peer => cast.party(leg),
    }
}
