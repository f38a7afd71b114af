//! Which trunk a message comes from: by what TLS proved of its connection, else by source address, the narrowest network
//! first; with the reason in words.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use schemas::TrunkName;
use schemas::observation::{Tried, TrunkMatch};
use sip::endpoint::flow::{Flow, Party};

use crate::configuration::Trunk;

/// Trunks that an explanation names one by one; how many more there are stands in its last line.
const TRIED_MAX: usize = 8;

/// The trunks of a configuration.
#[derive(Clone, Debug)]
pub struct Trunks {
    trunks: Vec<Trunk>,
    /// Network and index of its trunk, the narrowest network first.
    networks: Vec<(IpNet, usize)>,
    /// Whose connection a certificate proved it to be.
    certified: BTreeMap<Party, usize>,
}

impl Trunks {
    /// The trunks in the order of the configuration.
    pub fn new(trunks: Vec<Trunk>) -> Trunks {
        let mut networks: Vec<_> = trunks
            .iter()
            .enumerate()
            .flat_map(|(index, trunk)| trunk.sources.iter().map(move |network| (*network, index)))
            .collect();
        networks.sort_by_key(|(network, _)| std::cmp::Reverse(network.prefix_len()));
        Trunks {
            trunks,
            networks,
            certified: BTreeMap::new(),
        }
    }

    /// TLS proves whoever has this number to be that trunk.
    pub fn certify(&mut self, party: Party, trunk: &TrunkName) {
        if let Some(index) = self.trunks.iter().position(|one| one.name == *trunk) {
            self.certified.insert(party, index);
        }
    }

    /// The trunk that a message is from which came this way.
    pub fn by(&self, flow: Flow) -> Option<&Trunk> {
        match self.certified.get(&flow.party) {
            Some(index) => self.trunks.get(*index),
            None => self.of(flow.remote.ip()),
        }
    }

    /// The same, and why; or the trunks that were tried.
    pub fn explain_by(&self, flow: Flow) -> Result<TrunkMatch, Vec<Tried>> {
        let certified = self.certified.get(&flow.party);
        let Some(trunk) = certified.and_then(|index| self.trunks.get(*index)) else {
            return self.explain(flow.remote.ip());
        };
        Ok(TrunkMatch {
            trunk: trunk.name.clone(),
            because: "the certificate of its connection proves who it is".to_owned(),
            tried: Vec::new(),
        })
    }

    /// The trunk that this address belongs to.
    pub fn of(&self, source: IpAddr) -> Option<&Trunk> {
        self.find(source).map(|(_, index)| &self.trunks[index])
    }

    /// The trunk of that name.
    pub fn named(&self, name: &str) -> Option<&Trunk> {
        self.trunks.iter().find(|trunk| trunk.name.as_str() == name)
    }

    /// The trunk that this address belongs to, and why; or the trunks that were tried.
    pub fn explain(&self, source: IpAddr) -> Result<TrunkMatch, Vec<Tried>> {
        match self.find(source) {
            Some((network, index)) => Ok(TrunkMatch {
                trunk: self.trunks[index].name.clone(),
                because: format!("source {source} is in {network}"),
                tried: tried(&self.trunks[..index], source),
            }),
            None => Err(tried(&self.trunks, source)),
        }
    }

    fn find(&self, source: IpAddr) -> Option<(IpNet, usize)> {
        let source = source.to_canonical();
        self.networks
            .iter()
            .copied()
            .find(|(network, _)| network.contains(&source))
    }
}

fn tried(trunks: &[Trunk], source: IpAddr) -> Vec<Tried> {
    let mut list: Vec<_> = trunks
        .iter()
        .take(TRIED_MAX)
        .map(|trunk| Tried {
            candidate: format!("trunk {}", trunk.name),
            failed: failed(trunk, source),
        })
        .collect();
    if trunks.len() > TRIED_MAX {
        list.push(Tried {
            candidate: format!("{} more trunks", trunks.len() - TRIED_MAX),
            failed: format!("source {source} is in none of their networks"),
        });
    }
    list
}

/// A trunk before the one that matched may contain the source as well, in a wider network.
fn failed(trunk: &Trunk, source: IpAddr) -> String {
    if let Some(wider) = trunk
        .sources
        .iter()
        .find(|network| network.contains(&source))
    {
        return format!("source {source} is in a narrower network than {wider}");
    }
    if trunk.sources.is_empty() {
        return "it has no addresses: it has to prove itself".to_owned();
    }
    let networks: Vec<_> = trunk.sources.iter().map(IpNet::to_string).collect();
    format!("source {source} is in none of {}", networks.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trunks() -> Trunks {
        let networks = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        Trunks::new(vec![
            Trunk::new("wide", networks(&["10.0.0.0/8"])),
            Trunk::new("narrow", networks(&["192.0.2.0/24", "10.1.0.0/16"])),
            Trunk::new("six", networks(&["2001:db8::/32"])),
        ])
    }

    #[test]
    fn the_narrowest_network_wins_and_says_so() {
        let found = trunks().explain("10.1.2.3".parse().unwrap()).unwrap();
        assert_eq!(found.trunk.as_str(), "narrow");
        assert_eq!(found.because, "source 10.1.2.3 is in 10.1.0.0/16");
        assert_eq!(found.tried[0].candidate, "trunk wide");
        assert_eq!(
            found.tried[0].failed,
            "source 10.1.2.3 is in a narrower network than 10.0.0.0/8"
        );
        let mapped = "::ffff:10.2.0.1".parse().unwrap();
        assert_eq!(trunks().of(mapped).unwrap().name.as_str(), "wide");
        assert_eq!(
            trunks()
                .of("2001:db8::1".parse().unwrap())
                .unwrap()
                .name
                .as_str(),
            "six"
        );
    }

    #[test]
    fn a_certificate_goes_before_an_address() {
        use sip::endpoint::flow::Transport;
        let mut trunks = trunks();
        let party = Party(7);
        trunks.certify(party, &TrunkName::from("six"));
        trunks.certify(Party(8), &TrunkName::from("nobody"));
        let by = |party| {
            let local = "192.0.2.1:5061".parse().unwrap();
            let remote = "10.1.2.3:40000".parse().unwrap();
            Flow {
                party,
                ..Flow::new(Transport::Tls, local, remote)
            }
        };
        assert_eq!(trunks.by(by(party)).unwrap().name.as_str(), "six");
        let found = trunks.explain_by(by(party)).unwrap();
        assert!(found.because.contains("certificate"), "{}", found.because);
        for other in [Party(8), Party::UNPROVEN] {
            assert_eq!(trunks.by(by(other)).unwrap().name.as_str(), "narrow");
        }
    }

    #[test]
    fn a_stranger_is_told_what_was_tried() {
        let tried = trunks()
            .explain("198.51.100.7".parse().unwrap())
            .unwrap_err();
        assert_eq!(tried.len(), 3);
        assert_eq!(
            tried[1].failed,
            "source 198.51.100.7 is in none of 192.0.2.0/24, 10.1.0.0/16"
        );
    }

    #[test]
    fn a_long_list_is_cut_and_counted() {
        let many =
            (0..20).map(|n| Trunk::new(&format!("t{n}"), vec!["10.0.0.0/8".parse().unwrap()]));
        let tried = Trunks::new(many.collect())
            .explain("192.0.2.1".parse().unwrap())
            .unwrap_err();
        assert_eq!(tried.len(), TRIED_MAX + 1);
        assert_eq!(tried[TRIED_MAX].candidate, "12 more trunks");
    }
}
