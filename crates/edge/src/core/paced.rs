//! Legs that are dialed through a trunk, no faster than it takes them.

use schemas::observation::LimitOf;
use schemas::{CallId, LegId, TrunkName};

use super::Core;
use crate::clock::Moment;
use crate::leg::Stage;
use crate::node::{Limited, Refused};
use crate::pacing::{Call, Turn};
use crate::port::Opened;

impl Core {
    /// A leg has its sockets: it goes on now, or when its turn comes.
    pub(super) fn opened(
        &mut self,
        call: CallId,
        leg: LegId,
        result: Result<Opened, String>,
        moment: Moment,
    ) {
        let opened = match result {
            Ok(opened) => opened,
            Err(error) => {
                let result = Err(error);
                return self.with_call(call, moment, |call, step| call.opened(step, leg, result));
            }
        };
        let trunk = self.trunk_dialed(call, leg);
        let asks = Call {
            call,
            leg,
            opened,
            since: moment.now,
        };
        let turn = self.pacing.ask(trunk.as_ref(), asks, moment.now);
        if let Some(turn) = turn {
            self.turn(turn, moment);
        }
    }

    /// Lets those go on whose turn has come.
    pub(super) fn pace(&mut self, moment: Moment) {
        for turn in self.pacing.due(moment.now) {
            self.turn(turn, moment);
        }
    }

    fn turn(&mut self, turn: Turn, moment: Moment) {
        match turn {
            Turn::Goes(Call {
                call, leg, opened, ..
            }) => {
                self.with_call(call, moment, |call, step| {
                    call.opened(step, leg, Ok(opened));
                });
            }
            Turn::TooMany(Call { call, leg, .. }, trunk, why) => {
                let limited = Limited {
                    limit: LimitOf::Outbound,
                    trunk: Some(trunk),
                    number: None,
                };
                let refused = Refused {
                    status: None,
                    why: why.clone(),
                };
                self.node
                    .limit_reached(&mut self.ledger, limited, refused, moment);
                self.with_call(call, moment, |call, step| call.held_back(step, leg, why));
            }
        }
    }

    /// The trunk that a leg is to be dialed through.
    fn trunk_dialed(&self, call: CallId, leg: LegId) -> Option<TrunkName> {
        let leg = self.calls.get(&call)?.legs.get(&leg)?;
        match &leg.stage {
            Stage::Opening { command, .. } => command.trunk.clone(),
            _ => None,
        }
    }
}
