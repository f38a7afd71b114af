//! Peer: whom one dialog of a leg is with, and what is open between us.

use crate::endpoint::keys::{Fork, TransactionKey};

use super::Dialog;
use super::abilities::Abilities;
use super::exchange::Exchange;

/// One dialog of a leg. A forked INVITE has several until one callee accepts; every other leg has one.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Which callee.
    pub fork: Fork,
    /// How the two find each other.
    pub dialog: Dialog,
    /// What is open about the session.
    pub exchange: Exchange,
    /// Whether a first offer has its answer.
    pub session: Session,
    /// RSeq of the last reliable provisional answer that was taken.
    pub rseq: Option<u32>,
    /// What the peer can do.
    pub abilities: Abilities,
}

/// Whether a first offer has its answer: only then may either side offer again (RFC 6337 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// Not yet, or only in answers that may be lost.
    Open,
    /// Yes.
    Agreed,
}

impl Peer {
    /// A peer with whom nothing is open.
    pub fn new(fork: Fork, dialog: Dialog, abilities: Abilities) -> Self {
        Peer {
            fork,
            dialog,
            exchange: Exchange::Idle,
            session: Session::Open,
            rseq: None,
            abilities,
        }
    }

    /// The same peer when its 2xx has made the dialog anew (RFC 3261 §13.2.2.4).
    pub fn confirmed(&self, dialog: &Dialog) -> Self {
        let early = &self.dialog;
        Peer {
            dialog: Dialog {
                local_cseq: dialog.local_cseq.max(early.local_cseq),
                remote_cseq: early.remote_cseq,
                hop: early.hop.clone(),
                ..dialog.clone()
            },
            ..self.clone()
        }
    }

    /// The request of the peer that waits for the user, if any.
    pub fn held(&self) -> Option<TransactionKey> {
        match &self.exchange {
            Exchange::OfferHeld { transaction, .. } => Some(*transaction),
            _ => None,
        }
    }

    /// Whether this request of ours is the offer that waits for its answer.
    pub fn has_sent(&self, request: TransactionKey) -> bool {
        matches!(&self.exchange, Exchange::OfferSent { transaction, .. } if *transaction == request)
    }
}
