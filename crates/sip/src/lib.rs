//! SIP without sockets: wire layer, transactions, dialogs (RFC 3261, 6026, 3262, 3311, 3515, 4028).
//!
//! # Wire layer
//! [`message::Message`] keeps the octets and says where everything stands; typed views are read on demand, so that a
//! header nobody asks for cannot fail. [`malformed`] and [`validate`](mod@validate) say what is wrong, with the status to
//! answer and whether anybody may be answered at all; [`stream`] cuts TCP into messages; [`build`] writes requests and
//! responses. Nothing of it knows a transaction.
//!
//! ```
//! use bytes::Bytes;
//! use trunkline_sip::{Message, ResponseBuilder, StatusCode, validate};
//!
//! let request = Message::parse(Bytes::from_static(
//!     b"OPTIONS sip:edge SIP/2.0\r\nv: SIP/2.0/UDP h;rport;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\n\
//!       t: <sip:edge>\r\ni: x\r\nCSeq: 1 OPTIONS\r\n\r\n",
//! ))?;
//! assert_eq!(validate(&request), Ok(()));
//! assert_eq!(request.from().unwrap().tag(), Some("1"));
//! let answer = ResponseBuilder::to(&request, StatusCode::OK)
//!     .source("192.0.2.1:5062".parse().unwrap())
//!     .to_tag("2")
//!     .build()
//!     .unwrap();
//! assert_eq!(answer.header(trunkline_sip::Name::Via), Some("SIP/2.0/UDP h;rport=5062;branch=z9hG4bK1;received=192.0.2.1"));
//! # Ok::<(), trunkline_sip::Malformed>(())
//! ```
//!
//! # Transactions, dialogs, endpoint
//! [`transaction`] has the four machines of RFC 3261 §17, [`dialog`] what two ends agree on, and [`endpoint::Endpoint`]
//! owns all of both for one edge: `handle(input, now)`, `poll()`, `deadline()`. **Drain `poll` after every input.**
//!
//! # Who is it
//! [`digest`] answers challenges with [`digest::Sessions`] and makes and judges them with [`digest::Verifier`].
//! [`registration::Registration`] keeps our binding at a registrar, [`registrar::Registrar`] those of trunks that
//! register to us; the endpoint carries the REGISTER requests of both.

#![cfg_attr(not(test), deny(clippy::as_conversions))]

pub mod build;
pub mod cseq;
pub mod dialog;
pub mod digest;
pub mod endpoint;
pub mod escape;
pub mod external_call;
pub mod header;
pub mod history_info;
pub mod host;
pub mod identity;
mod lex;
pub mod limits;
pub mod malformed;
pub mod message;
pub mod method;
pub mod name_addr;
pub mod number;
pub mod params;
mod parse;
pub mod reason;
pub mod refer;
pub mod registrar;
pub mod registration;
pub mod reliable;
pub mod replaces;
#[cfg(any(test, feature = "rsip"))]
pub mod rsip;
pub mod session_id;
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
