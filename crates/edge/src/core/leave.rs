//! What goes out: messages that may leave at once, those that wait for the log, and the capture of both directions.

use bytes::Bytes;
use schemas::Direction;
use sip::Message;
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::LegKey;
use sip::endpoint::output::{Disposition, Output as SipOutput, Received, Repeat, Send, Urgency};

use super::Core;
use crate::clock::Moment;
use crate::ledger::Held;
use crate::observe::Crossing;
use crate::port::Output;

/// A message that crossed before its call was there.
pub(super) struct Early {
    pub(super) key: LegKey,
    pub(super) direction: Direction,
    pub(super) flow: Flow,
    pub(super) bytes: Bytes,
}

impl Core {
    /// Carries out what the endpoint has to say, until it is silent.
    pub(super) fn drain(&mut self, moment: Moment) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                SipOutput::Received(received) => self.received(received, moment),
                SipOutput::Send(send) => self.gate(send, moment),
                SipOutput::Event(event) => self.event(event, moment),
                SipOutput::TimerFired { .. } => {}
            }
        }
        self.early.clear();
        self.proven = None;
        while let Some(held) = self.ledger.release() {
            self.let_go(held, moment);
        }
    }

    fn received(&mut self, received: Received, moment: Moment) {
        let Received {
            bytes,
            flow,
            leg,
            message,
            disposition,
        } = received;
        match disposition {
            Disposition::Retransmission => self.counters.retransmissions_received.one(),
            Disposition::Refused | Disposition::Unreadable => {
                self.refused(message.as_deref(), &bytes, flow, moment);
            }
            Disposition::New | Disposition::Stray | Disposition::KeepAlive => {}
        }
        let retransmission = disposition == Disposition::Retransmission;
        self.capture(
            leg,
            Direction::Received,
            flow,
            retransmission,
            bytes,
            moment,
        );
    }

    /// What the endpoint answered without keeping anything: told if it was no proper SIP, else only counted.
    fn refused(&mut self, message: Option<&Message>, bytes: &Bytes, flow: Flow, moment: Moment) {
        self.counters.messages_refused.one();
        let error = match message {
            Some(message) => match sip::validate(message) {
                Ok(()) => return,
                Err(answer) => answer.reason.into_owned(),
            },
            None => match Message::parse(bytes.clone()) {
                Ok(_) => "not a message that can be answered".to_owned(),
                Err(malformed) => malformed.fault().to_string(),
            },
        };
        self.node
            .malformed(&mut self.ledger, flow.remote.ip(), || error, moment);
    }

    /// Lets a message leave now, or holds it until the facts before it are durable.
    fn gate(&mut self, send: Send, moment: Moment) {
        if self.ledger.holds_first_of(&send) {
            return;
        }
        // What belongs to no call obliges to nothing: a refusal of a call that was not let in, an answer to OPTIONS.
        let waits = send.urgency == Urgency::AfterCommit
            && send.leg.is_some_and(|leg| self.places.contains_key(&leg));
        let held = Held::Message(send);
        let held = if waits {
            self.ledger.hold(held)
        } else {
            Some(held)
        };
        if let Some(held) = held {
            self.let_go(held, moment);
        }
    }

    fn let_go(&mut self, held: Held, moment: Moment) {
        match held {
            Held::Message(send) => self.transmit(send, moment),
            Held::Connect(call, leg) => {
                self.with_call(call, moment, |call, step| call.connect_stream(step, leg));
            }
        }
    }

    fn transmit(&mut self, send: Send, moment: Moment) {
        let Send {
            bytes,
            flow,
            leg,
            transaction,
            repeat,
            ..
        } = send;
        let retransmission = repeat == Repeat::Again;
        self.counters.datagrams_sent.one();
        if retransmission {
            self.counters.retransmissions_sent.one();
        }
        self.capture(
            leg,
            Direction::Sent,
            flow,
            retransmission,
            bytes.clone(),
            moment,
        );
        self.outputs.push_back(Output::Send {
            bytes,
            flow,
            transaction,
        });
    }

    fn capture(
        &mut self,
        leg: Option<LegKey>,
        direction: Direction,
        flow: Flow,
        retransmission: bool,
        bytes: Bytes,
        moment: Moment,
    ) {
        let Some(key) = leg else { return };
        let Some(&(call, leg)) = self.places.get(&key) else {
            self.early.push(Early {
                key,
                direction,
                flow,
                bytes,
            });
            return;
        };
        let (calls, mut step) = self.split(moment);
        if let Some(call) = calls.get_mut(&call) {
            let crossing = Crossing {
                direction,
                flow,
                retransmission,
                bytes: &bytes,
            };
            call.capture(&mut step, Some(leg), crossing);
        }
    }
}
