//! SIP without sockets: wire layer, transactions, dialogs (RFC 3261, 6026, 3515).
//!
//! # Wire layer
//! [`message::Message`] keeps the octets and says where everything stands; typed views are read on demand, so that a
//! header nobody asks for cannot fail. [`build`] writes requests and responses. Nothing here knows a transaction.
//!
//! # Transactions, dialogs, endpoint
//! [`transaction`] has the four machines of RFC 3261 §17, [`dialog`] what two ends agree on, and [`endpoint::Endpoint`]
//! owns all of both for one edge: `handle(input, now)`, `poll()`, `deadline()`. **Drain `poll` after every input.**

#![cfg_attr(not(test), deny(clippy::as_conversions))]

pub mod build;
pub mod cseq;
pub mod dialog;
pub mod endpoint;
pub mod escape;
pub mod header;
pub mod host;
pub mod identity;
mod lex;
pub mod limits;
pub mod malformed;
pub mod message;
pub mod method;
pub mod name_addr;
pub mod params;
mod parse;
pub mod reason;
pub mod refer;
pub mod reliable;
pub mod replaces;
#[cfg(any(test, feature = "rsip"))]
pub mod rsip;
pub mod session_timer;
pub mod status;
pub mod stream;
pub mod subscription;
pub mod timers;
pub mod transaction;
pub mod uri;
pub mod validate;
pub mod via;

pub use build::{BuildError, RequestBuilder, ResponseBuilder};
pub use cseq::CSeq;
pub use header::{HeaderError, Name};
pub use host::Host;
pub use lex::text_of;
pub use malformed::{Answer, Fault, Malformed, Silence};
pub use message::{Field, Message};
pub use method::Method;
pub use name_addr::NameAddr;
pub use params::{Param, Params};
pub use status::StatusCode;
pub use stream::{Framed, StreamParser};
pub use uri::{Scheme, Uri};
pub use validate::{unsupported, validate};
pub use via::Via;
