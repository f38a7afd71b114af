//! What a caller of this crate can get wrong.

use crate::codec::Codec;
use crate::event::LegId;

/// Why an input was not carried out. What comes from the network is never an error: it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The call has no such leg.
    #[error("leg {} does not exist", .0.0)]
    UnknownLeg(LegId),
    /// The leg is there already.
    #[error("leg {} exists already", .0.0)]
    LegExists(LegId),
    /// The call has [`crate::call::MAX_LEGS`] legs.
    #[error("the call has no room for another leg")]
    TooManyLegs,
    /// A leg cannot hear itself; the echo agent does that.
    #[error("leg {} cannot hear itself", .0.0)]
    HearsItself(LegId),
    /// The packet time is not 10 to 60 ms, or not whole milliseconds of samples.
    #[error("a packet time of {0} ms is not within 10 to 60 ms")]
    PacketTime(u16),
    /// A payload type is above 127, or stands for two things.
    #[error("payload type {0} is above 127 or used twice")]
    PayloadType(u8),
    /// No telephone events were agreed on: the digit has to go another way (SIP INFO).
    #[error("leg {} takes no telephone events", .0.0)]
    NoTelephoneEvent(LegId),
    /// Only a stream says, marks and clears.
    #[error("leg {} is no stream", .0.0)]
    NotAStream(LegId),
    /// Audio of the codec cannot be cut between samples.
    #[error("no stream can be of codec {0:?}")]
    NoStream(Codec),
    /// The call has one recording at a time.
    #[error("the call is recorded already")]
    RecordedAlready,
    /// The leg is not recorded.
    #[error("leg {} is not recorded", .0.0)]
    NotRecorded(LegId),
    /// [`crate::dtmf::MAX_PENDING`] digits wait to be sent.
    #[error("leg {} has too many digits to send", .0.0)]
    TooManyDigits(LegId),
}
