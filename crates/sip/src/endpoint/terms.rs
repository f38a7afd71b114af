//! Terms: what we agree to beside the session itself, per leg, and what Supported says because of it.

use crate::dialog::abilities::{RELIABLE, TIMER};
use crate::dialog::timer::{MIN_SE_S, Side};

/// What a leg agrees to. The endpoint's configuration has those of legs for which nobody says anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// Reliable provisional answers.
    pub reliable: Reliable,
    /// Session timers.
    pub timer: TimerTerms,
    /// Requests that are too large for a datagram.
    pub large: Large,
}

/// How a request goes that is too large for a datagram (RFC 3261 §18.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Large {
    /// As a datagram all the same: for peers without TCP, and where we do not listen to it. The default.
    #[default]
    Datagram,
    /// By TCP to the same address and port, and as a datagram where that is refused. Our own port must take TCP too.
    Stream,
}

/// Whether provisional answers are acknowledged (RFC 3262).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reliable {
    /// Never: `100rel` is not said, and a peer that requires it gets 420.
    Off,
    /// If the peer wants it. The default.
    #[default]
    Supported,
    /// Our own provisional answers are reliable wherever the peer can do it.
    Preferred,
    /// As `Preferred`, and our INVITE requires it.
    Required,
}

/// Session timers (RFC 4028).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerTerms {
    /// Whether there is one.
    pub mode: TimerMode,
    /// The interval that we ask for, in seconds; default 1800.
    pub expires_s: u32,
    /// The shortest interval that we bear, in seconds, 90 at least; default 90.
    pub min_se_s: u32,
    /// Who shall refresh, where we may say so.
    pub refresher: Option<Side>,
}

/// Whether sessions have a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimerMode {
    /// Never: `timer` is not said.
    Off,
    /// If the peer asks. The default.
    #[default]
    Accept,
    /// We ask.
    Want,
}

impl Default for TimerTerms {
    fn default() -> Self {
        TimerTerms {
            mode: TimerMode::default(),
            expires_s: 1800,
            min_se_s: MIN_SE_S,
            refresher: None,
        }
    }
}

impl TimerTerms {
    /// The shortest interval that we bear, in seconds.
    pub fn floor_s(&self) -> u32 {
        self.min_se_s.max(MIN_SE_S)
    }
}

impl Terms {
    /// The extensions that a peer may require of us, as Supported lists them.
    pub fn supported(&self) -> impl Iterator<Item = &'static str> + use<> {
        let reliable = (self.reliable != Reliable::Off).then_some(RELIABLE);
        let timer = (self.timer.mode != TimerMode::Off).then_some(TIMER);
        let agreed = reliable.into_iter().chain(timer);
        agreed.chain(ALWAYS.iter().copied())
    }

    /// The value of Supported.
    pub(crate) fn supported_value(&self) -> String {
        crate::build::list(self.supported())
    }
}

/// Extensions that need nobody's agreement.
const ALWAYS: &[&str] = &["norefersub"];
