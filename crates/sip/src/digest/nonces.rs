//! Nonces: made from time, source and a secret, so that nothing is kept for who only asks; counted once they are used.
//!
//! A nonce says when it was made and proves that we made it for this source. Only after somebody has proven a password
//! with it is an entry kept, with the counts that were used: a window like the one of RFC 4303 §3.4.3, because requests
//! that leave at once overtake each other.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::endpoint::flow::Flow;

use super::algorithm::hex;

/// Maker and counter of nonces. The secret is not shown.
#[derive(Clone)]
pub(super) struct Nonces {
    secret: [u8; 32],
    epoch: Instant,
    life: Duration,
    serial: u64,
    used: BTreeMap<Stamp, Counts>,
    /// This nonce and all before it are too old: their counts are forgotten.
    forgotten: Option<Stamp>,
}

/// Which nonce: when it was made, and the how manieth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    made_ms: u64,
    serial: u64,
}

/// Whether a nonce with its count may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// For the first time.
    Fresh,
    /// It was seen before, or is so far behind that nobody can tell.
    Replayed,
}

/// The counts that were seen of one nonce: the highest, and which of the 64 up to it.
#[derive(Clone, Copy, Debug)]
struct Counts {
    highest: u32,
    seen: u64,
}

impl Nonces {
    pub(super) fn new(secret: [u8; 32], epoch: Instant, life: Duration) -> Self {
        Nonces {
            secret,
            epoch,
            life,
            serial: 0,
            used: BTreeMap::new(),
            forgotten: None,
        }
    }

    /// A nonce for who sends by this flow.
    pub(super) fn make(&mut self, flow: Flow, now: Instant) -> String {
        self.serial = self.serial.saturating_add(1);
        let stamp = Stamp {
            made_ms: self.millis(now),
            serial: self.serial,
        };
        let Stamp { made_ms, serial } = stamp;
        format!("{made_ms:016x}{serial:016x}{}", self.seal(stamp, flow))
    }

    /// The stamp of a nonce that we made for this source and that is not too old.
    pub(super) fn read(&self, nonce: &str, flow: Flow, now: Instant) -> Option<Stamp> {
        let (made_ms, rest) = nonce.split_at_checked(16)?;
        let (serial, seal) = rest.split_at_checked(16)?;
        let stamp = Stamp {
            made_ms: u64::from_str_radix(made_ms, 16).ok()?,
            serial: u64::from_str_radix(serial, 16).ok()?,
        };
        let is_ours: bool = self
            .seal(stamp, flow)
            .as_bytes()
            .ct_eq(seal.as_bytes())
            .into();
        let age_ms = self.millis(now).checked_sub(stamp.made_ms)?;
        let is_young = Duration::from_millis(age_ms) <= self.life;
        let is_counted = self.forgotten.is_none_or(|forgotten| stamp > forgotten);
        (is_ours && is_young && is_counted).then_some(stamp)
    }

    /// Counts a use; without a count a nonce is good once.
    pub(super) fn count(&mut self, stamp: Stamp, count: Option<u32>, now: Instant) -> Freshness {
        self.forget(now);
        let freshness = match (self.used.get_mut(&stamp), count) {
            (Some(counts), Some(count)) => counts.take(count),
            (None, Some(count)) => {
                self.used.insert(stamp, Counts::starting_at(count));
                Freshness::Fresh
            }
            (Some(_), None) => Freshness::Replayed,
            (None, None) => {
                self.used.insert(stamp, Counts::USED_UP);
                Freshness::Fresh
            }
        };
        if self.used.len() > USED_MAX {
            self.forgotten = self.used.pop_first().map(|(stamp, _)| stamp);
        }
        freshness
    }

    /// What nobody's password is: as unguessable as a nonce.
    pub(super) fn password_of_nobody(&self) -> String {
        hex(&self.keyed(&[b"nobody"]))
    }

    /// Nonces that are too old need no counts.
    fn forget(&mut self, now: Instant) {
        let now_ms = self.millis(now);
        while let Some(entry) = self.used.first_entry() {
            let age_ms = now_ms.saturating_sub(entry.key().made_ms);
            if Duration::from_millis(age_ms) <= self.life {
                return;
            }
            entry.remove();
        }
    }

    fn millis(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.epoch);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Half of a SHA-256 is more than anybody guesses. The port is left out: a translation of addresses changes it.
    fn seal(&self, stamp: Stamp, flow: Flow) -> String {
        let source = flow.remote.ip().to_canonical().to_string();
        let seal = self.keyed(&[
            b"nonce",
            &stamp.made_ms.to_be_bytes(),
            &stamp.serial.to_be_bytes(),
            flow.transport.as_str().as_bytes(),
            source.as_bytes(),
        ]);
        hex(&seal[..16])
    }

    fn keyed(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl Counts {
    /// Nothing further is fresh.
    const USED_UP: Counts = Counts {
        highest: u32::MAX,
        seen: u64::MAX,
    };

    fn starting_at(count: u32) -> Self {
        Counts {
            highest: count,
            seen: 1,
        }
    }

    fn take(&mut self, count: u32) -> Freshness {
        if let Some(ahead) = count.checked_sub(self.highest).filter(|ahead| *ahead > 0) {
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = count;
            return Freshness::Fresh;
        }
        let behind = self.highest - count;
        let Some(bit) = 1_u64.checked_shl(behind) else {
            return Freshness::Replayed;
        };
        if self.seen & bit != 0 {
            return Freshness::Replayed;
        }
        self.seen |= bit;
        Freshness::Fresh
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nonces")
            .field("made", &self.serial)
            .field("used", &self.used.len())
            .finish_non_exhaustive()
    }
}

/// Nonces in use at once; beyond it the oldest are stale before their time. Each takes about 40 bytes, and a peer that
/// keeps its nonce needs one.
const USED_MAX: usize = 50_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::flow::Transport;

    const LIFE: Duration = Duration::from_secs(300);

    #[expect(
        clippy::disallowed_methods,
        reason = "a test needs some instant to count from"
    )]
    fn nonces() -> (Nonces, Instant) {
        let now = Instant::now();
        (Nonces::new([7; 32], now, LIFE), now)
    }

    fn flow(remote: &str, transport: Transport) -> Flow {
        let local = "192.0.2.1:5060".parse().unwrap();
        Flow::new(transport, local, remote.parse().unwrap())
    }

    #[test]
    fn a_nonce_is_good_for_its_source_and_its_time() {
        let (mut nonces, now) = nonces();
        let home = flow("192.0.2.2:5060", Transport::Udp);
        let nonce = nonces.make(home, now);
        assert_ne!(nonce, nonces.make(home, now));
        assert!(nonces.read(&nonce, home, now + LIFE).is_some());
        assert!(
            nonces
                .read(&nonce, home, now + LIFE + Duration::from_millis(1))
                .is_none()
        );
        let port = flow("192.0.2.2:9", Transport::Udp);
        assert!(nonces.read(&nonce, port, now).is_some());
        let mapped = flow("[::ffff:192.0.2.2]:9", Transport::Udp);
        assert!(nonces.read(&nonce, mapped, now).is_some());
        assert!(
            nonces
                .read(&nonce, flow("192.0.2.3:5060", Transport::Udp), now)
                .is_none()
        );
        assert!(
            nonces
                .read(&nonce, flow("192.0.2.2:5060", Transport::Tcp), now)
                .is_none()
        );
        let (other, _) = (Nonces::new([8; 32], now, LIFE), ());
        assert!(other.read(&nonce, home, now).is_none());
    }

    #[test]
    fn a_nonce_that_we_did_not_make_is_none() {
        let (mut nonces, now) = nonces();
        let home = flow("192.0.2.2:5060", Transport::Udp);
        let good = nonces.make(home, now + Duration::from_secs(1));
        for bad in [
            String::new(),
            "x".repeat(64),
            "ü".repeat(32),
            good[..63].to_owned(),
            format!("{good}0"),
            format!("0{}", &good[..63]),
            good.to_uppercase().replace('0', "1"),
        ] {
            assert_eq!(nonces.read(&bad, home, now + LIFE), None, "{bad}");
        }
        // Made in the future, which only another epoch can have done.
        assert_eq!(nonces.read(&good, home, now), None);
    }

    #[test]
    fn each_count_is_taken_once_in_any_order() {
        let (mut nonces, now) = nonces();
        let home = flow("192.0.2.2:5060", Transport::Udp);
        let nonce = nonces.make(home, now);
        let stamp = nonces.read(&nonce, home, now).unwrap();
        let mut take = |count| nonces.count(stamp, Some(count), now) == Freshness::Fresh;
        for count in [1, 3, 2, 70, 7] {
            assert!(take(count), "{count}");
            assert!(!take(count), "{count} again");
        }
        assert!(!take(6), "too far behind");
        assert!(take(u32::MAX) && !take(70) && !take(0));
    }

    #[test]
    fn without_a_count_a_nonce_is_good_once() {
        let (mut nonces, now) = nonces();
        let home = flow("192.0.2.2:5060", Transport::Udp);
        let nonce = nonces.make(home, now);
        let stamp = nonces.read(&nonce, home, now).unwrap();
        assert_eq!(nonces.count(stamp, None, now), Freshness::Fresh);
        assert_eq!(nonces.count(stamp, None, now), Freshness::Replayed);
        assert_eq!(nonces.count(stamp, Some(9), now), Freshness::Replayed);
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_forgotten_is_stale() {
        let (mut nonces, now) = nonces();
        let home = flow("192.0.2.2:5060", Transport::Udp);
        let first = nonces.make(home, now);
        let mut stamp = nonces.read(&first, home, now).unwrap();
        nonces.count(stamp, Some(1), now);
        for _ in 0..USED_MAX {
            assert_eq!(nonces.used.len().min(USED_MAX), nonces.used.len());
            stamp.serial += 1;
            nonces.count(stamp, Some(1), now);
        }
        assert_eq!(nonces.used.len(), USED_MAX);
        assert_eq!(nonces.read(&first, home, now), None);
        let later = now + LIFE + Duration::from_secs(1);
        stamp.made_ms += 301_000;
        nonces.count(stamp, Some(1), later);
        assert_eq!(nonces.used.len(), 1);
    }
}
