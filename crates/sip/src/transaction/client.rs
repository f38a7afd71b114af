//! Non-INVITE client transaction: RFC 3261 §17.1.2, Figure 6.
//!
//! ```text
//!                  request sent
//!                       |          E: send again, double E up to T2
//!                       v        +-----+
//!                  +--------+<---+     |     F or transport failure: tell the user
//!                  | Trying |----------+--------------------------------+
//!                  +--------+                                           |
//!        200-699    |    | 1xx: deliver                                 |
//!        deliver    |    v         E: send again, every T2              |
//!             +-----+ +------------+ 1xx: deliver                       |
//!             |       | Proceeding |--+                                 |
//!             |       +------------+<-+-- F, transport failure ---------+
//!             |             | 200-699: deliver                          |
//!             v             v                                           |
//!        +-----------+<-----+                    K                      v
//!        | Completed |------------------------------------------>+------------+
//!        +-----------+   (answers again: absorbed)               | Terminated |
//!                                                                +------------+
//! ```

use std::time::Instant;

use crate::timers::{Backoff, Reliability, Timer, Timers};

use super::{Action, ClientInput};

/// Where a request other than INVITE that we sent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Sent; nothing came back.
    Trying {
        /// Timer E; none on a reliable transport.
        repeat: Option<Backoff>,
        /// Timer F.
        give_up: Instant,
    },
    /// A provisional answer came.
    Proceeding {
        /// Timer E, every T2; none on a reliable transport.
        repeat: Option<Backoff>,
        /// Timer F.
        give_up: Instant,
    },
    /// Answered; repetitions of the answer are absorbed.
    Completed {
        /// Timer K.
        until: Instant,
    },
    /// Over; the owner forgets it.
    Terminated,
}

/// A request other than INVITE and ACK that we sent.
#[derive(Debug, Clone)]
pub struct Client {
    state: State,
    timers: Timers,
    reliability: Reliability,
}

impl Client {
    /// The request leaves now.
    pub fn new(timers: Timers, reliability: Reliability, now: Instant) -> Self {
        let state = State::Trying {
            repeat: Backoff::unless_reliable(reliability, now, timers.t1),
            give_up: now + timers.patience(),
        };
        Client {
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
            State::Trying { repeat, give_up } | State::Proceeding { repeat, give_up } => {
                Some(repeat.map_or(give_up, |repeat| repeat.at.min(give_up)))
            }
            State::Completed { until } => Some(until),
            State::Terminated => None,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    fn step(&self, input: ClientInput, now: Instant) -> (State, &'static [Action]) {
        use Action::*;
        use ClientInput as In;
        match (self.state, input) {
            (
                State::Trying { repeat, give_up } | State::Proceeding { repeat, give_up },
                In::Provisional,
            ) => {
                let repeat = repeat.map(|repeat| Backoff {
                    gap: self.timers.t2,
                    ..repeat
                });
                (State::Proceeding { repeat, give_up }, &[Deliver])
            }
            (State::Trying { .. } | State::Proceeding { .. }, In::Success | In::Failure) => {
                let until = now + self.timers.k(self.reliability);
                let state = match self.reliability {
                    Reliability::Unreliable => State::Completed { until },
                    Reliability::Reliable => State::Terminated,
                };
                (state, &[Deliver])
            }
            (State::Trying { give_up, .. } | State::Proceeding { give_up, .. }, In::Due)
                if now >= give_up =>
            {
                (State::Terminated, &[TimedOut(Timer::F)])
            }
            (
                State::Trying {
                    repeat: Some(repeat),
                    give_up,
                },
                In::Due,
            ) if now >= repeat.at => {
                let repeat = Some(repeat.next(now, self.timers.t2));
                (State::Trying { repeat, give_up }, &[RepeatBy(Timer::E)])
            }
            (
                State::Proceeding {
                    repeat: Some(repeat),
                    give_up,
                },
                In::Due,
            ) if now >= repeat.at => {
                let repeat = Some(Backoff::start(now, self.timers.t2));
                (State::Proceeding { repeat, give_up }, &[RepeatBy(Timer::E)])
            }
            (State::Trying { .. } | State::Proceeding { .. }, In::TransportFailed) => {
                (State::Terminated, &[Failed])
            }
            (State::Completed { until }, In::Due) if now >= until => {
                (State::Terminated, &[Expired(Timer::K)])
            }
            // A late or doubled answer changes nothing, and a wake-up before its time means nothing.
            (_, In::Provisional | In::Success | In::Failure) => (self.state, &[Absorb]),
            (_, In::Due | In::TransportFailed) => (self.state, &[]),
        }
    }
}
