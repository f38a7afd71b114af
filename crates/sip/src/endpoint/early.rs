//! Early dialogs: what the callees of our INVITE report before one of them accepts (RFC 3261 §13.2.2.1).

use std::sync::Arc;
use std::time::Instant;

use crate::dialog::leg::{Cancel, Phase};
use crate::dialog::peer::Peer;
use crate::message::Message;
use crate::status::StatusCode;

use super::Endpoint;
use super::compose::SDP;
use super::config::FORKS_MAX;
use super::event::Event;
use super::keys::{Fork, LegKey, TransactionKey};
use super::output::Disposition;

impl Endpoint {
    pub(super) fn progressed(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        response: &Arc<Message>,
        now: Instant,
    ) -> Disposition {
        let status = response.status().unwrap_or(StatusCode::TRYING);
        let Some(leg) = self.legs.get_mut(&key) else {
            return Disposition::New;
        };
        let Phase::Calling { heard, cancel, .. } = &mut leg.phase else {
            return Disposition::New;
        };
        *heard = true;
        if let Cancel::Wanted { extra, .. } = cancel {
            let extra = extra.clone();
            self.send_cancel(key, invite, &extra, now);
            return Disposition::New;
        }
        if status == StatusCode::TRYING {
            return Disposition::New;
        }
        let fork = match self.note_early(invite, key, response) {
            Ok(fork) => fork,
            Err(TooManyForks) => return Disposition::Stray,
        };
        let message = response.clone();
        self.event(if response.has_body_of(SDP) {
            Event::EarlyMedia {
                leg: key,
                fork,
                status,
                sdp: response.body_bytes(),
                message,
            }
        } else {
            Event::Ringing {
                leg: key,
                fork,
                status,
                message,
            }
        });
        Disposition::New
    }

    /// A callee that rings can already send requests: it needs a dialog to be found by. Without a tag it has none.
    fn note_early(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        response: &Message,
    ) -> Result<Option<Fork>, TooManyForks> {
        let to = response.to().ok();
        let tag = to.as_ref().and_then(|to| to.tag()).unwrap_or_default();
        let dialog = self.dialog_of_sent(invite, response);
        let Some(leg) = self.legs.get_mut(&key) else {
            return Ok(None);
        };
        if let Some(known) = leg.early(tag) {
            return Ok(Some(known.fork));
        }
        let Some(dialog) = dialog.filter(|_| !tag.is_empty()) else {
            return Ok(None);
        };
        if leg.peers.len() >= FORKS_MAX {
            return Err(TooManyForks);
        }
        let fork = Fork(leg.forks);
        leg.forks = leg.forks.saturating_add(1);
        leg.peers.push(Peer::new(fork, dialog));
        Ok(Some(fork))
    }
}

/// More callees ring than are kept apart: what the others report is not told, but one of them may still accept.
struct TooManyForks;
