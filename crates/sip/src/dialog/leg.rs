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

use crate::digest::Sessions;
use bytes::Bytes;

use crate::endpoint::event::EndCause;
use crate::endpoint::extra::Extra;
use crate::endpoint::flow::Flow;
use crate::endpoint::keys::{Fork, LegKey, TransactionKey};
use crate::endpoint::terms::Terms;
use crate::message::Message;
use crate::session_id::{SessionId, Uuid};
use crate::timers::{Reliability, Timer};

use super::Dialog;
use super::exchange::{Exchange, Retry};
use super::peer::{Peer, Session};
use super::progress::Progress;
use super::refer::{ReferIn, ReferOut};
use super::timer::SessionTimer;

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
    /// The peers: of our own INVITE one for each callee that rings, afterwards the one that is established.
    pub peers: Vec<Peer>,
    /// How many callees have been heard.
    pub forks: u8,
    /// Where it stands.
    pub phase: Phase,
    /// What we agree to beside the session itself.
    pub terms: Terms,
    /// Our reliable provisional answers to the INVITE that started the leg.
    pub progress: Option<Box<Progress>>,
    /// What our end calls the session, if somebody gave it a name: then every message says it.
    pub local_id: Option<Uuid>,
    /// What the peer calls the session, as its last message said.
    pub remote_id: Option<Uuid>,
    /// How long the session lives without a refresh; none without a limit.
    pub timer: Option<SessionTimer>,
    /// The longest Min-SE that was asked of us, in seconds; 0 if none was.
    pub min_se_s: u32,
    /// How often requests were sent again because of Min-SE since one was accepted.
    pub min_se_tries: u8,
    /// The session as we described it last, to repeat it in a refresh.
    pub described: Option<Bytes>,
    /// An offer of ours that waits after glare.
    pub retry: Option<Box<Retry>>,
    /// A transfer that the peer asked for.
    pub refer_in: Option<Box<ReferIn>>,
    /// A transfer that we asked for.
    pub refer_out: Option<ReferOut>,
    /// Who has asked for credentials, and what we answered.
    pub sessions: Sessions,
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
        let exchange = match self.exchange() {
            Exchange::AckAwaited {
                give_up, repeat, ..
            } if *give_up <= repeat.at => Some((*give_up, Timer::AckWait)),
            Exchange::AckAwaited { repeat, .. } => Some((repeat.at, Timer::AnswerRepeat)),
            Exchange::Idle
            | Exchange::PrackOwed { .. }
            | Exchange::AckOwed { .. }
            | Exchange::OfferSent { .. }
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
        let progress = self.progress.as_ref();
        let progress = progress.and_then(|progress| match &progress.waiting {
            Some(waiting) if waiting.give_up <= waiting.repeat.at => {
                Some((waiting.give_up, Timer::PrackWait))
            }
            Some(waiting) => Some((waiting.repeat.at, Timer::ProgressRepeat)),
            None => None,
        });
        let timer = match self.phase {
            Phase::Established => self.timer.as_ref().map(SessionTimer::deadline),
            _ => None,
        };
        let all = [phase, exchange, retry, refer, progress, timer];
        all.into_iter().flatten().min()
    }

    /// The peer that has this Call-ID and tag.
    pub fn peer_with(&mut self, call_id: &str, remote_tag: &str) -> Option<&mut Peer> {
        self.peers
            .iter_mut()
            .find(|peer| peer.dialog.is_with(call_id, remote_tag))
    }

    /// The callee that answered with this tag.
    pub fn early(&self, remote_tag: &str) -> Option<&Peer> {
        self.peers
            .iter()
            .find(|peer| *peer.dialog.remote_tag == *remote_tag)
    }

    /// The same, to be changed.
    pub fn peer_tagged(&mut self, remote_tag: &str) -> Option<&mut Peer> {
        self.peers
            .iter_mut()
            .find(|peer| *peer.dialog.remote_tag == *remote_tag)
    }

    /// The callee of this number.
    pub fn peer_of(&mut self, fork: Fork) -> Option<&mut Peer> {
        self.peers.iter_mut().find(|peer| peer.fork == fork)
    }

    /// The peer whose offer waits for the user.
    pub fn offering(&mut self) -> Option<&mut Peer> {
        self.peers
            .iter_mut()
            .find(|peer| matches!(peer.exchange, Exchange::OfferHeld { .. }))
    }

    /// The user has accepted the peer's INVITE, but the 2xx waits for a PRACK.
    pub fn is_accepted(&self) -> bool {
        let progress = self.progress.as_ref();
        progress.is_some_and(|progress| progress.answer.is_some())
    }

    /// The first offer has its answer, or will have it with the ACK.
    pub fn agree(&mut self) {
        if let Some(peer) = self.peers.first_mut() {
            peer.session = Session::Agreed;
        }
    }

    /// The established dialog, or the first that rings.
    pub fn dialog(&mut self) -> Option<&mut Dialog> {
        self.peers.first_mut().map(|peer| &mut peer.dialog)
    }

    /// The callee of the established dialog, or the first that rings.
    pub fn fork(&self) -> Fork {
        self.peers.first().map_or(Fork::FIRST, |peer| peer.fork)
    }

    /// What our next message says of the session's name.
    pub fn session_id(&self) -> Option<SessionId> {
        let remote = Some(self.remote_id.unwrap_or(Uuid::NIL));
        self.local_id.map(|local| SessionId { local, remote })
    }

    /// Takes over what the peer calls the session. A peer of RFC 7329 sends our own name back.
    pub fn learn_id(&mut self, message: &Message) {
        if let Ok(Some(said)) = message.session_id()
            && said.local != Uuid::NIL
            && Some(said.local) != self.local_id
        {
            self.remote_id = Some(said.local);
        }
    }

    /// Keeps how we described the session, if we did.
    pub fn describe(&mut self, sdp: Option<&Bytes>) {
        if let Some(sdp) = sdp {
            self.described = Some(sdp.clone());
        }
    }

    /// What is open in the established dialog, or in the first that rings.
    pub fn exchange(&self) -> &Exchange {
        static IDLE: Exchange = Exchange::Idle;
        self.peers.first().map_or(&IDLE, |peer| &peer.exchange)
    }

    /// Opens or closes something in the established dialog.
    pub fn set_exchange(&mut self, exchange: Exchange) {
        if let Some(peer) = self.peers.first_mut() {
            peer.exchange = exchange;
        }
    }

    /// Closes what is open in the established dialog, and says what it was.
    pub fn take_exchange(&mut self) -> Exchange {
        let first = self.peers.first_mut();
        first.map_or(Exchange::Idle, |peer| {
            std::mem::replace(&mut peer.exchange, Exchange::Idle)
        })
    }

    /// Which way the next request of `dialog` goes.
    ///
    /// A name is never looked up here, and a private address that a public peer wrote leads nowhere: then the
    /// request goes where the INVITE came from or went to.
    pub fn flow_to(&self, dialog: &Dialog) -> Flow {
        if let Some(found) = dialog.hop.as_ref().and_then(|hop| hop.flow) {
            return found;
        }
        let beside = self.flow_beside(dialog);
        let reliable = self.flow.transport.reliability() == Reliability::Reliable;
        // An open connection is used again, whatever port the Contact names.
        if reliable && beside.remote.ip() == self.flow.remote.ip() {
            return self.flow;
        }
        beside
    }

    /// Which way requests of `dialog` go when there is no connection to use again.
    pub fn flow_beside(&self, dialog: &Dialog) -> Flow {
        if let Some(found) = dialog.hop.as_ref().and_then(|hop| hop.flow) {
            return found;
        }
        let remote = self.flow.remote;
        let next_hop = match self.reach {
            Reach::Translated => None,
            Reach::Direct => dialog.next_hop().and_then(|uri| {
                let port = uri.port().unwrap_or(self.flow.transport.default_port());
                uri.host().ip().map(|ip| SocketAddr::new(ip, port))
            }),
        };
        match next_hop {
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
