//! INVITE server transaction: RFC 3261 §17.2.1, Figure 7, as changed by RFC 6026 §8.5.
//!
//! ```text
//!                       INVITE received
//!                       100 sent by the owner, deliver
//!                            |
//!     INVITE: send again     v        1xx from user: send
//!              +------>+------------+<------+
//!              +-------| Proceeding |-------+   transport failure: tell the user, stay
//!                      +------------+
//!      3xx-6xx from user |        | 2xx from user: send
//!      send              |        |
//!                        v        v               INVITE: absorb
//!     INVITE, G:  +-----------+  +----------+---+ ACK: deliver
//!     send again  | Completed |  | Accepted |   | 2xx from user: send
//!         +------>+-----------+  +----------+<--+ transport failure: tell the user, stay
//!         +---------|  |   | ACK         |
//!                   |  |   v             | L
//!                 H |  | +-----------+   |
//!     tell the user |  | | Confirmed |   |
//!                   |  | +-----------+   |
//!                   |  |       | I       v
//!                   |  |       +-->+------------+
//!                   +--+---------->| Terminated |
//!                                  +------------+
//! ```

use std::time::Instant;

use crate::timers::{Backoff, Reliability, Timer, Timers};

use super::{Action, ServerInput};

/// Where an INVITE that the peer sent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Received and not yet answered finally.
    Proceeding,
    /// Refused; waiting for the ACK.
    Completed {
        /// Timer G; none on a reliable transport.
        repeat: Option<Backoff>,
        /// Timer H.
        give_up: Instant,
    },
    /// Refused and acknowledged; repeated ACKs are absorbed.
    Confirmed {
        /// Timer I.
        until: Instant,
    },
    /// Accepted; the user repeats its 2xx, the transaction absorbs the peer's INVITEs.
    Accepted {
        /// Timer L.
        until: Instant,
    },
    /// Over; the owner forgets it.
    Terminated,
}

/// An INVITE that the peer sent.
#[derive(Debug, Clone)]
pub struct InviteServer {
    state: State,
    timers: Timers,
    reliability: Reliability,
}

impl InviteServer {
    /// An INVITE came that belongs to no transaction.
    pub fn new(timers: Timers, reliability: Reliability) -> Self {
        InviteServer {
            state: State::Proceeding,
            timers,
            reliability,
        }
    }

    /// Moves, and says what to do.
    pub fn handle(&mut self, input: ServerInput, now: Instant) -> &'static [Action] {
        let (state, actions) = self.step(input, now);
        self.state = state;
        actions
    }

    /// When to call `handle` with `Due`.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Completed { repeat, give_up } => {
                Some(repeat.map_or(give_up, |repeat| repeat.at.min(give_up)))
            }
            State::Confirmed { until } | State::Accepted { until } => Some(until),
            State::Proceeding | State::Terminated => None,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    fn step(&self, input: ServerInput, now: Instant) -> (State, &'static [Action]) {
        use Action::*;
        use ServerInput as In;
        match (self.state, input) {
            (State::Proceeding, In::Request) => (self.state, &[RepeatForPeer]),
            (State::Proceeding, In::Provisional) => (self.state, &[Send]),
            (State::Proceeding, In::Success) => {
                let until = now + self.timers.patience();
                (State::Accepted { until }, &[Send])
            }
            (State::Proceeding, In::Failure) => {
                let repeat = Backoff::unless_reliable(self.reliability, now, self.timers.t1);
                let give_up = now + self.timers.patience();
                (State::Completed { repeat, give_up }, &[Send])
            }
            (State::Completed { .. }, In::Request) => (self.state, &[RepeatForPeer]),
            (State::Completed { .. }, In::Ack) => {
                let state = match self.reliability {
                    Reliability::Unreliable => State::Confirmed {
                        until: now + self.timers.i(self.reliability),
                    },
                    Reliability::Reliable => State::Terminated,
                };
                (state, &[Deliver])
            }
            (State::Completed { give_up, .. }, In::Due) if now >= give_up => {
                (State::Terminated, &[TimedOut(Timer::H)])
            }
            (
                State::Completed {
                    repeat: Some(repeat),
                    give_up,
                },
                In::Due,
            ) if now >= repeat.at => {
                let repeat = Some(repeat.next(now, self.timers.t2));
                (State::Completed { repeat, give_up }, &[RepeatBy(Timer::G)])
            }
            (State::Confirmed { until }, In::Due) if now >= until => {
                (State::Terminated, &[Expired(Timer::I)])
            }
            (State::Accepted { .. }, In::Ack) => (self.state, &[Deliver]),
            (State::Accepted { .. }, In::Success) => (self.state, &[Send]),
            (State::Accepted { until }, In::Due) if now >= until => {
                (State::Terminated, &[Expired(Timer::L)])
            }
            (
                State::Proceeding | State::Completed { .. } | State::Accepted { .. },
                In::TransportFailed,
            ) => (self.state, &[Failed]),
            // Repetitions need nothing, and a second final answer of the user or an early wake-up means nothing.
            (_, In::Request | In::Ack) => (self.state, &[Absorb]),
            (_, In::Provisional | In::Success | In::Failure | In::Due | In::TransportFailed) => {
                (self.state, &[])
            }
        }
    }
}
