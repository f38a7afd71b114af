//! The RTP ports that are free. The one that was given back longest ago is given out first, so that late
//! packets of an ended call seldom meet a new one.

use crate::configuration::RtpPorts;
use crate::listen::Listen;
use std::collections::VecDeque;

/// The free ports.
#[derive(Debug)]
pub struct Ports {
    free: VecDeque<u16>,
    range: RtpPorts,
}

impl Ports {
    /// All even ports of the range, but those that SIP listens on and their neighbours.
    pub fn new(range: RtpPorts, sip: &[Listen]) -> Ports {
        let is_free = |port: &u16| !sip.iter().any(|taken| taken.address.port() & !1 == *port);
        // The odd port above is RTCP's and has to lie in the range, too.
        let free = (range.first..range.last)
            .step_by(2)
            .filter(is_free)
            .collect();
        Ports { free, range }
    }

    /// The next port to try; whoever takes one gives it back when the leg's socket is closed.
    pub fn take(&mut self) -> Option<u16> {
        self.free.pop_front()
    }

    /// A port is free again.
    pub fn give_back(&mut self, port: u16) {
        self.free.push_back(port);
    }

    /// How many are free.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// The range, for messages.
    pub fn range(&self) -> RtpPorts {
        self.range
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_ports_go_round() {
        let mut ports = Ports::new(
            RtpPorts {
                first: 4000,
                last: 4006,
            },
            &[Listen::udp("127.0.0.1:4005".parse().unwrap())],
        );
        assert_eq!((ports.take(), ports.free()), (Some(4000), 1));
        ports.give_back(4000);
        assert_eq!(
            (ports.take(), ports.take(), ports.take()),
            (Some(4002), Some(4000), None)
        );
    }
}
