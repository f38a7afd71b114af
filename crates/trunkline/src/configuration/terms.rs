//! What legs of a trunk agree to beside their session: reliable provisional answers, session timers, SRTP.

use serde::Deserialize;

/// `100rel`: whether provisional answers are acknowledged (RFC 3262).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reliable {
    /// Never; a peer that requires it gets 420.
    Off,
    /// If the peer wants it.
    #[default]
    Supported,
    /// Wherever the peer can do it.
    Preferred,
    /// Our calls require it.
    Required,
}

/// `srtp`: whether media is SRTP (RFC 4568, RFC 8643).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    /// Plain RTP only.
    #[default]
    Off,
    /// SRTP if the peer can: our offers are plain RTP with keys beside it.
    Prefer,
    /// SRTP or nothing.
    Require,
}

/// `srtp_keying`: how the keys of SRTP are exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SrtpKeying {
    /// In the session descriptions (RFC 4568).
    Sdes,
    /// By a DTLS handshake on the port of media (RFC 5764).
    Dtls,
}

/// How a request goes that is too large for a datagram.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LargeRequests {
    /// By TCP to the same port, and by UDP where that is refused.
    #[default]
    Tcp,
    /// By UDP.
    Udp,
}

/// `[trunk.NAME.session_timer]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionTimer {
    /// Whether there is one. Default `accept`.
    pub mode: TimerMode,
    /// Seconds that a session lives without a refresh, where we ask for it. Default 1800.
    pub interval_s: Option<u32>,
    /// The shortest interval that is taken; a shorter one gets 422. At least 90, the default.
    pub min_s: Option<u32>,
    /// Who refreshes, where we may say so: `edge` or `peer`. Default: as the peer likes.
    pub refresher: Option<Refresher>,
}

/// Whether sessions have a timer.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimerMode {
    /// Never.
    Off,
    /// If the peer asks for one.
    #[default]
    Accept,
    /// We ask for one.
    Want,
}

/// Who refreshes a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Refresher {
    /// We do.
    Edge,
    /// The peer does.
    Peer,
}
