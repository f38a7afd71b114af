//! Peers that speak and understand every codec, and the judge of what they hear.

use std::f64::consts::TAU;
use std::time::Duration;

use ropus::{Application, Bitrate, Channels, DecodeMode, InbandFec};
use trunkline_media::{Codec, LegId, Negotiated, g711, g722};

use crate::driver::{Peer, Sent, Shell, address, negotiated};

/// Who speaks.
pub struct Mouth {
    pub peer: Peer,
    pub packet_ms: u32,
    hz: u32,
    at: u32,
    turns: f64,
    chirped: Vec<i16>,
    g722: g722::Encoder,
    opus: ropus::Encoder,
}

/// Who listens: samples at its own rate.
pub struct Ear {
    pub hz: u32,
    codec: Codec,
    g722: g722::Decoder,
    opus: ropus::Decoder,
}

/// What a judge heard of a sine.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// Against the level that was sent.
    pub level_db: f64,
    /// The sine against all else.
    pub snr_db: f64,
}

impl Mouth {
    pub fn new(peer: Peer, packet_ms: u32) -> Mouth {
        let hz = sample_hz(peer.codec);
        let opus = ropus::Encoder::builder(hz, Channels::Mono, Application::Voip);
        let opus = opus.bitrate(Bitrate::Bits(32_000)).build().unwrap();
        Mouth {
            peer,
            packet_ms,
            hz,
            at: 0,
            turns: 0.0,
            chirped: Vec::new(),
            g722: g722::Encoder::default(),
            opus,
        }
    }

    /// The next samples of a sine whose peak is a third of full scale.
    pub fn sine(&mut self, frequency_hz: u32) -> Vec<i16> {
        let count = self.hz / 1_000 * self.packet_ms;
        let from = self.at;
        self.at += count;
        let sample = |at: u32| {
            let turns = f64::from(at) * f64::from(frequency_hz) / f64::from(self.hz);
            (PEAK * (turns * TAU).sin()).round() as i16
        };
        (from..self.at).map(sample).collect()
    }

    /// Lost packets can be made good from the next one (Opus).
    pub fn add_redundancy(&mut self) {
        self.opus.set_inband_fec(InbandFec::Enabled).unwrap();
        self.opus.set_packet_loss_perc(20).unwrap();
    }

    /// The next samples of a voice that rises and falls and sounds like nothing before.
    pub fn chirp(&mut self) -> Vec<i16> {
        let count = self.hz / 1_000 * self.packet_ms;
        let from = self.at;
        self.at += count;
        for at in from..self.at {
            let seconds = f64::from(at) / f64::from(self.hz);
            self.turns += (170.0 + 80.0 * (seconds * 9.0).sin()) / f64::from(self.hz);
            let waves = (1..9u8).map(|wave| (self.turns * f64::from(wave) * TAU).sin());
            let loudness = 0.6 + 0.4 * (seconds * 31.0).sin();
            let sample = PEAK / 4.0 * loudness * waves.sum::<f64>();
            self.chirped.push(sample.round() as i16);
        }
        self.chirped[self.chirped.len() - usize::try_from(count).unwrap()..].to_vec()
    }

    /// How much what was heard is what was chirped, at the delay at which it is most: 1 if it is the same.
    pub fn likeness(&self, heard: &[i16]) -> f64 {
        let at_delay = |delay: usize| {
            let pairs = heard[delay..].iter().zip(&self.chirped);
            let (mut product, mut one, mut other) = (0.0, 1.0, 1.0);
            for (&heard, &said) in pairs {
                let (heard, said) = (f64::from(heard), f64::from(said));
                product += heard * said;
                one += heard * heard;
                other += said * said;
            }
            product / (one * other).sqrt()
        };
        (0..400).map(at_delay).fold(0.0, f64::max)
    }

    /// A packet of samples.
    pub fn packet(&mut self, samples: &[i16]) -> Vec<u8> {
        let codec = self.peer.codec;
        let payload = match (codec, codec.law()) {
            (_, Some(law)) => samples.iter().map(|&s| g711::encode(law, s)).collect(),
            (Codec::G722, _) => {
                let mut octets = vec![0; samples.len() / 2];
                self.g722.encode(samples, &mut octets);
                octets
            }
            (Codec::Opus, _) => {
                let mut octets = vec![0; 1_275];
                let length = self.opus.encode(samples, &mut octets).unwrap();
                octets.truncate(length);
                octets
            }
            _ => samples.iter().flat_map(|s| s.to_be_bytes()).collect(),
        };
        let bytes = self.peer.packet(payload_type(codec), false, payload);
        self.skip(1);
        bytes
    }

    /// Time passes in which nothing is sent, in packets.
    pub fn skip(&mut self, packets: u32) {
        let lasts = Duration::from_millis(u64::from(self.packet_ms * packets));
        let ticks = self.peer.codec.clock().ticks(lasts);
        self.peer.timestamp = self.peer.timestamp.wrapping_add(ticks);
    }

    /// Says a sine for so long.
    pub fn says(&mut self, shell: &mut Shell, frequency_hz: u32, milliseconds: u32) {
        for _ in 0..milliseconds / self.packet_ms {
            let samples = self.sine(frequency_hz);
            let bytes = self.packet(&samples);
            shell.datagram(self.peer.leg, self.peer.address, bytes);
            shell.pass(u64::from(self.packet_ms));
        }
    }
}

impl Ear {
    pub fn new(codec: Codec) -> Ear {
        let hz = sample_hz(codec);
        Ear {
            hz,
            codec,
            g722: g722::Decoder::default(),
            opus: ropus::Decoder::new(hz, Channels::Mono).unwrap(),
        }
    }

    /// The audio of packets; telephone events left out.
    pub fn hears(&mut self, sent: &[&Sent]) -> Vec<i16> {
        let audio = |sent: &&&Sent| sent.packet.header.payload_type == payload_type(self.codec);
        let audio: Vec<&&Sent> = sent.iter().filter(audio).collect();
        let mut heard = Vec::new();
        for sent in audio {
            let octets = &sent.packet.payload;
            match (self.codec, self.codec.law()) {
                (_, Some(law)) => heard.extend(octets.iter().map(|&code| g711::decode(law, code))),
                (Codec::G722, _) => {
                    let mut samples = vec![0; octets.len() * 2];
                    self.g722.decode(octets, &mut samples);
                    heard.extend(samples);
                }
                (Codec::Opus, _) => {
                    let mut samples = vec![0; 1_920];
                    let decoded = self.opus.decode(octets, &mut samples, DecodeMode::Normal);
                    heard.extend(&samples[..decoded.unwrap()]);
                }
                _ => {
                    let pairs = octets.as_chunks().0.iter();
                    heard.extend(pairs.map(|pair| i16::from_be_bytes(*pair)));
                }
            }
        }
        heard
    }
}

/// Fits a sine to each 50 ms of samples.
pub fn judge(samples: &[i16], hz: u32, frequency_hz: u32) -> Verdict {
    let (mut tone, mut rest) = (0.0, 0.0);
    let window = usize::try_from(hz / 20).unwrap();
    for window in samples.chunks_exact(window) {
        let turn = TAU * f64::from(frequency_hz) / f64::from(hz);
        let waves = || (0..window.len()).map(|at| (turn * at as f64).sin_cos());
        let (mut by_sin, mut by_cos) = (0.0, 0.0);
        for (&sample, (sin, cos)) in window.iter().zip(waves()) {
            by_sin += f64::from(sample) * sin * 2.0 / window.len() as f64;
            by_cos += f64::from(sample) * cos * 2.0 / window.len() as f64;
        }
        for (&sample, (sin, cos)) in window.iter().zip(waves()) {
            let fitted = by_sin * sin + by_cos * cos;
            tone += fitted * fitted;
            rest += (f64::from(sample) - fitted).powi(2);
        }
    }
    let windows = samples.len() / window * window;
    let mean = tone / windows.max(1) as f64;
    Verdict {
        level_db: 10.0 * (mean / (PEAK * PEAK / 2.0)).log10(),
        snr_db: 10.0 * (tone / rest.max(1e-9)).log10(),
    }
}

/// A leg of a codec with telephone events and a packet time.
pub fn leg(shell: &mut Shell, leg: LegId, codec: Codec, packet_ms: u16) -> Peer {
    let agreed = agreed(leg, codec, packet_ms);
    shell.input(trunkline_media::Input::Add { leg });
    shell.input(trunkline_media::Input::Update {
        leg,
        negotiated: agreed,
    });
    Peer::new(leg, codec)
}

pub fn agreed(leg: LegId, codec: Codec, packet_ms: u16) -> Negotiated {
    let mut agreed = negotiated(leg, codec);
    agreed.packet_ms = packet_ms;
    agreed.comfort_noise_accepted = Some(13);
    assert_eq!(agreed.remote, address(leg));
    agreed
}

pub fn payload_type(codec: Codec) -> u8 {
    codec.row().payload_type.unwrap_or(96)
}

fn sample_hz(codec: Codec) -> u32 {
    codec.row().sample_hz.min(16_000)
}

const PEAK: f64 = 10_000.0;
