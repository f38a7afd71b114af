//! What `[edge]` is where it says nothing.

use super::{Digest, Edge, UnknownSources};

impl Default for Edge {
    fn default() -> Edge {
        Edge {
            recordings: None,
            listen: None,
            dns: None,
            tls: None,
            digest: Digest::default(),
            max_connections: None,
            keep_alive_s: None,
            advertise: None,
            rtp_ports: "16384-32767".into(),
            unknown_sources: UnknownSources::Refuse,
            max_calls: 10_000,
            silence_ms: 2_000,
            no_sound_ms: 15_000,
            measure_every_s: 30,
            drain_s: 30,
        }
    }
}
