//! Again: a request that was refused goes out once more, changed: a new transaction with the next CSeq, in the same
//! dialog, for the same purpose (RFC 3261 §22.2, RFC 4028 §7.1).

use std::time::Instant;

use crate::dialog::exchange::Exchange;
use crate::dialog::leg::Phase;
use crate::header::Name;
use crate::message::Message;

use super::compose;
use super::keys::{LegKey, TransactionKey};
use super::plumbing::Departure;
use super::tables::{Purpose, Shown};
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Sends the request of a finished transaction again. A name in `change` loses the values that it had and gets
    /// those that are given; an empty value only takes away. Credentials are written anew, because their nonce counts.
    /// The old transaction concerns nobody any more.
    pub(super) fn again(
        &mut self,
        key: TransactionKey,
        change: &[(Name<'_>, &str)],
        now: Instant,
    ) -> Result<TransactionKey, ActionError> {
        let sent = self.clients.get_mut(&key).ok_or(ActionError::NoRequest)?;
        let request = Message::parse(sent.request.clone()).map_err(|_| ActionError::NoRequest)?;
        let (method, flow, purpose) = (sent.method.clone(), sent.flow, sent.purpose);
        let (asked, last) = (sent.asked, sent.cseq);
        let of_leg = purpose.leg().and_then(|leg| self.legs.get_mut(&leg));
        let sessions = match of_leg {
            Some(leg) => Some(&mut leg.sessions),
            None => sent.shown.sessions.as_deref_mut(),
        };
        let presented = sessions.map(|sessions| sessions.present(&method, request.request_uri()));
        let presented = presented.unwrap_or_default();
        let mut change = change.to_vec();
        change.extend([(Name::Authorization, ""), (Name::ProxyAuthorization, "")]);
        change.extend(presented.iter().map(|one| one.header()));
        let cseq = self.cseq_after(&request, last, purpose.leg());
        let branch = self.ids.branch();
        let bytes = compose::again(&self.config, &request, flow, &branch, cseq, &change)?;
        let again = self.depart(
            Departure {
                method,
                branch,
                cseq,
                flow,
                bytes,
                purpose,
            },
            now,
        );
        let mut shown = Shown::default();
        if let Some(sent) = self.clients.get_mut(&key) {
            sent.purpose = Purpose::SentAgain(purpose.leg());
            shown = std::mem::take(&mut sent.shown);
        }
        if let Some(sent) = self.clients.get_mut(&again) {
            sent.asked = asked;
            sent.shown = Shown { presented, ..shown };
        }
        self.relink(key, again, purpose, cseq);
        Ok(again)
    }

    /// The number behind that of the refused request, and behind all that went out in its dialog since.
    fn cseq_after(&mut self, request: &Message, last: u32, leg: Option<LegKey>) -> u32 {
        let Some(leg) = leg.and_then(|leg| self.legs.get_mut(&leg)) else {
            return last.saturating_add(1);
        };
        let call_id = request.call_id().unwrap_or_default();
        if let Ok(to) = request.to()
            && let Some(tag) = to.tag()
            && let Some(peer) = leg.peer_with(call_id, tag)
        {
            return peer.dialog.next_cseq();
        }
        let early = leg.peers.iter().map(|peer| peer.dialog.local_cseq);
        early.fold(last, u32::max).saturating_add(1)
    }

    /// Puts the new transaction where the old one was.
    fn relink(&mut self, old: TransactionKey, new: TransactionKey, purpose: Purpose, cseq: u32) {
        let Some(leg) = purpose.leg().and_then(|leg| self.legs.get_mut(&leg)) else {
            return;
        };
        match purpose {
            Purpose::Invite(_) => {
                if let Phase::Calling { invite, heard, .. } = &mut leg.phase {
                    (*invite, *heard) = (new, false);
                }
                // Whoever rang before the refusal rings no longer (RFC 3261 §12.3).
                leg.peers.clear();
            }
            Purpose::Reinvite(_) | Purpose::Update(_) | Purpose::Prack(_) => {
                if let Some(timer) = &mut leg.timer
                    && timer.attempt == Some(old)
                {
                    timer.attempt = Some(new);
                }
                for peer in &mut leg.peers {
                    if let Exchange::OfferSent { transaction, .. } = &mut peer.exchange
                        && *transaction == old
                    {
                        *transaction = new;
                    }
                }
            }
            Purpose::Refer(_) => {
                if let Some(refer_out) = &mut leg.refer_out {
                    refer_out.id = cseq;
                }
            }
            Purpose::Cancel(_)
            | Purpose::Bye(_)
            | Purpose::ForkBye(_)
            | Purpose::Report(_)
            | Purpose::Info(_)
            | Purpose::Probe
            | Purpose::Register
            | Purpose::SentAgain(_) => {}
        }
    }
}
