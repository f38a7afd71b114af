//! SRTCP: the form of a protected report (RFC 3711, section 3.4; RFC 7714, section 9).
//!
//! ```text
//! counter mode: header and SSRC | encrypted       | E, index | MKI | tag
//! GCM:          header and SSRC | encrypted | tag | E, index | MKI
//! ```

use super::cipher::{Cipher, Place, REPORT_HEADER_BYTES, Tag, Use};
use super::rollover::Rollover;
use super::{MasterKey, Mki};

/// Octets of the word that holds the index.
pub(super) const WORD_BYTES: usize = 4;
/// Says that a report is encrypted.
const ENCRYPTED: u32 = 0x8000_0000;
/// The last index: 31 bits.
const INDEX_MAX: u32 = 0x7fff_ffff;

/// What reports are sent with: made with the first one.
pub(super) struct ReportSender {
    cipher: Cipher,
}

impl ReportSender {
    pub(super) fn new(key: &MasterKey) -> ReportSender {
        ReportSender {
            cipher: Cipher::new(key, Use::Reports),
        }
    }

    /// Protects a report under the next index; `None` if there is no room behind it, or no index left.
    pub(super) fn protect(
        &mut self,
        used: &mut u32,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        let tag_bytes = self.cipher.tag_bytes();
        let whole = buffer.get_mut(..length + WORD_BYTES + tag_bytes)?;
        let ssrc = ssrc_of(&whole[..length])?;
        let index = used.checked_add(1).filter(|index| *index <= INDEX_MAX)?;
        *used = index;
        let word = ENCRYPTED | index;
        let place = Place {
            ssrc,
            index: index.into(),
        };
        let (report, behind) = whole.split_at_mut(length);
        let tag = self.cipher.seal_report(place, word, report);
        let (tag, word) = (&tag[..tag_bytes], word.to_be_bytes());
        let (first, second) = match self.cipher {
            Cipher::Counter { .. } => (&word[..], tag),
            Cipher::Aead { .. } => (tag, &word[..]),
        };
        behind[..first.len()].copy_from_slice(first);
        behind[first.len()..].copy_from_slice(second);
        Some(whole.len())
    }
}

/// A report, taken apart.
pub(super) struct Parts {
    pub place: Place,
    /// Where the report itself ends.
    pub end: usize,
    word: u32,
    tag: Tag,
    tag_bytes: usize,
}

/// What reports of one key of the peer are opened with.
pub(super) struct ReportReceiver {
    cipher: Cipher,
    /// Of each SSRC what was there; the newest last. Only authentic reports make one.
    pub streams: Vec<(u32, Rollover)>,
}

impl ReportReceiver {
    pub(super) fn new(key: &MasterKey) -> ReportReceiver {
        ReportReceiver {
            cipher: Cipher::new(key, Use::Reports),
            streams: Vec::new(),
        }
    }

    /// Whether an attempt to open spoils a report.
    pub(super) fn spoils(&self) -> bool {
        self.cipher.spoils()
    }

    pub(super) fn take_apart(&self, mki: Option<Mki>, bytes: &[u8]) -> Option<Parts> {
        let tag_bytes = self.cipher.tag_bytes();
        let (mki, mki_bytes) = match mki {
            Some(Mki { value, octets }) => (value.to_be_bytes(), usize::from(octets)),
            None => ([0; 8], 0),
        };
        let end = bytes
            .len()
            .checked_sub(WORD_BYTES + mki_bytes + tag_bytes)
            .filter(|end| *end >= REPORT_HEADER_BYTES)?;
        let behind = &bytes[end..];
        let (word, named, tag) = match self.cipher {
            Cipher::Counter { .. } => {
                let (word, behind) = behind.split_at(WORD_BYTES);
                let (named, tag) = behind.split_at(mki_bytes);
                (word, named, tag)
            }
            Cipher::Aead { .. } => {
                let (tag, behind) = behind.split_at(tag_bytes);
                let (word, named) = behind.split_at(WORD_BYTES);
                (word, named, tag)
            }
        };
        let word = u32::from_be_bytes(*word.first_chunk()?);
        // Nobody agreed to reports in the clear.
        if word & ENCRYPTED == 0 || !mki.ends_with(named) {
            return None;
        }
        let mut parts = Parts {
            place: Place {
                ssrc: ssrc_of(bytes)?,
                index: (word & INDEX_MAX).into(),
            },
            end,
            word,
            tag: Tag::default(),
            tag_bytes,
        };
        parts.tag[..tag_bytes].copy_from_slice(tag);
        Some(parts)
    }

    pub(super) fn open(&mut self, parts: &Parts, bytes: &mut [u8]) -> bool {
        let tag = &parts.tag[..parts.tag_bytes];
        self.cipher
            .open_report(parts.place, parts.word, &mut bytes[..parts.end], tag)
    }
}

fn ssrc_of(report: &[u8]) -> Option<u32> {
    let &[_, _, _, _, a, b, c, d] = report.first_chunk()?;
    Some(u32::from_be_bytes([a, b, c, d]))
}
