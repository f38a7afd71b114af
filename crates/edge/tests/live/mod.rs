//! A running edge on loopback with the log in memory, a control that decides by a function, and peers that are SIP
//! endpoints with sockets.

pub mod control;
pub mod peer;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use journal::{EventLog, Memory};
use schemas::NodeName;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trunkline_edge::{Configuration, Edge, Error, RtpPorts, Trunk};

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A running edge.
pub struct Live {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its log.
    pub log: Arc<dyn EventLog>,
    stop: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

impl Live {
    /// An edge that listens on a free port of that loopback address; all of 127.0.0.0/8 is its trunk `pbx`.
    pub async fn start(at: [u8; 4], rtp_ports: RtpPorts) -> Live {
        let mut configuration = Configuration::new(NodeName::from("edge-1"));
        configuration.listen = vec![SocketAddr::from((at, 0))];
        configuration.rtp_ports = rtp_ports;
        configuration.drain = Duration::ZERO;
        configuration.trunks = vec![Trunk::new("pbx", vec!["127.0.0.0/8".parse().unwrap()])];
        let log: Arc<dyn EventLog> = Arc::new(Memory::new());
        let edge = Edge::bind(configuration, log.clone(), [9; 32])
            .await
            .unwrap();
        let address = edge.local_addresses()[0];
        let stop = CancellationToken::new();
        let running = tokio::spawn(edge.run(stop.clone(), "test"));
        Live {
            address,
            log,
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
