//! The bounds of connections: how many, how long, and how long for what.

use std::time::Duration;

/// What a peer may do with connections; beyond it they are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// The most connections at once. Default 8,192: a tenth of them are a large installation, and each takes a
    /// descriptor of which RTP needs some as well.
    pub total_max: usize,
    /// The most from one address of a trunk. Default 2,048: a trunk needs few, but many phones may share an address.
    pub per_source_max: usize,
    /// The most from all addresses of no trunk together. Default 256, so that strangers leave room for trunks.
    pub strangers_max: usize,
    /// The most from one address of no trunk. Default 8.
    pub per_stranger_max: usize,
    /// How long a connection of ours may take to be accepted. Default 4 s: a packet may be lost twice, and the caller
    /// still waits while the next target is tried.
    pub connect: Duration,
    /// How long a TLS handshake may take. Default 10 s.
    pub handshake: Duration,
    /// How long a message may take from its first octet to its last. Default 10 s: a slow sender is not waited for.
    pub message: Duration,
    /// How long the peer may take nothing of what we send. Default 10 s.
    pub stall: Duration,
    /// How long a connection without calls may be silent. Default 10 min: longer than every keep-alive in use.
    pub idle: Duration,
    /// How often a connection of ours sends a keep-alive where its trunk does not say otherwise (RFC 5626 section
    /// 3.5.1). Default: never.
    pub keep_alive: Option<Duration>,
}

impl Default for Connections {
    fn default() -> Connections {
        Connections {
            total_max: 8_192,
            per_source_max: 2_048,
            strangers_max: 256,
            per_stranger_max: 8,
            connect: Duration::from_secs(4),
            handshake: Duration::from_secs(10),
            message: Duration::from_secs(10),
            stall: Duration::from_secs(10),
            idle: Duration::from_secs(600),
            keep_alive: None,
        }
    }
}
