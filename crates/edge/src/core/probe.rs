//! Probes of trunks: what [`Probing`](crate::probing::Probing) says is sent by the endpoint and told to the log.

use std::net::IpAddr;

use schemas::{Hash, TrunkName};
use sip::digest::Credentials;
use sip::endpoint::Probe;
use sip::endpoint::event::Event as SipEvent;
use sip::endpoint::flow::Flow;

use super::{Core, derive};
use crate::clock::Moment;
use crate::locate::order;
use crate::port::{Destination, Output};
use crate::probing::{Input, Output as Probing};

/// Chance that follows from the seed.
#[derive(Debug)]
pub(super) struct Dice {
    state: [u8; 32],
}

impl Dice {
    pub(super) fn new(seed: &[u8; 32]) -> Dice {
        Dice {
            state: derive(seed, b"probe"),
        }
    }
}

impl order::Dice for Dice {
    fn below(&mut self, bound: u64) -> u64 {
        Hash(self.state) = Hash::of(&self.state);
        let mut number = [0; 8];
        number.copy_from_slice(&self.state[..8]);
        // The bound is far below 2^64, so none of its numbers is favoured.
        u64::from_be_bytes(number) % bound
    }
}

impl Core {
    /// Carries out what the probing says, until it is silent.
    pub(super) fn probe(&mut self, moment: Moment) {
        while let Some(output) = self.probing.poll() {
            match output {
                Probing::Look(trunk) => self.look(trunk),
                Probing::Ask { trunk, uri, flow } => self.ask_target(trunk, uri, flow, moment),
                Probing::Fact(fact) => self.node.told(&mut self.ledger, *fact, moment),
                Probing::Avoid { flow, is_down } => {
                    self.outputs.push_back(Output::Reached { flow, is_down });
                }
            }
        }
    }

    /// What the endpoint says of a probe. Gives back what is none of it.
    pub(super) fn probe_ended(&mut self, event: SipEvent, moment: Moment) -> Option<SipEvent> {
        let input = match event {
            SipEvent::OptionsAnswered {
                transaction,
                status,
                message,
            } => Input::Answered {
                transaction,
                status: status.get(),
                phrase: message.reason_phrase().into(),
            },
            SipEvent::OptionsFailed { transaction, .. } => Input::Failed {
                transaction,
                error: self.unsent.clone(),
            },
            event => return Some(event),
        };
        self.probing.handle(input, moment);
        None
    }

    fn look(&mut self, name: TrunkName) {
        let trunk = self.trunks.named(name.as_str());
        let Some(probe) = trunk.and_then(|trunk| trunk.probe.as_ref()) else {
            return;
        };
        let destination = Destination {
            address: probe.address.clone(),
            transport: probe.transport,
            trunk: Some(name.clone()),
        };
        self.outputs.push_back(Output::Look {
            trunk: name,
            destination,
        });
    }

    fn ask_target(&mut self, trunk: TrunkName, uri: String, flow: Flow, moment: Moment) {
        let host = self.configuration.advertise.unwrap_or(flow.local.ip());
        let from = match host {
            IpAddr::V4(host) => format!("<sip:trunkline@{host}>"),
            IpAddr::V6(host) => format!("<sip:trunkline@[{host}]>"),
        };
        // What cannot be sent for want of room, or because nobody can write it, is asked again later.
        let credentials = self.trunks.named(trunk.as_str());
        let credentials = credentials.map(|trunk| trunk.credentials.clone());
        let probe = Probe {
            credentials: credentials.unwrap_or_else(Credentials::none),
            ..Probe::new(uri, flow, from)
        };
        let transaction = self.endpoint.options(probe, moment.now).ok();
        self.probing.handle(
            Input::Asked {
                trunk,
                flow,
                transaction,
            },
            moment,
        );
        self.drain(moment);
    }
}
