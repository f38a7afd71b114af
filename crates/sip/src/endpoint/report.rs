//! Reports of a transfer that the peer asked for: one NOTIFY after another, the last one last (RFC 3515 §2.4.4).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::dialog::refer::{ReferIn, Report};
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;
use crate::subscription;

use super::config::{NOTIFY_QUEUE_MAX, REPORT_TRIES_MAX};
use super::event::{Event, Failure};
use super::extra::Extra;
use super::keys::LegKey;
use super::session::InDialog;
use super::tables::Purpose;
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Reports how the call goes that the peer asked for; after the `last` report no more can follow.
    /// Nothing happens for a peer that wanted no reports (RFC 4488) or whose subscription is over.
    pub fn notify_refer(
        &mut self,
        leg: LegKey,
        status: StatusCode,
        phrase: Option<&str>,
        last: bool,
        now: Instant,
    ) -> Result<(), ActionError> {
        let Some(ReferIn::Reporting(reporting)) = self.leg_mut(leg)?.refer_in.as_deref_mut() else {
            return Ok(());
        };
        if reporting.closing {
            return Err(ActionError::WrongState);
        }
        if reporting.queue.len() >= NOTIFY_QUEUE_MAX {
            // What is overtaken need not be told.
            reporting.queue.pop_front();
        }
        let phrase = phrase.unwrap_or(status.default_reason()).into();
        reporting.queue.push_back(Report {
            status,
            phrase,
            last,
            tries: 0,
        });
        reporting.closing = last;
        self.next_report(leg, now);
        Ok(())
    }

    pub(super) fn report_answered(
        &mut self,
        key: LegKey,
        status: StatusCode,
        response: &Arc<Message>,
        now: Instant,
    ) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let (method, message) = (Method::Notify, response.clone());
        if let Some(ReferIn::Reporting(reporting)) = leg.refer_in.as_deref_mut() {
            let report = reporting.in_flight.take();
            // A later request has overtaken it: with a number of its own it will be in turn again.
            if status == StatusCode::SERVER_INTERNAL_ERROR
                && let Some(report) = report.filter(|report| report.tries < REPORT_TRIES_MAX)
            {
                reporting.queue.push_front(report);
                self.next_report(key, now);
                return;
            }
            let over = status.get() >= 300 || (reporting.closing && reporting.queue.is_empty());
            self.event(Event::RequestAnswered {
                leg: key,
                method,
                status,
                message,
            });
            if over {
                self.refer_over(key);
            } else {
                self.next_report(key, now);
            }
        }
    }

    pub(super) fn report_unanswered(&mut self, key: LegKey, failure: Failure) {
        if self.legs.contains_key(&key) {
            self.event(Event::RequestFailed {
                leg: key,
                method: Method::Notify,
                failure,
            });
            self.refer_over(key);
        }
    }

    /// The transfer that the peer asked for needs no more reports; after its BYE nothing else keeps the leg.
    pub(super) fn refer_over(&mut self, key: LegKey) {
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.refer_in = None;
            self.settle_leg(key);
            self.end_if_reported(key);
        }
    }

    /// Sends what is left to report at once: the dialog is about to end.
    pub(super) fn flush_reports(&mut self, key: LegKey, now: Instant) {
        for _ in 0..NOTIFY_QUEUE_MAX {
            let Some(ReferIn::Reporting(reporting)) = self
                .legs
                .get_mut(&key)
                .and_then(|leg| leg.refer_in.as_deref_mut())
            else {
                return;
            };
            if reporting.queue.is_empty() {
                return;
            }
            reporting.in_flight = None;
            self.next_report(key, now);
        }
    }

    /// Sends the next report, unless one is on its way.
    fn next_report(&mut self, key: LegKey, now: Instant) {
        let Some(ReferIn::Reporting(reporting)) = self
            .legs
            .get_mut(&key)
            .and_then(|leg| leg.refer_in.as_deref_mut())
        else {
            return;
        };
        if reporting.in_flight.is_some() {
            return;
        }
        let Some(mut report) = reporting.queue.pop_front() else {
            return;
        };
        report.tries += 1;
        let event = format!("refer;id={}", reporting.id);
        let left = reporting.until.saturating_duration_since(now).as_secs();
        let state = if report.last {
            "terminated;reason=noresource".to_owned()
        } else {
            format!("active;expires={left}")
        };
        let body = Bytes::from(subscription::sipfrag(report.status, &report.phrase));
        reporting.in_flight = Some(report);
        let notify = InDialog {
            method: Method::Notify,
            purpose: Purpose::Report(key),
            headers: &[(Name::Event, &event), (Name::SubscriptionState, &state)],
            extra: &Extra::none(),
            body: Some((SIPFRAG, body)),
        };
        let sent = self.ask(key, notify, now);
        self.settle_leg(key);
        if sent.is_err() {
            self.report_unanswered(key, Failure::Transport);
        }
    }
}

/// The content type of a report.
const SIPFRAG: &str = "message/sipfrag;version=2.0";
