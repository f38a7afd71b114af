//! Peer: whom one dialog of a leg is with, and what is open between us.

use crate::endpoint::keys::Fork;

use super::Dialog;
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
}

impl Peer {
    /// A peer with whom nothing is open.
    pub fn new(fork: Fork, dialog: Dialog) -> Self {
        Peer {
            fork,
            dialog,
            exchange: Exchange::Idle,
        }
    }

    /// The same peer when its 2xx has made the dialog anew (RFC 3261 §13.2.2.4).
    pub fn confirmed(&self, dialog: &Dialog) -> Self {
        let early = &self.dialog;
        Peer {
            dialog: Dialog {
                local_cseq: dialog.local_cseq.max(early.local_cseq),
                remote_cseq: early.remote_cseq,
                ..dialog.clone()
            },
            ..self.clone()
        }
    }
}
