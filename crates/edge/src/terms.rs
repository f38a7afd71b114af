//! What a leg agrees to beside its session, by its trunk.

use sip::endpoint::terms::{Large, Terms};

use crate::configuration::Trunk;
use crate::listen::Listen;

/// What legs agree to of which nothing else is said. Large requests go by TCP only where answers to it find us: at the
/// same address as UDP.
pub fn by_default(listens: &[Listen]) -> Terms {
    let mut datagrams = listens
        .iter()
        .filter(|listen| **listen == Listen::udp(listen.address))
        .peekable();
    let listens_to_both = datagrams.peek().is_some()
        && datagrams.all(|listen| listens.contains(&Listen::tcp(listen.address)));
    Terms {
        large: if listens_to_both {
            Large::Stream
        } else {
            Large::Datagram
        },
        ..Terms::default()
    }
}

/// The same for a leg of a trunk.
pub fn of_trunk(default: Terms, trunk: Option<&Trunk>) -> Terms {
    let Some(trunk) = trunk else { return default };
    Terms {
        reliable: trunk.reliable,
        timer: trunk.timer,
        large: match trunk.large_by_tcp {
            true => default.large,
            false => Large::Datagram,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_requests_go_by_tcp_where_we_listen_to_it_and_the_trunk_takes_it() {
        let large = |listens: &[&str]| {
            let listens = listens.iter().flat_map(|text| Listen::parse(text).unwrap());
            by_default(&listens.collect::<Vec<_>>()).large
        };
        assert_eq!(large(&["0.0.0.0:32681"]), Large::Stream);
        assert_eq!(
            large(&["0.0.0.0:32681", "udp://[::]:32681"]),
            Large::Datagram
        );
        assert_eq!(
            large(&["udp://0.0.0.0:5060", "tcp://0.0.0.0:5070"]),
            Large::Datagram
        );
        assert_eq!(large(&["tcp://0.0.0.0:5060"]), Large::Datagram);
        let default = by_default(&Listen::parse("0.0.0.0:32681").unwrap());
        let mut trunk = Trunk::new("pbx", vec![]);
        assert_eq!(of_trunk(default, Some(&trunk)).large, Large::Stream);
        trunk.large_by_tcp = false;
        assert_eq!(of_trunk(default, Some(&trunk)).large, Large::Datagram);
    }
}
