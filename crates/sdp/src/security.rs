//! Whether a session is SRTP (RFC 4568, RFC 5764), by what one side wants and what both can do; opportunistic SRTP where
//! plain RTP is as good (RFC 8643). Keys are an input: nothing here is random.

use std::fmt;
use std::fmt::Write as _;

use crate::crypto::{Crypto, Mki, Suite};
use crate::dtls::{Fingerprint, LocalDtls, Offered, Role};
use crate::key::MasterKey;
use crate::media::{Media, Profile};

/// Octets that the keys of one leg are cut from: one key with its salt for each suite.
pub const KEY_OCTETS: usize = 132;

/// What we want on one leg.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Plain RTP only.
    #[default]
    Off,
    /// SRTP if the peer can: our offers are RTP/AVP with keys by every way (RFC 8643).
    Preferred(Keying),
    /// SRTP or nothing: our offers are RTP/SAVP, or UDP/TLS/RTP/SAVP, by the first way.
    Required(Keying),
}

/// The ways by which we exchange keys, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keying(pub Vec<Way>);

/// A way to exchange keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// They stand in the descriptions (RFC 4568).
    Sdes(LocalKeys),
    /// A handshake makes them (RFC 5764).
    Dtls(LocalDtls),
}

/// The keys that we send with on one leg, one for each suite. They stay as long as the leg does. `Debug` hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct LocalKeys(Box<[u8; KEY_OCTETS]>);

/// What was agreed on about SRTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Plain RTP.
    Plain {
        /// Why it is not SRTP, where either side had that in mind.
        because: Option<FellBack>,
    },
    /// SRTP.
    Secured(Box<Secured>),
    /// SRTP as soon as a handshake has made its keys; nothing before.
    Handshake(Box<Handshake>),
}

/// A handshake that was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The profile that carries it: opportunistic SRTP has that of plain RTP.
    pub profile: Profile,
    /// What we are in it.
    pub role: Role,
    /// Of the peer's certificate: one of them has to fit.
    pub fingerprints: Vec<Fingerprint>,
    /// Which association it is, if the peer says so: another one is a new handshake.
    pub tls_id: Option<String>,
}

/// Keys that were agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secured {
    /// The profile that carries it: opportunistic SRTP has that of plain RTP.
    pub profile: Profile,
    /// The tag of the `a=crypto` that was taken.
    pub tag: u32,
    /// What we send with.
    pub ours: MasterKey,
    /// What the peer sends with; of the same suite.
    pub theirs: MasterKey,
    /// What the peer's packets name its key by, if they do.
    pub mki: Option<Mki>,
}

/// Why a session is plain RTP although SRTP was in somebody's mind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FellBack {
    /// We would have liked it.
    #[error("the offer holds no key for SRTP")]
    NothingOffered,
    /// We offered it.
    #[error("the answer holds no key for SRTP")]
    NothingAnswered,
    /// The peer offered it.
    #[error("the offer holds a key for SRTP, which is off here")]
    Off,
    /// The peer offered keys by a way that we leave out.
    #[error("the offer has keys for SRTP by {0}, which is not allowed here")]
    NotAllowed(&'static str),
    /// The peer's fingerprints are of hash functions that are not used here.
    #[error("no fingerprint that can be used: {} offered", .offered.join(", "))]
    NoFingerprint {
        /// The hash functions.
        offered: Vec<String>,
    },
    /// We have no suite in common.
    #[error("no common SRTP suite: {} offered", .offered.join(", "))]
    NoCommonSuite {
        /// What was offered, and why it cannot be used.
        offered: Vec<String>,
    },
}

impl LocalKeys {
    /// The keys of one leg, from octets that must be random and used for nothing else.
    #[must_use]
    pub fn new(octets: Box<[u8; KEY_OCTETS]>) -> Self {
        Self(octets)
    }

    /// The key of a suite.
    #[must_use]
    pub fn of(&self, suite: Suite) -> MasterKey {
        let before = Suite::all().take_while(|other| *other != suite);
        let start = before.map(Suite::octets).sum();
        let octets = &self.0[start..][..suite.octets()];
        MasterKey::new(suite, octets).expect("as many octets as the suite has were taken")
    }
}

impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKeys(hidden)")
    }
}

impl From<LocalKeys> for Keying {
    fn from(keys: LocalKeys) -> Keying {
        Keying(vec![Way::Sdes(keys)])
    }
}

impl From<LocalDtls> for Keying {
    fn from(dtls: LocalDtls) -> Keying {
        Keying(vec![Way::Dtls(dtls)])
    }
}

impl Keying {
    /// Our side of a handshake, if that is one of the ways.
    #[must_use]
    pub fn dtls(&self) -> Option<&LocalDtls> {
        self.0.iter().find_map(|way| match way {
            Way::Dtls(dtls) => Some(dtls),
            Way::Sdes(_) => None,
        })
    }

    /// Whether keys may stand in descriptions.
    #[must_use]
    pub fn has_sdes(&self) -> bool {
        self.0.iter().any(|way| matches!(way, Way::Sdes(_)))
    }

    /// What we are in the association that there is, so that it stays so.
    pub fn set_role(&mut self, role: Option<Role>) {
        for way in &mut self.0 {
            if let Way::Dtls(dtls) = way {
                dtls.role = role;
            }
        }
    }
}

impl Security {
    /// Our ways, if we have any.
    #[must_use]
    pub fn keying(&self) -> Option<&Keying> {
        match self {
            Self::Off => None,
            Self::Preferred(keying) | Self::Required(keying) => Some(keying),
        }
    }

    /// The ways of our offers: one profile cannot name two.
    pub(crate) fn offered(&self) -> &[Way] {
        match self {
            Self::Off => &[],
            Self::Preferred(keying) => &keying.0,
            Self::Required(keying) => &keying.0[..keying.0.len().min(1)],
        }
    }

    /// The profile of our offers.
    pub(crate) fn profile(&self) -> Profile {
        match (self, self.offered()) {
            (Self::Off | Self::Preferred(_), _) => Profile::Avp,
            (Self::Required(_), [Way::Dtls(_), ..]) => Profile::TlsSavp,
            (Self::Required(_), _) => Profile::Savp,
        }
    }

    /// What an offer of such a medium can become, the best first.
    pub(crate) fn answers(&self, medium: &Media, handshake: &Offered) -> Vec<Protection> {
        let Some(profile) = medium.profile() else {
            return Vec::new();
        };
        let ways = self.keying().map_or(&[][..], |keying| &keying.0);
        let secured = ways.iter().filter_map(|way| match way {
            Way::Sdes(keys) => {
                secured(medium, profile, keys).map(|it| Protection::Secured(Box::new(it)))
            }
            Way::Dtls(dtls) => {
                let role = dtls.answers(handshake)?;
                Some(Protection::by_handshake(profile, role, handshake))
            }
        });
        let takes_plain = !matches!(self, Self::Required(_)) && !profile.is_secure();
        let plain = takes_plain.then(|| Protection::Plain {
            because: self.fell_back(medium, handshake),
        });
        secured.chain(plain).collect()
    }

    /// What the answer to our offer agrees to; `None` if it has nothing that we may take.
    pub(crate) fn accepts(
        &self,
        medium: &Media,
        handshake: &Offered,
        profile: Profile,
    ) -> Option<Protection> {
        if matches!(self, Self::Off) {
            let because = None;
            return (!profile.is_secure()).then_some(Protection::Plain { because });
        }
        if medium.cryptos.is_empty() && !handshake.is_some() {
            let because = Some(FellBack::NothingAnswered);
            let takes_plain = matches!(self, Self::Preferred(_)) && !profile.is_secure();
            return takes_plain.then_some(Protection::Plain { because });
        }
        self.offered().iter().find_map(|way| match way {
            Way::Sdes(keys) => {
                let secured = secured(medium, profile, keys)?;
                let is_ours = tags().any(|it| it == (secured.tag, secured.suite()));
                is_ours.then(|| Protection::Secured(Box::new(secured)))
            }
            Way::Dtls(dtls) => {
                let role = dtls.accepts(handshake)?;
                Some(Protection::by_handshake(profile, role, handshake))
            }
        })
    }

    /// The lines of our offer.
    pub(crate) fn write_offer(&self, media: &mut String) {
        for way in self.offered() {
            match way {
                Way::Sdes(keys) => {
                    for (tag, suite) in tags() {
                        write_crypto(media, tag, &keys.of(suite));
                    }
                }
                Way::Dtls(dtls) => dtls.write_offer(media),
            }
        }
    }

    /// Why nothing of an offer of SRTP can be used.
    pub(crate) fn fell_back(&self, medium: &Media, handshake: &Offered) -> Option<FellBack> {
        let has_keys = !medium.cryptos.is_empty();
        let has_any = has_keys || handshake.is_some();
        let Some(keying) = self.keying() else {
            return has_any.then_some(FellBack::Off);
        };
        Some(if !has_any {
            FellBack::NothingOffered
        } else if has_keys && keying.has_sdes() {
            FellBack::NoCommonSuite {
                offered: medium.suites(),
            }
        } else if handshake.is_some() && keying.dtls().is_some() {
            FellBack::NoFingerprint {
                offered: handshake.unusable.clone(),
            }
        } else {
            FellBack::NotAllowed(if has_keys { "SDES" } else { "DTLS" })
        })
    }
}

impl Protection {
    /// The keys, if it is SRTP.
    #[must_use]
    pub fn secured(&self) -> Option<&Secured> {
        match self {
            Self::Plain { .. } | Self::Handshake(_) => None,
            Self::Secured(secured) => Some(secured),
        }
    }

    /// The handshake that makes the keys, if there is one.
    #[must_use]
    pub fn handshake(&self) -> Option<&Handshake> {
        match self {
            Self::Plain { .. } | Self::Secured(_) => None,
            Self::Handshake(handshake) => Some(handshake),
        }
    }

    fn by_handshake(profile: Profile, role: Role, offered: &Offered) -> Protection {
        Protection::Handshake(Box::new(Handshake {
            profile,
            role,
            fingerprints: offered.fingerprints.clone(),
            tls_id: offered.tls_id.clone(),
        }))
    }

    /// Whether it is the same to whoever looks at it: the same keys, or plain RTP for the same reason.
    #[must_use]
    pub fn is_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Secured(one), Self::Secured(other)) => {
                (one.profile, &one.ours, &one.theirs) == (other.profile, &other.ours, &other.theirs)
            }
            (one, other) => one == other,
        }
    }

    /// The lines of our answer.
    pub(crate) fn write_answer(&self, media: &mut String, security: &Security) {
        match self {
            Self::Plain { .. } => {}
            Self::Secured(secured) => write_crypto(media, secured.tag, &secured.ours),
            Self::Handshake(handshake) => {
                if let Some(dtls) = security.keying().and_then(Keying::dtls) {
                    let has_identity = handshake.tls_id.is_some();
                    dtls.write_answer(media, handshake.role, has_identity);
                }
            }
        }
    }
}

impl Secured {
    /// The suite.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.ours.suite()
    }
}

/// The first `a=crypto` that both can do.
fn secured(medium: &Media, profile: Profile, keys: &LocalKeys) -> Option<Secured> {
    if profile.is_handshake() {
        return None;
    }
    medium.cryptos.iter().find_map(|Crypto { tag, key, .. }| {
        let sent = key.as_ref().ok()?;
        Some(Secured {
            profile,
            tag: *tag,
            ours: keys.of(sent.master.suite()),
            theirs: sent.master.clone(),
            mki: sent.mki,
        })
    })
}

/// The tags of our offers.
fn tags() -> impl Iterator<Item = (u32, Suite)> {
    (1..).zip(Suite::all())
}

fn write_crypto(media: &mut String, tag: u32, key: &MasterKey) {
    // Writing to a String does not fail.
    let _ = write!(media, "a=crypto:{tag} {} inline:", key.suite());
    key.encode(media);
    media.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_has_octets_of_its_own() {
        assert_eq!(Suite::all().map(Suite::octets).sum::<usize>(), KEY_OCTETS);
        let octets: Vec<u8> = (0..=131).collect();
        let keys = LocalKeys::new(octets.clone().try_into().unwrap());
        let all: Vec<u8> = Suite::all()
            .flat_map(|suite| {
                let key = keys.of(suite);
                [key.key(), key.salt()].concat()
            })
            .collect();
        assert_eq!(all, octets);
        assert_eq!(format!("{keys:?}"), "LocalKeys(hidden)");
    }
}
