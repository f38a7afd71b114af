//! Where a SIP URI leads: the targets that a request to it is sent to, one after the other (RFC 3263).

mod avoided;
mod dns;
pub mod order;
pub mod question;
pub mod search;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use journal::BoxFuture;
use schemas::Hash;

use self::avoided::Avoided;
use self::dns::Dns;
use self::question::Question;
use self::search::{Search, Target};

/// How long everything that is asked for one URI may take: the caller waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Finds targets.
pub struct Locator {
    dns: Dns,
    avoided: Avoided,
    seed: [u8; 32],
    count: u64,
}

impl Locator {
    /// Asks the system's DNS servers, or another one. `seed` is secret randomness.
    pub fn new(server: Option<SocketAddr>, seed: [u8; 32]) -> Locator {
        Locator {
            dns: Dns::new(server),
            avoided: Avoided::default(),
            seed,
            count: 0,
        }
    }

    /// Finds the targets of a question; at least one, or why there is none.
    pub fn locate(&mut self, question: Question) -> BoxFuture<Result<Vec<Target>, String>> {
        self.count += 1;
        let mut dice = dice(self.seed, self.count);
        let dns = self.dns.clone();
        Box::pin(async move {
            let host = question.host();
            let searching = async {
                let mut search = Search::new(question);
                // That nobody knows one thing matters only if nothing else leads anywhere.
                let mut unknown = None;
                while let Some(ask) = search.next() {
                    let answer = match dns.ask(&ask).await {
                        Ok(answer) => answer,
                        Err(error) => {
                            unknown.get_or_insert(error);
                            ask.nothing()
                        }
                    };
                    search.heard(answer, &mut dice);
                }
                let targets = search.into_targets();
                match (targets.is_empty(), unknown) {
                    (false, _) => Ok(targets),
                    (true, Some(error)) => Err(error),
                    (true, None) => Err(format!("{host} has no address")),
                }
            };
            let found = tokio::time::timeout(PATIENCE, searching).await;
            found.unwrap_or_else(|_| {
                Err(format!(
                    "{host} was not found within {} s",
                    PATIENCE.as_secs()
                ))
            })
        })
    }

    /// A target failed; `asked` is how long it wants to be left alone.
    pub fn avoid(&mut self, target: Target, asked: Option<Duration>, now: Instant) {
        self.avoided.note(target, asked, now);
    }

    /// What probes say of a target.
    pub fn reached(&mut self, target: Target, is_down: bool) {
        self.avoided.reached(target, is_down);
    }

    /// Puts targets that failed a moment ago behind the others.
    pub fn sort(&mut self, targets: &mut [Target], now: Instant) {
        self.avoided.sort(targets, now);
    }
}

/// A dice of its own for every question.
pub(crate) fn dice(seed: [u8; 32], count: u64) -> impl FnMut(u64) -> u64 + Send {
    let mut text = seed.to_vec();
    text.extend_from_slice(&count.to_be_bytes());
    move |bound| {
        let Hash(hash) = Hash::of(&text);
        text = hash.to_vec();
        let mut number = [0; 8];
        number.copy_from_slice(&hash[..8]);
        // The bound is far below 2^64, so none of its numbers is favoured.
        u64::from_be_bytes(number) % bound
    }
}
