//! Transfers as SIP carries them (RFC 3515): a REFER that came, and one that the edge sends.

use schemas::command::{ReferLeg, RefuseTransfer, ReportTransfer};
use schemas::observation::{
    TransferAnswered, TransferProgress, TransferProgressed, TransferReported, TransferRequested,
    TransferSource,
};
use schemas::{EventId, LegId, Personal};
use sip::endpoint::ReferRequest;
use sip::endpoint::event::ReferReports;
use sip::endpoint::extra::Extra;
use sip::{Message, Method, NameAddr, StatusCode};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::step::Step;

impl Call {
    /// A REFER came; it waits for a decision.
    pub fn transfer_requested(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        refer_to: &str,
        referred_by: Option<&str>,
    ) {
        let address = NameAddr::parse(refer_to);
        let (target, replaces) = match &address {
            Ok(address) => {
                let uri = address.uri();
                // What the URI carries for the new INVITE is not part of where it goes.
                let target = uri
                    .as_str()
                    .split('?')
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                (target, uri.header("Replaces").is_some())
            }
            Err(_) => (refer_to.to_owned(), false),
        };
        let uri_of = |text: &str| {
            let address = NameAddr::parse(text);
            Personal::new(
                address
                    .map_or(text, |address| address.uri().as_str())
                    .to_owned(),
            )
        };
        self.fact(
            step,
            TransferRequested {
                leg,
                target: Personal::new(target),
                source: TransferSource::Refer,
                referred_by: referred_by.map(uri_of),
                replaces,
            },
        );
    }

    /// 202 to a REFER.
    pub fn accept_transfer(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        leg: LegId,
    ) -> Result<(), Refusal> {
        let (_, key) = self.live(leg)?;
        let now = step.moment.now;
        step.endpoint.accept_refer(key, now)?;
        self.answered_refer(step, because, leg, StatusCode::ACCEPTED);
        Ok(())
    }

    /// 4xx to 6xx to a REFER.
    pub fn refuse_transfer(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &RefuseTransfer,
    ) -> Result<(), Refusal> {
        let (_, key) = self.live(command.leg)?;
        let status = status_of(command.status)?;
        let phrase = Some(command.phrase.as_str()).filter(|phrase| !phrase.is_empty());
        step.endpoint
            .refuse_refer(key, status, phrase, Extra::none(), step.moment.now)?;
        self.answered_refer(step, because, command.leg, status);
        Ok(())
    }

    fn answered_refer(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        leg: LegId,
        status: StatusCode,
    ) {
        let status = status.get();
        self.fact_because(step, Some(because), TransferAnswered { leg, status });
    }

    /// NOTIFY to who sent a REFER. Its leg may have hung up and still wait for the report.
    pub fn report_transfer(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &ReportTransfer,
    ) -> Result<(), Refusal> {
        let leg = self.legs.get(&command.leg);
        let key = leg
            .and_then(|leg| leg.key)
            .ok_or_else(|| Refusal::over("the leg has no dialog"))?;
        let status = status_of(command.status)?;
        let phrase = Some(command.phrase.as_str()).filter(|phrase| !phrase.is_empty());
        step.endpoint
            .notify_refer(key, status, phrase, command.last, step.moment.now)?;
        let &ReportTransfer { leg, last, .. } = command;
        let status = status.get();
        self.fact_because(step, Some(because), TransferReported { leg, status, last });
        Ok(())
    }

    /// REFER to the peer of a leg.
    pub fn refer(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &ReferLeg,
    ) -> Result<(), Refusal> {
        let leg = command.leg;
        let (state, key) = self.live(leg)?;
        if !state.talks() {
            return Err("the leg is not answered".to_owned().into());
        }
        let request = ReferRequest {
            refer_to: format!("<{}>", command.target.reveal()).into(),
            referred_by: command
                .referred_by
                .as_ref()
                .map(|uri| format!("<{}>", uri.reveal()).into()),
            headers: Extra::none(),
        };
        let now = step.moment.now;
        step.endpoint.refer(key, &request, now)?;
        state.refers = true;
        let progress = TransferProgress::Sent;
        self.fact_because(step, Some(because), TransferProgressed { leg, progress });
        Ok(())
    }

    /// 2xx to our REFER. A peer that will not report is not waited for: what comes of it cannot be told.
    pub fn refer_accepted(&mut self, step: &mut Step<'_>, leg: LegId, reports: ReferReports) {
        if reports == ReferReports::Declined {
            self.refer_over(leg);
        }
        self.progressed(step, leg, TransferProgress::Accepted);
    }

    /// A NOTIFY about our REFER. One whose body holds no status tells nothing but that it is the last.
    pub fn refer_progress(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        status: Option<StatusCode>,
        phrase: &str,
        last: bool,
    ) {
        if last {
            self.refer_over(leg);
        }
        let progress = match status {
            Some(status) => {
                let (status, phrase) = (status.get(), phrase.to_owned());
                TransferProgress::Notified {
                    status,
                    phrase,
                    last,
                }
            }
            None if last => TransferProgress::TimedOut,
            None => return,
        };
        self.progressed(step, leg, progress);
    }

    /// 3xx to 6xx to our REFER.
    pub fn refer_rejected(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        status: StatusCode,
        message: &Message,
    ) {
        self.refer_over(leg);
        let phrase = message.reason_phrase().to_owned();
        self.progressed(
            step,
            leg,
            TransferProgress::Refused {
                status: status.get(),
                phrase,
            },
        );
    }

    /// A request of ours was never answered. Of all of them only a REFER and an INFO are waited for.
    pub fn request_failed(&mut self, step: &mut Step<'_>, leg: LegId, method: &Method) {
        if *method == Method::Info {
            self.key_answered(step, leg, None);
        }
        if *method == Method::Refer {
            self.refer_over(leg);
            self.progressed(step, leg, TransferProgress::TimedOut);
        }
    }

    fn refer_over(&mut self, leg: LegId) {
        if let Some(state) = self.legs.get_mut(&leg) {
            state.refers = false;
        }
    }

    fn progressed(&mut self, step: &mut Step<'_>, leg: LegId, progress: TransferProgress) {
        self.fact(step, TransferProgressed { leg, progress });
    }
}

fn status_of(status: u16) -> Result<StatusCode, Refusal> {
    StatusCode::new(status).ok_or_else(|| format!("{status} is no status").into())
}
