//! INVITE client transaction: RFC 3261 §17.1.1, Figure 5, as changed by RFC 6026 §8.4.
//!
//! ```text
//!                     INVITE sent
//!                         |         A: send again, double A
//!                         v       +-----+
//!                    +---------+<-+     |    B or transport failure: tell the user
//!                    | Calling |--------+--------------------------------+
//!                    +---------+                                         |
//!          3xx-6xx    |   | 1xx   \  2xx                                 |
//!          ACK        |   v        \ deliver                             |
//!          deliver    | +------------+ 2xx   +----------+ 2xx: deliver   |
//!             +-------+ | Proceeding |------>| Accepted |---+            |
//!             |         +------------+       +----------+<--+            |
//!             |  3xx-6xx  |  ^  | 1xx: deliver     |                     |
//!             v  ACK      |  +--+                  | M                   |
//!        +-----------+<---+                        |                     |
//!        | Completed |--+ 3xx-6xx: ACK again       |                     |
//!        +-----------+<-+                          v                     |
//!              | D, transport failure        +------------+              |
//!              +---------------------------->| Terminated |<-------------+
//!                                            +------------+
//! ```

use std::time::Instant;

use crate::timers::{Backoff, Reliability, Timer, Timers};

use super::{Action, ClientInput};

/// Where an INVITE that we sent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Sent; nothing came back.
    Calling {
        /// Timer A; none on a reliable transport.
        repeat: Option<Backoff>,
        /// Timer B.
        give_up: Instant,
    },
    /// A provisional answer came; the user decides how long to wait.
    Proceeding,
    /// Refused; repetitions of the refusal are acknowledged.
    Completed {
        /// Timer D.
        until: Instant,
    },
    /// Accepted; repetitions and forks of the 2xx go to the user.
    Accepted {
        /// Timer M.
        until: Instant,
    },
    /// Over; the owner forgets it.
    Terminated,
}

/// An INVITE that we sent.
#[derive(Debug, Clone)]
pub struct InviteClient {
    state: State,
    timers: Timers,
    reliability: Reliability,
}

impl InviteClient {
    /// The INVITE leaves now.
    pub fn new(timers: Timers, reliability: Reliability, now: Instant) -> Self {
        let state = State::Calling {
            repeat: Backoff::unless_reliable(reliability, now, timers.t1),
            give_up: now + timers.patience(),
        };
        InviteClient {
            state,
            timers,
            reliability,
        }
    }

    /// Moves, and says what to do.
    pub fn handle(&mut self, input: ClientInput, now: Instant) -> &'static [Action] {
        let (state, actions) = self.step(input, now);
        self.state = state;
        actions
    }

    /// When to call `handle` with `Due`.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Calling { repeat, give_up } => {
                Some(repeat.map_or(give_up, |repeat| repeat.at.min(give_up)))
            }
            State::Completed { until } | State::Accepted { until } => Some(until),
            State::Proceeding | State::Terminated => None,
        }
    }

    /// Nobody waits for the answer any more: the dialog is being ended. What still comes is taken for as
    /// long as a peer repeats it; a peer that said 1xx and nothing else does not hold it for ever.
    pub fn abandon(&mut self, now: Instant) {
        if matches!(self.state, State::Calling { .. } | State::Proceeding) {
            self.state = State::Accepted {
                until: now + self.timers.patience(),
            };
        }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    fn step(&self, input: ClientInput, now: Instant) -> (State, &'static [Action]) {
        use Action::*;
        use ClientInput as In;
        let accepted = State::Accepted {
            until: now + self.timers.patience(),
        };
        match (self.state, input) {
            (State::Calling { .. } | State::Proceeding, In::Provisional) => {
                (State::Proceeding, &[Deliver])
            }
            (State::Calling { .. } | State::Proceeding, In::Success) => (accepted, &[Deliver]),
            (State::Calling { .. } | State::Proceeding, In::Failure) => {
                let until = now + self.timers.d(self.reliability);
                let state = match self.reliability {
                    Reliability::Unreliable => State::Completed { until },
                    Reliability::Reliable => State::Terminated,
                };
                (state, &[Acknowledge, Deliver])
            }
            (State::Calling { give_up, .. }, In::Due) if now >= give_up => {
                (State::Terminated, &[TimedOut(Timer::B)])
            }
            (
                State::Calling {
                    repeat: Some(repeat),
                    give_up,
                },
                In::Due,
            ) if now >= repeat.at => {
                let repeat = Some(repeat.next(now, self.timers.patience()));
                (State::Calling { repeat, give_up }, &[RepeatBy(Timer::A)])
            }
            (State::Calling { .. }, In::TransportFailed) => (State::Terminated, &[Failed]),
            (State::Completed { .. }, In::Failure) => (self.state, &[AcknowledgeAgain]),
            (State::Completed { until }, In::Due) if now >= until => {
                (State::Terminated, &[Expired(Timer::D)])
            }
            (State::Completed { .. }, In::TransportFailed) => (State::Terminated, &[Failed]),
            (State::Accepted { .. }, In::Success) => (self.state, &[Deliver]),
            (State::Accepted { until }, In::Due) if now >= until => {
                (State::Terminated, &[Expired(Timer::M)])
            }
            // A late or doubled answer changes nothing, and a wake-up before its time means nothing.
            (_, In::Provisional | In::Success | In::Failure) => (self.state, &[Absorb]),
            (_, In::Due | In::TransportFailed) => (self.state, &[]),
        }
    }
}
