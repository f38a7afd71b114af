//! What happens because time passes: control that says nothing, calls that are forgotten, a stop that comes to its end.

use std::time::Instant;

use schemas::CallId;
use sip::endpoint::output::Input as SipInput;

use super::Core;
use crate::call::Call;
use crate::clock::Moment;
use crate::port::Output;
use crate::probing;

impl Core {
    pub(super) fn due(&mut self, moment: Moment) {
        self.endpoint.handle(SipInput::Due, moment.now);
        self.node.due(&mut self.ledger, moment);
        self.pace(moment);
        self.state_load(moment);
        if self.probing.deadline().is_some_and(|at| at <= moment.now) {
            self.probing.handle(probing::Input::Due, moment);
        }
        self.registrations_due(moment);
        if self.log_patience().is_some_and(|at| at <= moment.now) {
            self.ledger.stop_waiting();
        }
        while let Some(&(at, call)) = self.alarms.first()
            && at <= moment.now
        {
            self.alarms.pop_first();
            self.alarm(call, moment);
        }
        if self.stop_at.is_some_and(|at| at <= moment.now) {
            self.stop_at = None;
            self.end_all(moment);
        }
    }

    fn alarm(&mut self, id: CallId, moment: Moment) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.armed = None;
        if call.is_forgettable(moment.now) {
            return self.forget(id);
        }
        if call.is_abandoned(moment.now) {
            self.counters.calls_abandoned_by_control.one();
            self.admission.settled(id);
            if call.next_decision == 0 {
                self.admission.control_is_away(moment.now);
            }
            call.control_is_there();
            self.with_call(id, moment, |call, step| {
                call.end_legs(step, "control is away")
            });
        } else {
            self.with_call(id, moment, |call, step| {
                call.give_up_measures(step);
                call.leave_silent_targets(step);
            });
        }
    }

    fn forget(&mut self, id: CallId) {
        let Some(call) = self.calls.remove(&id) else {
            return;
        };
        self.admission.settled(id);
        for leg in call.legs.values() {
            for key in leg.key.iter().chain(&leg.former) {
                self.places.remove(key);
            }
        }
        self.outputs.push_back(Output::Forget(id));
    }

    pub(super) fn stop(&mut self, moment: Moment) {
        if !self.admission.is_stopping() {
            self.admission.stop();
            self.stop_at = Some(moment.now + self.configuration.drain);
            self.registrations_stop(moment);
        }
    }

    fn end_all(&mut self, moment: Moment) {
        let live = |(id, call): (&CallId, &Call)| call.is_live().then_some(*id);
        let calls: Vec<_> = self.calls.iter().filter_map(live).collect();
        for call in calls {
            self.calls_stopped += 1;
            self.with_call(call, moment, |call, step| {
                call.end_legs(step, "edge stopping")
            });
        }
    }

    /// When messages of calls in progress stop waiting for a log that is away.
    pub(super) fn log_patience(&self) -> Option<Instant> {
        let away_since = self.ledger.away_since().filter(|_| self.ledger.waits())?;
        Some(away_since + self.configuration.control_patience)
    }
}
