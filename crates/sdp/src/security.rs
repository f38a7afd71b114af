//! Whether a session is SRTP (RFC 4568), by what one side wants and what both can do; opportunistic SRTP where plain RTP
//! is as good (RFC 8643). Keys are an input: nothing here is random.

use std::fmt;
use std::fmt::Write as _;

use crate::crypto::{Crypto, Mki, Suite};
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
    /// SRTP if the peer can: our offers are RTP/AVP with keys (RFC 8643).
    Preferred(LocalKeys),
    /// SRTP or nothing: our offers are RTP/SAVP.
    Required(LocalKeys),
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

impl Security {
    /// The profile of our offers.
    pub(crate) fn profile(&self) -> Profile {
        match self {
            Self::Off | Self::Preferred(_) => Profile::Avp,
            Self::Required(_) => Profile::Savp,
        }
    }

    /// Our keys, if we have any.
    pub(crate) fn keys(&self) -> Option<&LocalKeys> {
        match self {
            Self::Off => None,
            Self::Preferred(keys) | Self::Required(keys) => Some(keys),
        }
    }

    /// What an offer of such a medium can become, the best first.
    pub(crate) fn answers(&self, medium: &Media) -> Vec<Protection> {
        let Some(profile) = medium.profile() else {
            return Vec::new();
        };
        let keys = self.keys();
        let secured = keys.and_then(|keys| secured(medium, profile, keys));
        let takes_plain = !matches!(self, Self::Required(_)) && !profile.is_secure();
        let plain = takes_plain.then(|| Protection::Plain {
            because: self.fell_back(medium),
        });
        let secured = secured.map(|secured| Protection::Secured(Box::new(secured)));
        secured.into_iter().chain(plain).collect()
    }

    /// What the answer to our offer agrees to; `None` if it has nothing that we may take.
    pub(crate) fn accepts(&self, medium: &Media, profile: Profile) -> Option<Protection> {
        let Some(keys) = self.keys() else {
            let because = None;
            return (!profile.is_secure()).then_some(Protection::Plain { because });
        };
        if medium.cryptos.is_empty() {
            let because = Some(FellBack::NothingAnswered);
            let takes_plain = matches!(self, Self::Preferred(_)) && !profile.is_secure();
            return takes_plain.then_some(Protection::Plain { because });
        }
        let secured = secured(medium, profile, keys)?;
        let is_ours = tags().any(|(tag, suite)| (tag, suite) == (secured.tag, secured.suite()));
        is_ours.then(|| Protection::Secured(Box::new(secured)))
    }

    /// The `a=crypto` lines of our offer.
    pub(crate) fn write_offer(&self, media: &mut String) {
        let Some(keys) = self.keys() else { return };
        for (tag, suite) in tags() {
            write_crypto(media, tag, &keys.of(suite));
        }
    }

    fn fell_back(&self, medium: &Media) -> Option<FellBack> {
        match (self, medium.cryptos.is_empty()) {
            (Self::Off, true) => None,
            (Self::Off, false) => Some(FellBack::Off),
            (Self::Preferred(_) | Self::Required(_), true) => Some(FellBack::NothingOffered),
            (Self::Preferred(_) | Self::Required(_), false) => Some(FellBack::NoCommonSuite {
                offered: medium.suites(),
            }),
        }
    }
}

impl Protection {
    /// The keys, if it is SRTP.
    #[must_use]
    pub fn secured(&self) -> Option<&Secured> {
        match self {
            Self::Plain { .. } => None,
            Self::Secured(secured) => Some(secured),
        }
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

    /// The `a=crypto` line of our answer.
    pub(crate) fn write_answer(&self, media: &mut String) {
        if let Self::Secured(secured) = self {
            write_crypto(media, secured.tag, &secured.ours);
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
