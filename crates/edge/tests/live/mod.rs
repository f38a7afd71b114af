//! A running edge on loopback with the log in memory, a control that decides by a function, and peers that are SIP
//! endpoints with sockets.

#![expect(dead_code, reason = "each test uses the part of it that it needs")]

pub mod authority;
pub mod control;
pub mod line;
pub mod peer;
pub mod relay;
pub mod zone;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use journal::{EventLog, Memory};
use schemas::NodeName;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trunkline_edge::{Configuration, Counters, Edge, Error, Listen, RtpPorts, Trunk};

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A running edge.
pub struct Live {
    /// Where it listens, first.
    pub address: SocketAddr,
    /// Everywhere that it listens.
    pub listens: Vec<Listen>,
    /// Its log.
    pub log: Arc<dyn EventLog>,
    /// Its counters.
    pub counters: Arc<Counters>,
    stop: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

impl Live {
    /// An edge that listens on a free port of that loopback address; all of 127.0.0.0/8 is its trunk `pbx`.
    pub async fn start(at: [u8; 4], rtp_ports: RtpPorts) -> Live {
        Live::with(&[Listen::udp(SocketAddr::from((at, 0)))], |configuration| {
            configuration.rtp_ports = rtp_ports;
        })
        .await
    }

    /// The same, with other addresses and settings.
    pub async fn with(listens: &[Listen], change: impl FnOnce(&mut Configuration)) -> Live {
        let mut configuration = Configuration::new(NodeName::from("edge-1"));
        configuration.listen = listens.to_vec();
        configuration.drain = Duration::ZERO;
        let loopback = ["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        configuration.trunks = vec![Trunk::new("pbx", loopback.to_vec())];
        change(&mut configuration);
        let log: Arc<dyn EventLog> = Arc::new(Memory::new());
        let edge = Edge::bind(configuration, log.clone(), [9; 32])
            .await
            .unwrap();
        let listens = edge.listens().to_vec();
        let counters = edge.counters();
        let stop = CancellationToken::new();
        let running = tokio::spawn(edge.run(stop.clone(), "test"));
        Live {
            address: listens[0].address,
            listens,
            log,
            counters,
            stop,
            running,
        }
    }

    /// Stops it in order; it must not have died before.
    pub async fn stop(self) -> Arc<dyn EventLog> {
        assert!(!self.running.is_finished(), "the edge died");
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.running)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        self.log
    }
}

/// An address of loopback.
pub fn ip(address: [u8; 4]) -> IpAddr {
    IpAddr::from(address)
}
