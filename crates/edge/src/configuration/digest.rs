//! Passwords: ours at a trunk, and those by which trunks prove to us who they are.

use std::fmt;

use schemas::TrunkName;
use sip::digest::{Algorithm, CredentialError, Realm, Secret, Verifier};

use super::{Configuration, Fault, Trunk};

/// How the edge asks for credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The realm that a challenge names. Default `trunkline`.
    pub realm: String,
    /// The hashes that are offered, the best first; at least one. Default SHA-256, MD5: RFC 8760, and what the oldest
    /// phone systems know.
    pub algorithms: Vec<Algorithm>,
}

impl Default for Digest {
    fn default() -> Digest {
        Digest {
            realm: "trunkline".to_owned(),
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
        }
    }
}

impl Digest {
    /// The same for whoever verifies.
    pub(crate) fn realm(&self) -> Realm {
        Realm {
            algorithms: self.algorithms.clone(),
            ..Realm::new(&self.realm)
        }
    }
}

/// What a trunk proves itself by. `Debug` shows neither user nor password.
#[derive(Clone)]
pub struct Login {
    /// The name that it authenticates as.
    pub user: String,
    /// Its password.
    pub secret: Secret,
    /// Of which requests it is asked for.
    pub asked: Asked,
    /// What it is offered where others are offered something else; none: what the edge offers to all.
    pub offer: Option<Offer>,
}

/// What is offered to a trunk that knows fewer hashes than others, or has to prove itself by better ones.
///
/// A challenge must not tell whether a user exists, so it never depends on the user: it is this trunk's where the
/// connection's certificate or the source address says that a request is this trunk's, or, if they say nothing, where its
/// From (of a REGISTER: its To) names the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The hashes, the best first; at least one. It proves itself by no other.
    pub algorithms: Vec<Algorithm>,
    /// The domain that its requests name, for one without fixed address. Trunks of one domain are offered the same.
    pub domain: Option<String>,
}

/// When a trunk is asked to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Asked {
    /// Where nothing else says whose a request is: it comes from no trunk's address. And of every REGISTER.
    #[default]
    OfStrangers,
    /// Of requests from its own addresses, too.
    Always,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

impl Configuration {
    /// What is wrong with realm and logins.
    pub(super) fn check_logins(&self) -> Result<(), Fault> {
        let mut seen: Vec<(&str, &TrunkName)> = Vec::new();
        let logins = self.trunks.iter();
        for (trunk, login) in logins.filter_map(|trunk| Some((trunk, trunk.login.as_ref()?))) {
            let same = seen.iter().find(|(user, _)| *user == login.user);
            if let Some((_, one)) = same {
                let (one, other) = ((*one).clone(), trunk.name.clone());
                return Err(Fault::LoginTwice { one, other });
            }
            seen.push((&login.user, &trunk.name));
            self.check_offer(trunk, login)?;
        }
        // Any secret will do to try realm and users.
        let epoch = crate::clock::moment().now;
        self.verifier([0; 32], epoch).map_err(Fault::Login)?;
        Ok(())
    }

    /// Whether the trunk can be told before it has proven itself, and no other is offered something else there.
    fn check_offer(&self, trunk: &Trunk, login: &Login) -> Result<(), Fault> {
        let Some(offer) = &login.offer else {
            return Ok(());
        };
        let Some(domain) = &offer.domain else {
            let is_told = !trunk.sources.is_empty() || trunk.security.certificate_required;
            return match is_told {
                true => Ok(()),
                false => Err(Fault::OfferToNobody(trunk.name.clone())),
            };
        };
        let others = self.trunks.iter().take_while(|one| one.name != trunk.name);
        let other = others
            .filter_map(|one| Some((one, one.login.as_ref()?.offer.as_ref()?)))
            .find(|(_, one)| {
                let same = one
                    .domain
                    .as_ref()
                    .map(|other| other.eq_ignore_ascii_case(domain));
                same == Some(true) && one.algorithms != offer.algorithms
            });
        match other {
            None => Ok(()),
            Some((one, _)) => Err(Fault::OfferTwice {
                one: one.name.clone(),
                other: trunk.name.clone(),
                domain: domain.clone(),
            }),
        }
    }

    /// Who judges the logins of trunks; nobody if no trunk has one. `secret` is random.
    pub(crate) fn verifier(
        &self,
        secret: [u8; 32],
        epoch: std::time::Instant,
    ) -> Result<Option<Verifier>, CredentialError> {
        let logins = self.trunks.iter().filter_map(|trunk| trunk.login.as_ref());
        let mut verifier = None;
        for login in logins {
            let verifier = match &mut verifier {
                Some(verifier) => verifier,
                none => none.insert(Verifier::new(&self.digest.realm(), secret, epoch)?),
            };
            let secrets = std::slice::from_ref(&login.secret);
            match &login.offer {
                Some(offer) => verifier.admit_by(&offer.algorithms, &login.user, secrets)?,
                None => verifier.admit(&login.user, secrets)?,
            }
        }
        Ok(verifier)
    }
}
