//! The space of the segment that is being written: taken before it is used, so that a full disk is met early.

use super::{SEAL_BYTES, Writer, directory, frame, to_u64};

impl Writer {
    pub(super) fn lengthen(&mut self, length: u64) {
        let space = self.space_for(length);
        match directory::reserve(&self.file, space) {
            Ok(()) => self.space = space,
            Err(error) => self.refuse(&error),
        }
    }

    pub(super) fn space_for(&self, length: u64) -> u64 {
        let least = to_u64(frame::HEADER_BYTES + SEAL_BYTES) + length;
        self.settings.segment_bytes().max(least)
    }
}
