//! The handshake that makes keys (RFC 5763, RFC 5764), between two of ours on a network that loses, repeats and adds to what
//! it carries, and against whoever is not who it should be.

use std::time::{Duration, Instant};

use media::{Secured, Suite};
use sdp::{Fingerprint, Handshake, HashFunction, Profile, Role};
use trunkline_edge::dtls::association::{Association, Made};
use trunkline_edge::dtls::{Certificate, Outcome};

/// One side.
struct Side {
    association: Association,
    made: Vec<Made>,
}

/// Both sides and the time.
struct Pair {
    client: Side,
    server: Side,
    now: Instant,
    sent: usize,
}

fn certificate() -> Certificate {
    Certificate::generate().unwrap()
}

fn terms(role: Role, fingerprint: &Fingerprint) -> Handshake {
    Handshake {
        profile: Profile::TlsSavp,
        role,
        fingerprints: vec![fingerprint.clone()],
        tls_id: None,
    }
}

impl Side {
    fn new(own: &Certificate, role: Role, peer: &Fingerprint, now: Instant) -> Side {
        Side {
            association: Association::new(own, terms(role, peer), now),
            made: Vec::new(),
        }
    }

    fn take(&mut self, datagram: &[u8], now: Instant) {
        self.association.take(datagram, now);
        self.made.extend(self.association.poll_made());
    }

    fn wake(&mut self, now: Instant) {
        if self.association.deadline().is_some_and(|at| at <= now) {
            self.association.wake(now);
            self.made.extend(self.association.poll_made());
        }
    }

    fn keys(&self) -> Option<&Secured> {
        let last = self.made.last()?;
        last.keys.as_deref()
    }

    fn words(&mut self) -> Vec<Vec<u8>> {
        let words = std::iter::from_fn(|| self.association.poll_datagram());
        words.map(|word| word.to_vec()).collect()
    }
}

impl Pair {
    /// Two that know each other.
    fn new() -> Pair {
        let (one, other) = (certificate(), certificate());
        Pair::of(&one, &other, other.fingerprint(), one.fingerprint())
    }

    /// A client and a server, and what each of them expects of the other.
    fn of(
        client: &Certificate,
        server: &Certificate,
        by_client: &Fingerprint,
        by_server: &Fingerprint,
    ) -> Pair {
        let now = start();
        Pair {
            client: Side::new(client, Role::Client, by_client, now),
            server: Side::new(server, Role::Server, by_server, now),
            now,
            sent: 0,
        }
    }

    /// Carries what each has to say, for so long; `network` says how often each datagram comes.
    fn run(&mut self, milliseconds: u64, mut network: impl FnMut(usize) -> usize) {
        let until = self.now + Duration::from_millis(milliseconds);
        while self.now < until {
            self.client.wake(self.now);
            self.server.wake(self.now);
            loop {
                let (up, down) = (self.client.words(), self.server.words());
                if up.is_empty() && down.is_empty() {
                    break;
                }
                for (words, to) in [(up, &mut self.server), (down, &mut self.client)] {
                    for word in words {
                        assert!(word.len() <= 1_200, "a datagram of {}", word.len());
                        self.sent += 1;
                        for _ in 0..network(self.sent) {
                            to.take(&word, self.now);
                        }
                    }
                }
            }
            self.now += Duration::from_millis(10);
        }
    }

    fn agrees(&self) -> Option<Suite> {
        let (client, server) = (self.client.keys()?, self.server.keys()?);
        assert_eq!(
            (&client.ours, &client.theirs),
            (&server.theirs, &server.ours)
        );
        assert_ne!(client.ours, client.theirs);
        Some(client.ours.suite())
    }
}

fn failed(side: &Side) -> Option<(&str, Option<&Fingerprint>)> {
    side.made.iter().find_map(|made| match &made.outcome {
        Outcome::Failed { because, shown, .. } => {
            assert!(made.keys.is_none());
            Some((because.as_str(), shown.as_ref()))
        }
        Outcome::Completed { .. } => None,
    })
}

#[test]
fn both_sides_make_the_same_keys() {
    let mut pair = Pair::new();
    pair.run(50, |_| 1);
    assert_eq!(pair.agrees(), Some(Suite::AeadAes128Gcm));
    for side in [&pair.client, &pair.server] {
        let [made] = &side.made[..] else {
            panic!("{:?}", side.made)
        };
        let Outcome::Completed { hash, after, .. } = made.outcome else {
            panic!("{made:?}")
        };
        assert_eq!(hash, HashFunction::Sha256);
        assert!(after < Duration::from_millis(50));
        assert!(
            side.association.deadline().is_none(),
            "nothing more to wait for"
        );
    }
    // Two handshakes, two keys.
    let mut other = Pair::new();
    other.run(50, |_| 1);
    assert_ne!(pair.client.keys(), other.client.keys());
}

#[test]
fn no_debug_shows_a_key() {
    let mut pair = Pair::new();
    pair.run(50, |_| 1);
    let told = format!("{:?} {:?}", pair.client.made, certificate());
    assert!(
        told.contains("hidden") && !told.contains("octets"),
        "{told}"
    );
}

#[test]
fn a_bad_network_delays_it_and_no_more() {
    for pattern in 0..24_usize {
        let mut pair = Pair::new();
        // Each of the first datagrams is lost once, another one comes twice.
        pair.run(9_000, |number| match number {
            number if number == pattern + 1 => 0,
            number if number % 3 == 0 => 2,
            _ => 1,
        });
        assert!(pair.agrees().is_some(), "datagram {pattern} was lost");
    }
    let mut pair = Pair::new();
    let mut seed = 7_u64;
    pair.run(9_900, |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::from(seed >> 33 & 7 != 0)
    });
    assert!(pair.agrees().is_some(), "an eighth was lost");
}

#[test]
fn another_certificate_than_was_agreed_on_makes_no_keys() {
    let (client, server, agreed) = (certificate(), certificate(), certificate());
    // The server is somebody else.
    let mut pair = Pair::of(&client, &server, agreed.fingerprint(), client.fingerprint());
    pair.run(12_000, |_| 1);
    let (because, shown) = failed(&pair.client).unwrap();
    assert_eq!(
        because,
        "the peer's certificate is not the one of its description"
    );
    assert_eq!(shown, Some(server.fingerprint()));
    assert!(pair.server.keys().is_none());
    // The alert says why, though nobody has to believe it.
    let (because, _) = failed(&pair.server).unwrap();
    assert!(because.contains("bad_certificate"), "{because}");
    // The client is.
    let mut pair = Pair::of(&client, &server, server.fingerprint(), agreed.fingerprint());
    pair.run(12_000, |_| 1);
    let (_, shown) = failed(&pair.server).unwrap();
    assert_eq!(shown, Some(client.fingerprint()));
    assert!(pair.client.keys().is_none() && pair.server.keys().is_none());
}

#[test]
fn who_does_not_come_is_told_once_and_may_come_late() {
    let mut pair = Pair::new();
    pair.run(12_000, |_| 0);
    for side in [&pair.client, &pair.server] {
        let (because, shown) = failed(side).unwrap();
        assert!(
            because.starts_with("it was not over within 10 s"),
            "{because}"
        );
        assert_eq!((shown, side.made.len()), (None, 1));
    }
    // A client gives up; a server that waits costs nothing.
    assert!(pair.server.association.deadline().is_none());
    let own = certificate();
    let (mut server, now) = (pair.server, pair.now);
    let mut client = Side::new(&own, Role::Client, own.fingerprint(), now);
    for word in client.words() {
        server.take(&word, now);
    }
    assert!(!server.words().is_empty(), "it is still listened to");
}

#[test]
fn no_octets_that_somebody_made_up_stop_it() {
    let mut seed = 1_u64;
    let mut next = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 40).unwrap()
    };
    for round in 0..20 {
        let mut pair = Pair::new();
        let hello = pair.client.words();
        let now = pair.now;
        // What looks like a handshake, alerts in the clear, data, the next epoch: before and between the real thing.
        let noise = |to: &mut Side, next: &mut dyn FnMut() -> usize| {
            for kind in [20, 21, 22, 23, 24, 22] {
                let length = next() % 60;
                let mut record = vec![kind, 0xfe, 0xfd, 0, u8::from(next().is_multiple_of(4))];
                record.extend([0, 0, 0, 0, 1, 0]);
                record.extend(u16::try_from(length).unwrap().to_be_bytes());
                record.extend((0..length).map(|_| next().to_be_bytes()[7]));
                to.take(&record, now);
            }
            to.take(&[21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40], now);
            to.take(&[23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40], now);
        };
        noise(&mut pair.server, &mut next);
        noise(&mut pair.client, &mut next);
        for word in hello {
            pair.server.take(&word, now);
        }
        noise(&mut pair.server, &mut next);
        pair.run(9_900, |_| 1);
        assert!(pair.agrees().is_some(), "round {round}");
    }
}

#[test]
fn a_flood_of_fragments_costs_little() {
    let own = certificate();
    let now = start();
    let mut server = Side::new(&own, Role::Server, own.fingerprint(), now);
    let began = start();
    for number in 0..20_000_u32 {
        let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0];
        record.extend(number.to_be_bytes());
        record.extend([0, 13, 11, 0, 0x20, 0, 0, 1, 0]);
        record.extend(&number.to_be_bytes()[2..]);
        record.extend([0, 0, 1, 7]);
        server.take(&record, now);
    }
    // The engine by itself takes most of a minute for that.
    assert!(start() - began < Duration::from_secs(2));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the start of a virtual time; only differences matter"
)]
fn start() -> Instant {
    Instant::now()
}
