//! The stream legs of a call: what their peers say becomes packets for whoever hears them, and packets for them become
//! frames.

use std::net::SocketAddr;
use std::time::Instant;

use super::Call;
use crate::error::Error;
use crate::event::{Event, LegId, Opening, Output};
use crate::leg::Leg;
use crate::packet::HEADER_BYTES;

impl Call {
    pub(super) fn add_stream(
        &mut self,
        id: LegId,
        opening: Opening,
        now: Instant,
    ) -> Result<(), Error> {
        if !crate::stream::can_stream(opening.codec) {
            return Err(Error::NoStream(opening.codec));
        }
        self.add(id, now)?;
        let index = self.index(id)?;
        self.legs[index].become_stream(opening, &self.settings, now);
        Ok(())
    }

    pub(super) fn say(&mut self, id: LegId, audio: &[u8]) -> Result<(), Error> {
        let stream = self.stream(id)?;
        if stream.say(audio) {
            self.events.push(id, Event::Overflowed);
        }
        Ok(())
    }

    pub(super) fn stream(&mut self, id: LegId) -> Result<&mut crate::stream::Streaming, Error> {
        let index = self.index(id)?;
        let stream = self.legs[index].stream.as_deref_mut();
        stream.ok_or(Error::NotAStream(id))
    }

    /// Time begins for the streams that are heard now.
    pub(super) fn start_streams(&mut self, now: Instant) {
        for index in 0..self.legs.len() {
            let waits = self.legs[index]
                .stream
                .as_ref()
                .is_some_and(|stream| stream.deadline().is_none());
            if waits
                && let Some(listener) = self.listener(self.legs[index].id)
                && self.legs[listener].sends()
                && let Some(stream) = &mut self.legs[index].stream
            {
                stream.start(now);
            }
        }
    }

    /// A packet for a stream, with its header at the start of the call's buffer. Whether the leg is one.
    pub(super) fn take_made(&mut self, leg: LegId, length: usize) -> bool {
        let Call { legs, buffer, .. } = self;
        let leg = legs.iter_mut().find(|other| other.id == leg);
        let Some(stream) = leg.and_then(|leg| leg.stream.as_deref_mut()) else {
            return false;
        };
        stream.hear(&buffer[HEADER_BYTES.min(length)..length]);
        true
    }

    /// The next packet that a stream's tick makes for who hears it: to whom, and how long it is in the call's buffer.
    pub(super) fn speak(&mut self) -> Option<(LegId, SocketAddr, usize)> {
        let now = self.now?;
        for from in 0..self.legs.len() {
            while let Some(heard) = {
                let Call {
                    legs,
                    buffer,
                    events,
                    ..
                } = self;
                legs[from].speak(buffer, now, events)
            } {
                let Some(to) = self.hearer(from) else {
                    continue;
                };
                let Call { legs, buffer, .. } = self;
                if let Some(transmit) = legs[to].relay(&heard, &mut buffer[..], now) {
                    return Some((transmit.leg, transmit.destination, transmit.bytes.len()));
                }
            }
        }
        None
    }

    pub(super) fn has_stream_output(&mut self) -> bool {
        self.legs.iter_mut().any(Leg::has_stream_output)
    }

    /// What the shell has to tell a stream's peer.
    pub(super) fn poll_streams(&mut self) -> Option<Output<'_>> {
        let mut legs = self.legs.iter_mut();
        legs.find_map(|leg| {
            if leg.has_stream_output() {
                leg.stream_output()
            } else {
                None
            }
        })
    }
}
