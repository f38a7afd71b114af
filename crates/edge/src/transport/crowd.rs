//! How many connections each address has, so that no peer takes the room of the others.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::configuration::Connections;

/// Those who connected to us.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    sources: BTreeMap<IpAddr, usize>,
    strangers: usize,
}

/// Whose address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// A trunk's.
    Trunk,
    /// Nobody's.
    Stranger,
}

impl Crowd {
    /// Whether one more from there has room, or the bound that it meets.
    pub(super) fn has_room(
        &self,
        bounds: &Connections,
        ip: IpAddr,
        whose: Whose,
    ) -> Result<(), &'static str> {
        let here = self.sources.get(&ip).copied().unwrap_or_default();
        match whose {
            Whose::Trunk if here >= bounds.per_source_max => {
                Err("too many connections from one address")
            }
            Whose::Stranger if self.strangers >= bounds.strangers_max => {
                Err("too many connections from addresses of no trunk")
            }
            Whose::Stranger if here >= bounds.per_stranger_max => {
                Err("too many connections from one address of no trunk")
            }
            Whose::Trunk | Whose::Stranger => Ok(()),
        }
    }

    /// One more.
    pub(super) fn enter(&mut self, ip: IpAddr, whose: Whose) {
        *self.sources.entry(ip).or_default() += 1;
        self.strangers += usize::from(whose == Whose::Stranger);
    }

    /// One less.
    pub(super) fn leave(&mut self, ip: IpAddr, whose: Whose) {
        if let Some(count) = self.sources.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                self.sources.remove(&ip);
            }
        }
        self.strangers -= usize::from(whose == Whose::Stranger);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_leave_room_for_trunks() {
        let bounds = Connections {
            per_source_max: 2,
            strangers_max: 3,
            per_stranger_max: 2,
            ..Connections::default()
        };
        let mut crowd = Crowd::default();
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        let mut enter = |last, whose| {
            let room = crowd.has_room(&bounds, address(last), whose);
            if room.is_ok() {
                crowd.enter(address(last), whose);
            }
            room.is_ok()
        };
        use Whose::{Stranger, Trunk};
        assert!(enter(1, Stranger) && enter(1, Stranger) && !enter(1, Stranger));
        assert!(enter(2, Stranger) && !enter(3, Stranger));
        assert!(enter(9, Trunk) && enter(9, Trunk) && !enter(9, Trunk));
        crowd.leave(address(2), Stranger);
        assert_eq!(crowd.has_room(&bounds, address(3), Stranger), Ok(()));
        assert_eq!(crowd.sources.len(), 2);
    }
}
