//! The rungs of agents that are reached by a WebSocket: no message of theirs is kept, so facts tell of them.

use schemas::observation::{LegFailed, LegFailure, StreamCloser};
use schemas::{LegId, Observation, Record};

use super::RungKind;
use super::parties::EDGE;
use super::rungs::Drawing;
use crate::Mark;

impl Drawing<'_> {
    /// Whether a leg is a connection to an agent.
    pub(super) fn is_stream(&self, leg: LegId) -> bool {
        let leg = self.row.legs.iter().find(|known| known.id == leg);
        let url = leg.map(|leg| leg.party.reveal().as_str());
        url.is_some_and(|url| url.starts_with("ws:") || url.starts_with("wss:"))
    }

    pub(super) fn stream(&mut self, record: &Record, observation: &Observation) {
        match observation {
            Observation::StreamDialed(dialed) => {
                let label = "GET (WebSocket)".to_owned();
                self.crosses(record, (dialed.leg, Way::Out), Mark::Info, label);
            }
            Observation::StreamOpened(opened) => {
                let label = "101 (WebSocket)".to_owned();
                self.crosses(record, (opened.leg, Way::In), Mark::Ok, label);
            }
            Observation::StreamClosed(closed) => {
                let code = closed
                    .code
                    .map(|code| format!(" {code}"))
                    .unwrap_or_default();
                match closed.by {
                    StreamCloser::Agent => {
                        let label = format!("close{code}");
                        self.crosses(record, (closed.leg, Way::In), Mark::Info, label);
                    }
                    StreamCloser::Edge | StreamCloser::Nobody => {
                        let told = format!("leg {}: {}", closed.leg, closed.reason);
                        self.note(record, Mark::Bad, &told);
                    }
                }
            }
            Observation::AgentSilent(silent) => {
                let told = format!("leg {}: the agent says nothing", silent.leg);
                self.note(record, Mark::Warn, &told);
            }
            Observation::AgentOverrun(overrun) => {
                let told = format!("leg {}: audio is dropped", overrun.leg);
                self.note(record, Mark::Warn, &told);
            }
            _ => {}
        }
    }

    /// A leg that was dialed came to nothing.
    pub(super) fn leg_failed(&mut self, record: &Record, failed: &LegFailed) {
        let leg = failed.leg;
        let is_stream = self.is_stream(leg);
        match &failed.failure {
            LegFailure::Refused { status, phrase } if is_stream => {
                let label = format!("{status} {phrase} (WebSocket)");
                self.crosses(record, (leg, Way::In), Mark::Warn, label);
            }
            LegFailure::Refused { status, phrase } => {
                let label = format!("{status} {phrase} (INVITE)");
                self.heard(record, leg, Mark::Warn, &label);
            }
            LegFailure::Cancelled if is_stream => {
                self.note(record, Mark::Info, &format!("leg {leg}: given up"));
            }
            LegFailure::Cancelled => self.told(record, leg, Mark::Info, "CANCEL"),
            LegFailure::TimedOut { timer } => {
                self.note(
                    record,
                    Mark::Bad,
                    &format!("leg {leg}: timer {timer} ran out"),
                );
            }
            LegFailure::Unreachable { error } | LegFailure::Impossible { error } => {
                self.note(record, Mark::Bad, &format!("leg {leg}: {error}"));
            }
        }
    }

    fn crosses(&mut self, record: &Record, (leg, way): (LegId, Way), mark: Mark, label: String) {
        let column = self.column(leg);
        let ends = match way {
            Way::Out => (EDGE, column),
            Way::In => (column, EDGE),
        };
        self.push(record, RungKind::Told, ends, mark, label);
    }
}

/// To the agent, or from it.
#[derive(Clone, Copy)]
enum Way {
    Out,
    In,
}
