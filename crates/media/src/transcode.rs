//! From the codec of who speaks to that of who listens, where octets cannot simply be rewritten.
//!
//! ```text
//! packets -> Window -> Decoder -> samples -> Speech: resampled -> encoded -> packets of the listener's length
//!            in order  losses made up       (8 or 16 kHz)
//! ```
//! Nothing is held back while packets come in order: a packet is decoded and sent on in the call in which it came. Jitter
//! passes through, as it does on a relayed leg: the listener has a buffer for it, and a second one here would only add its
//! delay. What comes too early waits for its predecessor, for [`window::PATIENCE`] at most; then the gap is made up.
//!
//! A sender that stops on purpose (Opus' discontinuous transmission, comfort noise of RFC 3389) is a quiet line: noise
//! goes on until it speaks again. The listener's timestamps then go on with the time, and a marker bit tells the new talk
//! spurt.

mod decoder;
mod encoder;
mod speech;
mod window;

use std::time::{Duration, Instant};

use crate::codec::Codec;
use crate::noise::Noise;
use crate::opus;
use crate::outgoing::StreamKey;
pub(crate) use decoder::Decoder;
pub(crate) use speech::Speech;
pub(crate) use window::Kind;
use window::{Next, Window};

/// What one stream says, decoded.
#[derive(Debug)]
pub(crate) struct Transcoder {
    stream: StreamKey,
    from: Codec,
    sample_hz: u32,
    window: Window,
    decoder: Decoder,
    /// The timestamp of the audio that comes next, if nothing is missing, and how long its packets are, in ticks.
    due: Option<u32>,
    packet_ticks: u32,
    quiet: Option<Quiet>,
    samples: Vec<i16>,
    /// Packets of which the decoder made nothing, since they were asked for.
    undecodable: u64,
}

/// The sender stopped on purpose.
#[derive(Debug)]
struct Quiet {
    /// By the noise that it told, or by its decoder.
    noise: Option<Noise>,
    next_at: Instant,
    until: Instant,
}

/// Audio of the stream.
#[derive(Debug)]
pub(crate) struct Piece<'t> {
    pub samples: &'t [i16],
    /// It does not follow the last piece: a talk spurt begins.
    pub is_spurt: bool,
}

/// A packet of the stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'b> {
    pub sequence: u16,
    pub timestamp: u32,
    pub kind: Kind,
    pub payload: &'b [u8],
}

impl Transcoder {
    /// For a stream in `from`, at the rate of samples that `to` takes.
    pub(crate) fn new(stream: StreamKey, from: Codec, to: Codec) -> Transcoder {
        let sample_hz = rate(from, to);
        Transcoder {
            stream,
            from,
            sample_hz,
            window: Window::default(),
            decoder: Decoder::new(from, sample_hz),
            due: None,
            packet_ticks: from.clock().ticks(USUAL_PACKET),
            quiet: None,
            samples: vec![0; samples_in(PIECE, sample_hz)],
            undecodable: 0,
        }
    }

    /// How many packets could not be decoded since this was asked last.
    pub(crate) fn take_undecodable(&mut self) -> u64 {
        std::mem::take(&mut self.undecodable)
    }

    /// Whether it is made for this stream and this listener.
    pub(crate) fn fits(&self, stream: StreamKey, from: Codec, to: Codec) -> bool {
        (self.stream, self.from, self.sample_hz) == (stream, from, rate(from, to))
    }

    /// Whether it is made for this stream, whatever the packet is.
    pub(crate) fn hears(&self, stream: StreamKey) -> bool {
        self.stream == stream
    }

    /// Who speaks, and in which codec.
    pub(crate) fn source(&self) -> (u16, Codec) {
        (self.stream.leg, self.from)
    }

    /// Samples in a second of what it gives.
    pub(crate) fn sample_hz(&self) -> u32 {
        self.sample_hz
    }

    /// Takes a packet.
    pub(crate) fn take(&mut self, said: Said<'_>, now: Instant) {
        self.window.push(said, now);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let quiet = self.quiet.as_ref().map(|quiet| quiet.next_at);
        [self.window.deadline(), quiet].into_iter().flatten().min()
    }

    /// The next piece, if there is one now.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Piece<'_>> {
        loop {
            let Some(next) = self.window.pop(now) else {
                return self.noise(now);
            };
            let (count, is_spurt) = match next {
                Next::Lost { packets, slot } => match self.conceal(packets, slot) {
                    0 => continue,
                    count => (count, false),
                },
                Next::Packet(slot) => match self.decode(slot, now) {
                    Some((count, is_spurt)) => (count, is_spurt),
                    None => continue,
                },
            };
            return Some(Piece {
                samples: &self.samples[..count],
                is_spurt,
            });
        }
    }

    /// Decodes the packet of a slot: how many samples it has, and whether a talk spurt begins with it.
    fn decode(&mut self, slot: usize, now: Instant) -> Option<(usize, bool)> {
        let said = self.window.slot(slot);
        match said.kind {
            Kind::Audio => {}
            Kind::Key => return None,
            Kind::Noise => {
                let noise = Noise::new(said.payload);
                self.quiet = Some(Quiet::new(Some(noise), now));
                return None;
            }
        }
        let timestamp = said.timestamp;
        let Some(count) = self.decoder.decode(said.payload, &mut self.samples) else {
            self.undecodable += 1;
            return None;
        };
        let is_quiet = self.from == Codec::Opus && opus::is_silence(said.payload);
        self.quiet = is_quiet.then(|| Quiet::new(None, now));
        let ahead = self.due.map_or(0, |due| timestamp.wrapping_sub(due));
        let tolerated = self.from.clock().ticks(TOLERATED);
        let is_spurt = (tolerated..u32::MAX / 2).contains(&ahead);
        self.packet_ticks = self.ticks(count);
        self.due = Some(timestamp.wrapping_add(self.packet_ticks));
        Some((count, is_spurt))
    }

    /// Makes up what is missing before the packet of a slot: how many samples.
    fn conceal(&mut self, packets: u16, slot: usize) -> usize {
        let said = self.window.slot(slot);
        let Some(due) = self.due.filter(|_| self.quiet.is_none()) else {
            return 0;
        };
        let by_count = u32::from(packets).saturating_mul(self.packet_ticks);
        let by_time = said.timestamp.wrapping_sub(due);
        let is_audio = said.kind == Kind::Audio;
        let ticks = if is_audio && (1..u32::MAX / 2).contains(&by_time) {
            by_time
        } else if is_audio {
            0
        } else {
            by_count
        };
        let ticks = ticks.min(self.from.clock().ticks(PIECE));
        let count = usize::try_from(self.samples_in_ticks(ticks)).unwrap_or(0);
        // Opus makes up whole 2.5 ms.
        let count = count - count % (samples_in(Duration::from_micros(2_500), self.sample_hz));
        let samples = &mut self.samples[..count];
        if count > 0 {
            let next = said.payload;
            self.decoder.conceal(samples, is_audio.then_some(next));
            self.due = Some(due.wrapping_add(self.ticks(count)));
        }
        count
    }

    /// Noise, while the sender is quiet on purpose.
    fn noise(&mut self, now: Instant) -> Option<Piece<'_>> {
        let quiet = self.quiet.as_mut().filter(|quiet| quiet.next_at <= now)?;
        let samples = &mut self.samples[..samples_in(USUAL_PACKET, self.sample_hz)];
        match &mut quiet.noise {
            Some(noise) => noise.fill(samples),
            None => self.decoder.conceal(samples, None),
        }
        // Late by more than a packet: go on from now rather than in a burst.
        quiet.next_at = (quiet.next_at + USUAL_PACKET).max(now);
        if quiet.next_at >= quiet.until {
            self.quiet = None;
        }
        let ticks = self.from.clock().ticks(USUAL_PACKET);
        self.due = self.due.map(|due| due.wrapping_add(ticks));
        Some(Piece {
            samples: &self.samples[..samples_in(USUAL_PACKET, self.sample_hz)],
            is_spurt: false,
        })
    }

    fn ticks(&self, samples: usize) -> u32 {
        let ticks = u64::try_from(samples).unwrap_or(0) * u64::from(self.from.clock().0);
        u32::try_from(ticks / u64::from(self.sample_hz)).unwrap_or(0)
    }

    fn samples_in_ticks(&self, ticks: u32) -> u64 {
        u64::from(ticks) * u64::from(self.sample_hz) / u64::from(self.from.clock().0)
    }
}

impl Quiet {
    fn new(noise: Option<Noise>, now: Instant) -> Quiet {
        Quiet {
            noise,
            next_at: now + USUAL_PACKET + SLACK,
            until: now + QUIET_MAX,
        }
    }
}

/// Samples in a second between two codecs: those that `from` gives. Opus gives as many as the other takes.
fn rate(from: Codec, to: Codec) -> u32 {
    match from {
        Codec::Opus => match to {
            Codec::Opus => MAX_SAMPLE_HZ,
            other => other.row().sample_hz,
        },
        other => other.row().sample_hz,
    }
}

fn samples_in(duration: Duration, sample_hz: u32) -> usize {
    let samples = duration.as_micros() * u128::from(sample_hz) / 1_000_000;
    usize::try_from(samples).unwrap_or(0)
}

/// Samples in a second at most: those of G.722.
pub(crate) const MAX_SAMPLE_HZ: u32 = 16_000;
/// The longest packet that is decoded, and the longest loss that is made up at once (RFC 6716, section 3.2).
const PIECE: Duration = Duration::from_millis(120);
/// What a packet is long until one came, and how noise is made.
const USUAL_PACKET: Duration = Duration::from_millis(20);
/// Timestamps may be ahead by so much without a talk spurt.
const TOLERATED: Duration = Duration::from_millis(5);
/// Noise of a quiet sender is made so late, so that it does not run ahead of its next packet: two packets of jitter.
const SLACK: Duration = Duration::from_millis(40);
/// A sender that is quiet for longer without a sign is gone, and the line with it. Opus gives one each 400 ms.
const QUIET_MAX: Duration = Duration::from_secs(5);
