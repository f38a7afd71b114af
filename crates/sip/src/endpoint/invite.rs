//! Incoming INVITE: from 100 Trying to the answer and its ACK (RFC 3261 §13.3).

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::dialog::abilities::Abilities;
use crate::dialog::exchange::Exchange;
use crate::dialog::leg::{Leg, Phase, Reach, Role};
use crate::dialog::peer::Peer;
use crate::dialog::progress::{Answer, Provisional};
use crate::digest::Sessions;
use crate::header::Name;
use crate::message::Message;
use crate::session_id::Uuid;
use crate::status::StatusCode;
use crate::timers::Backoff;
use crate::transaction::key::ServerKey;

use super::compose::{Reply, SDP};
use super::config::ROUTES_MAX;
use super::event::{EndCause, Event};
use super::extra::Extra;
use super::flow::{Flow, Transport};
use super::keys::{Fork, LegKey, TransactionKey};
use super::output::{Disposition, Urgency};
use super::progress::is_reliable;
use super::request::Verdict;
use super::terms::Terms;
use super::{ActionError, Endpoint};

/// A provisional answer is repeated this often, so that no proxy gives up (RFC 3261 §13.3.1.1).
pub(super) const PROVISIONAL_GAP: Duration = Duration::from_secs(60);

impl Endpoint {
    /// Reports progress on an incoming INVITE: 101 to 199, with a session description for early media.
    ///
    /// Whether it is acknowledged, the leg's terms and the INVITE say; then the next one waits for the PRACK, and a
    /// description is left out once the caller has acknowledged one.
    pub fn provisional(
        &mut self,
        leg: LegKey,
        status: StatusCode,
        sdp: Option<Bytes>,
        extra: Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        let invite = self.incoming(leg)?;
        if !(101..200).contains(&status.get()) {
            return Err(ActionError::Status);
        }
        let state = self.leg_mut(leg)?;
        if state.is_accepted() {
            return Err(ActionError::WrongState);
        }
        if is_reliable(state) {
            let provisional = Provisional { status, sdp, extra };
            return self.report_reliably(leg, provisional, now);
        }
        let reply = self.accepting(leg, Reply::new(status).extra(extra).sdp(sdp))?;
        self.respond(invite, &reply, Urgency::AfterCommit, now)?;
        if let Phase::Incoming { repeat_at, .. } = &mut self.leg_mut(leg)?.phase {
            *repeat_at = Some(now + PROVISIONAL_GAP);
        }
        self.settle_leg(leg);
        Ok(())
    }

    /// Accepts an incoming INVITE. The description is the answer, or the offer if the INVITE had none.
    ///
    /// The 2xx waits until a description in a reliable provisional answer is acknowledged, and then holds none.
    pub fn answer(
        &mut self,
        leg: LegKey,
        sdp: Option<Bytes>,
        extra: Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        self.incoming(leg)?;
        if self.leg_mut(leg)?.is_accepted() {
            return Err(ActionError::Pending);
        }
        match self.hold_answer(leg, Answer { sdp, extra }) {
            Some(answer) => self.accept(leg, answer, now),
            None => Ok(()),
        }
    }

    /// Refuses an incoming INVITE: 300 to 699, with Retry-After, Warning or what else the headers say.
    pub fn refuse(
        &mut self,
        leg: LegKey,
        status: StatusCode,
        phrase: Option<&str>,
        extra: Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        let invite = self.incoming(leg)?;
        if status.get() < 300 {
            return Err(ActionError::Status);
        }
        let reply = Reply::new(status).phrase(phrase).extra(extra);
        self.respond(invite, &reply, Urgency::AfterCommit, now)?;
        self.drop_offers(leg, now);
        self.end_leg(leg, EndCause::Refused);
        Ok(())
    }

    /// What this leg agrees to from now on, once it is known whose it is.
    pub fn set_terms(&mut self, leg: LegKey, terms: Terms) -> Result<(), ActionError> {
        self.leg_mut(leg)?.terms = terms;
        Ok(())
    }

    /// Whether provisional answers to the peer's INVITE are acknowledged (RFC 3262). The first one holds our offer, then,
    /// if the INVITE had none (RFC 6337 section 2.2).
    #[must_use]
    pub fn reports_reliably(&self, leg: LegKey) -> bool {
        self.legs.get(&leg).is_some_and(|leg| is_reliable(leg))
    }

    /// Gives our end of the session a name: every further message of the leg says it, and the peer's (RFC 7989).
    pub fn identify(&mut self, leg: LegKey, local: Uuid) -> Result<(), ActionError> {
        self.leg_mut(leg)?.local_id = Some(local);
        Ok(())
    }

    pub(super) fn learn_id(&mut self, leg: LegKey, message: &Message) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.learn_id(message);
        }
    }

    /// Sends the 2xx.
    pub(super) fn accept(
        &mut self,
        leg: LegKey,
        answer: Answer,
        now: Instant,
    ) -> Result<(), ActionError> {
        let invite = self.incoming(leg)?;
        let Answer { sdp, extra } = answer;
        let sdp = sdp.filter(|_| !self.is_agreed(leg));
        let reply = Reply::new(StatusCode::OK).extra(extra).sdp(sdp.clone());
        let (reply, agreed) = self.timed(leg, invite, self.accepting(leg, reply)?);
        let bytes = self.respond(invite, &reply, Urgency::AfterCommit, now)?;
        let awaited = self.ack_awaited(invite, bytes, now)?;
        let state = self.leg_mut(leg)?;
        state.phase = Phase::Established;
        // What is not acknowledged is told by the 2xx.
        state.progress = None;
        state.set_exchange(awaited);
        state.agree();
        state.describe(sdp.as_ref());
        self.start_timer(leg, agreed, now);
        self.note_hop(leg, Fork::FIRST);
        Ok(())
    }

    pub(super) fn invite_received(
        &mut self,
        request: &Arc<Message>,
        key: ServerKey,
        flow: Flow,
        now: Instant,
    ) -> Verdict {
        let given = request.to().ok().and_then(|to| to.tag()).map(Into::into);
        let local_tag: Box<str> = given.unwrap_or_else(|| self.ids.tag());
        let Ok(mut dialog) = Dialog::of_request(request, &local_tag, ROUTES_MAX) else {
            return Verdict::none(Disposition::Unreadable);
        };
        dialog.local_cseq = self.ids.cseq();
        let leg = LegKey(self.next_key());
        let transaction = self.arrive(request, key, flow, now);
        self.claim(transaction, leg);
        self.keep_leg(Leg {
            key: leg,
            call_id: dialog.call_id.clone(),
            local_tag,
            role: Role::Callee,
            flow,
            reach: reach(request, flow),
            contact: self.contact(flow),
            peers: vec![Peer::new(Fork::FIRST, dialog, Abilities::of(request))],
            forks: 1,
            phase: Phase::Incoming {
                invite: transaction,
                repeat_at: None,
            },
            terms: self.config.terms,
            progress: None,
            local_id: None,
            remote_id: None,
            timer: None,
            min_se_s: 0,
            min_se_tries: 0,
            described: None,
            retry: None,
            refer_in: None,
            refer_out: None,
            sessions: Sessions::default(),
            due: None,
        });
        self.learn_id(leg, request);
        self.respond_anyway(
            transaction,
            &Reply::new(StatusCode::TRYING),
            Urgency::Immediate,
            now,
        );
        self.event(Event::IncomingInvite {
            leg,
            message: request.clone(),
            flow,
        });
        Verdict::new(leg)
    }

    /// An ACK that no transaction knows: the one of a 2xx, which has a branch of its own.
    pub(super) fn ack_outside_transaction(
        &mut self,
        request: &Arc<Message>,
        now: Instant,
    ) -> Verdict {
        let Some(leg) = self.leg_of(request) else {
            return Verdict::none(Disposition::Stray);
        };
        Verdict::of(Some(leg), self.acknowledged(leg, request, now))
    }

    /// The peer has our 2xx: it is not repeated any more.
    pub(super) fn acknowledged(
        &mut self,
        key: LegKey,
        ack: &Arc<Message>,
        now: Instant,
    ) -> Disposition {
        let number = ack.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let Some(leg) = self.legs.get_mut(&key) else {
            return Disposition::Retransmission;
        };
        // Otherwise idle, or it is the ACK of an earlier INVITE that came again.
        if !matches!(leg.exchange(), Exchange::AckAwaited { cseq, .. } if *cseq == number) {
            return Disposition::Retransmission;
        }
        let bye = match leg.take_exchange() {
            Exchange::AckAwaited { bye, .. } => bye,
            _ => None,
        };
        self.settle_leg(key);
        self.learn_id(key, ack);
        let sdp = ack.has_body_of(SDP).then(|| ack.body_bytes());
        self.event(Event::Acked {
            leg: key,
            sdp,
            message: ack.clone(),
        });
        if let Some(extra) = bye {
            self.send_bye(key, &extra, None, now);
        }
        Disposition::New
    }

    /// The state after a 2xx to an INVITE: it is repeated until the ACK comes.
    pub(super) fn ack_awaited(
        &mut self,
        invite: TransactionKey,
        answer: Bytes,
        now: Instant,
    ) -> Result<Exchange, ActionError> {
        let timers = self.config.timers;
        let invite = self.servers.get(&invite).ok_or(ActionError::NoRequest)?;
        Ok(Exchange::AckAwaited {
            answer,
            target: invite.target,
            cseq: invite.cseq,
            repeat: Backoff::start(now, timers.t1),
            give_up: now + timers.patience(),
            bye: None,
        })
    }

    /// What every answer that makes or keeps a dialog says: Contact, Allow, Supported.
    pub(super) fn accepting(&self, leg: LegKey, reply: Reply) -> Result<Reply, ActionError> {
        let state = self.legs.get(&leg).ok_or(ActionError::NoLeg)?;
        Ok(reply
            .header(Name::Contact, state.contact.clone())
            .allow()
            .header(Name::Supported, state.terms.supported_value()))
    }

    pub(super) fn contact(&self, flow: Flow) -> Box<str> {
        self.contact_of(&self.config.contact_user, flow)
    }

    /// The host that peers know us by on this flow, without a port: that of a caller who is a number.
    #[must_use]
    pub fn host(&self, flow: Flow) -> Box<str> {
        let sent_by = self.config.sent_by(flow.local);
        let host = match sent_by.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => host,
            Some(_) | None => &sent_by,
        };
        host.into()
    }

    /// Where requests reach us by this flow, for whoever bears this name.
    pub(super) fn contact_of(&self, user: &str, flow: Flow) -> Box<str> {
        let parameter = match flow.transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
        };
        let host = self.config.sent_by(flow.local);
        format!("<sip:{user}@{host}{parameter}>").into()
    }

    pub(super) fn claim(&mut self, transaction: TransactionKey, leg: LegKey) {
        if let Some(transaction) = self.servers.get_mut(&transaction) {
            transaction.leg = Some(leg);
        }
    }

    /// The leg that a request of the peer belongs to: our tag finds it, Call-ID and the peer's tag confirm it.
    pub(super) fn leg_of(&mut self, request: &Message) -> Option<LegKey> {
        let (to, from) = (request.to().ok()?, request.from().ok()?);
        let leg = *self.tags.get(to.tag()?)?;
        let call_id = request.call_id().ok()?;
        self.legs
            .get_mut(&leg)?
            .peer_with(call_id, from.tag().unwrap_or_default())
            .map(|_| leg)
    }

    pub(super) fn incoming(&mut self, leg: LegKey) -> Result<TransactionKey, ActionError> {
        match self.leg_mut(leg)?.phase {
            Phase::Incoming { invite, .. } => Ok(invite),
            _ => Err(ActionError::WrongState),
        }
    }
}

/// Whether the caller's own addresses are as we see them.
fn reach(request: &Message, flow: Flow) -> Reach {
    let written = request.top_via().ok().and_then(|via| via.host().ip());
    match written {
        Some(ip) if ip.to_canonical() != flow.remote.ip().to_canonical() => Reach::Translated,
        // A name says nothing; the caller knows why it wrote one.
        Some(_) | None => Reach::Direct,
    }
}
