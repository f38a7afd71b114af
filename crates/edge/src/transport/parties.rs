//! Whom TLS proves: the numbers that flows carry, so that a connection is only used for whom it was proven.

use std::collections::BTreeMap;

use schemas::TrunkName;
use sip::endpoint::flow::Party;

/// Parties that are numbered; a name more is not dialed by TLS. Names come from the configuration and from transfers.
const PARTIES_MAX: usize = 4_096;

/// Somebody who proves who he is by a certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Proven {
    /// By the authorities of this trunk, or by those of the system.
    pub trunk: Option<TrunkName>,
    /// The host that was asked for; none for a trunk that connected to us.
    pub host: Option<String>,
}

/// All that are numbered.
#[derive(Debug, Default)]
pub(super) struct Parties {
    numbers: BTreeMap<Proven, Party>,
    proven: Vec<Proven>,
}

impl Parties {
    /// The number of this one.
    pub(super) fn number(&mut self, proven: Proven) -> Option<Party> {
        if let Some(party) = self.numbers.get(&proven) {
            return Some(*party);
        }
        if self.proven.len() >= PARTIES_MAX {
            return None;
        }
        self.proven.push(proven.clone());
        let party = Party(u32::try_from(self.proven.len()).ok()?);
        self.numbers.insert(proven, party);
        Some(party)
    }

    /// Who has this number.
    pub(super) fn of(&self, party: Party) -> Option<&Proven> {
        let index = usize::try_from(party.0).ok()?.checked_sub(1)?;
        self.proven.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_the_same_has_one_number_and_nobody_has_none() {
        let mut parties = Parties::default();
        let proven = |host: usize| Proven {
            trunk: None,
            host: Some(host.to_string()),
        };
        let first = parties.number(proven(1)).unwrap();
        assert_eq!(parties.number(proven(1)), Some(first));
        assert_eq!(parties.of(first), Some(&proven(1)));
        assert_eq!(parties.of(Party::UNPROVEN), None);
        let numbered = (0..5_000).filter_map(|host| parties.number(proven(host)));
        assert_eq!(numbered.count(), PARTIES_MAX);
    }
}
