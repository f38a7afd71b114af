//! In which order records are tried: NAPTR by order and preference (RFC 3263 section 4.1), SRV by priority and by a
//! dice that weights bend (RFC 2782).

use sip::endpoint::flow::Transport;

/// A NAPTR record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// The lower, the earlier; a higher one is not looked at when a lower one fits.
    pub order: u16,
    /// The lower, the earlier.
    pub preference: u16,
    /// `s` where the replacement has SRV records.
    pub flags: String,
    /// `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`.
    pub services: String,
    /// The name to ask for SRV records.
    pub replacement: String,
}

/// An SRV record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// The lower, the earlier.
    pub priority: u16,
    /// How much of the traffic of its priority it shall get.
    pub weight: u16,
    /// Where it listens.
    pub port: u16,
    /// Its name; `.` says that there is no such service.
    pub target: String,
}

/// Chance: a number below the one that is given, which is at least 1.
pub trait Dice {
    /// Throws.
    fn below(&mut self, bound: u64) -> u64;
}

impl<F: FnMut(u64) -> u64> Dice for F {
    fn below(&mut self, bound: u64) -> u64 {
        self(bound)
    }
}

/// The names to ask for SRV records, in order, each with its transport; `wanted` allows no other.
pub fn services(mut records: Vec<Naptr>, wanted: Option<Transport>) -> Vec<(Transport, String)> {
    records.sort_by_key(|record| (record.order, record.preference));
    let fitting = records.into_iter().filter_map(|record| {
        let transport = match record.services.to_ascii_uppercase().as_str() {
            "SIP+D2U" => Transport::Udp,
            "SIP+D2T" => Transport::Tcp,
            "SIPS+D2T" => Transport::Tls,
            _ => return None,
        };
        let fits =
            record.flags.eq_ignore_ascii_case("s") && wanted.is_none_or(|one| one == transport);
        fits.then_some((record.order, transport, record.replacement))
    });
    let mut first = None;
    fitting
        .take_while(|(order, ..)| *first.get_or_insert(*order) == *order)
        .map(|(_, transport, name)| (transport, name))
        .collect()
}

/// The hosts in the order in which they are tried.
pub fn servers(mut records: Vec<Srv>, dice: &mut impl Dice) -> Vec<Srv> {
    records.retain(|record| !matches!(record.target.as_str(), "" | "."));
    // Those without weight come first, so that they have a small chance at all.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let same = |record: &&Srv| record.priority == priority;
        let group = records.iter().filter(same);
        let sum: u64 = group.clone().map(|record| u64::from(record.weight)).sum();
        let thrown = dice.below(sum + 1);
        let mut running = 0;
        let chosen = group.clone().position(|record| {
            running += u64::from(record.weight);
            running >= thrown
        });
        // The running sum ends at the sum, which no throw exceeds.
        ordered.push(records.remove(chosen.unwrap_or_default()));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn naptr(order: u16, preference: u16, services: &str) -> Naptr {
        Naptr {
            order,
            preference,
            flags: "s".to_owned(),
            services: services.to_owned(),
            replacement: format!("{order}.{preference}"),
        }
    }

    fn srv(priority: u16, weight: u16, target: &str) -> Srv {
        Srv {
            priority,
            weight,
            port: 5_060,
            target: target.to_owned(),
        }
    }

    /// A dice whose throws follow from a seed.
    fn dice(mut state: u64) -> impl FnMut(u64) -> u64 {
        move |bound| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) % bound
        }
    }

    #[test]
    fn the_lowest_order_that_fits_wins_and_preference_sorts_it() {
        let records = || {
            vec![
                naptr(50, 20, "SIP+D2T"),
                naptr(10, 1, "E2U+sip"),
                naptr(50, 10, "sip+d2u"),
                naptr(60, 1, "SIPS+D2T"),
            ]
        };
        let names = |wanted| {
            let found = services(records(), wanted);
            let names: Vec<_> = found.iter().map(|(_, name)| name.clone()).collect();
            names.join(" ")
        };
        assert_eq!(names(None), "50.10 50.20");
        assert_eq!(names(Some(Transport::Tls)), "60.1");
        assert_eq!(services(vec![], None), []);
    }

    #[test]
    fn a_dot_says_that_there_is_nothing() {
        assert_eq!(servers(vec![srv(0, 0, ".")], &mut dice(1)), []);
    }

    #[test]
    fn weights_share_the_traffic() {
        let records = || {
            vec![
                srv(1, 10, "a"),
                srv(1, 30, "b"),
                srv(1, 60, "c"),
                srv(1, 0, "d"),
            ]
        };
        let mut first = BTreeMap::new();
        let throws = 20_000;
        let mut dice = dice(7);
        for _ in 0..throws {
            let target = servers(records(), &mut dice)[0].target.clone();
            *first.entry(target).or_insert(0u32) += 1;
        }
        for (target, percent) in [("a", 10), ("b", 30), ("c", 60)] {
            let expected = throws * percent / 100;
            let difference = first[target].abs_diff(expected);
            assert!(difference < throws / 50, "{target}: {first:?}");
        }
        let rare = first.get("d").copied().unwrap_or_default();
        assert!(rare > 0 && rare < throws / 50, "{first:?}");
    }

    proptest! {
        #[test]
        fn every_server_is_tried_once_and_none_before_a_lower_priority(
            records in prop::collection::vec((0u16..4, 0u16..100), 0..12),
            seed: u64,
        ) {
            let records: Vec<_> = records
                .iter()
                .enumerate()
                .map(|(n, (priority, weight))| srv(*priority, *weight, &format!("h{n}")))
                .collect();
            let ordered = servers(records.clone(), &mut dice(seed));
            prop_assert!(ordered.is_sorted_by_key(|record| record.priority));
            let mut names: Vec<_> = ordered.iter().map(|record| &record.target).collect();
            names.sort();
            let mut all: Vec<_> = records.iter().map(|record| &record.target).collect();
            all.sort();
            prop_assert_eq!(names, all);
        }
    }
}
