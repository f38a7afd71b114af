//! Whether trunks are there: OPTIONS to each target of each trunk, again and again (RFC 3261 section 11).
//!
//! ```text
//!   every `every`, jittered                        answered, anything but 503
//!  +-----------------------+     +---------+  ------------------------------------->  +----+
//!  | look the trunk up     | --> | unknown |                                          | up |
//!  | ask each target found |     +---------+  <--- 3 probes lost, 1 s apart ---+      +----+
//!  +-----------------------+          |                                        |        |
//!                                     +------> +------+  <---------------------+--------+
//!                                              | down |   asked every 10 s, or `every` if that is less
//!                                              +------+
//! ```
//!
//! Drive it: after every [`Probing::handle`] drain [`Probing::poll`]; call `handle(Input::Due)` when
//! [`Probing::deadline`] has passed. What it is told of probes that it did not send changes nothing.

mod target;
mod window;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use schemas::observation::{ProbeFailure, TrunkDown};
use schemas::{Observation, Timestamp, TrunkName};
use sip::endpoint::flow::{Flow, Transport};
use sip::endpoint::keys::TransactionKey;

use self::target::{Target, Turn};
use crate::clock::Moment;
use crate::configuration::{Probe, Trunk};
use crate::locate::order::Dice;

/// Probes of which the answer is waited for at once, of all trunks; more wait for [`CROWDED`]. Each is a transaction.
const OPEN_MAX: usize = 512;

/// How long a probe waits for its turn when [`OPEN_MAX`] are open.
const CROWDED: Duration = Duration::from_millis(200);

/// The longest that the first probe of a trunk is put off after a start, so that not all go out at once.
const FIRST_MAX: Duration = Duration::from_secs(10);

/// How long it takes until a trunk of which nobody knows where it leads is looked up again.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Probes of a target, or searches for it, that come to nothing one after the other before it counts as down.
pub const LOST_MAX: u32 = 3;

/// What the probing is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// Where a trunk leads, or why it leads nowhere: the answer to [`Output::Look`].
    Found {
        /// The trunk.
        trunk: TrunkName,
        /// The ways to its targets.
        ways: Result<Vec<Flow>, String>,
    },
    /// The probe that [`Output::Ask`] asked for was sent; nothing if there was no room.
    Asked {
        /// The trunk.
        trunk: TrunkName,
        /// The way.
        flow: Flow,
        /// Its transaction.
        transaction: Option<TransactionKey>,
    },
    /// A probe was answered.
    Answered {
        /// Its transaction.
        transaction: TransactionKey,
        /// The final status.
        status: u16,
        /// The reason phrase.
        phrase: String,
    },
    /// A probe could not be sent, or its transaction came to its end.
    Failed {
        /// Its transaction.
        transaction: TransactionKey,
        /// What the transport said.
        error: String,
    },
    /// The edge stops: what was counted is told, and nothing is asked any more.
    Stop,
    /// `deadline()` has passed.
    Due,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Output {
    /// Look up where the trunk leads; answer with [`Input::Found`].
    Look(TrunkName),
    /// Send an OPTIONS; answer with [`Input::Asked`].
    Ask {
        /// The trunk.
        trunk: TrunkName,
        /// The Request-URI.
        uri: String,
        /// The way.
        flow: Flow,
    },
    /// Write this down.
    Fact(Box<Observation>),
    /// Calls try this target last from now on, or no more.
    Avoid {
        /// The way to it.
        flow: Flow,
        /// Whether it is down.
        is_down: bool,
    },
}

/// Every trunk that is probed.
#[derive(Debug)]
pub struct Probing<D> {
    trunks: BTreeMap<TrunkName, Probed>,
    /// Whose answers are waited for.
    open: BTreeMap<TransactionKey, (TrunkName, Key)>,
    outputs: VecDeque<Output>,
    deadline: Option<Instant>,
    dice: D,
}

/// A target of a trunk.
type Key = (Transport, std::net::SocketAddr);

/// A trunk that is probed.
#[derive(Debug)]
struct Probed {
    probe: Probe,
    targets: BTreeMap<Key, Target>,
    look_at: Instant,
    /// Searches that found nothing, and when the first of them began.
    nowhere: Option<(u32, Timestamp)>,
}

impl<D: Dice> Probing<D> {
    /// Nothing is known yet. `dice` is what jitter comes from.
    pub fn new(trunks: &[Trunk], mut dice: D, now: Instant) -> Probing<D> {
        let probed = trunks.iter().filter_map(|trunk| {
            let probe = trunk.probe.clone()?;
            let first = between(&mut dice, Duration::ZERO, probe.every.min(FIRST_MAX));
            let probed = Probed {
                probe,
                targets: BTreeMap::new(),
                look_at: now + first,
                nowhere: None,
            };
            Some((trunk.name.clone(), probed))
        });
        let trunks: BTreeMap<_, _> = probed.collect();
        let mut probing = Probing {
            trunks,
            open: BTreeMap::new(),
            outputs: VecDeque::new(),
            deadline: None,
            dice,
        };
        probing.set_deadline();
        probing
    }

    /// Takes what happened.
    pub fn handle(&mut self, input: Input, moment: Moment) {
        match input {
            Input::Found { trunk, ways } => self.found(&trunk, ways, moment),
            Input::Asked {
                trunk,
                flow,
                transaction,
            } => self.asked(trunk, flow, transaction, moment),
            Input::Answered {
                transaction,
                status,
                phrase,
            } => self.answered(transaction, status, phrase, moment),
            Input::Failed { transaction, error } => {
                let failure = ProbeFailure::Unreachable { error };
                self.failed(transaction, failure, moment);
            }
            Input::Stop => self.stop(moment),
            Input::Due => self.due(moment),
        }
        self.set_deadline();
    }

    /// What to do next; `None` until the next input.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call `handle(Input::Due)`.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn found(&mut self, name: &TrunkName, ways: Result<Vec<Flow>, String>, moment: Moment) {
        let Some(trunk) = self.trunks.get_mut(name) else {
            return;
        };
        let ways = match ways {
            Ok(ways) => ways,
            // Targets that were found before are asked all the same.
            Err(_) if !trunk.targets.is_empty() => return trunk.ask_all(moment.now),
            Err(error) => {
                trunk.look_at = trunk.look_at.min(moment.now + LOOK_AGAIN);
                let told = trunk.leads_nowhere(name, error, moment);
                return self.outputs.extend(told.map(fact));
            }
        };
        trunk.nowhere = None;
        let key = |flow: &Flow| (flow.transport, flow.remote);
        let kept: Vec<Key> = ways.iter().map(key).collect();
        let outputs = &mut self.outputs;
        trunk.targets.retain(|key, target| {
            let stays = kept.contains(key);
            if !stays {
                outputs.extend(
                    target
                        .window
                        .close(moment.now)
                        .map(|told| fact(told.into_event(name, target.flow))),
                );
                let (flow, is_down) = (target.flow, false);
                outputs.extend(target.is_down().then_some(Output::Avoid { flow, is_down }));
            }
            stays
        });
        for flow in ways {
            let target = trunk.targets.entry(key(&flow));
            target.or_insert_with(|| Target::new(flow, moment.now)).flow = flow;
        }
        trunk.ask_all(moment.now);
    }

    fn asked(
        &mut self,
        name: TrunkName,
        flow: Flow,
        transaction: Option<TransactionKey>,
        moment: Moment,
    ) {
        let key = (flow.transport, flow.remote);
        let trunk = self.trunks.get_mut(&name);
        let Some(target) = trunk.and_then(|trunk| trunk.targets.get_mut(&key)) else {
            return;
        };
        match transaction {
            Some(transaction) => {
                target.asked(transaction, moment);
                self.open.insert(transaction, (name, key));
            }
            None => target.ask_at(moment.now + CROWDED),
        }
    }

    fn answered(
        &mut self,
        transaction: TransactionKey,
        status: u16,
        phrase: String,
        moment: Moment,
    ) {
        if status == sip::StatusCode::SERVICE_UNAVAILABLE.get() {
            let failure = ProbeFailure::Refused { status, phrase };
            return self.failed(transaction, failure, moment);
        }
        let Some((name, key)) = self.open.remove(&transaction) else {
            return;
        };
        let trunk = self.trunks.get_mut(&name);
        let Some(target) = trunk.and_then(|trunk| trunk.targets.get_mut(&key)) else {
            return;
        };
        let was_down = target.is_down();
        if let Some(up) = target.answered(&name, status, moment) {
            self.outputs.push_back(fact(up));
        }
        if was_down {
            let (flow, is_down) = (target.flow, false);
            self.outputs.push_back(Output::Avoid { flow, is_down });
        }
    }

    fn failed(&mut self, transaction: TransactionKey, failure: ProbeFailure, moment: Moment) {
        let Some((name, key)) = self.open.remove(&transaction) else {
            return;
        };
        let Some(trunk) = self.trunks.get_mut(&name) else {
            return;
        };
        let others = trunk.targets.iter().filter(|(other, _)| **other != key);
        let others_up = others.filter(|(_, target)| target.is_up()).count();
        let Some(target) = trunk.targets.get_mut(&key) else {
            return;
        };
        let others_up = u32::try_from(others_up).unwrap_or(u32::MAX);
        let every = trunk.probe.every;
        if let Some(down) = target.lost(&name, failure, others_up, every, moment) {
            self.outputs.push_back(fact(down));
            let (flow, is_down) = (target.flow, true);
            self.outputs.push_back(Output::Avoid { flow, is_down });
        }
    }

    fn stop(&mut self, moment: Moment) {
        for (name, trunk) in std::mem::take(&mut self.trunks) {
            for (_, mut target) in trunk.targets {
                let told = target.window.close(moment.now);
                let told = told.map(|told| fact(told.into_event(&name, target.flow)));
                self.outputs.extend(told);
            }
        }
        self.open.clear();
    }

    fn due(&mut self, moment: Moment) {
        let now = moment.now;
        let mut silent = Vec::new();
        for (name, trunk) in &mut self.trunks {
            if trunk.look_at <= now {
                let every = trunk.probe.every;
                trunk.look_at = now + between(&mut self.dice, every * 9 / 10, every * 11 / 10);
                self.outputs.push_back(Output::Look(name.clone()));
            }
            for target in trunk.targets.values_mut() {
                if let Some(told) = target.window.due(now) {
                    self.outputs
                        .push_back(fact(told.into_event(name, target.flow)));
                }
                match target.turn(now) {
                    Turn::Rests => {}
                    Turn::IsSilent(transaction) => silent.push(transaction),
                    Turn::Asks if self.open.len() >= OPEN_MAX => target.ask_at(now + CROWDED),
                    Turn::Asks => {
                        target.asking();
                        self.outputs.push_back(Output::Ask {
                            trunk: name.clone(),
                            uri: trunk.probe.uri.clone(),
                            flow: target.flow,
                        });
                    }
                }
            }
        }
        for transaction in silent {
            let after_ms = crate::tally::milliseconds(target::PATIENCE);
            self.failed(transaction, ProbeFailure::TimedOut { after_ms }, moment);
        }
    }

    fn set_deadline(&mut self) {
        let looks = self.trunks.values().map(|trunk| trunk.look_at);
        let targets = self
            .trunks
            .values()
            .flat_map(|trunk| trunk.targets.values());
        self.deadline = looks.chain(targets.filter_map(Target::deadline)).min();
    }
}

impl Probed {
    fn ask_all(&mut self, now: Instant) {
        for target in self.targets.values_mut() {
            target.ask_at(now);
        }
    }

    /// Nobody knows where it leads: told once, when that was so for long enough.
    fn leads_nowhere(
        &mut self,
        name: &TrunkName,
        error: String,
        moment: Moment,
    ) -> Option<TrunkDown> {
        let (times, since) = self.nowhere.get_or_insert((0, moment.wall));
        *times = times.saturating_add(1);
        (*times == LOST_MAX).then(|| TrunkDown {
            trunk: name.clone(),
            target: self.probe.address.clone(),
            transport: None,
            failure: ProbeFailure::NotFound { error },
            probes: LOST_MAX,
            since: *since,
            others_up: 0,
        })
    }
}

fn fact(event: impl Into<Observation>) -> Output {
    Output::Fact(Box::new(event.into()))
}

/// Some time from the one to the other.
fn between(dice: &mut impl Dice, from: Duration, to: Duration) -> Duration {
    let span = u64::try_from(to.saturating_sub(from).as_micros()).unwrap_or(u64::MAX - 1);
    from + Duration::from_micros(dice.below(span + 1))
}
