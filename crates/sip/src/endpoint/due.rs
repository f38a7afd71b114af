//! Due: what happens when time has passed, and when the transport fails.

use std::time::Instant;

use crate::dialog::exchange::Exchange;
use crate::dialog::leg::{Cancel, Phase};
use crate::dialog::refer::ReferIn;
use crate::method::Method;
use crate::timers::Timer;
use crate::transaction::{Action, ClientInput, ServerInput};

use super::Endpoint;
use super::event::{EndCause, Event, Failure};
use super::extra::Extra;
use super::invite::PROVISIONAL_GAP;
use super::keys::{LegKey, TransactionKey};
use super::output::{Repeat, Send, Urgency};
use super::tables::{Owner, ServerMachine};

impl Endpoint {
    pub(super) fn fire(&mut self, now: Instant) {
        while let Some((at, owner)) = self.timers.first().copied() {
            if at > now {
                return;
            }
            self.timers.remove(&(at, owner));
            match owner {
                Owner::Client(key) => self.client_due(key, now),
                Owner::Server(key) => self.server_due(key, now),
                Owner::Leg(key) => self.leg_due(key, now),
            }
        }
    }

    pub(super) fn send_failed(&mut self, key: TransactionKey, now: Instant) {
        if self.by_datagram(key, now) {
            return;
        }
        if let Some(sent) = self.clients.get_mut(&key) {
            let purpose = sent.purpose;
            let actions = sent.machine.handle(ClientInput::TransportFailed, now);
            if actions.contains(&Action::Failed) {
                self.unanswered(key, purpose, Failure::Transport, now);
            }
            self.settle_client(key);
        } else if let Some(received) = self.servers.get_mut(&key) {
            if let Some(elsewhere) = received.elsewhere.take() {
                received.target = elsewhere;
                return self.repeat_response(key);
            }
            let leg = received.leg;
            let is_invite = matches!(received.machine, ServerMachine::Invite(_));
            let actions = received.machine.handle(ServerInput::TransportFailed, now);
            // The peer of an unreliable transport asks again; what is lost for good is an answer to an INVITE.
            if actions.contains(&Action::Failed)
                && is_invite
                && let Some(leg) = leg.filter(|leg| self.legs.contains_key(leg))
            {
                let (method, failure) = (Method::Invite, Failure::Transport);
                self.event(Event::RequestFailed {
                    leg,
                    method,
                    failure,
                });
            }
            self.settle_server(key);
        }
    }

    fn client_due(&mut self, key: TransactionKey, now: Instant) {
        let Some(sent) = self.clients.get_mut(&key) else {
            return;
        };
        sent.due = None;
        let purpose = sent.purpose;
        for action in sent.machine.handle(ClientInput::Due, now) {
            match action {
                Action::RepeatBy(timer) => self.repeat_request(key, *timer),
                Action::TimedOut(timer) => {
                    self.note_timer(*timer, purpose.leg(), Some(key));
                    self.unanswered(key, purpose, Failure::TimedOut(*timer), now);
                }
                Action::Expired(timer) => self.note_timer(*timer, purpose.leg(), Some(key)),
                // The machine says nothing else to a deadline.
                _ => {}
            }
        }
        self.settle_client(key);
    }

    fn repeat_request(&mut self, key: TransactionKey, timer: Timer) {
        let Some(sent) = self.clients.get(&key) else {
            return;
        };
        let send = Send {
            bytes: sent.request.clone(),
            flow: sent.flow,
            leg: sent.purpose.leg(),
            transaction: Some(key),
            repeat: Repeat::Again,
            urgency: Urgency::Immediate,
        };
        self.note_timer(timer, send.leg, Some(key));
        self.send(send);
    }

    fn server_due(&mut self, key: TransactionKey, now: Instant) {
        let Some(received) = self.servers.get_mut(&key) else {
            return;
        };
        received.due = None;
        let leg = received.leg;
        for action in received.machine.handle(ServerInput::Due, now) {
            match action {
                Action::RepeatBy(timer) => {
                    self.note_timer(*timer, leg, Some(key));
                    self.repeat_response(key);
                }
                Action::TimedOut(timer) | Action::Expired(timer) => {
                    self.note_timer(*timer, leg, Some(key));
                }
                // The machine says nothing else to a deadline.
                _ => {}
            }
        }
        self.settle_server(key);
        if let Some(leg) = leg.filter(|_| !self.servers.contains_key(&key)) {
            self.request_abandoned(leg, key);
        }
    }

    /// A request of the peer that our user never answered is gone: the leg must not wait for it.
    fn request_abandoned(&mut self, key: LegKey, transaction: TransactionKey) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if let Some(peer) = leg.offering()
            && matches!(&peer.exchange, Exchange::OfferHeld { transaction: held, .. } if *held == transaction)
        {
            peer.exchange = Exchange::Idle;
        }
        if matches!(leg.refer_in.as_deref(), Some(ReferIn::Asked { transaction: asked }) if *asked == transaction)
        {
            self.refer_over(key);
        }
    }

    fn leg_due(&mut self, key: LegKey, now: Instant) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        leg.due = None;
        let Some((_, timer)) = leg.deadline() else {
            return;
        };
        self.note_timer(timer, Some(key), None);
        match timer {
            Timer::ProvisionalRepeat => self.repeat_provisional(key, now),
            Timer::AnswerRepeat => self.repeat_answer(key, now),
            Timer::AckWait => self.ack_missing(key, now),
            Timer::ProgressRepeat => self.repeat_progress(key, now),
            Timer::PrackWait => self.prack_missing(key, now),
            Timer::CancelWait => self.cancel_unanswered(key),
            Timer::GlareWait => self.retry_offer(key, now),
            Timer::SessionRefresh => self.refresh(key, now),
            Timer::SessionExpiry => self.session_expired(key, now),
            Timer::SubscriptionEnd => self.refer_over(key),
            // `Leg::deadline` names no other timer.
            _ => {}
        }
        self.settle_leg(key);
    }

    fn repeat_provisional(&mut self, key: LegKey, now: Instant) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if let Phase::Incoming { invite, repeat_at } = &mut leg.phase {
            *repeat_at = Some(now + PROVISIONAL_GAP);
            let invite = *invite;
            self.repeat_response(invite);
        }
    }

    fn repeat_answer(&mut self, key: LegKey, now: Instant) {
        let longest = self.config.timers.t2;
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let first = leg.peers.first_mut();
        let Some(Exchange::AckAwaited {
            answer,
            repeat,
            target,
            ..
        }) = first.map(|peer| &mut peer.exchange)
        else {
            return;
        };
        *repeat = repeat.next(now, longest);
        let send = Send {
            bytes: answer.clone(),
            flow: *target,
            leg: Some(key),
            transaction: None,
            repeat: Repeat::Again,
            urgency: Urgency::Immediate,
        };
        self.send(send);
    }

    /// The peer never acknowledged our 2xx: it is hung up (RFC 3261 §13.3.1.4).
    fn ack_missing(&mut self, key: LegKey, now: Instant) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let exchange = leg.take_exchange();
        self.event(Event::AckMissing { leg: key });
        let extra = match exchange {
            Exchange::AckAwaited {
                bye: Some(extra), ..
            } => extra,
            _ => Extra::none(),
        };
        self.send_bye(key, &extra, None, now);
    }

    fn cancel_unanswered(&mut self, key: LegKey) {
        let Some(leg) = self.legs.get(&key) else {
            return;
        };
        let Phase::Calling {
            invite,
            cancel: Cancel::Sent { cause, .. },
            ..
        } = leg.phase
        else {
            return;
        };
        self.forget_client(invite);
        if cause == EndCause::PeerHungUp {
            self.end_leg(key, cause);
            return;
        }
        self.event(Event::TimedOut {
            leg: key,
            timer: Timer::CancelWait,
        });
        self.end_leg(key, EndCause::TimedOut(Timer::CancelWait));
    }
}
