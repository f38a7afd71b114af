//! Symmetric RTP that is learned once: three plausible packets fix source and SSRC, and only a new
//! description opens them again. An open latch was how audio of strangers got into calls elsewhere
//! (CVE-2017-14099, CVE-2025-53399).
//!
//! ```text
//!            from the signalled address: let in at once
//!          +---------------------------+
//!          v                           |   3 in sequence, one SSRC        any other source or SSRC:
//! update -> Open ----------------------+--------------------------> Latched  refused
//!            ^  from an address that the rule permits, while the       |
//!            |  signalled one was never heard: refused until 3         |
//!            +---------------------------------------------------------+ update
//! ```

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::negotiated::{LatchRule, RELEARN_AFTER_MS, SourceRule, SsrcRule};
use crate::packet::Packet;
use crate::refusal::Reason;

/// Where packets of a leg may come from, and where they are sent to.
#[derive(Clone, Debug)]
pub(crate) struct Latch {
    rule: LatchRule,
    signalled: SocketAddr,
    trusted: SocketAddr,
    state: State,
    heard_at: Option<Instant>,
    told: Option<(SocketAddr, u32)>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open {
        near: Option<Probation>,
        far: Option<(SocketAddr, Probation)>,
    },
    Latched {
        ssrc: u32,
        successor: Option<Probation>,
    },
}

#[derive(Clone, Copy, Debug)]
struct Probation {
    ssrc: u32,
    last: u16,
    packets: u8,
}

/// What the latch says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    LetIn,
    /// Let in, and from now on nobody else is.
    Latched,
    Refused(Reason),
}

impl Latch {
    pub(crate) fn new(signalled: SocketAddr, rule: LatchRule) -> Latch {
        Latch {
            rule,
            signalled,
            trusted: signalled,
            state: OPEN,
            heard_at: None,
            told: None,
        }
    }

    /// A new description: the SSRC is open again; the source too if the address moved, or if
    /// the rule no longer permits it.
    pub(crate) fn update(&mut self, signalled: SocketAddr, rule: LatchRule) {
        let permitted =
            same(self.trusted, signalled) || permits(rule.source, signalled, self.trusted);
        if !same(signalled, self.signalled) || !permitted {
            self.trusted = signalled;
        }
        (self.signalled, self.rule, self.state) = (signalled, rule, OPEN);
    }

    /// Whether a packet from there could be let in, now or after some more: what comes to nothing is not worth a
    /// computation.
    pub(crate) fn admits(&self, source: SocketAddr, ssrc: u32, now: Instant) -> Result<(), Reason> {
        let near = same(source, self.trusted);
        match &self.state {
            State::Latched { .. } if !near => Err(Reason::ForeignSource),
            State::Latched { ssrc: latched, .. } if *latched == ssrc => Ok(()),
            State::Latched { .. } => {
                let quiet = self
                    .heard_at
                    .is_none_or(|at| now.saturating_duration_since(at) >= RELEARN_AFTER);
                match self.rule.ssrc {
                    SsrcRule::RelearnWhenQuiet if quiet => Ok(()),
                    SsrcRule::RelearnWhenQuiet | SsrcRule::Strict => Err(Reason::ForeignSsrc),
                }
            }
            State::Open { .. } if near => Ok(()),
            State::Open { near: None, .. } if permits(self.rule.source, self.signalled, source) => {
                Ok(())
            }
            State::Open { .. } => Err(Reason::ForeignSource),
        }
    }

    /// Judges a packet whose payload type and direction are in order, and which is authentic where that can be known.
    pub(crate) fn judge(&mut self, source: SocketAddr, packet: &Packet, now: Instant) -> Verdict {
        if let Err(reason) = self.admits(source, packet.ssrc, now) {
            return Verdict::Refused(reason);
        }
        let near = same(source, self.trusted);
        let verdict = match &mut self.state {
            State::Latched { ssrc, .. } if *ssrc == packet.ssrc => Verdict::LetIn,
            State::Latched { successor, .. } => match Probation::step(successor, packet) {
                true => self.latch(source, packet),
                false => Verdict::Refused(Reason::ForeignSsrc),
            },
            State::Open {
                near: probation, ..
            } if near => match Probation::step(probation, packet) {
                true => self.latch(source, packet),
                false => Verdict::LetIn,
            },
            State::Open { far, .. } => {
                let mut probation = far
                    .filter(|(other, _)| same(*other, source))
                    .map(|(_, probation)| probation);
                let passed = Probation::step(&mut probation, packet);
                *far = probation.map(|probation| (source, probation));
                match passed {
                    true => self.latch(source, packet),
                    false => Verdict::Refused(Reason::Probation),
                }
            }
        };
        if !matches!(verdict, Verdict::Refused(_)) {
            self.heard_at = Some(now);
        }
        verdict
    }

    /// Whether a handshake may come from there: what it makes is authentic by itself, so it latches nothing.
    pub(crate) fn admits_handshake(&self, source: SocketAddr) -> bool {
        same(source, self.trusted) || permits(self.rule.source, self.signalled, source)
    }

    /// Where to send: the learned source, before that the signalled address.
    pub(crate) fn destination(&self) -> SocketAddr {
        self.trusted
    }

    fn latch(&mut self, source: SocketAddr, packet: &Packet) -> Verdict {
        self.trusted = source;
        self.state = State::Latched {
            ssrc: packet.ssrc,
            successor: None,
        };
        let before = self.told.replace((source, packet.ssrc));
        if before == self.told {
            Verdict::LetIn
        } else {
            Verdict::Latched
        }
    }
}

impl Probation {
    /// Takes a packet into account; true when it was the last that was missing.
    fn step(probation: &mut Option<Probation>, packet: &Packet) -> bool {
        let Some(current) = probation
            .as_mut()
            .filter(|current| current.ssrc == packet.ssrc)
        else {
            *probation = Some(Probation {
                ssrc: packet.ssrc,
                last: packet.sequence,
                packets: 1,
            });
            return false;
        };
        match packet.sequence.wrapping_sub(current.last) {
            1..=MAX_STEP => {
                current.last = packet.sequence;
                current.packets += 1;
                current.packets >= PLAUSIBLE_PACKETS
            }
            // Repeated or behind: the network's doing, no sign for or against.
            0 | BEHIND.. => false,
            _ => {
                *current = Probation {
                    ssrc: packet.ssrc,
                    last: packet.sequence,
                    packets: 1,
                };
                false
            }
        }
    }
}

/// Whether two addresses are one, whatever family the socket shows IPv4 in.
fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
}

fn permits(rule: SourceRule, signalled: SocketAddr, source: SocketAddr) -> bool {
    let (signalled_ip, source_ip) = (signalled.ip().to_canonical(), source.ip().to_canonical());
    match rule {
        SourceRule::Signalled => false,
        SourceRule::SameAddress => signalled_ip == source_ip,
        SourceRule::SameNetwork => network(signalled_ip) == network(source_ip),
        SourceRule::Any => true,
    }
}

/// The /24 or the /64, as the octets that count.
fn network(ip: IpAddr) -> (bool, [u8; 8]) {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            (false, [a, b, c, 0, 0, 0, 0, 0])
        }
        IpAddr::V6(ip) => {
            let [a, b, c, d, e, f, g, h, ..] = ip.octets();
            (true, [a, b, c, d, e, f, g, h])
        }
    }
}

const OPEN: State = State::Open {
    near: None,
    far: None,
};
/// Packets of one SSRC in sequence before a source is fixed: one or two can be guessed or left over.
const PLAUSIBLE_PACKETS: u8 = 3;
/// How far the sequence may step between them: a few may be lost on the way.
const MAX_STEP: u16 = 10;
/// Sequence differences from here on are steps back, of no more than 100 (RFC 3550, MAX_MISORDER).
const BEHIND: u16 = u16::MAX - 99;
const RELEARN_AFTER: Duration = Duration::from_millis(RELEARN_AFTER_MS);
