//! Sockets on one side, the journal on the other, sip and media between.
//!
//! The edge has no opinion. What SIP and RTP bring it writes down as observations; what control decides it carries
//! out; and nothing that obliges anybody leaves a socket before its event is in the log.
//!
//! # The walk of an INVITE
//! 1. [`transport`] reads the datagram or frames the stream, [`run`] hands it to the [`core`](mod@core), which looks whose it is ([`trunk`],
//!    [`screen`], [`login`]) and gives it to the SIP endpoint. 100 Trying leaves at once.
//! 2. The endpoint says that a call wants to begin; [`admission`] lets it in; [`observe`] writes `InviteReceived`
//!    into the [`ledger`], [`outbox`] takes it to the log.
//! 3. Control reads it there and decides. The decision comes back by the log; [`act`] carries out each command.
//! 4. To answer, a leg needs a socket ([`switchboard`]); with it [`open`] answers by [`session`] and tells the
//!    [`call_media`] on its [`media_thread`] what was agreed on. 200 OK waits in the ledger until its facts are durable.
//! 5. What happens in the media comes back by [`heard`]; a change of the session by [`hold`], transfers by
//!    [`transfer`]. The end of a leg is in [`call`].
//!
//! An agent behind a WebSocket is no dialog: [`stream`] is its leg, [`websocket`] its connection, which belongs to the media of its call.
//!
//! [`Core`](core::Core) is all of this without sockets and clocks; [`Edge`] is the shell around it.

mod accounts;
pub mod act;
pub mod admission;
pub mod agreed;
pub mod answer;
pub mod bindings;
pub mod call;
pub mod call_media;
pub mod capture;
pub mod checkpoint;
pub mod clock;
pub mod configuration;
pub mod core;
pub mod counters;
pub mod dialog;
pub mod dtls;
pub mod error;
pub mod handshakes;
pub mod heard;
pub mod hold;
pub mod identity;
pub mod invited;
pub mod keyring;
pub mod keys;
pub mod ledger;
pub mod left_behind;
pub mod leg;
pub mod listen;
pub mod locate;
pub mod login;
pub mod measures;
pub mod media_thread;
pub mod node;
pub mod observe;
pub mod occupancy;
pub mod open;
pub mod outbox;
mod over;
pub mod pacing;
pub mod port;
pub mod ports;
pub mod probing;
mod quarantine;
pub mod readiness;
pub mod record;
pub mod recorder;
pub mod recordings;
pub mod redial;
pub mod refusal;
pub mod registrations;
pub mod run;
pub mod screen;
pub mod session;
pub mod session_name;
pub mod sockets;
pub mod step;
pub mod strangers;
pub mod stream;
pub mod switchboard;
pub mod tally;
pub mod terms;
pub mod threads;
pub mod told;
pub mod transfer;
pub mod transport;
pub mod trunk;
pub mod voice;
pub mod way;
pub mod websocket;

pub use configuration::{
    Agent, Asked, Codec, Configuration, Connections, Digest, Digits, Group, Identity, Login, Offer,
    Pace, Probe, RequestUri, RtpPorts, Security, SrtpKeying, TlsVersion, Trunk, TrunkSecurity,
    UnknownSources,
};
pub use counters::{Counters, Snapshot};
pub use error::Error;
pub use listen::Listen;
pub use run::Edge;
pub use sip::endpoint::flow::Transport;
