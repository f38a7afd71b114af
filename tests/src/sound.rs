//! The ear of the proofs: tones to play, and how long a tone is heard in a recording.

use std::path::Path;

/// Samples in a second, everywhere here.
pub const RATE: u32 = 8_000;
/// Samples in a window of the ear: 100 ms, so that tones 10 Hz apart are different tones.
const WINDOW: usize = 800;
/// The part of a window's energy that a tone must have to count as heard.
const PURE: f64 = 0.5;
/// A window whose samples are below this on average is silence.
const LOUD: f64 = 200.0;

/// A sine of this many hertz, a third of full scale.
pub fn tone(hz: u32, seconds: u32) -> Vec<i16> {
    let step = f64::from(hz) * std::f64::consts::TAU / f64::from(RATE);
    (0..seconds * RATE)
        .map(|at| pcm((f64::from(at) * step).sin() * 10_000.0))
        .collect()
}

/// How many seconds of a recording are this tone.
pub fn seconds_of(samples: &[i16], hz: u32) -> f64 {
    let heard = samples
        .chunks_exact(WINDOW)
        .filter(|window| purity(window, hz) > PURE)
        .count();
    f64::from(u32::try_from(heard * WINDOW).expect("a short recording")) / f64::from(RATE)
}

/// The part of the window's energy that is this tone: 0 to 1 (Goertzel's algorithm).
fn purity(window: &[i16], hz: u32) -> f64 {
    let length = f64::from(u32::try_from(window.len()).expect("a window is short"));
    let energy: f64 = window.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    if (energy / length).sqrt() < LOUD {
        return 0.0;
    }
    let turn = 2.0 * (f64::from(hz) * std::f64::consts::TAU / f64::from(RATE)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for &sample in window {
        (last, before) = (f64::from(sample) + turn * last - before, last);
    }
    let power = last * last + before * before - turn * last * before;
    2.0 * power / (length * energy)
}

/// Writes a WAV file: 8 kHz, 16 bit, mono.
pub fn write_wav(path: &Path, samples: &[i16]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).expect("a WAV file can be written");
    samples
        .iter()
        .for_each(|&sample| file.write_sample(sample).expect("a sample can be written"));
    file.finalize().expect("a WAV file can be finished");
}

/// Writes bare G.711 µ-law, as SIPp plays it.
pub fn write_ulaw(path: &Path, samples: &[i16]) {
    let bytes: Vec<u8> = samples.iter().map(|&sample| ulaw(sample)).collect();
    std::fs::write(path, bytes).expect("a sound file can be written");
}

/// The samples of a 16 bit recording, of the first channel and at [`RATE`]. Its header may be unfinished: all that follows
/// it counts.
pub fn read_recording(path: &Path) -> Vec<i16> {
    const HEADER_BYTES: usize = 44;
    const CHANNELS_AT: usize = 22;
    // Its lower half: no phone has more than 65,535 samples in a second.
    const RATE_AT: usize = 24;
    let bytes = std::fs::read(path).unwrap_or_default();
    let samples = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let number = |at: usize| match bytes.get(at..at + 2) {
        Some(&[low, high]) => usize::from(u16::from_le_bytes([low, high])),
        Some(_) | None => 0,
    };
    let (channels, rate) = (number(CHANNELS_AT), number(RATE_AT));
    let step = channels.max(1) * (rate / RATE as usize).max(1);
    samples
        .chunks_exact(2)
        .step_by(step)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// G.711 µ-law: sign, three bits of exponent, four of mantissa, all inverted.
fn ulaw(sample: i16) -> u8 {
    const BIAS: u16 = 132;
    const CLIP: u16 = 32_635;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.unsigned_abs().min(CLIP) + BIAS;
    let exponent = (magnitude >> 7).ilog2();
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    let bits = (u16::try_from(exponent).expect("0 to 7") << 4) | mantissa;
    !(sign | u8::try_from(bits).expect("seven bits"))
}

fn pcm(value: f64) -> i16 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a third of full scale is in range"
    )]
    let sample = value.round() as i16;
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_heard_and_another_is_not() {
        let sound = [tone(440, 2), vec![0; 8_000], tone(1_000, 1)].concat();
        assert_eq!(seconds_of(&sound, 440), 2.0);
        assert_eq!(seconds_of(&sound, 1_000), 1.0);
        assert_eq!(seconds_of(&sound, 600), 0.0);
        assert_eq!(seconds_of(&[], 440), 0.0);
    }

    #[test]
    fn noise_and_two_tones_at_once_are_told_apart() {
        let mut state = 1u32;
        let noise: Vec<i16> = (0..16_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                i16::from_be_bytes([state.to_be_bytes()[0], state.to_be_bytes()[1]]) / 4
            })
            .collect();
        assert_eq!(seconds_of(&noise, 440), 0.0);
        let quiet: Vec<i16> = tone(440, 1).iter().map(|sample| sample / 100).collect();
        assert_eq!(
            seconds_of(&quiet, 440),
            0.0,
            "silence with a trace of a tone is silence"
        );
    }

    #[test]
    fn the_ear_hears_through_g711() {
        // ITU-T G.711, table 2a: the ends and the middle of the code.
        assert_eq!(
            [ulaw(0), ulaw(-1), ulaw(32_767), ulaw(-32_768)],
            [0xff, 0x7f, 0x80, 0x00]
        );
        assert_eq!([ulaw(132), ulaw(-132), ulaw(1_000)], [0xef, 0x6f, 0xce]);
    }

    #[test]
    fn a_recording_with_an_unfinished_header_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tone.wav");
        write_wav(&path, &tone(440, 1));
        assert_eq!(read_recording(&path), tone(440, 1));
        let mut bytes = std::fs::read(&path).expect("it was written");
        bytes[40..44].fill(0);
        std::fs::write(&path, bytes).expect("it can be written");
        assert_eq!(read_recording(&path).len(), 8_000);
    }
}
