//! The words for media that several events share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The direction attribute of a media stream, from the side of who wrote the description
/// (RFC 8866, section 6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MediaDirection {
    /// Both ways; the default.
    SendReceive,
    /// It sends and does not listen: how a caller puts somebody on hold.
    SendOnly,
    /// It listens and does not send.
    ReceiveOnly,
    /// Neither way.
    Inactive,
}

/// What a session description offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaOffer {
    /// The codecs in the order of the offer, as `PCMU/8000`.
    pub codecs: Vec<String>,
    /// Where the peer wants to receive, `ip:port`.
    pub address: String,
    /// The transport profile: `RTP/AVP`, `RTP/SAVP`.
    pub profile: String,
    /// The direction that was offered.
    pub direction: MediaDirection,
    /// Whether telephone events (RFC 4733) were offered.
    pub telephone_event: bool,
}

/// A payload type and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PayloadFormat {
    /// The number, 0 to 127.
    pub payload_type: u8,
    /// The format, as `opus/48000/2` or `telephone-event/8000`.
    pub format: String,
}

/// What was counted of one direction of a media stream (RFC 3550, section 6.4 and appendix A).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamMeasure {
    /// Packets.
    pub packets: u64,
    /// Octets of payload.
    pub payload_bytes: u64,
    /// Packets that never came, by sequence number; nothing is known of them for what was sent.
    pub lost: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came behind a later one.
    pub reordered: u64,
    /// Interarrival jitter at the end, in microseconds.
    pub jitter_us: u32,
    /// The greatest interarrival jitter, in microseconds.
    pub jitter_max_us: u32,
    /// The longest time without a packet, in milliseconds.
    pub longest_gap_ms: u32,
    /// Packets whose audio was silence, of those whose level was looked at, in per mille.
    pub silence_permille: u16,
    /// More, since it is counted.
    pub detail: Option<StreamDetail>,
}

/// What is counted of one direction beside packets. For what was sent, only the levels are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamDetail {
    /// Packets that came behind a later one by more than five.
    pub late: u64,
    /// Packets that came, but too late for a jitter buffer of 60 ms.
    pub out_of_buffer: u64,
    /// Runs of lost packets: as many as were lost if each was lost alone.
    pub loss_runs: u64,
    /// Packets of comfort noise (RFC 3389).
    pub comfort_noise: u64,
    /// How often the SSRC changed or the numbering began again.
    pub restarts: u32,
    /// How often the timestamp jumped by more than a second without a talk spurt that begins there.
    pub timestamp_jumps: u32,
    /// How often the payload type of the audio changed.
    pub codec_changes: u32,
    /// The payload type of the audio that came last.
    pub payload_type: Option<u8>,
    /// Milliseconds of audio in a packet, by the timestamps of most.
    pub packet_ms: Option<u16>,
    /// Packets that had our own SSRC and came from where ours go, let in or not: what we sent comes back.
    pub looped: u64,
    /// The mean level in dBov, below 0; none if the audio was not looked at.
    pub level_dbov: Option<i8>,
    /// Packets with samples at full scale, of those whose level was looked at, in per mille.
    pub clipped_permille: u16,
    /// Packets of nothing but the code for silence, of those whose level was looked at, in per mille: a muted sender, not a
    /// quiet one.
    pub idle_permille: u16,
    /// What it is worth to a listener; none if nothing came, or for what was sent.
    pub rating: Option<SpeechRating>,
    /// Packets of audio of which its decoder made nothing. Known only where somebody had to decode them: for a listener with
    /// another codec.
    pub undecodable: u64,
    /// How often three packets in sequence of another SSRC came from the learned source; they are not let in.
    pub foreign_streams: u32,
    /// How the peer's clock runs; none if its packets do not tell for a minute.
    pub clock_skew: Option<ClockSkew>,
}

/// How the clock of a peer's timestamps runs against ours: the slope of the shortest transit times of its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockSkew {
    /// How much slower it is than ours, in millionths; negative if it is faster.
    pub ppm: i32,
    /// For how many seconds that was seen without a break, 60 at least.
    pub over_s: u32,
}

/// What a direction is worth to a listener, by the E-model (ITU-T G.107) from codec, loss and delay of this leg alone. It is
/// computed, not heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpeechRating {
    /// R in tenths, 0 to 1000; 932 is the best that narrowband can be.
    pub r_tenths: u16,
    /// The mean opinion score that R stands for, in hundredths, 100 to 450.
    pub mos_hundredths: u16,
    /// The delay that is in it: half a round trip, the buffer and a packet, in milliseconds. None if no round trip was told:
    /// then it is what it can be at best.
    pub delay_ms: Option<u32>,
    /// The impairment of the codec that it rests on, by name: `G.711 with concealment`.
    pub codec: String,
    /// Ie of it (ITU-T G.113), in tenths.
    pub ie_tenths: u16,
    /// Its packet-loss robustness Bpl (ITU-T G.113), in tenths: 251 for G.711 with concealment.
    pub bpl_tenths: u16,
}

/// Five seconds of what came from a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaSample {
    /// How long it is, in milliseconds; the last one before a measure may be shorter.
    pub over_ms: u32,
    /// Packets that came.
    pub received: u32,
    /// Packets that did not.
    pub lost: u32,
    /// Those that came too late for a jitter buffer of 60 ms.
    pub out_of_buffer: u32,
    /// The greatest interarrival jitter in it, in microseconds.
    pub jitter_max_us: u32,
    /// The shortest transit time in it, in microseconds from any zero that stays the same while the stream does: its slope
    /// is how much the peer's clock is slower than ours.
    pub transit_us: Option<i32>,
    /// The round trip that the peer's reports told last, in microseconds.
    pub round_trip_us: Option<u32>,
    /// The mean opinion score of it alone, in hundredths.
    pub mos_hundredths: Option<u16>,
    /// The payload type of the audio that came last in it.
    pub payload_type: Option<u8>,
    /// The mean level in it, in dBov; none if no sound was in it, or if the audio was not looked at.
    pub level_dbov: Option<i8>,
    /// Packets of nothing but the code for silence, of those whose level was looked at, in per mille; none if none was.
    pub idle_permille: Option<u16>,
    /// How often in it the SSRC changed, the numbering began again, the timestamp jumped, or another stream came that was not
    /// let in.
    pub restarts: u32,
}

/// Why the media of a leg was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MeasureOccasion {
    /// The leg is over: these are the last words on it.
    End,
    /// Some time passed.
    Interval,
    /// More was lost in five seconds than before, and more than the bound.
    Loss,
    /// Nothing comes any more, or no sound.
    Silence,
    /// Another codec comes.
    Codec,
}

/// Why a packet was not let in.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum RefusedBecause {
    /// It is no RTP packet.
    Malformed,
    /// Offer and answer were not agreed on yet.
    NotNegotiated,
    /// Its payload type was not agreed on.
    PayloadType,
    /// The agreed direction has no packets from the peer.
    Direction,
    /// It came from an address that may not be learned, or after another was.
    ForeignSource,
    /// It came from an address that may be learned, but is not yet.
    Probation,
    /// It has another SSRC than the one that was learned.
    ForeignSsrc,
    /// Its sequence number is far from all others.
    SequenceJump,
    /// It is RTCP.
    Rtcp,
    /// SRTP was agreed on, and it is not authentic.
    Unauthenticated,
    /// SRTP was agreed on, and a packet of that number was there.
    Replayed,
    /// SRTP was agreed on, and the handshake that makes its keys is not over.
    NoKeys,
    /// It is STUN (RFC 8489).
    Stun,
    /// It is DTLS, and there is no handshake to be had.
    Handshake,
}

/// Packets that were not let in for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedPackets {
    /// Why.
    pub because: RefusedBecause,
    /// How many.
    pub packets: u64,
}

/// What is not heard of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MediaSilence {
    /// No packet is let in.
    NoPackets,
    /// Packets come, but no sound is in them.
    NoSound,
}

/// What was seen of a leg up to a moment, and since something was heard of it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaSeen {
    /// Packets from the peer, in all.
    pub received: u64,
    /// Packets to the peer, in all.
    pub sent: u64,
    /// Packets to the peer while nothing was heard.
    pub sent_meanwhile: u64,
    /// Packets that were not let in while nothing was heard: audio that comes from elsewhere is here.
    pub refused_meanwhile: Vec<RefusedPackets>,
    /// Where the last of them came from, `ip:port`.
    pub refused_source: Option<String>,
}

/// How a peer told what it heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PeerAccount {
    /// The P-RTP-Stat header field of Cisco.
    PRtpStat,
    /// The X-RTP-Stat header field of AudioCodes.
    XRtpStat,
    /// The RTP-RxStat and RTP-TxStat header fields of phones.
    RtpStat,
    /// The block of VoIP metrics of an extended report (RFC 3611, section 4.7).
    ExtendedReport,
}

/// How a digit came (RFC 4733, SIP INFO, or tones).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DigitMethod {
    /// A telephone event in the RTP stream (RFC 4733).
    TelephoneEvent,
    /// A SIP INFO request.
    Info,
    /// Tones in the audio (ITU-T Q.23).
    InBand,
}

/// A codec that the edge speaks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum AudioCodec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722.
    G722,
    /// Opus (RFC 6716).
    Opus,
}

/// A way to exchange the keys of SRTP.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum SrtpKeying {
    /// They stand in the session descriptions (RFC 4568).
    Sdes,
    /// A DTLS handshake on the port of media makes them (RFC 5764).
    Dtls,
}

/// What is offered to a leg that goes through no trunk; a trunk's own terms say so for its legs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaTerms {
    /// Whether its media is SRTP.
    pub srtp: SrtpPolicy,
    /// How the keys of SRTP are exchanged, the best way first; none: in the descriptions.
    pub keying: Vec<SrtpKeying>,
    /// Its codecs, the best first; none: what the leg speaks that it is dialed for, and G.711.
    pub codecs: Vec<AudioCodec>,
}

/// What is wanted of a leg's media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SrtpPolicy {
    /// Plain RTP only.
    #[default]
    Off,
    /// SRTP if the peer can (RFC 8643).
    Prefer,
    /// SRTP or nothing.
    Require,
}
