//! Glare: both sides offer at once, and what each then waits for (RFC 3261 §14.1, §14.2, RFC 3311 §5.2, RFC 6337 §3).

use std::time::{Duration, Instant};

use crate::dialog::exchange::{Exchange, Offer, Retry};
use crate::dialog::leg::{Leg, Phase, Role};
use crate::dialog::peer::{Peer, Session};
use crate::dialog::progress::Describes;
use crate::header::Name;
use crate::method::Method;
use crate::status::StatusCode;

use super::Endpoint;
use super::compose::Reply;
use super::config::GLARE_TRIES_MAX;
use super::event::{Event, Failure};
use super::keys::{Fork, LegKey};

impl Endpoint {
    pub(super) fn may_retry(&self, offer: &Offer, status: StatusCode) -> bool {
        status == StatusCode::REQUEST_PENDING && offer.tries < GLARE_TRIES_MAX
    }

    /// Who made the Call-ID waits longer, so that the two do not meet again (RFC 3261 §14.1, RFC 3311 §5.3).
    pub(super) fn wait_after_glare(&mut self, key: LegKey, fork: Fork, offer: Offer, now: Instant) {
        let steps = |from: u64, count: u64, ids: &mut super::ids::Ids| from + ids.below(count);
        let Some(role) = self.legs.get(&key).map(|leg| leg.role) else {
            return;
        };
        let tens_of_ms = match role {
            Role::Caller => steps(210, 191, &mut self.ids),
            Role::Callee => steps(0, 201, &mut self.ids),
        };
        let wait = Duration::from_millis(10 * tens_of_ms);
        let method = offer.method.clone();
        if let Some(leg) = self.legs.get_mut(&key) {
            let at = now + wait;
            leg.retry = Some(Box::new(Retry { fork, at, offer }));
        }
        self.settle_leg(key);
        self.event(Event::OfferDelayed {
            leg: key,
            fork,
            method,
            wait,
        });
    }

    pub(super) fn retry_offer(&mut self, key: LegKey, now: Instant) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let Some(mut retry) = leg.retry.take() else {
            return;
        };
        if matches!(leg.phase, Phase::Closing { .. } | Phase::Reporting) {
            return;
        }
        let Some(peer) = leg.peer_of(retry.fork) else {
            return;
        };
        if !matches!(peer.exchange, Exchange::Idle) {
            retry.at = now + RETRY_GAP;
            leg.retry = Some(retry);
            return;
        }
        let method = retry.offer.method.clone();
        if self.send_offer(key, retry.fork, retry.offer, now).is_err() {
            let failure = Failure::Transport;
            self.event(Event::RequestFailed {
                leg: key,
                method,
                failure,
            });
        }
    }
}

/// Why the peer's offer must wait, if it must (RFC 3261 §14.2, RFC 3311 §5.2, RFC 6337 §3).
pub(super) fn busy(leg: &Leg, peer: &Peer, method: &Method, has_offer: bool) -> Option<Reply> {
    if *method == Method::Update && !has_offer {
        return None;
    }
    let is_update = *method == Method::Update;
    let agreed = peer.session == Session::Agreed;
    let ours_waits = leg.progress.as_ref().is_some_and(|progress| {
        let waiting = progress.waiting.as_ref();
        waiting.is_some_and(|waiting| waiting.describes == Describes::Offer)
    });
    let pending = || Some(Reply::new(StatusCode::REQUEST_PENDING));
    let later = || {
        let reply = Reply::new(StatusCode::SERVER_INTERNAL_ERROR);
        Some(
            reply
                .phrase(Some("Earlier Offer Pending"))
                .header(Name::RetryAfter, RETRY_AFTER_S),
        )
    };
    match (&leg.phase, &peer.exchange) {
        // The user has one offer at a time before it, whichever callee made it.
        _ if leg.peers.iter().any(|peer| peer.held().is_some()) => later(),
        (Phase::Established, Exchange::Idle) => None,
        (Phase::Incoming { .. } | Phase::Calling { .. }, Exchange::Idle) if is_update && agreed => {
            None
        }
        (Phase::Incoming { .. }, Exchange::OfferSent { .. }) => pending(),
        (Phase::Incoming { .. }, _) if ours_waits => pending(),
        (Phase::Incoming { .. }, _) => later(),
        (Phase::Calling { .. }, Exchange::PrackOwed { .. }) => later(),
        (Phase::Established, _) => pending(),
        (Phase::Calling { .. } | Phase::Closing { .. } | Phase::Reporting, _) => pending(),
    }
}

/// Seconds, from 0 to 10: time enough to answer the offer before.
const RETRY_AFTER_S: &str = "2";

/// How long an offer that was to be tried again waits for the peer's to be finished.
const RETRY_GAP: Duration = Duration::from_millis(500);
