//! Gives the frames of a damaged segment file right checksums, so that the damage is met behind them too.
//!
//! The layout is that of `crates/journal/README.md`: a header of 76 octets with its checksum at the end, then frames of
//! 20 octets and a body, each with a checksum that is seeded with the log's id.

const HEADER_BYTES: usize = 76;
const FRAME_BYTES: usize = 20;

/// Writes every checksum anew, as far as the lengths lead.
pub fn checksums(file: &mut [u8]) {
    if file.len() < HEADER_BYTES {
        return;
    }
    let header = crc32c::crc32c(&file[..72]);
    file[72..76].copy_from_slice(&header.to_le_bytes());
    let seed = crc32c::crc32c(&file[16..24]);
    let mut at = HEADER_BYTES;
    while let Some(head) = file.get(at..at + FRAME_BYTES) {
        let length = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
        let end = at + FRAME_BYTES + length;
        if end > file.len() {
            return;
        }
        let sum = crc32c::crc32c_append(seed, &file[at..at + 4]);
        let sum = crc32c::crc32c_append(sum, &file[at + 8..end]);
        file[at + 4..at + 8].copy_from_slice(&sum.to_le_bytes());
        at = end;
    }
}
