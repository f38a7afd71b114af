//! RTCP packets, several in one datagram (RFC 3550, sections 6.1, 6.4 to 6.6, and appendix A.2 for what is believed).

use super::extended::Metrics;

/// What is read of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Compound {
    /// Whose it is.
    pub from: u32,
    /// The middle of the time stamp of its sender report.
    pub sender: Option<u32>,
    /// What it says of our packets.
    pub about_us: Option<Block>,
    /// What it says of our packets in an extended report.
    pub metrics: Option<Metrics>,
    /// Whether it says BYE.
    pub is_bye: bool,
}

/// What a sender says of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SenderInfo {
    /// Seconds and fractions.
    pub time: u64,
    /// The same moment in RTP's clock.
    pub timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// What a receiver says of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Whose stream.
    pub about: u32,
    /// Lost since its last report, of 256.
    pub fraction: u8,
    /// Lost in all, 24 bits; less than none, because of duplicates, counts as none.
    pub lost: u32,
    /// The highest sequence number with its cycles.
    pub highest: u32,
    /// In ticks of RTP's clock.
    pub jitter: u32,
    /// The middle of the time stamp of the last sender report that it got, or 0.
    pub last_sender_report: u32,
    /// Since then, in 1/65536 s.
    pub since_last: u32,
}

impl Compound {
    /// Reads a datagram of whole packets that begins with a report. `None` if it is none.
    pub(super) fn parse(bytes: &[u8], ours: u32) -> Option<Compound> {
        let mut rest = bytes;
        let mut compound: Option<Compound> = None;
        while !rest.is_empty() {
            let (packet, behind) = Packet::split(rest)?;
            let is_first = compound.is_none();
            // Only the last one may be padded.
            if packet.is_padded && !behind.is_empty() {
                return None;
            }
            match packet.kind {
                SENDER_REPORT | RECEIVER_REPORT => {
                    let report = packet.report(ours)?;
                    compound = Some(match compound {
                        // More than 31 sources take several reports.
                        Some(known) => Compound {
                            about_us: known.about_us.or(report.about_us),
                            ..known
                        },
                        None => report,
                    });
                }
                BYE => compound.as_mut()?.is_bye = true,
                EXTENDED_REPORT => {
                    let known = compound.as_mut()?;
                    known.metrics = Metrics::parse(packet.body, ours).or(known.metrics);
                }
                _ if is_first => return None,
                _ => {}
            }
            rest = behind;
        }
        compound
    }
}

/// One packet.
struct Packet<'a> {
    kind: u8,
    count: usize,
    is_padded: bool,
    /// Behind the first four octets.
    body: &'a [u8],
}

impl<'a> Packet<'a> {
    fn split(bytes: &'a [u8]) -> Option<(Packet<'a>, &'a [u8])> {
        let &[first, kind, high, low] = bytes.first_chunk()?;
        if first >> 6 != 2 {
            return None;
        }
        let words = usize::from(u16::from_be_bytes([high, low]));
        let (body, behind) = bytes[4..].split_at_checked(words * 4)?;
        let packet = Packet {
            kind,
            count: usize::from(first & 0x1f),
            is_padded: first & 0x20 != 0,
            body,
        };
        Some((packet, behind))
    }

    fn report(&self, ours: u32) -> Option<Compound> {
        let (from, mut rest) = word(self.body)?;
        let mut sender = None;
        if self.kind == SENDER_REPORT {
            let (info, behind) = rest.split_at_checked(SENDER_INFO_BYTES)?;
            let &[_, _, a, b, c, d, ..] = info.first_chunk::<8>()?;
            sender = Some(u32::from_be_bytes([a, b, c, d]));
            rest = behind;
        }
        let mut about_us = None;
        for _ in 0..self.count {
            let (block, behind) = rest.split_at_checked(BLOCK_BYTES)?;
            let block = Block::parse(block)?;
            if block.about == ours {
                about_us = Some(block);
            }
            rest = behind;
        }
        Some(Compound {
            from,
            sender,
            about_us,
            metrics: None,
            is_bye: false,
        })
    }
}

impl Block {
    fn parse(bytes: &[u8]) -> Option<Block> {
        let (about, rest) = word(bytes)?;
        let (losses, rest) = word(rest)?;
        let (highest, rest) = word(rest)?;
        let (jitter, rest) = word(rest)?;
        let (last_sender_report, rest) = word(rest)?;
        let (since_last, _) = word(rest)?;
        let [fraction, ..] = losses.to_be_bytes();
        let lost = losses & 0xff_ffff;
        Some(Block {
            about,
            fraction,
            lost: if lost > LOST_MAX { 0 } else { lost },
            highest,
            jitter,
            last_sender_report,
            since_last,
        })
    }

    fn write(&self) -> [u8; BLOCK_BYTES] {
        let losses = u32::from(self.fraction) << 24 | self.lost.min(LOST_MAX);
        let words = [
            self.about,
            losses,
            self.highest,
            self.jitter,
            self.last_sender_report,
            self.since_last,
        ];
        let mut bytes = [0; BLOCK_BYTES];
        for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }
}

/// Writes a report and our name behind it; how long it is.
pub(super) fn write(
    buffer: &mut [u8; COMPOUND_BYTES_MAX],
    ssrc: u32,
    sender: Option<SenderInfo>,
    block: Option<Block>,
    name: &str,
) -> usize {
    let mut writer = Writer { buffer, length: 0 };
    let kind = if sender.is_some() {
        SENDER_REPORT
    } else {
        RECEIVER_REPORT
    };
    let sender_bytes = sender.map_or(0, |_| SENDER_INFO_BYTES);
    let block_bytes = block.map_or(0, |_| BLOCK_BYTES);
    writer.header(
        u8::from(block.is_some()),
        kind,
        4 + sender_bytes + block_bytes,
    );
    writer.put(&ssrc.to_be_bytes());
    if let Some(info) = sender {
        writer.put(&info.time.to_be_bytes());
        for word in [info.timestamp, info.packets, info.octets] {
            writer.put(&word.to_be_bytes());
        }
    }
    if let Some(block) = block {
        writer.put(&block.write());
    }
    // SSRC, the item, and at least one zero up to a whole word.
    let name = &name.as_bytes()[..name.len().min(NAME_BYTES_MAX)];
    let item = 4 + 2 + name.len();
    let chunk = (item + 1).next_multiple_of(4);
    writer.header(1, SOURCE_DESCRIPTION, chunk);
    writer.put(&ssrc.to_be_bytes());
    writer.put(&[CNAME, u8::try_from(name.len()).unwrap_or(0)]);
    writer.put(name);
    writer.put(&[0; 4][..chunk - item]);
    writer.length
}

struct Writer<'a> {
    buffer: &'a mut [u8; COMPOUND_BYTES_MAX],
    length: usize,
}

impl Writer<'_> {
    fn header(&mut self, count: u8, kind: u8, body_bytes: usize) {
        let words = u16::try_from(body_bytes / 4).unwrap_or(0);
        let [high, low] = words.to_be_bytes();
        self.put(&[0x80 | count, kind, high, low]);
    }

    fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        self.buffer[self.length..end].copy_from_slice(bytes);
        self.length = end;
    }
}

pub(super) fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*word), rest))
}

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const EXTENDED_REPORT: u8 = 207;
const CNAME: u8 = 1;
const SENDER_INFO_BYTES: usize = 20;
const BLOCK_BYTES: usize = 24;
/// The cumulative loss has 24 bits and a sign.
const LOST_MAX: u32 = 0x7f_ffff;
/// Octets of our name: 16 hexadecimal digits.
const NAME_BYTES_MAX: usize = 16;
/// A sender report with a block, and our name.
pub(crate) const COMPOUND_BYTES_MAX: usize =
    4 + 4 + SENDER_INFO_BYTES + BLOCK_BYTES + 4 + 4 + 2 + NAME_BYTES_MAX + 4;

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: u32 = 0x0102_0304;

    fn block() -> Block {
        Block {
            about: OURS,
            fraction: 64,
            lost: 1_234,
            highest: 0x0001_fffe,
            jitter: 80,
            last_sender_report: 0x1122_3344,
            since_last: 65_536,
        }
    }

    fn written(sender: Option<SenderInfo>, block: Option<Block>) -> Vec<u8> {
        let mut buffer = [0; COMPOUND_BYTES_MAX];
        let length = write(&mut buffer, 7, sender, block, "0123456789abcdef");
        buffer[..length].to_vec()
    }

    #[test]
    fn what_is_written_is_read() {
        let sender = SenderInfo {
            time: 0xaaaa_1122_3344_bbbb,
            timestamp: 160,
            packets: 5,
            octets: 800,
        };
        let bytes = written(Some(sender), Some(block()));
        let read = Compound::parse(&bytes, OURS).unwrap();
        assert_eq!((read.from, read.sender), (7, Some(0x1122_3344)));
        assert_eq!((read.about_us, read.is_bye), (Some(block()), false));
        let stranger = Compound::parse(&bytes, OURS + 1).unwrap();
        assert_eq!(stranger.about_us, None);
        let bye = [&bytes[..], &[0x81, BYE, 0, 1, 0, 0, 0, 7]].concat();
        assert!(Compound::parse(&bye, OURS).unwrap().is_bye);
        assert_eq!(
            Compound::parse(&written(None, None), OURS).unwrap().sender,
            None
        );
    }

    #[test]
    fn fewer_than_none_lost_are_none() {
        let mut bytes = written(None, Some(block()));
        bytes[13..16].copy_from_slice(&[0xff, 0xff, 0xfe]);
        assert_eq!(
            Compound::parse(&bytes, OURS)
                .unwrap()
                .about_us
                .unwrap()
                .lost,
            0
        );
        bytes[13..16].copy_from_slice(&[0x7f, 0xff, 0xff]);
        assert_eq!(
            Compound::parse(&bytes, OURS)
                .unwrap()
                .about_us
                .unwrap()
                .lost,
            LOST_MAX
        );
    }

    #[test]
    fn what_is_no_report_is_not_believed() {
        let whole = written(None, Some(block()));
        for end in 1..whole.len() {
            let cut = Compound::parse(&whole[..end], OURS);
            assert!(cut.is_none() || end == 32, "{end}: {cut:?}");
        }
        // A description first, another version, padding in the middle, a count without its blocks.
        assert_eq!(Compound::parse(&whole[32..], OURS), None);
        for (at, octet) in [(0, 0x41), (0, 0xa1), (0, 0x82)] {
            let mut bad = whole.clone();
            bad[at] = octet;
            assert_eq!(Compound::parse(&bad, OURS), None, "{octet:x}");
        }
        assert_eq!(Compound::parse(&[], OURS), None);
    }
}
