//! Plumbing: keys, timers, sends, and the life of the entries in the tables.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::dialog::exchange::Exchange;
use crate::dialog::leg::Leg;
use crate::message::Message;
use crate::method::Method;
use crate::timers::{Reliability, Timer};
use crate::transaction::client::Client;
use crate::transaction::invite_client::InviteClient;
use crate::transaction::invite_server::InviteServer;
use crate::transaction::key::{MergeKey, ServerKey};
use crate::transaction::server::Server;

use super::event::{EndCause, Event};
use super::flow::Flow;
use super::keys::{LegKey, TransactionKey};
use super::large::Instead;
use super::lost::elsewhere;
use super::output::{Output, Repeat, Send, Urgency};
use super::tables::{
    ClientMachine, ClientTransaction, Owner, Purpose, ServerMachine, ServerTransaction, Shown,
};
use super::terms::Large;
use super::{ActionError, Endpoint};

/// A request of ours that is ready to leave.
pub(super) struct Departure {
    pub method: Method,
    pub branch: Box<str>,
    pub cseq: u32,
    pub flow: Flow,
    pub bytes: Bytes,
    pub purpose: Purpose,
}

impl Endpoint {
    pub(super) fn next_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }

    pub(super) fn is_full(&self) -> bool {
        let transactions = self.clients.len() + self.servers.len();
        transactions >= self.config.bounds.transactions
    }

    pub(super) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn note_timer(
        &mut self,
        timer: Timer,
        leg: Option<LegKey>,
        transaction: Option<TransactionKey>,
    ) {
        self.outputs.push_back(Output::TimerFired {
            timer,
            leg,
            transaction,
        });
    }

    pub(super) fn send(&mut self, send: Send) {
        self.outputs.push_back(Output::Send(send));
    }

    /// Starts a transaction of ours and sends its request.
    pub(super) fn depart(&mut self, departure: Departure, now: Instant) -> TransactionKey {
        let large = self.large(departure.purpose);
        self.depart_as(departure, large, now)
    }

    /// The same, where the leg that says how large requests go is not kept yet.
    pub(super) fn depart_as(
        &mut self,
        departure: Departure,
        large: Large,
        now: Instant,
    ) -> TransactionKey {
        let Departure {
            method,
            branch,
            cseq,
            flow,
            bytes,
            purpose,
        } = departure;
        let (flow, bytes, instead) = match self.by_stream(large, flow, &bytes, now) {
            Some((stream, moved)) => {
                let request = bytes;
                (stream, moved, Some(Instead { flow, request }))
            }
            None => (flow, bytes, None),
        };
        let key = TransactionKey(self.next_key());
        let reliability = flow.transport.reliability();
        let machine = if method == Method::Invite {
            ClientMachine::Invite(InviteClient::new(self.config.timers, reliability, now))
        } else {
            ClientMachine::Other(Client::new(self.config.timers, reliability, now))
        };
        let index = if method == Method::Cancel {
            &mut self.cancels
        } else {
            &mut self.branches
        };
        index.insert(branch.clone(), key);
        self.clients.insert(
            key,
            ClientTransaction {
                machine,
                method,
                branch,
                cseq,
                flow,
                request: bytes.clone(),
                instead,
                purpose,
                asked: key,
                shown: Shown::default(),
                // Without body the empty line is the end.
                has_offer: !bytes.ends_with(b"\r\n\r\n"),
                acks: Vec::new(),
                due: None,
            },
        );
        self.settle_client(key);
        self.send(Send {
            bytes,
            flow,
            leg: purpose.leg(),
            transaction: Some(key),
            repeat: Repeat::First,
            urgency: Urgency::AfterCommit,
        });
        key
    }

    /// Starts a transaction of the peer's.
    pub(super) fn arrive(
        &mut self,
        request: &Arc<Message>,
        key: ServerKey,
        flow: Flow,
        now: Instant,
    ) -> TransactionKey {
        let transaction = TransactionKey(self.next_key());
        let reliability = flow.transport.reliability();
        let machine = if request.method() == Some(&Method::Invite) {
            ServerMachine::Invite(InviteServer::new(self.config.timers, reliability))
        } else {
            ServerMachine::Other(Server::new(self.config.timers, reliability, now))
        };
        let outside = request.to().is_ok_and(|to| to.tag().is_none());
        let merge = if outside {
            MergeKey::of(request).ok()
        } else {
            None
        };
        if let Some(merge) = &merge {
            self.merges.insert(merge.clone(), transaction);
        }
        self.server_keys.insert(key.clone(), transaction);
        self.servers.insert(
            transaction,
            ServerTransaction {
                machine,
                key,
                merge,
                source: flow,
                target: reply_flow(request, flow),
                elsewhere: elsewhere(request, flow),
                request: Some(request.clone()),
                response: None,
                cseq: request.cseq().map(|cseq| cseq.number).unwrap_or_default(),
                leg: None,
                due: None,
            },
        );
        self.settle_server(transaction);
        transaction
    }

    /// Forgets a transaction of ours that is over, or sets its timer.
    pub(super) fn settle_client(&mut self, key: TransactionKey) {
        let Some(transaction) = self.clients.get_mut(&key) else {
            return;
        };
        let over = transaction.machine.is_over();
        let due = if over {
            None
        } else {
            transaction.machine.deadline()
        };
        arm(
            &mut self.timers,
            &mut transaction.due,
            due,
            Owner::Client(key),
        );
        if over {
            self.forget_client(key);
        }
    }

    /// Puts a bound to a re-INVITE of ours whose leg is being ended, if `exchange` is one.
    pub(super) fn abandon_reinvite(&mut self, exchange: &Exchange, now: Instant) {
        let Exchange::OfferSent {
            transaction: sent, ..
        } = exchange
        else {
            return;
        };
        if let Some(transaction) = self.clients.get_mut(sent)
            && let ClientMachine::Invite(machine) = &mut transaction.machine
        {
            machine.abandon(now);
            self.settle_client(*sent);
        }
    }

    pub(super) fn forget_client(&mut self, key: TransactionKey) {
        let Some(mut transaction) = self.clients.remove(&key) else {
            return;
        };
        arm(
            &mut self.timers,
            &mut transaction.due,
            None,
            Owner::Client(key),
        );
        let index = if transaction.method == Method::Cancel {
            &mut self.cancels
        } else {
            &mut self.branches
        };
        index.remove(&transaction.branch);
    }

    /// Forgets a transaction of the peer's that is over, or sets its timer.
    pub(super) fn settle_server(&mut self, key: TransactionKey) {
        let Some(transaction) = self.servers.get_mut(&key) else {
            return;
        };
        let over = transaction.machine.is_over();
        let due = if over {
            None
        } else {
            transaction.machine.deadline()
        };
        arm(
            &mut self.timers,
            &mut transaction.due,
            due,
            Owner::Server(key),
        );
        if !over {
            return;
        }
        if let Some(transaction) = self.servers.remove(&key) {
            self.server_keys.remove(&transaction.key);
            if let Some(merge) = &transaction.merge
                && self.merges.get(merge) == Some(&key)
            {
                self.merges.remove(merge);
            }
        }
    }

    pub(super) fn settle_leg(&mut self, key: LegKey) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let due = leg.deadline().map(|(at, _)| at);
        arm(&mut self.timers, &mut leg.due, due, Owner::Leg(key));
    }

    pub(super) fn keep_leg(&mut self, leg: Leg) {
        let key = leg.key;
        self.tags.insert(leg.local_tag.clone(), key);
        self.legs.insert(key, Box::new(leg));
        self.settle_leg(key);
    }

    /// The leg is over: forgets it and says so.
    pub(super) fn end_leg(&mut self, key: LegKey, cause: EndCause) {
        let Some(mut leg) = self.legs.remove(&key) else {
            return;
        };
        arm(&mut self.timers, &mut leg.due, None, Owner::Leg(key));
        self.tags.remove(&leg.local_tag);
        self.event(Event::Ended { leg: key, cause });
    }

    pub(super) fn leg_mut(&mut self, key: LegKey) -> Result<&mut Leg, ActionError> {
        self.legs
            .get_mut(&key)
            .map(Box::as_mut)
            .ok_or(ActionError::NoLeg)
    }
}

/// Which way the answer to a request goes (RFC 3261 §18.2.2, RFC 3581).
pub(super) fn reply_flow(request: &Message, source: Flow) -> Flow {
    match (source.transport.reliability(), request.top_via()) {
        (Reliability::Unreliable, Ok(via)) => Flow {
            remote: via.response_target(source.remote),
            ..source
        },
        _ => source,
    }
}

fn arm(
    timers: &mut std::collections::BTreeSet<(Instant, Owner)>,
    armed: &mut Option<Instant>,
    due: Option<Instant>,
    owner: Owner,
) {
    if *armed == due {
        return;
    }
    if let Some(at) = armed.take() {
        timers.remove(&(at, owner));
    }
    if let Some(at) = due {
        timers.insert((at, owner));
    }
    *armed = due;
}
