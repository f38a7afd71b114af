//! Registrations on both sides: ours at trunks, trunks' at the edge, and whose a call is because of them.

use std::sync::Arc;

use schemas::TrunkName;
use schemas::observation::{Tried, TrunkMatch};
use sip::endpoint::event::Event as SipEvent;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::TransactionKey;
use sip::registrar::Answer;
use sip::{Message, Method, StatusCode};

use super::Core;
use super::arrive::asks;
use crate::bindings::Bindings;
use crate::clock::Moment;
use crate::node::Stranger;
use crate::registrations::{Around, Registrations};

impl Core {
    /// The ways to a trunk's registrar were looked for.
    pub(super) fn registrar_found(
        &mut self,
        trunk: &TrunkName,
        ways: Result<Vec<Flow>, String>,
        moment: Moment,
    ) {
        let (registrations, _, mut around) = self.around(moment);
        registrations.ways(trunk, ways, &mut around);
    }

    /// Something became of a REGISTER of ours, or a trunk's came.
    pub(super) fn register_event(&mut self, event: SipEvent, moment: Moment) {
        if let SipEvent::RegisterReceived {
            transaction,
            message,
            flow,
        } = event
        {
            return self.register_received(transaction, &message, flow, moment);
        }
        let unsent = self.unsent.clone();
        let (registrations, _, mut around) = self.around(moment);
        match event {
            SipEvent::RegisterAnswered {
                transaction,
                contact,
                sessions,
                message,
                ..
            } => registrations.answered(transaction, (message, contact), sessions, &mut around),
            SipEvent::RegisterFailed {
                transaction,
                cseq,
                failure,
            } => registrations.failed(transaction, (cseq, failure), &unsent, &mut around),
            SipEvent::ChallengeUnanswered {
                transaction, why, ..
            } => registrations.unanswered(transaction, why),
            // The others belong to calls.
            _ => {}
        }
        self.count_registrations();
    }

    pub(super) fn registrations_due(&mut self, moment: Moment) {
        let (registrations, bindings, mut around) = self.around(moment);
        registrations.due(&mut around);
        bindings.due(&mut around);
    }

    pub(super) fn registrations_stop(&mut self, moment: Moment) {
        let (registrations, _, mut around) = self.around(moment);
        registrations.stop(&mut around);
    }

    pub(super) fn registration_flow_lost(&mut self, flow: Flow, moment: Moment) {
        let (registrations, bindings, mut around) = self.around(moment);
        registrations.flow_lost(flow, &mut around);
        bindings.flow_lost(flow, &mut around);
        self.count_registrations();
    }

    /// Whose a request is by a registration, unless its trunk has to prove more.
    pub(super) fn by_registration(&self, message: &Message, flow: Flow) -> Option<TrunkMatch> {
        if message.method() == Some(&Method::Register) {
            return None;
        }
        let found = self.registrations.called(message);
        let found = found.or_else(|| self.registrations.by_way(message, flow));
        let found = found.or_else(|| self.bindings.by_way(flow))?;
        let trunk = self.trunks.named(found.trunk.as_str())?;
        (!asks(trunk, || false)).then_some(found)
    }

    fn register_received(
        &mut self,
        transaction: TransactionKey,
        message: &Arc<Message>,
        flow: Flow,
        moment: Moment,
    ) {
        let known = || {
            let trunk = self.trunks.by(flow)?;
            (!asks(trunk, || true)).then(|| trunk.name.clone())
        };
        let proven = self.proven.take().map(|found| found.trunk);
        let trunk = proven.or_else(known);
        let named = trunk.clone();
        let registers = |name: &TrunkName| {
            let trunk = self.trunks.named(name.as_str());
            trunk.is_some_and(|trunk| trunk.registers)
        };
        let answer = match trunk.filter(registers) {
            Some(trunk) => {
                let (_, bindings, mut around) = self.around(moment);
                bindings.register(&trunk, (message, flow), &mut around)
            }
            None => {
                self.no_registration(named, flow, moment);
                Answer::refused(StatusCode::FORBIDDEN, Extra::none())
            }
        };
        // It was asked a moment ago, so the question is still open.
        let _ = self
            .endpoint
            .answer_register(transaction, &answer, moment.now);
    }

    /// Somebody registers who is known, and is not to register.
    fn no_registration(&mut self, trunk: Option<TrunkName>, flow: Flow, moment: Moment) {
        let tried = trunk.map(|trunk| Tried {
            candidate: format!("trunk {trunk}"),
            failed: "it is not to register here (registers = true)".to_owned(),
        });
        let first = || Stranger {
            method: Method::Register.to_string(),
            status: Some(StatusCode::FORBIDDEN.get()),
            tried: tried.into_iter().collect(),
        };
        let source = flow.remote.ip();
        self.node.stranger(&mut self.ledger, source, first, moment);
    }

    fn count_registrations(&self) {
        let standing = self.registrations.standing();
        self.counters.registrations.set(standing);
    }

    fn around(&mut self, moment: Moment) -> (&mut Registrations, &mut Bindings, Around<'_>) {
        let around = Around {
            endpoint: &mut self.endpoint,
            ledger: &mut self.ledger,
            node: &mut self.node,
            outputs: &mut self.outputs,
            counters: &self.counters,
            moment,
        };
        (&mut self.registrations, &mut self.bindings, around)
    }
}
