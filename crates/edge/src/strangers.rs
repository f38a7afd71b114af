//! How many requests of a stranger are read and answered: a few in a second, so that who scans or floods costs next to
//! nothing, and is no mirror for others either. What is beyond is counted by its source, unread.
//!
//! Whoever has shown credentials that could be used is no stranger for a while.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Requests of one source in a second that are read: more than a phone system behind one address sends before it has
/// answered a challenge.
const OF_ONE_MAX: u32 = 50;

/// Requests of all strangers in a second that are read: what takes an edge about a twentieth of a core.
const OF_ALL_MAX: u32 = 1_000;

/// How long a source that has shown credentials is no stranger: the time between two registrations at most.
const TRUSTED_FOR: Duration = Duration::from_secs(3_600);

/// Sources that are told apart of each kind; more strangers have one budget together, and who was trusted first is
/// forgotten first.
const SOURCES_MAX: usize = 1_024;

/// How long requests are counted together.
const WINDOW: Duration = Duration::from_secs(1);

/// Who came lately, and how often.
#[derive(Debug, Default)]
pub struct Strangers {
    began: Option<Instant>,
    counts: BTreeMap<IpAddr, u32>,
    others: u32,
    all: u32,
    trusted: BTreeMap<IpAddr, Instant>,
}

impl Strangers {
    /// Whether what comes from there is not read any more.
    pub fn are_too_many(&mut self, source: IpAddr, now: Instant) -> bool {
        self.turn(now);
        let count = match self.counts.get(&source) {
            Some(count) => *count,
            None if self.counts.len() >= SOURCES_MAX => self.others,
            None => 0,
        };
        let too_many = count >= OF_ONE_MAX || self.all >= OF_ALL_MAX;
        too_many && self.trusted.get(&source).is_none_or(|until| *until <= now)
    }

    /// A request from there was read, and is a stranger's.
    pub fn count(&mut self, source: IpAddr, now: Instant) {
        self.turn(now);
        self.all = self.all.saturating_add(1);
        let full = self.counts.len() >= SOURCES_MAX;
        match self.counts.get_mut(&source) {
            Some(count) => *count = count.saturating_add(1),
            None if full => self.others = self.others.saturating_add(1),
            None => {
                self.counts.insert(source, 1);
            }
        }
    }

    /// Somebody there has shown who he is.
    pub fn trust(&mut self, source: IpAddr, now: Instant) {
        self.counts.remove(&source);
        self.trusted.insert(source, now + TRUSTED_FOR);
        if self.trusted.len() > SOURCES_MAX {
            let first = self.trusted.iter().min_by_key(|(_, until)| **until);
            if let Some(source) = first.map(|(source, _)| *source) {
                self.trusted.remove(&source);
            }
        }
    }

    /// A new second has new budgets.
    fn turn(&mut self, now: Instant) {
        let over = |began: Instant| now.saturating_duration_since(began) >= WINDOW;
        if self.began.is_none_or(over) {
            self.began = Some(now);
            self.counts.clear();
            (self.others, self.all) = (0, 0);
        }
    }
}

/// Whether a datagram may be left unread: what ends something or answers something never is.
pub fn may_go_unread(bytes: &[u8]) -> bool {
    let needed: [&[u8]; 8] = [
        b"SIP/2.0 ",
        b"ACK ",
        b"BYE ",
        b"CANCEL ",
        b"PRACK ",
        b"UPDATE ",
        b"INFO ",
        b"NOTIFY ",
    ];
    !needed.iter().any(|start| bytes.starts_with(start))
}

/// The method of a request that is left unread, as far as it looks like one.
pub fn method_of(bytes: &[u8]) -> String {
    /// Octets of the longest method that is told.
    const METHOD_MAX: usize = 16;
    let word = bytes.split(|octet| *octet == b' ').next();
    let word = word.unwrap_or_default();
    let is_method =
        !word.is_empty() && word.len() <= METHOD_MAX && word.iter().all(u8::is_ascii_uppercase);
    match is_method {
        true => String::from_utf8_lossy(word).into_owned(),
        false => "no method".to_owned(),
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to begin with"
)]
mod tests {
    use super::*;

    fn source(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn one_source_is_read_so_often_in_a_second_and_again_in_the_next() {
        let (mut strangers, now) = (Strangers::default(), Instant::now());
        let read = |strangers: &mut Strangers, from, now| {
            (0..200)
                .filter(|_| {
                    let is_read = !strangers.are_too_many(source(from), now);
                    if is_read {
                        strangers.count(source(from), now);
                    }
                    is_read
                })
                .count()
        };
        assert_eq!(read(&mut strangers, 1, now), 50);
        assert_eq!(read(&mut strangers, 2, now), 50, "another one");
        assert_eq!(read(&mut strangers, 1, now + WINDOW), 50);
        strangers.trust(source(1), now + WINDOW);
        assert_eq!(read(&mut strangers, 1, now + WINDOW), 200);
    }

    #[test]
    fn all_together_have_a_bound_that_stops_nobody_who_is_trusted() {
        let (mut strangers, now) = (Strangers::default(), Instant::now());
        for number in 0..5_000 {
            strangers.count(source(number), now);
        }
        assert!(strangers.are_too_many(source(9_999), now));
        assert_eq!(strangers.counts.len(), SOURCES_MAX);
        for number in 0..5_000 {
            strangers.trust(source(number), now + Duration::from_millis(number.into()));
        }
        assert_eq!(strangers.trusted.len(), SOURCES_MAX);
        assert!(!strangers.are_too_many(source(4_999), now));
        assert!(strangers.are_too_many(source(1), now));
    }

    #[test]
    fn what_ends_or_answers_something_is_always_read() {
        assert!(may_go_unread(b"INVITE sip:x SIP/2.0"));
        assert!(may_go_unread(b"\x00\x01"));
        assert!(!may_go_unread(b"BYE sip:x SIP/2.0"));
        assert!(!may_go_unread(b"SIP/2.0 200 OK"));
        assert_eq!(method_of(b"REGISTER sip:x SIP/2.0"), "REGISTER");
        assert_eq!(method_of(b"<script> "), "no method");
    }
}
