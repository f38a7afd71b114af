//! Logins: trunks that prove by a password who they are (RFC 3261 section 22). Nothing is kept for who has not proven
//! it: a request without proof is challenged and forgotten.

use std::collections::BTreeMap;
use std::time::Instant;

use schemas::TrunkName;
use schemas::observation::Tried;
use sip::Message;
use sip::digest::{Asker, Refusal, Stale, Verification, Verifier};
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::Flow;

use crate::configuration::{Configuration, Trunk};

/// The logins of all trunks.
#[derive(Debug)]
pub struct Logins {
    verifier: Option<Verifier>,
    realm: String,
    /// The hashes, as they are offered.
    offered: String,
    trunks: BTreeMap<String, TrunkName>,
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
        let offered = configuration.digest.algorithms.iter();
        let offered: Vec<String> = offered.map(ToString::to_string).collect();
        Logins {
            verifier,
            realm: configuration.digest.realm.clone(),
            offered: offered.join(", "),
            trunks: configuration.trunks.iter().filter_map(named).collect(),
        }
    }

    /// Judges a request. Once for each that is delivered: a repetition would look like a replay.
    pub fn judge(&mut self, request: &Message, flow: Flow, now: Instant) -> Judgement {
        let Some(verifier) = &mut self.verifier else {
            return Judgement::Nobody;
        };
        let stale = match verifier.verify(Asker::Server, request, flow, now) {
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
        Judgement::Ask(verifier.challenge(Asker::Server, flow, stale, now))
    }

    /// What to tell of somebody who shows no credentials: some peers know none of the hashes, or stop at the first that
    /// they do not know.
    pub fn explain_silence(&self) -> Tried {
        self.explain(&format!(
            "it was asked for {} and showed no credentials",
            self.offered
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
