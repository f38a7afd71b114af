//! A WAV file of two channels and 16 bits, whose header is right after each [`HEADER_EVERY`] and at its end: who reads it
//! before, or after a crash, finds at least that much.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use schemas::Hash;
use sha2::{Digest, Sha256};

use super::Complete;

/// Octets of the header: RIFF, one `fmt ` chunk, and the head of the `data` chunk.
pub const HEADER_BYTES: u64 = 44;

/// Octets of a frame: two channels of 16 bits.
pub const FRAME_BYTES: u64 = 4;

/// The most octets of samples: the header tells them in 32 bits, with its own behind the eighth.
const DATA_BYTES_MAX: u64 = (1 << 32) - 1 - HEADER_BYTES;

/// How much audio is written between two headers.
const HEADER_EVERY: Duration = Duration::from_secs(1);

/// A file that is written.
#[derive(Debug)]
pub struct Wav {
    file: File,
    sample_hz: u32,
    /// Octets of samples.
    data: u64,
    /// What the header says of them.
    told: u64,
}

impl Wav {
    /// A new file; one that is there already is not touched.
    pub fn create(path: &Path, sample_hz: u32) -> io::Result<Wav> {
        let mut options = File::options();
        let file = options.read(true).write(true).create_new(true).open(path)?;
        let mut wav = Wav {
            file,
            sample_hz,
            data: 0,
            told: 0,
        };
        wav.write_header()?;
        Ok(wav)
    }

    /// A file that somebody else left behind: what is no whole frame is cut off.
    pub fn take_up(path: &Path) -> io::Result<Wav> {
        let file = File::options().read(true).write(true).open(path)?;
        let mut header = [0; 44];
        file.read_exact_at(&mut header, 0)?;
        let sample_hz = u32::from_le_bytes([header[24], header[25], header[26], header[27]]);
        if !header.starts_with(b"RIFF") || sample_hz == 0 {
            return Err(io::Error::other("it is no WAV file"));
        }
        let data = (file.metadata()?.len() - HEADER_BYTES) / FRAME_BYTES * FRAME_BYTES;
        file.set_len(HEADER_BYTES + data)?;
        Ok(Wav {
            file,
            sample_hz,
            data,
            told: 0,
        })
    }

    /// Adds frames.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let more = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        if self.data + more > DATA_BYTES_MAX {
            return Err(io::Error::other("a WAV file takes no more than 4 GiB"));
        }
        self.file.write_all_at(octets, HEADER_BYTES + self.data)?;
        self.data += more;
        if self.data - self.told >= self.bytes_in(HEADER_EVERY) {
            self.write_header()?;
        }
        Ok(())
    }

    /// How much audio is in it.
    pub fn length(&self) -> Duration {
        self.duration(self.data / FRAME_BYTES)
    }

    /// How long so many frames are.
    pub fn duration(&self, frames: u64) -> Duration {
        Duration::from_micros(frames.saturating_mul(1_000_000) / u64::from(self.sample_hz.max(1)))
    }

    /// The file breaks off: its header tells what is there, if that can be written.
    pub fn give_up(mut self) {
        let _ = self.file.set_len(HEADER_BYTES + self.data);
        let _ = self.write_header();
    }

    /// Makes it durable, and reads it once for its hash.
    pub fn complete(mut self) -> io::Result<Complete> {
        self.write_header()?;
        self.file.sync_all()?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 256 << 10];
        let mut file = &self.file;
        io::Seek::seek(&mut file, io::SeekFrom::Start(0))?;
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
        }
        Ok(Complete {
            sha256: Hash(hash.finalize().into()),
            length: self.length(),
            octets: HEADER_BYTES + self.data,
        })
    }

    fn bytes_in(&self, time: Duration) -> u64 {
        u64::from(self.sample_hz) * FRAME_BYTES * time.as_secs()
    }

    fn write_header(&mut self) -> io::Result<()> {
        let word = |value: u64| u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes();
        let hz = u64::from(self.sample_hz);
        let (linear, channels, bits) = (1_u16, 2_u16, 16_u16);
        let frame = u16::try_from(FRAME_BYTES).unwrap_or(4);
        let parts: [&[u8]; 13] = [
            b"RIFF",
            &word(HEADER_BYTES - 8 + self.data),
            b"WAVE",
            b"fmt ",
            &word(16),
            &linear.to_le_bytes(),
            &channels.to_le_bytes(),
            &word(hz),
            &word(hz * FRAME_BYTES),
            &frame.to_le_bytes(),
            &bits.to_le_bytes(),
            b"data",
            &word(self.data),
        ];
        self.file.write_all_at(&parts.concat(), 0)?;
        self.told = self.data;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_read_at_any_time_and_its_hash_is_that_of_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("one.wav");
        let mut wav = Wav::create(&path, 8_000).unwrap();
        let second: Vec<u8> = (0..8_000_i16)
            .flat_map(|n| [n.to_le_bytes(), (-n).to_le_bytes()].concat())
            .collect();
        wav.write(&second).unwrap();
        wav.write(&second[..400]).unwrap();
        let open = hound::WavReader::open(&path).unwrap();
        assert_eq!(open.duration(), 8_000, "the header is a second old at most");
        let complete = wav.complete().unwrap();
        let octets = std::fs::read(&path).unwrap();
        assert_eq!(complete.sha256, Hash::of(&octets));
        assert_eq!(complete.octets, 44 + 32_000 + 400);
        assert_eq!(complete.length, Duration::from_micros(1_012_500));
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(reader.spec().channels, 2);
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples[..4], [0, 0, 1, -1]);
        assert!(Wav::create(&path, 8_000).is_err(), "it is there already");
    }

    #[test]
    fn what_was_left_behind_is_taken_up_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("one.wav");
        let mut wav = Wav::create(&path, 16_000).unwrap();
        wav.write(&[7; 4_000]).unwrap();
        drop(wav);
        let file = File::options().append(true).open(&path).unwrap();
        file.write_all_at(&[9, 9, 9], 4_044).unwrap();
        let complete = Wav::take_up(&path).unwrap().complete().unwrap();
        assert_eq!(complete.octets, 4_044);
        assert_eq!(complete.length, Duration::from_micros(62_500));
        assert_eq!(hound::WavReader::open(&path).unwrap().duration(), 1_000);
        std::fs::write(&path, b"RIFF").unwrap();
        assert!(Wav::take_up(&path).is_err());
    }
}
