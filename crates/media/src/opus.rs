//! Opus (RFC 6716, RFC 7587), by `ropus`: mono, at the rate of the codec on the other side of the call.
//!
//! An encoder for G.711 takes 8 kHz and sends narrowband, a decoder for G.711 gives 8 kHz: nothing is resampled, and
//! nothing is coded that the other side could not hear.

use std::fmt;

use ropus::{Application, Bitrate, Channels, DecodeMode, InbandFec, Signal};

/// From samples to packets.
pub(crate) struct Encoder(Box<ropus::Encoder>);

/// From packets to samples.
pub(crate) struct Decoder(Box<ropus::Decoder>);

/// Whether lost packets can be made good from the next one (RFC 7587, section 6.1, `useinbandfec`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redundancy {
    /// The peer does not use it.
    #[default]
    None,
    /// The peer asks for it.
    InBand,
}

impl Encoder {
    pub(crate) fn new(sample_hz: u32, redundancy: Redundancy) -> Encoder {
        let bitrate = if sample_hz > 8_000 {
            WIDEBAND_BITS
        } else {
            NARROWBAND_BITS
        };
        let mut builder = ropus::Encoder::builder(sample_hz, Channels::Mono, Application::Voip)
            .complexity(COMPLEXITY)
            .signal(Signal::Voice)
            .bitrate(Bitrate::Bits(bitrate));
        if redundancy == Redundancy::InBand {
            builder = builder
                .inband_fec(InbandFec::Enabled)
                .packet_loss_perc(EXPECTED_LOSS_PERCENT);
        }
        let encoder = builder.build();
        Encoder(Box::new(encoder.expect("the settings are constants")))
    }

    /// Encodes 10, 20, 40 or 60 ms; says how many octets they are.
    pub(crate) fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let room = payload.len().min(MAX_FRAME_BYTES);
        // It refuses lengths that are none of its own only, and they are not asked for.
        self.0.encode(samples, &mut payload[..room]).unwrap_or(0)
    }
}

impl Decoder {
    pub(crate) fn new(sample_hz: u32) -> Decoder {
        let decoder = ropus::Decoder::new(sample_hz, Channels::Mono);
        Decoder(Box::new(decoder.expect("the rate is a constant")))
    }

    /// Decodes a packet into room for 120 ms; says how many samples it holds, none if it is no Opus.
    pub(crate) fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> Option<usize> {
        if payload.is_empty() {
            return None;
        }
        self.0.decode(payload, samples, DecodeMode::Normal).ok()
    }

    /// Makes up what was lost: whole 2.5 ms.
    pub(crate) fn conceal(&mut self, samples: &mut [i16]) {
        if self.0.decode(&[], samples, DecodeMode::Normal).is_err() {
            samples.fill(0);
        }
    }

    /// The end of what was lost is taken from the packet that follows, if that carries it; the rest is made up.
    pub(crate) fn recover(&mut self, next: &[u8], samples: &mut [i16]) {
        if self.0.decode(next, samples, DecodeMode::Fec).is_err() {
            self.conceal(samples);
        }
    }
}

/// Whether a packet says that nobody speaks (discontinuous transmission): no more than its first octets.
pub(crate) fn is_silence(payload: &[u8]) -> bool {
    payload.len() <= 2
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("opus::Encoder")
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("opus::Decoder")
    }
}

/// How hard the encoder tries, 0 to 10. `cargo bench -p trunkline-media --bench transcode` measures both directions of a call
/// between G.711 and Opus, redundancy included: 3 costs about 3 ms of a core for each second of the call, 5 costs 6.5 and
/// 10 costs 10. A telephone does not hear the difference; 6 ms are the most that it may cost.
const COMPLEXITY: u8 = 3;
/// Bits per second of narrowband and wideband speech (RFC 7587, section 3.1.1), redundancy included.
const NARROWBAND_BITS: u32 = 20_000;
const WIDEBAND_BITS: u32 = 28_000;
/// What redundancy is made for: a bad mobile link.
const EXPECTED_LOSS_PERCENT: u8 = 5;
/// Octets of a frame at most (RFC 6716, section 3.2).
const MAX_FRAME_BYTES: usize = 1_275;
