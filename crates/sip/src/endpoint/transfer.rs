//! REFER inside a call, both ways, and the NOTIFY requests that report it (RFC 3515, RFC 4488).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dialog::leg::Phase;
use crate::dialog::refer::{ReferIn, ReferOut, Reporting};
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;
use crate::subscription::State;

use super::compose::Reply;
use super::config::REFER_EXPIRES_S;
use super::event::{Event, Failure, ReferReports};
use super::extra::Extra;
use super::keys::{LegKey, TransactionKey};
use super::output::Urgency;
use super::session::InDialog;
use super::tables::Purpose;
use super::{ActionError, Endpoint};

/// A transfer to ask the peer for.
#[derive(Debug, Clone)]
pub struct ReferRequest {
    /// Refer-To, such as `<sip:+4930123@pbx.example.com>`.
    pub refer_to: Box<str>,
    /// Referred-By.
    pub referred_by: Option<Box<str>>,
    /// Extra headers.
    pub headers: Extra,
}

impl Endpoint {
    /// Asks the peer to call somebody else.
    pub fn refer(
        &mut self,
        leg: LegKey,
        request: &ReferRequest,
        now: Instant,
    ) -> Result<(), ActionError> {
        let state = self.leg_mut(leg)?;
        if !matches!(state.phase, Phase::Established) {
            return Err(ActionError::WrongState);
        }
        if state.refer_out.is_some() {
            return Err(ActionError::Pending);
        }
        crate::refer::ReferTo::parse(&request.refer_to)?;
        let mut headers = vec![(Name::ReferTo, &*request.refer_to)];
        if let Some(referred_by) = &request.referred_by {
            headers.push((Name::ReferredBy, referred_by));
        }
        let question = InDialog {
            method: Method::Refer,
            purpose: Purpose::Refer(leg),
            headers: &headers,
            extra: &request.headers,
            body: None,
        };
        let transaction = self.ask(leg, question, now)?;
        let id = self
            .clients
            .get(&transaction)
            .map(|sent| sent.cseq)
            .unwrap_or_default();
        self.leg_mut(leg)?.refer_out = Some(ReferOut { id });
        Ok(())
    }

    /// Accepts the peer's REFER: 202, and a first report (100 Trying) as RFC 3515 §2.4.4 wants it.
    pub fn accept_refer(&mut self, leg: LegKey, now: Instant) -> Result<(), ActionError> {
        let transaction = self.asked_to_refer(leg)?;
        let request = self
            .servers
            .get(&transaction)
            .and_then(|received| received.request.clone())
            .ok_or(ActionError::NoRequest)?;
        let reports = wants_reports(&request);
        let mut reply = self.accepting(leg, Reply::new(StatusCode::ACCEPTED))?;
        if reports == ReferReports::Declined {
            reply = reply.header(Name::ReferSub, "false");
        }
        self.respond(transaction, &reply, Urgency::AfterCommit, now)?;
        if reports == ReferReports::Declined {
            self.refer_over(leg);
            return Ok(());
        }
        let reporting = Reporting {
            id: request.cseq().map(|cseq| cseq.number).unwrap_or_default(),
            until: now + Duration::from_secs(u64::from(REFER_EXPIRES_S)),
            in_flight: None,
            queue: VecDeque::new(),
            closing: false,
        };
        self.leg_mut(leg)?.refer_in = Some(Box::new(ReferIn::Reporting(reporting)));
        self.notify_refer(leg, StatusCode::TRYING, None, false, now)
    }

    /// Refuses the peer's REFER.
    pub fn refuse_refer(
        &mut self,
        leg: LegKey,
        status: StatusCode,
        phrase: Option<&str>,
        extra: Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        let transaction = self.asked_to_refer(leg)?;
        if status.get() < 300 {
            return Err(ActionError::Status);
        }
        let reply = Reply::new(status).phrase(phrase).extra(extra);
        self.respond(transaction, &reply, Urgency::AfterCommit, now)?;
        self.refer_over(leg);
        Ok(())
    }

    pub(super) fn refer_received(
        &mut self,
        key: LegKey,
        transaction: TransactionKey,
        request: &Arc<Message>,
        now: Instant,
    ) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let refusal = match request.refer_to() {
            Err(error) => {
                Some(Reply::new(StatusCode::BAD_REQUEST).phrase(Some(&error.to_string())))
            }
            Ok(_) if !matches!(leg.phase, Phase::Established) || leg.refer_in.is_some() => {
                Some(Reply::new(StatusCode::REQUEST_PENDING))
            }
            Ok(_) => None,
        };
        if let Some(reply) = refusal {
            self.respond_anyway(transaction, &reply, Urgency::Immediate, now);
            return;
        }
        leg.refer_in = Some(Box::new(ReferIn::Asked { transaction }));
        let refer_to = request.header(Name::ReferTo).unwrap_or_default().into();
        let referred_by = request.header(Name::ReferredBy).map(Into::into);
        let message = request.clone();
        self.event(Event::ReferReceived {
            leg: key,
            refer_to,
            referred_by,
            message,
        });
    }

    pub(super) fn notify_received(
        &mut self,
        key: LegKey,
        transaction: TransactionKey,
        request: &Arc<Message>,
        now: Instant,
    ) {
        let event = request.header(Name::Event).unwrap_or_default();
        let package = event.split(';').next().unwrap_or_default().trim();
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let reported = package.eq_ignore_ascii_case("refer") && leg.refer_out.is_some();
        let message = request.clone();
        let reply = if reported {
            let last = request
                .subscription_state()
                .is_ok_and(|subscription| subscription.state == State::Terminated);
            if last {
                leg.refer_out = None;
            }
            let (status, phrase) = match request.sipfrag_status() {
                Some((status, phrase)) => (Some(status), phrase.into()),
                None => (None, "".into()),
            };
            self.event(Event::ReferProgress {
                leg: key,
                status,
                phrase,
                last,
                message,
            });
            Reply::new(StatusCode::OK)
        } else {
            let reply = if package.eq_ignore_ascii_case("refer") {
                Reply::new(StatusCode::DOES_NOT_EXIST).phrase(Some("Subscription Does Not Exist"))
            } else {
                let bad_event = StatusCode::new(489).unwrap_or(StatusCode::BAD_REQUEST);
                Reply::new(bad_event).header(Name::AllowEvents, "refer")
            };
            let answered = reply.status;
            self.event(Event::NotifyReceived {
                leg: key,
                answered,
                message,
            });
            reply
        };
        self.respond_anyway(transaction, &reply, Urgency::AfterCommit, now);
    }

    pub(super) fn refer_answered(
        &mut self,
        key: LegKey,
        status: StatusCode,
        response: &Arc<Message>,
    ) {
        let message = response.clone();
        if status.get() >= 300 {
            if let Some(leg) = self.legs.get_mut(&key) {
                leg.refer_out = None;
                self.event(Event::ReferRejected {
                    leg: key,
                    status,
                    message,
                });
            }
            return;
        }
        let reports = wants_reports(response);
        if let Some(leg) = self.legs.get_mut(&key) {
            if reports == ReferReports::Declined {
                leg.refer_out = None;
            }
            self.event(Event::ReferAccepted {
                leg: key,
                reports,
                message,
            });
        }
    }

    pub(super) fn refer_unanswered(&mut self, key: LegKey, failure: Failure) {
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.refer_out = None;
            self.event(Event::RequestFailed {
                leg: key,
                method: Method::Refer,
                failure,
            });
        }
    }

    fn asked_to_refer(&mut self, leg: LegKey) -> Result<TransactionKey, ActionError> {
        match self.leg_mut(leg)?.refer_in.as_deref() {
            Some(ReferIn::Asked { transaction }) => Ok(*transaction),
            Some(ReferIn::Reporting(_)) | None => Err(ActionError::WrongState),
        }
    }
}

/// Whether a REFER asks for reports, or its answer promises them.
fn wants_reports(message: &Message) -> ReferReports {
    let declined = message
        .header(Name::ReferSub)
        .is_some_and(|value| value.split(';').next().unwrap_or_default().trim() == "false");
    if declined {
        ReferReports::Declined
    } else {
        ReferReports::Expected
    }
}
