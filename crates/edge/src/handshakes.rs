//! The handshakes of the legs of one call: which leg has which association, and where its datagrams go.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use media::LegId;
use sdp::Handshake;

use crate::dtls::Certificate;
use crate::dtls::association::{Association, Made};

/// Those of every leg that agreed on one.
pub struct Handshakes {
    certificate: Arc<Certificate>,
    legs: Vec<Shaking>,
}

/// That of a leg.
struct Shaking {
    leg: LegId,
    association: Association,
    /// Where the peer's last datagram came from; before the first, ours go where its packets go.
    source: Option<SocketAddr>,
}

impl Handshakes {
    /// None yet; ours are made with this certificate.
    pub fn new(certificate: Arc<Certificate>) -> Handshakes {
        Handshakes {
            certificate,
            legs: Vec::new(),
        }
    }

    /// A leg agreed on a handshake, for the first time or again: the same terms keep their association.
    pub fn agree(&mut self, leg: LegId, terms: Handshake, now: Instant) {
        let known = self.legs.iter().position(|shaking| shaking.leg == leg);
        if let Some(known) = known {
            if self.legs[known].association.is_of(&terms) {
                return;
            }
            self.legs.remove(known);
        }
        self.legs.push(Shaking {
            leg,
            association: Association::new(&self.certificate, terms, now),
            source: None,
        });
    }

    /// A leg is over.
    pub fn remove(&mut self, leg: LegId) {
        self.legs.retain(|shaking| shaking.leg != leg);
    }

    /// Takes a datagram from where the leg's peer may be; false if the leg has no handshake.
    pub fn take(&mut self, leg: LegId, source: SocketAddr, datagram: &[u8], now: Instant) -> bool {
        let Some(shaking) = self.legs.iter_mut().find(|shaking| shaking.leg == leg) else {
            return false;
        };
        shaking.source = Some(source);
        shaking.association.take(datagram, now);
        true
    }

    /// Whether a leg has a handshake.
    pub fn has(&self, leg: LegId) -> bool {
        self.legs.iter().any(|shaking| shaking.leg == leg)
    }

    /// Looks at their times.
    pub fn wake(&mut self, now: Instant) {
        for shaking in &mut self.legs {
            shaking.association.wake(now);
        }
    }

    /// When [`Handshakes::wake`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        let associations = self.legs.iter().map(|shaking| &shaking.association);
        associations.filter_map(Association::deadline).min()
    }

    /// The next datagram, the leg that sends it, and where to, if the peer was heard already.
    pub fn poll_datagram(&mut self) -> Option<(LegId, Option<SocketAddr>, bytes::Bytes)> {
        self.legs.iter_mut().find_map(|shaking| {
            let datagram = shaking.association.poll_datagram()?;
            Some((shaking.leg, shaking.source, datagram))
        })
    }

    /// What a handshake has made, and of which leg.
    pub fn poll_made(&mut self) -> Option<(LegId, Made)> {
        self.legs.iter_mut().find_map(|shaking| {
            let made = shaking.association.poll_made()?;
            Some((shaking.leg, made))
        })
    }
}
