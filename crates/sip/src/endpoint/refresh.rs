//! Session timers at work: what our messages say of them, the refresh, the end of a session that nobody refreshed
//! (RFC 4028 §7 to §10).

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::dialog::abilities::{Ability, TIMER};
use crate::dialog::exchange::{Exchange, Intent, Offer};
use crate::dialog::leg::{Cancel, Phase};
use crate::dialog::timer::{self, Agreed, SessionTimer, Side};
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::session_timer::{Refresher, SessionExpires};
use crate::status::StatusCode;

use super::Endpoint;
use super::compose::Reply;
use super::config::MIN_SE_TRIES_MAX;
use super::event::{EndCause, Event};
use super::extra::Extra;
use super::keys::{LegKey, TransactionKey};
use super::terms::TimerTerms;

/// Header fields of a request, before it is written.
pub(super) type Lines = Vec<(Name<'static>, String)>;

/// A message that was accepted, and by whom it was sent.
pub(super) struct Accepted<'a> {
    pub by: Side,
    pub method: Method,
    /// The peer's description, if the endpoint itself asked for it.
    pub sdp: Option<Bytes>,
    /// The peer's message: its request, or its answer to ours.
    pub message: &'a Arc<Message>,
}

impl Endpoint {
    /// What a re-INVITE or UPDATE of ours says of the timer: it keeps it, or asks for one.
    pub(super) fn timer_lines(&self, leg: LegKey) -> Lines {
        let Some(leg) = self.legs.get(&leg) else {
            return Lines::new();
        };
        match (&leg.phase, &leg.timer) {
            (Phase::Established, Some(timer)) => {
                lines(Some(timer.kept(leg.min_se_s)), leg.min_se_s)
            }
            (Phase::Established, None) => {
                lines(timer::wanted(&leg.terms.timer, leg.min_se_s), leg.min_se_s)
            }
            _ => Lines::new(),
        }
    }

    /// What our 2xx to this request says of the timer, and what is agreed when it is sent.
    pub(super) fn timed(
        &self,
        leg: LegKey,
        transaction: TransactionKey,
        reply: Reply,
    ) -> (Reply, Option<Agreed>) {
        let request = self.servers.get(&transaction);
        let request = request.and_then(|received| received.request.as_ref());
        let (Some(leg), Some(request)) = (self.legs.get(&leg), request) else {
            return (reply, None);
        };
        let Some(agreed) = timer::answer(&leg.terms.timer, leg.timer.as_ref(), request) else {
            return (reply, None);
        };
        let refresher = match agreed.refresher {
            Side::We => Refresher::Uas,
            Side::Peer => Refresher::Uac,
        };
        let said = SessionExpires {
            seconds: agreed.seconds,
            refresher: Some(refresher),
        };
        let mut reply = reply.header(Name::SessionExpires, said.to_string());
        if crate::dialog::abilities::ability(request, TIMER) != Ability::Unknown {
            reply = reply.header(Name::Require, TIMER);
        }
        (reply, Some(agreed))
    }

    /// The timer of a session that was just accepted, or accepted again.
    pub(super) fn start_timer(&mut self, key: LegKey, agreed: Option<Agreed>, now: Instant) {
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.timer = agreed.map(|agreed| SessionTimer::start(agreed, now));
            leg.min_se_tries = 0;
        }
        self.settle_leg(key);
    }

    /// The same, for a change within the session; it is told.
    pub(super) fn restart_timer(
        &mut self,
        key: LegKey,
        agreed: Option<Agreed>,
        accepted: Accepted<'_>,
        now: Instant,
    ) {
        self.start_timer(key, agreed, now);
        let Accepted {
            by,
            method,
            sdp,
            message,
        } = accepted;
        if let Some(agreed) = agreed {
            self.event(Event::SessionRefreshed {
                leg: key,
                by,
                method,
                interval: Duration::from_secs(u64::from(agreed.seconds)),
                sdp,
                message: message.clone(),
            });
        }
    }

    /// What the peer's 2xx to our INVITE, re-INVITE or UPDATE agreed on.
    pub(super) fn agreed_with(&self, leg: LegKey, response: &Message) -> Option<Agreed> {
        let current = self.legs.get(&leg).and_then(|leg| leg.timer.as_ref());
        timer::answered(&self.terms_of(leg).timer, current, response)
    }

    /// Asks the peer whether the session is still there.
    pub(super) fn refresh(&mut self, key: LegKey, now: Instant) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let is_idle = matches!(leg.exchange(), Exchange::Idle) && leg.retry.is_none();
        let (Some(peer), Some(timer)) = (leg.peers.first(), &mut leg.timer) else {
            return;
        };
        if !is_idle {
            // What is open refreshes the session as well, or will soon be over.
            timer.next = Some(now + BUSY_GAP);
            return;
        }
        timer.next = None;
        let may_update = peer.abilities.update != Ability::Unknown;
        let (method, sdp) = match (may_update, &leg.described) {
            (true, _) => (Method::Update, None),
            (false, Some(sdp)) => (Method::Invite, Some(sdp.clone())),
            // Without a description to repeat only a change by the user could refresh it.
            (false, None) => return,
        };
        let offer = Offer {
            method: method.clone(),
            sdp,
            extra: Extra::none(),
            tries: 0,
            intent: Intent::Refresh,
        };
        let fork = peer.fork;
        let sent = self.send_offer(key, fork, offer, now);
        let Some(timer) = self.legs.get_mut(&key).and_then(|leg| leg.timer.as_mut()) else {
            return;
        };
        match sent {
            Ok(transaction) if method == Method::Update => timer.attempt = Some(transaction),
            Ok(_) => {}
            Err(_) => timer.try_again(now),
        }
    }

    /// Whether this UPDATE of ours only refreshes the session.
    pub(super) fn is_refresh(&self, leg: LegKey, transaction: TransactionKey) -> bool {
        let timer = self.legs.get(&leg).and_then(|leg| leg.timer.as_ref());
        timer.is_some_and(|timer| timer.attempt == Some(transaction))
    }

    /// The peer refused our refresh: the session lives on until it expires, and there may be another way.
    pub(super) fn refresh_refused(
        &mut self,
        key: LegKey,
        method: &Method,
        status: StatusCode,
        now: Instant,
    ) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let knows_no_update = *method == Method::Update
            && matches!(
                status,
                StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
            );
        if let Some(timer) = &mut leg.timer {
            timer.try_again(now);
            if knows_no_update {
                timer.next = Some(now + BUSY_GAP);
            }
        }
        if let Some(peer) = leg.peers.first_mut()
            && knows_no_update
        {
            peer.abilities.update = Ability::Unknown;
        }
        self.settle_leg(key);
    }

    /// Nobody refreshed the session in time.
    pub(super) fn session_expired(&mut self, key: LegKey, now: Instant) {
        let Some(timer) = self.legs.get_mut(&key).and_then(|leg| leg.timer.take()) else {
            return;
        };
        self.event(Event::SessionExpired {
            leg: key,
            refresher: timer.refresher,
            interval: timer.interval,
        });
        let cause = Some(EndCause::SessionExpired);
        self.send_bye(key, &Extra::none(), cause, now);
    }

    /// After 422 the same request goes out again with a longer interval; true if it does (RFC 4028 §7.3).
    pub(super) fn ask_for_longer(
        &mut self,
        key: LegKey,
        transaction: TransactionKey,
        response: &Message,
        now: Instant,
    ) -> bool {
        let too_small = response.status() == Some(StatusCode::INTERVAL_TOO_SMALL);
        let Some(leg) = self.legs.get_mut(&key).filter(|_| too_small) else {
            return false;
        };
        let goes_on = match &leg.phase {
            Phase::Established => true,
            Phase::Calling { cancel, .. } => matches!(cancel, Cancel::No),
            _ => false,
        };
        let asked = response.min_se_s().ok().flatten().unwrap_or_default();
        if !goes_on || asked <= leg.min_se_s || leg.min_se_tries >= MIN_SE_TRIES_MAX {
            return false;
        }
        leg.min_se_s = asked;
        leg.min_se_tries += 1;
        let said = match &leg.timer {
            Some(timer) => Some(timer.kept(asked)),
            None => timer::wanted(&leg.terms.timer, asked),
        };
        let said = said.map_or_else(String::new, |said| said.to_string());
        let min_se = asked.to_string();
        let change = [(Name::SessionExpires, &*said), (Name::MinSe, &*min_se)];
        self.again(transaction, &change, now).is_ok()
    }
}

/// Session-Expires and Min-SE of a first INVITE.
pub(super) fn first_lines(terms: &TimerTerms) -> Lines {
    lines(timer::wanted(terms, 0), terms.floor_s())
}

fn lines(said: Option<SessionExpires>, min_se_s: u32) -> Lines {
    let Some(said) = said else {
        return Lines::new();
    };
    let mut lines = vec![(Name::SessionExpires, said.to_string())];
    if min_se_s > 0 {
        lines.push((Name::MinSe, min_se_s.to_string()));
    }
    lines
}

/// 422 with the shortest interval that we bear, if the request asks for less.
pub(super) fn interval_too_small(terms: &TimerTerms, request: &Message) -> Option<Reply> {
    let min_se = timer::too_short(terms, request)?;
    let reply = Reply::new(StatusCode::INTERVAL_TOO_SMALL);
    Some(reply.header(Name::MinSe, min_se.to_string()))
}

/// How long a refresh waits for something else to be finished, or before it goes another way.
const BUSY_GAP: Duration = Duration::from_millis(500);
