//! Configuration of an endpoint: who we are, what we support, how much we keep.

use std::net::SocketAddr;

use crate::timers::Timers;

use super::terms::Terms;

/// How an endpoint presents itself and where its bounds are.
#[derive(Debug, Clone)]
pub struct Config {
    /// Secret randomness for tags, branches and Call-IDs; never the same in two endpoints or two runs.
    pub seed: [u8; 32],
    /// Base times.
    pub timers: Timers,
    /// User-Agent and Server.
    pub product: Box<str>,
    /// User part of our Contact where the user of the endpoint gives none.
    pub contact_user: Box<str>,
    /// Addresses that peers know us by, where they differ from the socket's (NAT).
    pub advertised: Vec<Advertised>,
    /// Content types of an INFO that we take; others get 415.
    pub info_types: Vec<Box<str>>,
    /// What legs agree to for which nobody says anything else.
    pub terms: Terms,
    /// Whether trunks may register to us.
    pub registrar: Registrar,
    /// Bounds.
    pub bounds: Bounds,
}

/// What becomes of a REGISTER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registrar {
    /// It gets 405. The default.
    #[default]
    None,
    /// The user is asked, by `Event::RegisterReceived`.
    User,
}

/// Our socket's address and what to write instead.
#[derive(Debug, Clone)]
pub struct Advertised {
    /// The socket's address.
    pub local: SocketAddr,
    /// Host and port for Via and Contact, such as `sip.example.net:32681`.
    pub sent_by: Box<str>,
}

/// How much one endpoint keeps; beyond it new calls get 503 with Retry-After and nothing is kept for them.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Transactions, default 400,000: a call leaves about four behind for 32 s, so this allows 3,000 calls/s.
    pub transactions: usize,
    /// Legs, default 50,000.
    pub legs: usize,
    /// Seconds in the Retry-After of a 503, default 10.
    pub retry_after_s: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            transactions: 400_000,
            legs: 50_000,
            retry_after_s: 10,
        }
    }
}

impl Config {
    /// The defaults with this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Config {
            seed,
            timers: Timers::default(),
            product: concat!("Trunkline/", env!("CARGO_PKG_VERSION")).into(),
            contact_user: "trunkline".into(),
            advertised: Vec::new(),
            info_types: ["application/dtmf-relay", "application/dtmf"]
                .map(Into::into)
                .into(),
            terms: Terms::default(),
            registrar: Registrar::None,
            bounds: Bounds::default(),
        }
    }

    /// Host and port to write for a socket's address.
    pub fn sent_by(&self, local: SocketAddr) -> Box<str> {
        match self.advertised.iter().find(|row| row.local == local) {
            Some(row) => row.sent_by.clone(),
            None => local.to_string().into(),
        }
    }
}

/// Methods that we take; everything else that has a name is 405, what has none is 501.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY";

/// Early dialogs and 2xx forks kept per INVITE: more callees ringing at once is no trunk.
pub const FORKS_MAX: usize = 8;

/// Times in a row that a request is sent again because its Session-Expires was too short (422): each proxy on the way
/// may have a floor of its own.
pub const MIN_SE_TRIES_MAX: u8 = 4;

/// Reliable provisional answers that wait for the PRACK of the one before.
pub const PROVISIONALS_MAX: usize = 4;

/// Reports about a transfer that wait for the answer to the one before.
pub const NOTIFY_QUEUE_MAX: usize = 8;

/// Times that a report is sent whose NOTIFY was overtaken by a later request (500).
pub const REPORT_TRIES_MAX: u8 = 3;

/// Routes in a dialog: no honest path is longer.
pub const ROUTES_MAX: usize = 16;

/// Tries of a re-INVITE that collides with the peer's.
pub const GLARE_TRIES_MAX: u8 = 3;

/// Seconds that the implicit subscription of a REFER lives (RFC 3515 §2.4.4): longer than any ring bound.
pub const REFER_EXPIRES_S: u32 = 180;
