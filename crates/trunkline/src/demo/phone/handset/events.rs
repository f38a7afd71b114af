//! What a phone does when something happens on the wire.

use std::time::Instant;

use anyhow::Context;
use sip::endpoint::event::{EndCause, Event};
use sip::endpoint::extra::Extra;
use sip::endpoint::keys::LegKey;
use sip::{Message, StatusCode};

use super::Handset;
use crate::demo::phone::Answering;
use crate::demo::phone::line::Line;
use crate::demo::phone::report::{By, Caller, Happening};

impl Handset {
    pub(super) fn happened(&mut self, event: Event, now: Instant) -> anyhow::Result<()> {
        match event {
            Event::IncomingInvite { leg, message, .. } => self.ring(leg, &message, now)?,
            Event::OptionsReceived { transaction, .. } => {
                let headers = self.headers()?;
                self.endpoint
                    .answer_options(transaction, StatusCode::OK, None, headers, now)?;
            }
            other => {
                let ours = self.line.as_ref().map(|line| line.leg);
                if ours.is_some() && other.leg() == ours {
                    self.line_happened(other, now)?;
                }
            }
        }
        Ok(())
    }

    /// Something happened in the phone's call.
    fn line_happened(&mut self, event: Event, now: Instant) -> anyhow::Result<()> {
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        match event {
            Event::Ringing { .. } => self.reporter.tell(Happening::Ringing),
            Event::EarlyMedia { sdp, .. } => {
                self.reporter.tell(Happening::Ringing);
                line.take_answer(&sdp, now)?;
            }
            Event::Answered { leg, sdp, .. } => {
                self.reporter.tell(Happening::Answered);
                let taken = match sdp {
                    Some(sdp) => line.take_answer(&sdp, now),
                    None => Err(anyhow::anyhow!("the answer has no session description")),
                };
                if let Err(error) = taken {
                    let reason = Extra::none().with("Reason", "SIP;cause=488")?;
                    self.endpoint.hang_up(leg, reason, now)?;
                    return Err(error);
                }
            }
            Event::Acked {
                sdp: Some(answer), ..
            } => line.take_answer(&answer, now)?,
            Event::OfferReceived { leg, sdp, .. } => {
                let answer = line
                    .take_offer(sdp.as_deref())
                    .and_then(|()| line.describe(now));
                match answer {
                    Ok(answer) => {
                        self.endpoint
                            .answer_offer(leg, Some(answer.into()), Extra::none(), now)?;
                    }
                    Err(_) => {
                        let status = StatusCode::new(488).context("no status")?;
                        self.endpoint
                            .refuse_offer(leg, status, None, Extra::none(), now)?;
                    }
                }
            }
            Event::ReferReceived { leg, .. } => {
                let decline = StatusCode::new(603).context("no status")?;
                self.endpoint
                    .refuse_refer(leg, decline, None, Extra::none(), now)?;
            }
            Event::Rejected { status, .. } => line.refused = Some(status.get()),
            Event::Ended { cause, .. } => {
                let status = line.refused;
                self.line = None;
                self.reporter.tell(Happening::Ended {
                    by: by(cause),
                    status,
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Somebody calls.
    fn ring(&mut self, leg: LegKey, invite: &Message, now: Instant) -> anyhow::Result<()> {
        if self.line.is_some() {
            return self.refuse(leg, 486, now);
        }
        let (session, seed, tone_hz) = (self.session(), self.seed, self.platform.tone_hz);
        let line = self
            .line
            .insert(Line::new(leg, session, tone_hz, seed, now)?);
        let offer = Some(invite.body()).filter(|body| !body.is_empty());
        if let Err(error) = line.take_offer(offer) {
            self.refuse(leg, 488, now)?;
            return Err(error);
        }
        self.reporter
            .tell(Happening::IncomingCall(Caller::of(invite)));
        line.answer_at = match self.platform.answering {
            Answering::Refuse(status) => return self.refuse(leg, status, now),
            Answering::After(wait) => Some(now + wait),
            Answering::WhenTold => None,
        };
        let headers = self.headers()?;
        Ok(self
            .endpoint
            .provisional(leg, StatusCode::RINGING, None, headers, now)?)
    }

    pub(super) fn refuse(&mut self, leg: LegKey, status: u16, now: Instant) -> anyhow::Result<()> {
        if let Some(line) = self.line.as_mut().filter(|line| line.leg == leg) {
            line.refused = Some(status);
        }
        let status = StatusCode::new(status).context("no status")?;
        Ok(self
            .endpoint
            .refuse(leg, status, None, self.headers()?, now)?)
    }
}

fn by(cause: EndCause) -> By {
    match cause {
        EndCause::CancelledByPeer | EndCause::Rejected | EndCause::PeerHungUp => By::Them,
        EndCause::Refused
        | EndCause::Cancelled
        | EndCause::AnsweredTooLate
        | EndCause::HungUp(_)
        | EndCause::HungUpUnconfirmed(_) => By::Us,
        EndCause::TimedOut(_)
        | EndCause::TransportFailed
        | EndCause::SessionExpired
        | EndCause::DialogLost => By::Nobody,
    }
}
