//! Who hears whom, and what is sent on.

use std::time::Instant;

use super::Call;
use crate::event::{LegId, Transmit};
use crate::leg::{Heard, Hearing};
use crate::packet::HEADER_BYTES;

impl Call {
    /// Sends on what a leg says, in the buffer that it came in, or keeps it for the peer of a stream.
    pub(super) fn relay<'b>(
        &mut self,
        from: usize,
        heard: &Heard,
        bytes: &'b mut [u8],
        now: Instant,
    ) -> Option<Transmit<'b>> {
        let to = self.hearer(from)?;
        let transmit = self.legs[to].relay(heard, bytes, now)?;
        match &mut self.legs[to].stream {
            Some(stream) => {
                stream.hear(transmit.bytes.get(HEADER_BYTES..)?);
                None
            }
            None => Some(transmit),
        }
    }

    /// The leg that hears another.
    pub(super) fn listener(&self, speaker: LegId) -> Option<usize> {
        self.legs
            .iter()
            .position(|leg| matches!(leg.hears, Hearing::Leg(heard) if heard == speaker))
    }

    /// Who hears what a leg says.
    pub(super) fn hearer(&self, from: usize) -> Option<usize> {
        let speaker = &self.legs[from];
        match &speaker.hears {
            Hearing::Agent(playing) if playing.is_echo() => Some(from),
            Hearing::Agent(_) | Hearing::Leg(_) | Hearing::Nothing => self.listener(speaker.id),
        }
    }
}
