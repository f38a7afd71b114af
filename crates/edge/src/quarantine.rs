//! Ports of legs that are over, before they are free again: who sends there long after the end is told.
//!
//! Nothing of the call is kept for it but its name, and no packet is read while it comes:
//!
//! ```text
//! end --- 5 s: what was under way, and what the peer needs to stop --- bound anew --- 10 s: the socket's buffer
//!         counts --- read once, closed, free
//! ```
//! A port that is needed, and one for which too many are watched already, goes unwatched.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use media::packet::Packet;
use schemas::observation::MediaContinued;
use schemas::{CallId, LegId};

/// The ports, in the order in which their legs ended.
#[derive(Debug, Default)]
pub struct Quarantine {
    ports: VecDeque<Watched>,
    /// How many of the first of them were looked at already whether they can be watched.
    begun: usize,
}

#[derive(Debug)]
struct Watched {
    call: CallId,
    leg: LegId,
    bound: SocketAddr,
    over_at: Instant,
    socket: Option<UdpSocket>,
}

impl Quarantine {
    /// A leg is over whose packets came there.
    pub fn add(&mut self, (call, leg): (CallId, LegId), bound: SocketAddr, now: Instant) {
        self.ports.push_back(Watched {
            call,
            leg,
            bound,
            over_at: now,
            socket: None,
        });
    }

    /// How many ports are in it.
    pub fn len(&self) -> usize {
        self.ports.len()
    }

    /// The port that is in it longest is needed.
    pub fn release(&mut self) -> Option<u16> {
        let first = self.ports.pop_front()?;
        self.begun = self.begun.saturating_sub(1);
        Some(first.bound.port())
    }

    /// When [`Quarantine::wake`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let begins = self.ports.get(self.begun).map(|port| port.over_at + AFTER);
        let ends = self.ports.front().map(|port| port.over_at + UNTIL);
        [begins, ends].into_iter().flatten().min()
    }

    /// Watches ports whose time has come, and gives back those whose time is over, with what came to them.
    pub fn wake(&mut self, now: Instant) -> Vec<(u16, Option<MediaContinued>)> {
        while let Some(port) = self.ports.get_mut(self.begun)
            && port.over_at + AFTER <= now
        {
            self.begun += 1;
            if self.begun <= WATCHED_MAX {
                port.socket = watch(port.bound.ip(), port.bound.port());
            }
        }
        let mut freed = Vec::new();
        while let Some(first) = self.ports.front()
            && first.over_at + UNTIL <= now
        {
            let continued = first.count();
            freed.extend(self.release().map(|port| (port, continued)));
        }
        freed
    }
}

impl Watched {
    /// What came, if it is more than stray packets.
    fn count(&self) -> Option<MediaContinued> {
        let socket = self.socket.as_ref()?;
        let mut buffer = [0; PACKET_BYTES_MAX];
        let (mut packets, mut last) = (0, None);
        // As much as the buffer held: a peer that goes on while it is read is not waited for.
        for _ in 0..PACKETS_MAX {
            let Ok((length, source)) = socket.recv_from(&mut buffer) else {
                break;
            };
            if let Ok(packet) = Packet::parse(&buffer[..length]) {
                packets += 1;
                last = Some((source, packet.ssrc));
            }
        }
        let (source, ssrc) = last.filter(|_| packets >= PACKETS_LEAST)?;
        let source = SocketAddr::new(source.ip().to_canonical(), source.port());
        Some(MediaContinued {
            call: self.call,
            leg: self.leg,
            packets,
            over_ms: u32::try_from((UNTIL - AFTER).as_millis()).unwrap_or(u32::MAX),
            source: source.to_string(),
            ssrc,
        })
    }
}

fn watch(bound: IpAddr, port: u16) -> Option<UdpSocket> {
    let socket = UdpSocket::bind((bound, port)).ok()?;
    socket.set_nonblocking(true).ok()?;
    Some(socket)
}

/// From the end of a leg until packets for it are worth a word: a BYE may be lost three times (RFC 3261, timer E).
const AFTER: Duration = Duration::from_secs(5);
/// From the end of a leg until its port is free.
const UNTIL: Duration = Duration::from_secs(15);
/// Packets that are worth a word: a second of speech.
const PACKETS_LEAST: u32 = 50;
/// Packets that are read of a port at most: more than its buffer holds.
const PACKETS_MAX: u32 = 2_000;
/// Octets of the largest packet that is looked at: more than an Ethernet frame holds.
const PACKET_BYTES_MAX: usize = 2_048;
/// Ports that are watched at once: as many sockets, which is what an edge of 25 new calls a second needs.
const WATCHED_MAX: usize = 512;

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to begin with"
)]
mod tests {
    use super::*;

    const LEG: (CallId, LegId) = (CallId([7; 16]), LegId(1));

    fn free_port() -> SocketAddr {
        let socket = UdpSocket::bind("127.74.0.1:0").unwrap();
        socket.local_addr().unwrap()
    }

    fn rtp(number: u8) -> [u8; 172] {
        let mut packet = [0; 172];
        packet[..12].copy_from_slice(&[0x80, 0, 0, number, 0, 0, 0, 160, 0, 0, 0, 9]);
        packet
    }

    /// So many packets come behind the end, `early` of them within the first five seconds.
    fn comes(early: u8, late: u8) -> Option<MediaContinued> {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        let bound = free_port();
        let peer = UdpSocket::bind("127.74.0.2:0").unwrap();
        quarantine.add(LEG, bound, now);
        let send = |count: u8| {
            for number in 0..count {
                // Nobody listens in the first seconds, and the peer is told so.
                let _ = peer.send_to(&rtp(number), bound);
            }
        };
        send(early);
        assert_eq!(quarantine.deadline(), Some(now + AFTER));
        assert!(quarantine.wake(now + AFTER).is_empty());
        send(late);
        peer.send_to(b"no RTP", bound).unwrap();
        assert_eq!(quarantine.deadline(), Some(now + UNTIL));
        let mut freed = quarantine.wake(now + UNTIL);
        assert_eq!((freed.len(), quarantine.deadline()), (1, None));
        let (port, continued) = freed.remove(0);
        assert_eq!(port, bound.port());
        assert!(UdpSocket::bind(bound).is_ok(), "it is free again");
        continued
    }

    #[test]
    fn who_sends_on_long_after_the_end_is_told() {
        let continued = comes(0, 60).unwrap();
        assert_eq!((continued.packets, continued.ssrc), (60, 9));
        assert_eq!((continued.call, continued.leg), LEG);
        assert!(continued.source.starts_with("127.74.0.2:"));
    }

    #[test]
    fn who_stops_within_five_seconds_is_not() {
        assert_eq!(comes(200, 0), None);
        assert_eq!(comes(0, 49), None);
    }

    #[test]
    fn a_port_that_is_needed_or_one_too_many_goes_unwatched() {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        for port in 1..=4 {
            quarantine.add(LEG, SocketAddr::from(([127, 0, 0, 1], port)), now);
        }
        quarantine.begun = WATCHED_MAX;
        assert_eq!(quarantine.release(), Some(1));
        let mut quarantine = Quarantine {
            begun: 0,
            ..quarantine
        };
        assert_eq!((quarantine.len(), quarantine.release()), (3, Some(2)));
        // Somebody else has the port: it is free for whoever gets it.
        let taken = UdpSocket::bind("127.74.0.1:0").unwrap();
        quarantine.add(LEG, taken.local_addr().unwrap(), now);
        assert!(quarantine.wake(now + AFTER).is_empty());
        let freed = quarantine.wake(now + UNTIL);
        assert_eq!(freed.len(), 3);
        assert!(freed.iter().all(|(_, continued)| continued.is_none()));
    }
}
