//! Challenged: a request of ours is refused with 401 or 407 and sent again with an answer (RFC 3261 §22.2, §22.3).
//!
//! The answers are kept with the leg, so that its next requests carry them unasked. What cannot be answered stays the
//! refusal that it is, and an event in front of it says why.

use std::sync::Arc;
use std::time::Instant;

use crate::dialog::leg::{Cancel, Phase};
use crate::digest::{Credentials, Sessions, Unanswered};
use crate::message::Message;
use crate::status::StatusCode;

use super::event::Event;
use super::keys::{LegKey, TransactionKey};
use super::tables::Purpose;
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Gives a leg the credentials that its requests are to answer challenges with; those of an INVITE of ours come
    /// with it. What was answered before is forgotten.
    pub fn set_credentials(
        &mut self,
        leg: LegKey,
        credentials: Credentials,
    ) -> Result<(), ActionError> {
        self.leg_mut(leg)?.sessions = Sessions::new(credentials);
        Ok(())
    }

    /// Whether this refusal was a challenge that is answered: then nobody else needs to know of it.
    pub(super) fn challenged(
        &mut self,
        key: TransactionKey,
        purpose: Purpose,
        response: &Arc<Message>,
        now: Instant,
    ) -> bool {
        let status = response.status();
        let asks = [
            StatusCode::UNAUTHORIZED,
            StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        ];
        if !status.is_some_and(|status| asks.contains(&status)) || !self.still_wants(purpose) {
            return false;
        }
        let Err(why) = self.answer_challenge(key, purpose, response, now) else {
            return true;
        };
        if let Some(sent) = self.clients.get(&key) {
            let event = Event::ChallengeUnanswered {
                leg: purpose.leg(),
                transaction: sent.asked,
                method: sent.method.clone(),
                why,
                message: response.clone(),
            };
            self.event(event);
        }
        false
    }

    fn answer_challenge(
        &mut self,
        key: TransactionKey,
        purpose: Purpose,
        response: &Message,
        now: Instant,
    ) -> Result<(), Unanswered> {
        let cnonce = self.ids.word();
        let sent = self.clients.get_mut(&key).ok_or(Unanswered::Unwritable)?;
        let challenges = sent.shown.challenges + 1;
        if challenges > CHALLENGES_ANSWERED_MAX {
            return Err(Unanswered::TooOften);
        }
        let of_leg = purpose.leg().and_then(|leg| self.legs.get_mut(&leg));
        let sessions = match of_leg {
            Some(leg) => Some(&mut leg.sessions),
            None => sent.shown.sessions.as_deref_mut(),
        };
        let sessions = sessions.ok_or(Unanswered::NoCredentials)?;
        sessions.take(response, &sent.shown.presented, cnonce)?;
        sent.shown.challenges = challenges;
        let again = self.again(key, &[], now);
        again.map(|_| ()).map_err(|_| Unanswered::Unwritable)
    }

    /// Whether anybody still waits for this request to be taken.
    fn still_wants(&self, purpose: Purpose) -> bool {
        let phase = purpose.leg().and_then(|leg| self.legs.get(&leg));
        let phase = phase.map(|leg| &leg.phase);
        match purpose {
            Purpose::Invite(_) => matches!(
                phase,
                Some(Phase::Calling {
                    cancel: Cancel::No,
                    ..
                })
            ),
            Purpose::Bye(_) | Purpose::ForkBye(_) => phase.is_some(),
            Purpose::Reinvite(_)
            | Purpose::Update(_)
            | Purpose::Prack(_)
            | Purpose::Refer(_)
            | Purpose::Report(_)
            | Purpose::Info(_) => {
                phase.is_some_and(|phase| !matches!(phase, Phase::Closing { .. }))
            }
            Purpose::Probe | Purpose::Register => true,
            Purpose::Cancel(_) | Purpose::SentAgain(_) => false,
        }
    }
}

/// Challenges of one request that are answered: a proxy's and the server's, and each once more with a new nonce.
const CHALLENGES_ANSWERED_MAX: u8 = 4;
