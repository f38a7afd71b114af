//! Responses: which request of ours they answer, and whom that concerns (RFC 3261 §17.1.3, §18.1.2).

use std::sync::Arc;
use std::time::Instant;

use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;
use crate::transaction::{Action, ClientInput};
use crate::validate::validate;

use super::Endpoint;
use super::compose;
use super::event::{EndCause, Event, Failure};
use super::keys::{LegKey, TransactionKey};
use super::output::{Disposition, Repeat, Send, Urgency};
use super::request::Verdict;
use super::tables::Purpose;

impl Endpoint {
    pub(super) fn response(&mut self, response: &Arc<Message>, now: Instant) -> Verdict {
        let stray = Verdict::none(Disposition::Stray);
        let Some((key, status)) = self.asked(response) else {
            return stray;
        };
        let input = match status.get() {
            100..200 => ClientInput::Provisional,
            200..300 => ClientInput::Success,
            _ => ClientInput::Failure,
        };
        let Some(sent) = self.clients.get_mut(&key) else {
            return stray;
        };
        let purpose = sent.purpose;
        let actions = sent.machine.handle(input, now);
        let mut disposition = Disposition::Retransmission;
        for action in actions {
            match action {
                Action::Acknowledge => self.acknowledge_refusal(key, response),
                Action::AcknowledgeAgain => {
                    self.repeat_ack(key, REFUSAL);
                }
                Action::Deliver => {
                    if let Some(leg) = purpose.leg() {
                        self.learn_id(leg, response);
                    }
                    disposition = self.answered(key, purpose, response, now);
                }
                // The machine says nothing else to an answer.
                _ => {}
            }
        }
        self.settle_client(key);
        Verdict::of(purpose.leg(), disposition)
    }

    /// The request that a response answers. It must look like our request: a forged dialog is worse than none.
    fn asked(&self, response: &Message) -> Option<(TransactionKey, StatusCode)> {
        let status = response.status()?;
        validate(response).ok()?;
        let cseq = response.cseq().ok()?;
        // A second Via means that the answer was meant for somebody behind us.
        if response.headers(Name::Via).nth(1).is_some() {
            return None;
        }
        let via = response.top_via().ok()?;
        let index = if cseq.method == Method::Cancel {
            &self.cancels
        } else {
            &self.branches
        };
        let key = *index.get(via.branch()?)?;
        let sent = self.clients.get(&key)?;
        if cseq.method != sent.method || cseq.number != sent.cseq {
            return None;
        }
        if let Some(leg) = sent.purpose.leg().and_then(|leg| self.legs.get(&leg))
            && response.from().ok()?.tag() != Some(&*leg.local_tag)
        {
            return None;
        }
        Some((key, status))
    }

    fn answered(
        &mut self,
        key: TransactionKey,
        purpose: Purpose,
        response: &Arc<Message>,
        now: Instant,
    ) -> Disposition {
        let status = response.status().unwrap_or(StatusCode::TRYING);
        if self.challenged(key, purpose, response, now) {
            return Disposition::New;
        }
        match purpose {
            Purpose::Invite(leg) => return self.invite_answered(key, leg, response, now),
            Purpose::Reinvite(leg) => return self.reinvite_answered(key, leg, response, now),
            // Of the others only the final answer tells anything.
            _ if status.is_provisional() => {}
            Purpose::Bye(leg) => self.bye_answered(leg, status, response),
            Purpose::Refer(leg) => self.refer_answered(leg, status, response),
            Purpose::Report(leg) => self.report_answered(leg, status, response, now),
            Purpose::Update(leg) => self.update_answered(key, leg, response, now),
            Purpose::Prack(leg) => self.prack_answered(leg, status, response),
            Purpose::Info(leg) if self.legs.contains_key(&leg) => {
                let (method, message) = (Method::Info, response.clone());
                self.event(Event::RequestAnswered {
                    leg,
                    method,
                    status,
                    message,
                });
            }
            Purpose::Cancel(_) | Purpose::ForkBye(_) | Purpose::Info(_) | Purpose::SentAgain(_) => {
            }
            Purpose::Register => self.register_answered(key, status, response),
            Purpose::Probe => {
                let (transaction, message) = (self.asked_as(key), response.clone());
                self.event(Event::OptionsAnswered {
                    transaction,
                    status,
                    message,
                });
            }
        }
        Disposition::New
    }

    /// A request of ours will get no answer: the timer or the transport says so, no message does.
    pub(super) fn unanswered(
        &mut self,
        key: TransactionKey,
        purpose: Purpose,
        failure: Failure,
        now: Instant,
    ) {
        match purpose {
            Purpose::Invite(leg) => self.invite_unanswered(leg, failure),
            Purpose::Reinvite(leg) | Purpose::Update(leg) => {
                self.offer_unanswered(key, leg, failure, now);
            }
            Purpose::Prack(leg) => self.prack_unanswered(leg, failure),
            Purpose::Bye(leg) => self.end_leg(leg, EndCause::HungUpUnconfirmed(failure)),
            Purpose::Refer(leg) => self.refer_unanswered(leg, failure),
            Purpose::Report(leg) => self.report_unanswered(leg, failure),
            Purpose::Info(leg) if self.legs.contains_key(&leg) => {
                self.event(Event::RequestFailed {
                    leg,
                    method: Method::Info,
                    failure,
                });
            }
            Purpose::Cancel(_) | Purpose::ForkBye(_) | Purpose::Info(_) | Purpose::SentAgain(_) => {
            }
            Purpose::Register => self.register_unanswered(key, failure),
            Purpose::Probe => {
                let transaction = self.asked_as(key);
                self.event(Event::OptionsFailed {
                    transaction,
                    failure,
                });
            }
        }
    }

    /// The name by which the user knows a request.
    fn asked_as(&self, key: TransactionKey) -> TransactionKey {
        self.clients.get(&key).map_or(key, |sent| sent.asked)
    }

    fn invite_unanswered(&mut self, leg: LegKey, failure: Failure) {
        if !self.legs.contains_key(&leg) {
            return;
        }
        match failure {
            Failure::TimedOut(timer) => {
                self.event(Event::TimedOut { leg, timer });
                self.end_leg(leg, EndCause::TimedOut(timer));
            }
            Failure::Transport => {
                self.event(Event::TransportFailed { leg });
                self.end_leg(leg, EndCause::TransportFailed);
            }
        }
    }

    fn acknowledge_refusal(&mut self, key: TransactionKey, response: &Message) {
        let Some(sent) = self.clients.get_mut(&key) else {
            return;
        };
        let bytes = Message::parse(sent.request.clone())
            .ok()
            .and_then(|invite| compose::ack_of_refusal(&invite, response).ok());
        let Some(bytes) = bytes else { return };
        sent.acks.push((REFUSAL.into(), bytes.clone(), sent.flow));
        let send = Send {
            bytes,
            flow: sent.flow,
            leg: sent.purpose.leg(),
            transaction: Some(key),
            repeat: Repeat::First,
            urgency: Urgency::Immediate,
        };
        self.send(send);
    }
}

/// Under which tag the ACK of a refusal is kept: it does not depend on who refused.
const REFUSAL: &str = "";
