//! The ways by which the keys of SRTP are exchanged, as they are configured.

pub use schemas::media::SrtpKeying;

/// What is allowed where nothing is said: what trunks of today have, and what no offer grows by.
pub const KEYING: [SrtpKeying; 1] = [SrtpKeying::Sdes];
