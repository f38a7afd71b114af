//! Logins: trunks that prove by a password who they are (RFC 3261 section 22). Nothing is kept for who has not proven
//! it: a request without proof is challenged and forgotten.

use std::collections::BTreeMap;
use std::time::Instant;

use schemas::TrunkName;
use schemas::observation::Tried;
use sip::digest::{Algorithm, Asker, Asking, Refusal, Stale, Verification, Verifier};
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::Flow;
use sip::{Message, Method};

use crate::configuration::{Configuration, Trunk};

/// The logins of all trunks.
#[derive(Debug)]
pub struct Logins {
    verifier: Option<Verifier>,
    realm: String,
    /// What is offered to whom nothing else is.
    offered: Vec<Algorithm>,
    offers: Offers,
    trunks: BTreeMap<String, TrunkName>,
}

/// What is offered to some and not to others. It is told by where a request comes from, never by its user.
#[derive(Debug, Default)]
struct Offers {
    /// By the trunk that certificate or address say.
    of_trunks: BTreeMap<TrunkName, Vec<Algorithm>>,
    /// By the domain that a request names, in small letters, where they say nothing.
    of_domains: BTreeMap<String, Vec<Algorithm>>,
}

/// What a request has proven.
#[derive(Debug)]
pub enum Judgement {
    /// It is this trunk's.
    Proven {
        /// The trunk.
        trunk: TrunkName,
        /// By what, in words.
        because: String,
    },
    /// It has to be asked: the headers of a 401.
    Ask(Extra),
    /// Its credentials are wrong.
    Refused(Refusal),
    /// No trunk proves itself by a password.
    Nobody,
}

impl Logins {
    /// The logins of a configuration that was checked. `secret` is random; time counts from `epoch`.
    pub fn new(configuration: &Configuration, secret: [u8; 32], epoch: Instant) -> Logins {
        let verifier = configuration
            .verifier(secret, epoch)
            .expect("a configuration that was checked has a realm and users");
        let named = |trunk: &Trunk| {
            let login = trunk.login.as_ref()?;
            Some((login.user.clone(), trunk.name.clone()))
        };
        Logins {
            verifier,
            realm: configuration.digest.realm.clone(),
            offered: configuration.digest.algorithms.clone(),
            offers: Offers::of_configuration(configuration),
            trunks: configuration.trunks.iter().filter_map(named).collect(),
        }
    }

    /// Judges a request that came this way, from this trunk by certificate or address. Once for each that is delivered: a
    /// repetition would look like a replay.
    pub fn judge(
        &mut self,
        request: &Message,
        (flow, trunk): (Flow, Option<&TrunkName>),
        now: Instant,
    ) -> Judgement {
        let offered = self.offers.of(request, trunk);
        let asking = Asking {
            asker: Asker::Server,
            flow,
            offered,
        };
        let Some(verifier) = &mut self.verifier else {
            return Judgement::Nobody;
        };
        let stale = match verifier.verify(asking, request, now) {
            Verification::Verified { user } => {
                let Some(trunk) = self.trunks.get(&*user) else {
                    return Judgement::Refused(Refusal::Wrong);
                };
                return Judgement::Proven {
                    trunk: trunk.clone(),
                    because: format!("it proved the password of its user in realm {}", self.realm),
                };
            }
            Verification::Challenge { stale } => stale,
            // Somebody's repetition, or a proxy's that changed the branch: whoever it is can prove it once more.
            Verification::Refused {
                why: Refusal::Replayed,
            } => Stale::No,
            Verification::Refused { why } => return Judgement::Refused(why),
        };
        Judgement::Ask(verifier.challenge(asking, stale, now))
    }

    /// What to tell of somebody who shows no credentials: some peers know none of the hashes, or stop at the first that
    /// they do not know.
    pub fn explain_silence(&self, request: &Message, trunk: Option<&TrunkName>) -> Tried {
        let own = self.offers.of(request, trunk);
        let offered = own.unwrap_or(&self.offered).iter();
        let offered: Vec<_> = offered.map(|one| one.as_str()).collect();
        self.explain(&format!(
            "it was asked for {} and showed no credentials",
            offered.join(", ")
        ))
    }

    /// What to tell of somebody who proved nothing.
    pub fn explain(&self, why: &str) -> Tried {
        Tried {
            candidate: format!("digest in realm {}", self.realm),
            failed: why.to_owned(),
        }
    }
}

impl Offers {
    fn of_configuration(configuration: &Configuration) -> Offers {
        let mut offers = Offers::default();
        for trunk in &configuration.trunks {
            let Some(offer) = trunk.login.as_ref().and_then(|login| login.offer.as_ref()) else {
                continue;
            };
            let algorithms = || offer.algorithms.clone();
            offers.of_trunks.insert(trunk.name.clone(), algorithms());
            if let Some(domain) = &offer.domain {
                let domain = domain.to_ascii_lowercase();
                offers.of_domains.insert(domain, algorithms());
            }
        }
        offers
    }

    /// What is offered to a request from this trunk by certificate or address; none: what is offered to all.
    fn of(&self, request: &Message, trunk: Option<&TrunkName>) -> Option<&[Algorithm]> {
        if let Some(trunk) = trunk {
            return self.of_trunks.get(trunk).map(Vec::as_slice);
        }
        if self.of_domains.is_empty() {
            return None;
        }
        let named = match request.method() {
            Some(Method::Register) => request.to(),
            _ => request.from(),
        };
        let domain = named.ok()?.uri().host().to_string();
        let own = self.of_domains.get(&domain.to_ascii_lowercase());
        own.map(Vec::as_slice)
    }
}
