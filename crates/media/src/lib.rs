//! RTP, RTCP and SRTP without sockets: sessions, relay, G.711, DTMF, built-in agents, quality (RFC 3550, 3711, 4733).
//!
//! One [`Call`] holds the legs of a call and what each of them hears: another leg, a built-in agent,
//! nothing. It owns no socket, reads no clock and allocates nothing for a relayed packet.
//!
//! # How to drive it
//! ```text
//! datagram   -> call.handle_packet(leg, datagram, now) -> Option<Transmit>   write it
//! report     -> call.handle_report(leg, source, bytes, now)                what came to the socket of RTCP
//! all else   -> call.handle(input, now) -> Result<(), Error>
//! afterwards -> while let Some(output) = call.poll() { Send, Report, Frame, Key, Reached: write it | Event: record it }
//! timer      -> call.deadline(): at that time call.handle(Input::Wake, now)
//! ```
//! **Drain `poll` to `None` after every `handle` and `handle_packet`, before the next one; then read
//! `deadline` again.** A relayed packet is returned at once, rewritten in the caller's buffer; a
//! packet that is made here is lent out by `poll` from the call's one buffer.
//!
//! `now` never goes back. A deadline that does not change from packet to packet is the rule: the
//! silence watch looks every two seconds, it does not move its timer with each packet.

#![cfg_attr(not(test), deny(clippy::as_conversions))]

pub mod agent;
pub mod call;
#[cfg(test)]
mod clock;
pub mod codec;
mod conceal;
pub mod demux;
pub mod dialect;
pub mod dtmf;
pub mod emodel;
pub mod error;
pub mod event;
pub mod g711;
pub mod g722;
mod latch;
mod leg;
pub mod level;
pub mod measure;
pub mod negotiated;
mod noise;
pub mod opus;
mod outgoing;
pub mod packet;
mod quality;
pub mod recorder;
pub mod refusal;
mod resample;
mod rtcp;
pub mod silence;
pub mod srtp;
pub mod stream;
pub mod tone;
mod transcode;

pub use agent::{Agent, Menu};
pub use call::{Call, Settings};
pub use codec::{Clock, Codec};
pub use dialect::{Dialect, Introduction, Message, Said};
pub use dtmf::{Digit, Digits, Doubled, Press};
pub use emodel::{Pin, Rating};
pub use error::Error;
pub use event::{
    Datagram, DigitLoss, Event, Finished, Hears, Input, KeySeen, LegId, Method, Opening, Output,
    RecordOrder, Seen, Transmit,
};
pub use measure::{ClockSkew, Measured, Occasion, Reported, Sample, Stream, Streamed};
pub use negotiated::{Direction, LatchRule, Negotiated, SourceRule, SsrcRule};
pub use opus::Redundancy;
pub use quality::Echoed;
pub use recorder::RecordedDigits;
pub use refusal::{Reason, Refused, RtpHead, Stranger};
pub use rtcp::Metrics;
pub use silence::Silence;
pub use srtp::{MasterKey, Mki, Secured, Suite};
