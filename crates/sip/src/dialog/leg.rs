//! Leg: one INVITE and the dialog that grows from it, with what is open in it (RFC 3261 §12 to §15).
//!
//! ```text
//!  peer's INVITE                                     our INVITE
//!       |                                                 |
//!       v                                                 v
//!  +----------+ refused, cancelled, BYE          +---------+ refused, timed out, cancelled
//!  | Incoming |------------------------> ended   | Calling |------------------------> ended
//!  +----------+                                  +---------+
//!       | answered                                    | answered: ACK
//!       +-----------------> +-------------+ <---------+
//!        repeats 2xx        | Established |
//!        until ACK          +-------------+
//!              our BYE        |         |   peer's BYE
//!                             v         v
//!                       +---------+   +-----------+
//!                       | Closing |   | Reporting |  only while a transfer is still being reported
//!                       +---------+   +-----------+
//!                answered or not |     | last report
//!                                v     v
//!                                 ended
//! ```

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use bytes::Bytes;

use crate::endpoint::event::EndCause;
use crate::endpoint::extra::Extra;
use crate::endpoint::flow::Flow;
use crate::endpoint::keys::{LegKey, TransactionKey};
use crate::method::Method;
use crate::timers::{Backoff, Timer};

use super::Dialog;
use super::refer::{ReferIn, ReferOut};

/// A leg. Plain data: it can be exported, and a leg restored from it goes on.
#[derive(Debug, Clone)]
pub struct Leg {
    /// Its name.
    pub key: LegKey,
    /// Call-ID.
    pub call_id: Box<str>,
    /// Our tag, by which requests of the peer find it.
    pub local_tag: Box<str>,
    /// Who called whom.
    pub role: Role,
    /// How the INVITE came or went.
    pub flow: Flow,
    /// Whether the peer's own addresses can be reached.
    pub reach: Reach,
    /// Our Contact.
    pub contact: Box<str>,
    /// The dialogs: of our own INVITE one for each callee that rings, afterwards the one that is established.
    pub dialogs: Vec<Dialog>,
    /// Where it stands.
    pub phase: Phase,
    /// What is open about the session.
    pub exchange: Exchange,
    /// A re-INVITE of ours that waits after glare.
    pub retry: Option<Box<Retry>>,
    /// A transfer that the peer asked for.
    pub refer_in: Option<Box<ReferIn>>,
    /// A transfer that we asked for.
    pub refer_out: Option<ReferOut>,
    /// The entry in the endpoint's timers.
    pub due: Option<Instant>,
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The peer called us.
    Callee,
    /// We called the peer.
    Caller,
}

/// Whether the addresses that the peer writes can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Yes: its Via showed the address that we saw.
    Direct,
    /// No: it is behind a translation of addresses, so answer where it came from.
    Translated,
}

/// Where a leg stands.
#[derive(Debug, Clone)]
pub enum Phase {
    /// The peer's INVITE has no final answer.
    Incoming {
        /// The INVITE.
        invite: TransactionKey,
        /// When to repeat the last provisional answer, once there is one.
        repeat_at: Option<Instant>,
    },
    /// Our INVITE has no final answer.
    Calling {
        /// The INVITE.
        invite: TransactionKey,
        /// Whether a provisional answer came.
        heard: bool,
        /// Whether we changed our mind.
        cancel: Cancel,
    },
    /// The call is up.
    Established,
    /// Our BYE has no final answer.
    Closing {
        /// Why, when the BYE is answered; none for "we hung up".
        cause: Option<EndCause>,
    },
    /// The peer hung up; the transfer that it asked for is still being reported.
    Reporting,
}

/// Whether we withdrew our INVITE (RFC 3261 §9.1).
#[derive(Debug, Clone)]
pub enum Cancel {
    /// No.
    No,
    /// Yes, but nothing has been heard: a CANCEL must wait for the first provisional answer.
    Wanted {
        /// Headers of the CANCEL.
        extra: Extra,
        /// Why the leg will have ended.
        cause: EndCause,
    },
    /// Yes.
    Sent {
        /// Why the leg will have ended.
        cause: EndCause,
        /// When to stop waiting for the final answer.
        until: Instant,
    },
}

/// What is open about the session: at most one thing at a time, which is what makes glare visible.
#[derive(Debug, Clone)]
pub enum Exchange {
    /// Nothing.
    Idle,
    /// We accepted an INVITE; the 2xx is repeated until the ACK comes.
    AckAwaited {
        /// The 2xx.
        answer: Bytes,
        /// Which way it goes.
        target: Flow,
        /// The CSeq of the INVITE.
        cseq: u32,
        /// Its next repetition.
        repeat: Backoff,
        /// When to hang up.
        give_up: Instant,
        /// The user hung up meanwhile; the BYE must wait for the ACK (RFC 3261 §15).
        bye: Option<Extra>,
    },
    /// The peer accepted our INVITE that had no offer; the user owes the answer in the ACK.
    AckOwed {
        /// The INVITE.
        invite: TransactionKey,
        /// Its CSeq.
        cseq: u32,
    },
    /// Our re-INVITE has no final answer.
    ReinviteSent {
        /// The INVITE.
        invite: TransactionKey,
        /// What it offered, to try again after glare.
        offer: Box<Offer>,
    },
    /// The peer's re-INVITE or UPDATE waits for the user's answer.
    OfferHeld {
        /// The request.
        transaction: TransactionKey,
        /// INVITE or UPDATE.
        method: Method,
    },
}

/// A re-INVITE of ours.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The offer; none asks for the peer's.
    pub sdp: Option<Bytes>,
    /// Extra headers.
    pub extra: Extra,
    /// How many times it was sent.
    pub tries: u8,
}

/// A re-INVITE of ours that met the peer's and will be sent again.
#[derive(Debug, Clone)]
pub struct Retry {
    /// When.
    pub at: Instant,
    /// What.
    pub offer: Offer,
}

impl Leg {
    /// When something is due in the leg itself, and what.
    pub fn deadline(&self) -> Option<(Instant, Timer)> {
        let phase = match &self.phase {
            Phase::Incoming { repeat_at, .. } => repeat_at.map(|at| (at, Timer::ProvisionalRepeat)),
            Phase::Calling {
                cancel: Cancel::Sent { until, .. },
                ..
            } => Some((*until, Timer::CancelWait)),
            Phase::Calling { .. } | Phase::Established | Phase::Closing { .. } => None,
            Phase::Reporting => None,
        };
        let exchange = match &self.exchange {
            Exchange::AckAwaited {
                give_up, repeat, ..
            } if *give_up <= repeat.at => Some((*give_up, Timer::AckWait)),
            Exchange::AckAwaited { repeat, .. } => Some((repeat.at, Timer::AnswerRepeat)),
            Exchange::Idle
            | Exchange::AckOwed { .. }
            | Exchange::ReinviteSent { .. }
            | Exchange::OfferHeld { .. } => None,
        };
        let refer = match self.refer_in.as_deref() {
            Some(ReferIn::Reporting(reporting)) => Some((reporting.until, Timer::SubscriptionEnd)),
            Some(ReferIn::Asked { .. }) | None => None,
        };
        let retry = self
            .retry
            .as_ref()
            .map(|retry| (retry.at, Timer::GlareWait));
        [phase, exchange, retry, refer].into_iter().flatten().min()
    }

    /// The dialog with the peer that has this Call-ID and tag.
    pub fn dialog_with(&mut self, call_id: &str, remote_tag: &str) -> Option<&mut Dialog> {
        self.dialogs
            .iter_mut()
            .find(|dialog| dialog.is_with(call_id, remote_tag))
    }

    /// The established dialog, or the first that rings.
    pub fn dialog(&mut self) -> Option<&mut Dialog> {
        self.dialogs.first_mut()
    }

    /// Which way the next request of `dialog` goes.
    ///
    /// A name is never looked up here, and a private address that a public peer wrote leads nowhere: then the
    /// request goes where the INVITE came from or went to.
    pub fn flow_to(&self, dialog: &Dialog) -> Flow {
        let remote = self.flow.remote;
        let next_hop = match self.reach {
            Reach::Translated => None,
            Reach::Direct => dialog.next_hop().and_then(|uri| {
                let port = uri.port().unwrap_or(self.flow.transport.default_port());
                uri.host().ip().map(|ip| SocketAddr::new(ip, port))
            }),
        };
        let reliable = self.flow.transport.reliability() == crate::timers::Reliability::Reliable;
        match next_hop {
            // An open connection is used again, whatever port the Contact names.
            Some(hop) if reliable && hop.ip() == remote.ip() => self.flow,
            Some(hop) if is_private(hop.ip()) && !is_private(remote.ip()) => self.flow,
            Some(hop) if !hop.ip().is_unspecified() => Flow {
                remote: hop,
                ..self.flow
            },
            Some(_) | None => self.flow,
        }
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            // 100.64/10 is what carriers put behind their translation.
            let shared = first == 100 && (64..128).contains(&second);
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local(),
    }
}
