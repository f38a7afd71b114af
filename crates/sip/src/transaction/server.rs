//! Non-INVITE server transaction: RFC 3261 §17.2.2, Figure 8.
//!
//! ```text
//!                  request received: deliver
//!                          |
//!                          v          request: absorb
//!                     +--------+<-----+
//!                     | Trying |------+
//!                     +--------+----------------------------+
//!           2xx-6xx    |   | 1xx from user: send            |
//!           from user: |   v                                | (ours) the user never answered,
//!           send       | +------------+ request: send again | and the peer's timer F has ended
//!              +-------+ | Proceeding |--+                  |
//!              |         +------------+<-+ 1xx: send        |
//!              |             |   |                          |
//!              v             |   +--------------------------+
//!         +-----------+<-----+ 2xx-6xx from user: send      |
//!         | Completed |--+                                  v
//!         +-----------+<-+ request: send again        +------------+
//!               |                                     | Terminated |
//!               +-- J, transport failure ------------>+------------+
//! ```

use std::time::Instant;

use crate::timers::{Reliability, Timer, Timers};

use super::{Action, ServerInput};

/// Where a request other than INVITE that the peer sent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Received and not yet answered.
    Trying {
        /// 64 × T1 from its arrival: the peer no longer waits.
        abandon: Instant,
    },
    /// Answered provisionally.
    Proceeding {
        /// 64 × T1 from its arrival: the peer no longer waits.
        abandon: Instant,
    },
    /// Answered; repetitions are answered again.
    Completed {
        /// Timer J.
        until: Instant,
    },
    /// Over; the owner forgets it.
    Terminated,
}

/// A request other than INVITE and ACK that the peer sent.
#[derive(Debug, Clone)]
pub struct Server {
    state: State,
    timers: Timers,
    reliability: Reliability,
}

impl Server {
    /// A request came that belongs to no transaction.
    pub fn new(timers: Timers, reliability: Reliability, now: Instant) -> Self {
        let abandon = now + timers.patience();
        Server {
            state: State::Trying { abandon },
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
            State::Trying { abandon } | State::Proceeding { abandon } => Some(abandon),
            State::Completed { until } => Some(until),
            State::Terminated => None,
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
            (State::Trying { abandon } | State::Proceeding { abandon }, In::Provisional) => {
                (State::Proceeding { abandon }, &[Send])
            }
            (State::Trying { .. } | State::Proceeding { .. }, In::Success | In::Failure) => {
                let until = now + self.timers.j(self.reliability);
                let state = match self.reliability {
                    Reliability::Unreliable => State::Completed { until },
                    Reliability::Reliable => State::Terminated,
                };
                (state, &[Send])
            }
            (State::Trying { abandon } | State::Proceeding { abandon }, In::Due)
                if now >= abandon =>
            {
                (State::Terminated, &[TimedOut(Timer::UserWait)])
            }
            (State::Proceeding { .. } | State::Completed { .. }, In::Request) => {
                (self.state, &[RepeatForPeer])
            }
            (State::Completed { until }, In::Due) if now >= until => {
                (State::Terminated, &[Expired(Timer::J)])
            }
            (State::Proceeding { .. } | State::Completed { .. }, In::TransportFailed) => {
                (State::Terminated, &[Failed])
            }
            // Repetitions need nothing, and a second final answer of the user or an early wake-up means nothing.
            (_, In::Request | In::Ack) => (self.state, &[Absorb]),
            (_, In::Provisional | In::Success | In::Failure | In::Due | In::TransportFailed) => {
                (self.state, &[])
            }
        }
    }
}
