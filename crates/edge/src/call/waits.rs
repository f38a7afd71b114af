//! What a call waits for when nothing comes, and how long: control, the measures of its media, a silent target, and
//! at last to be forgotten.

use std::time::{Duration, Instant};

use super::Call;
use crate::leg::Stage;
use crate::step::Step;
use crate::voice::Hears;

/// How long an ended call is kept for repetitions of its last messages: T4 of RFC 3261.
const LINGER: Duration = Duration::from_secs(5);

/// How long an ended call waits for control's last word before it is forgotten anyway.
const CONCLUSION_WAIT: Duration = Duration::from_secs(64);

impl Call {
    /// Sets the call's timers by the state that a step left it in.
    pub fn settle(&mut self, step: &Step<'_>) {
        let now = step.moment.now;
        if !self.is_lonely() {
            self.patience = None;
        } else if self.patience.is_none() {
            self.patience = Some(now + step.configuration.control_patience);
        }
        if !self
            .legs
            .values()
            .any(|leg| matches!(leg.stage, Stage::Ending { .. }))
        {
            self.measures_by = None;
        }
        if !self.is_over() {
            self.forget_at = None;
        } else if self.forget_at.is_none() {
            self.forget_at = Some(now + CONCLUSION_WAIT);
        }
        if self.concluded
            && let Some(at) = &mut self.forget_at
        {
            *at = (*at).min(now + LINGER);
        }
    }

    /// A decision came: control gets its time again.
    pub fn control_is_there(&mut self) {
        self.patience = None;
    }

    /// When something has to be done although nothing comes.
    pub fn deadline(&self) -> Option<Instant> {
        let own = [self.patience, self.measures_by, self.forget_at];
        let silences = self.legs.values().map(|leg| leg.silent_at());
        own.into_iter().chain(silences).flatten().min()
    }

    /// Whether control let its time pass.
    pub fn is_abandoned(&self, now: Instant) -> bool {
        self.patience.is_some_and(|at| at <= now)
    }

    /// Whether nothing more is expected of it.
    pub fn is_forgettable(&self, now: Instant) -> bool {
        self.forget_at.is_some_and(|at| at <= now)
    }

    /// Whether somebody is on the line with nobody on the other side and nothing under way: only a decision can
    /// help. Control makes one at once when it is there.
    fn is_lonely(&self) -> bool {
        let mut live = self.legs.values().filter(|leg| leg.is_live());
        let (Some(leg), None) = (live.next(), live.next()) else {
            return false;
        };
        match (&leg.stage, &leg.hears) {
            (Stage::Invited, _) => true,
            (Stage::Talking, Hears::Nothing) => !leg.refers,
            // Its partner is over: it is the only live leg.
            (Stage::Talking, Hears::Leg(_)) => !leg.refers,
            (Stage::Talking, Hears::Agent(_) | Hears::Hold) => false,
            (Stage::Answering { .. } | Stage::Opening { .. } | Stage::Dialing, _) => false,
            (Stage::Ending { .. } | Stage::Over, _) => false,
        }
    }
}
