//! The way in: nothing is kept of an SSRC before a packet of it was authentic.

use super::cipher::{Cipher, Place, Tag, Use};
use super::report::ReportReceiver;
use super::rollover::Rollover;
use super::{MasterKey, Mki};
use crate::packet::Packet;
use crate::refusal::Reason;

/// SSRCs of a peer that are remembered: one, and a few that came before it. Only authentic packets make one.
const STREAMS_MAX: usize = 4;

/// What a peer sends with.
pub(super) struct Receiver {
    current: Keyed,
    /// The key before it: what was on its way when the peer changed it. Gone with the first packet of the new one.
    previous: Option<Box<Keyed>>,
    /// Where a packet is kept that an attempt may spoil while another is to follow.
    kept: Vec<u8>,
}

/// One key of the peer.
struct Keyed {
    key: MasterKey,
    mki: Option<Mki>,
    cipher: Cipher,
    /// The newest last.
    streams: Streams,
    /// From the first report on.
    reports: Option<Box<ReportReceiver>>,
}

/// Of each SSRC what was there.
type Streams = Vec<(u32, Rollover)>;

/// A packet, taken apart.
struct Parts {
    header_bytes: usize,
    /// Where the encrypted part ends.
    end: usize,
    tag: Tag,
    tag_bytes: usize,
}

impl Receiver {
    pub(super) fn new(key: &MasterKey, mki: Option<Mki>) -> Receiver {
        Receiver {
            current: Keyed::new(key, mki),
            previous: None,
            kept: Vec::new(),
        }
    }

    pub(super) fn rekey(&mut self, key: &MasterKey, mki: Option<Mki>) {
        if self.current.key == *key && self.current.mki == mki {
            return;
        }
        // A key that comes back has its numbers behind it still.
        let back = self.previous.take();
        let next = match back {
            Some(back) if back.key == *key && back.mki == mki => *back,
            Some(_) | None => Keyed::new(key, mki),
        };
        let before = std::mem::replace(&mut self.current, next);
        self.previous = Some(Box::new(before));
    }

    pub(super) fn unprotect(&mut self, packet: &Packet, bytes: &mut [u8]) -> Result<usize, Reason> {
        let Receiver {
            current,
            previous,
            kept,
        } = self;
        let has_previous = previous.is_some();
        match current.unprotect(packet, bytes, kept, has_previous) {
            Err(Reason::Unauthenticated) => match previous {
                Some(previous) => previous.unprotect(packet, bytes, kept, false),
                None => Err(Reason::Unauthenticated),
            },
            Ok(length) => {
                *previous = None;
                Ok(length)
            }
            refused => refused,
        }
    }

    pub(super) fn unprotect_report(&mut self, bytes: &mut [u8]) -> Result<usize, Reason> {
        let Receiver {
            current,
            previous,
            kept,
        } = self;
        match current.unprotect_report(bytes, kept, previous.is_some()) {
            Err(Reason::Unauthenticated) => match previous {
                Some(previous) => previous.unprotect_report(bytes, kept, false),
                None => Err(Reason::Unauthenticated),
            },
            result => result,
        }
    }
}

impl Keyed {
    fn new(key: &MasterKey, mki: Option<Mki>) -> Keyed {
        Keyed {
            key: key.clone(),
            mki,
            cipher: Cipher::new(key, Use::Packets),
            streams: Vec::new(),
            reports: None,
        }
    }

    fn unprotect(
        &mut self,
        packet: &Packet,
        bytes: &mut [u8],
        kept: &mut Vec<u8>,
        more_follow: bool,
    ) -> Result<usize, Reason> {
        let parts = self
            .take_apart(packet, bytes)
            .ok_or(Reason::Unauthenticated)?;
        let known = self
            .streams
            .iter()
            .position(|(ssrc, _)| *ssrc == packet.ssrc);
        let sequence = u64::from(packet.sequence);
        // Of an unknown SSRC the beginning may have been missed: then its numbers may have wrapped once already.
        let (first, second) = match known {
            Some(known) => (self.streams[known].1.index_of(packet.sequence), None),
            None => (sequence, Some(1 << 16 | sequence)),
        };
        if known.is_some_and(|known| !self.streams[known].1.is_fresh(first)) {
            return Err(Reason::Replayed);
        }
        let is_kept = self.cipher.spoils() && (second.is_some() || more_follow);
        if is_kept {
            kept.clear();
            kept.extend_from_slice(bytes);
        }
        for index in [Some(first), second].into_iter().flatten() {
            let place = Place {
                ssrc: packet.ssrc,
                index,
            };
            let opened = self.cipher.open(
                place,
                &mut bytes[..parts.end],
                parts.header_bytes,
                &parts.tag[..parts.tag_bytes],
            );
            if opened {
                accept(&mut self.streams, known, place);
                return Ok(parts.end);
            }
            if is_kept {
                bytes.copy_from_slice(kept);
            }
        }
        Err(Reason::Unauthenticated)
    }

    /// `header | encrypted | MKI | tag`; under GCM the tag is part of what is encrypted, and the MKI stands behind it
    /// (RFC 3711, section 3.1; RFC 7714, section 8).
    fn take_apart(&self, packet: &Packet, bytes: &[u8]) -> Option<Parts> {
        let tag_bytes = self.cipher.tag_bytes();
        let (mki, mki_bytes) = match self.mki {
            Some(Mki { value, octets }) => (value.to_be_bytes(), usize::from(octets)),
            None => ([0; 8], 0),
        };
        let end = bytes.len().checked_sub(tag_bytes + mki_bytes)?;
        let behind = bytes.get(end..)?;
        let (tag, named) = match self.cipher {
            Cipher::Counter { .. } => {
                let (named, tag) = behind.split_at(mki_bytes);
                (tag, named)
            }
            Cipher::Aead { .. } => behind.split_at(tag_bytes),
        };
        let header_bytes = packet.payload_start;
        if end < header_bytes || !mki.ends_with(named) {
            return None;
        }
        let mut parts = Parts {
            header_bytes,
            end,
            tag: Tag::default(),
            tag_bytes,
        };
        parts.tag[..tag_bytes].copy_from_slice(tag);
        Some(parts)
    }

    fn unprotect_report(
        &mut self,
        bytes: &mut [u8],
        kept: &mut Vec<u8>,
        more_follow: bool,
    ) -> Result<usize, Reason> {
        let Keyed {
            key, mki, reports, ..
        } = self;
        let reports = reports.get_or_insert_with(|| Box::new(ReportReceiver::new(key)));
        let parts = reports
            .take_apart(*mki, bytes)
            .ok_or(Reason::Unauthenticated)?;
        let ssrc = parts.place.ssrc;
        let known = reports.streams.iter().position(|(other, _)| *other == ssrc);
        if known.is_some_and(|known| !reports.streams[known].1.is_fresh(parts.place.index)) {
            return Err(Reason::Replayed);
        }
        let is_kept = reports.spoils() && more_follow;
        if is_kept {
            kept.clear();
            kept.extend_from_slice(bytes);
        }
        if reports.open(&parts, bytes) {
            accept(&mut reports.streams, known, parts.place);
            return Ok(parts.end);
        }
        if is_kept {
            bytes.copy_from_slice(kept);
        }
        Err(Reason::Unauthenticated)
    }
}

/// Only what is authentic gets here.
fn accept(streams: &mut Streams, known: Option<usize>, place: Place) {
    match known {
        Some(known) => streams[known].1.accept(place.index),
        None => {
            if streams.len() == STREAMS_MAX {
                streams.remove(0);
            }
            streams.push((place.ssrc, Rollover::new(place.index)));
        }
    }
}
