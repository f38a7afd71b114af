//! The ways by which the keys of SRTP are exchanged, as they are configured.

/// A way to exchange the keys of SRTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SrtpKeying {
    /// They stand in the session descriptions (RFC 4568).
    Sdes,
    /// A DTLS handshake on the port of media makes them (RFC 5764).
    Dtls,
}

/// What is allowed where nothing is said: what trunks of today have, and what no offer grows by.
pub const KEYING: [SrtpKeying; 1] = [SrtpKeying::Sdes];
