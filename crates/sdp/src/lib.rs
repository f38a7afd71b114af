//! Session descriptions and the offer/answer model (RFC 8866, RFC 3264), with the keys of SRTP (RFC 4568, RFC 8643, RFC 5763).
//!
//! [`SessionDescription`] reads what peers send and keeps every octet. [`offer`], [`answer`] and [`accept`] are pure:
//! the same offer and the same [`LocalMedia`] give the same answer, and one struct, [`Negotiated`], says what was
//! agreed.
//!
//! ```
//! use trunkline_sdp::{Codec, LocalMedia, LocalSession, SessionDescription, answer};
//!
//! let offer = SessionDescription::parse(
//!     b"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 8 0\r\n",
//! ).unwrap();
//! let local = LocalMedia::new("198.51.100.2:20000".parse().unwrap(), &[Codec::Pcmu, Codec::Pcma]);
//! let answer = answer(&offer, &local, &mut LocalSession::new(1)).unwrap();
//! assert_eq!(answer.negotiated.codec, Codec::Pcmu);
//! assert_eq!(answer.negotiated.remote, "192.0.2.1:4000".parse().unwrap());
//! ```

#![cfg_attr(not(test), deny(clippy::as_conversions))]

pub mod codec;
pub mod crypto;
pub mod description;
pub mod direction;
pub mod dtls;
pub mod key;
mod line;
pub mod local;
pub mod media;
pub mod negotiate;
pub mod rejection;
pub mod security;

pub use codec::Codec;
pub use crypto::{Crypto, Mki, Suite};
pub use description::{Connection, Error, Host, Origin, SessionDescription};
pub use direction::Direction;
pub use dtls::{Fingerprint, HashFunction, LocalDtls, Role, Setup};
pub use key::MasterKey;
pub use local::{LocalMedia, LocalSession, offer};
pub use media::{Media, Profile, RtpMap};
pub use negotiate::{Answer, Dtmf, Negotiated, accept, answer};
pub use rejection::Rejection;
pub use security::{FellBack, Handshake, Keying, LocalKeys, Protection, Secured, Security, Way};
