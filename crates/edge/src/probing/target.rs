//! One target of a trunk: whether it is up, when it is asked next, what it was asked last.

use std::time::{Duration, Instant};

use schemas::observation::{ProbeFailure, TrunkDown, TrunkUp};
use schemas::{Timestamp, TrunkName};
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::TransactionKey;

use super::LOST_MAX;
use super::window::Window;
use crate::clock::Moment;
use crate::observe::transport;

/// How long an answer is waited for: as long as most phone systems do (Asterisk 3 s).
pub const PATIENCE: Duration = Duration::from_secs(3);

/// How soon a target is asked again that did not answer but counts as up: a datagram may be lost.
const AGAIN: Duration = Duration::from_secs(1);

/// How often a target that is down is asked, unless the trunk is probed more often: it is missed while it is down.
const DOWN_EVERY: Duration = Duration::from_secs(10);

/// A target.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) flow: Flow,
    state: State,
    /// The probe whose answer is waited for, and when it was sent.
    open: Option<(TransactionKey, Instant)>,
    ask_at: Option<Instant>,
    /// Probes lost since the last answer, and when the first of them was sent.
    lost: u32,
    since: Timestamp,
    sent: Timestamp,
    pub(super) window: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Up,
    Down { since: Instant },
}

/// What there is to do about a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    Rests,
    /// It is to be asked.
    Asks,
    /// It did not answer this probe.
    IsSilent(TransactionKey),
}

impl Target {
    /// One that nothing is known of.
    pub(super) fn new(flow: Flow, now: Instant) -> Target {
        Target {
            flow,
            state: State::Unknown,
            open: None,
            ask_at: None,
            lost: 0,
            since: Timestamp::default(),
            sent: Timestamp::default(),
            window: Window::new(now),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.state == State::Up
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self.state, State::Down { .. })
    }

    /// It is asked then, unless an answer is waited for already.
    pub(super) fn ask_at(&mut self, at: Instant) {
        self.ask_at = self.open.is_none().then_some(at);
    }

    /// It is being asked.
    pub(super) fn asking(&mut self) {
        self.ask_at = None;
    }

    /// It was asked.
    pub(super) fn asked(&mut self, transaction: TransactionKey, moment: Moment) {
        self.open = Some((transaction, moment.now));
        self.sent = moment.wall;
    }

    /// What there is to do about it now.
    pub(super) fn turn(&self, now: Instant) -> Turn {
        match self.open {
            Some((transaction, at)) if at + PATIENCE <= now => Turn::IsSilent(transaction),
            Some(_) => Turn::Rests,
            None if self.ask_at.is_some_and(|at| at <= now) => Turn::Asks,
            None => Turn::Rests,
        }
    }

    /// When there is something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let turn = match self.open {
            Some((_, at)) => Some(at + PATIENCE),
            None => self.ask_at,
        };
        turn.into_iter().chain(self.window.deadline()).min()
    }

    /// It answered. Told if that is news.
    pub(super) fn answered(
        &mut self,
        trunk: &TrunkName,
        status: u16,
        moment: Moment,
    ) -> Option<TrunkUp> {
        let now = moment.now;
        let (_, asked) = self.open.take()?;
        let latency = now.saturating_duration_since(asked);
        let latency_us = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
        self.window.answered(status, latency_us, now);
        self.lost = 0;
        let down = match std::mem::replace(&mut self.state, State::Up) {
            State::Up => return None,
            State::Unknown => None,
            State::Down { since } => Some(now.saturating_duration_since(since)),
        };
        Some(TrunkUp {
            trunk: trunk.clone(),
            target: self.flow.remote.to_string(),
            transport: transport(self.flow),
            status,
            latency_us,
            down_ms: down.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        })
    }

    /// It did not. Told if it counts as down from now on.
    pub(super) fn lost(
        &mut self,
        trunk: &TrunkName,
        failure: ProbeFailure,
        others_up: u32,
        every: Duration,
        moment: Moment,
    ) -> Option<TrunkDown> {
        let now = moment.now;
        self.open = None;
        self.window.lost(now);
        if self.lost == 0 {
            self.since = self.sent;
        }
        self.lost = self.lost.saturating_add(1);
        if self.is_down() {
            self.ask_at = Some(now + DOWN_EVERY.min(every));
            return None;
        }
        if self.lost < LOST_MAX {
            self.ask_at = Some(now + AGAIN);
            return None;
        }
        self.state = State::Down { since: now };
        self.ask_at = Some(now + DOWN_EVERY.min(every));
        Some(TrunkDown {
            trunk: trunk.clone(),
            target: self.flow.remote.to_string(),
            transport: Some(transport(self.flow)),
            failure,
            probes: self.lost,
            since: self.since,
            others_up,
        })
    }
}
