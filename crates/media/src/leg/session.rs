//! What was agreed on for a leg, where its packets come from, and the keys that they go through.

use std::net::SocketAddr;
use std::time::Instant;

use super::Leg;
use crate::latch::Latch;
use crate::negotiated::Negotiated;
use crate::refusal::{Reason, Stranger};
use crate::srtp::{Secure, Secured};

/// What exists from the first agreement on.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) negotiated: Negotiated,
    pub(super) latch: Latch,
    pub(super) since: Instant,
    /// From the first keys on; at work while they are agreed on.
    pub(super) secure: Option<Box<Secure>>,
    /// Whether they are those of a handshake.
    pub(super) by_handshake: bool,
}

/// What packets and reports of a session go through.
pub(super) enum Through<'session> {
    /// Nothing.
    Plain,
    /// Its keys.
    Keys(&'session mut Secure),
    /// Keys that are not there yet.
    Closed,
}

impl Session {
    /// Keys were agreed on, for the first time or again.
    pub(super) fn secure_by(&mut self, keys: Option<&Secured>, by_handshake: bool) {
        let Some(keys) = keys else { return };
        self.by_handshake = by_handshake;
        match &mut self.secure {
            Some(secure) => secure.update(keys),
            None => self.secure = Some(Box::new(Secure::new(keys))),
        }
    }

    pub(super) fn is_secure(&self) -> bool {
        self.negotiated.security.is_some() || self.negotiated.handshake
    }

    pub(super) fn is_closed(&self) -> bool {
        self.negotiated.handshake && !self.by_handshake
    }

    pub(super) fn sends(&self) -> bool {
        self.negotiated.sends() && !self.is_closed()
    }

    pub(super) fn through(&mut self) -> Through<'_> {
        let is_closed = self.is_closed();
        let is_secure = self.is_secure();
        match &mut self.secure {
            _ if !is_secure => Through::Plain,
            Some(secure) if !is_closed => Through::Keys(secure),
            Some(_) | None => Through::Closed,
        }
    }

    /// Makes a packet ready to leave; says how long it is.
    pub(super) fn protect(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        match self.through() {
            Through::Plain => Some(length),
            Through::Keys(secure) => secure.protect(buffer, length),
            Through::Closed => None,
        }
    }
}

impl Leg {
    /// A handshake made the keys, or came to nothing.
    pub(crate) fn secure(&mut self, keys: Option<&Secured>, now: Instant) {
        let Some(session) = &mut self.session else {
            return;
        };
        let sent_before = session.sends();
        match keys {
            Some(_) => session.secure_by(keys, true),
            None => session.by_handshake = false,
        }
        let (sends, packet_ms) = (session.sends(), session.negotiated.made_ms());
        match (sent_before, sends) {
            (false, true) => self.restart_agent(packet_ms, now),
            (true, false) => self.fall_silent(),
            (true, true) | (false, false) => {}
        }
    }

    /// Whether a datagram of a handshake may come from there.
    pub(crate) fn admits_handshake(&mut self, source: SocketAddr, now: Instant) -> bool {
        let session = self.session.as_ref();
        let admits = session.is_some_and(|session| session.latch.admits_handshake(source));
        if !admits {
            let stranger = Stranger { source, rtp: None };
            self.refusals.count(Reason::ForeignSource, stranger, now);
        }
        admits
    }

    /// Where packets go, if anywhere.
    pub(crate) fn destination(&self) -> Option<SocketAddr> {
        let destination = self.session.as_ref()?.latch.destination();
        let is_one = destination.port() != 0 && !destination.ip().is_unspecified();
        is_one.then_some(destination)
    }
}
