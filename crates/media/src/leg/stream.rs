//! A leg that is a stream: no socket of RTP, no session description, and packets that are made and taken in this call.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::{Buffer, Heard, Leg};
use crate::call::{Events, Settings};
use crate::event::{Event, Opening, Output};
use crate::negotiated::{Negotiated, Sound};
use crate::outgoing::StreamKey;
use crate::packet::{HEADER_BYTES, Packet};
use crate::silence::Silence;
use crate::stream::{FRAME_MS, Streaming};

impl Leg {
    /// The leg is a stream from now on.
    pub(crate) fn become_stream(&mut self, opening: Opening, settings: &Settings, now: Instant) {
        let Opening { codec, silence } = opening;
        let mut negotiated = Negotiated::new(NOWHERE, codec);
        negotiated.packet_ms = FRAME_MS;
        negotiated.watched = false;
        self.stream = Some(Box::new(Streaming::new(codec, silence, now)));
        self.update(negotiated, settings, now);
    }

    /// The packet that the tick makes that is due, at the start of the buffer.
    pub(crate) fn speak(
        &mut self,
        buffer: &mut Buffer,
        now: Instant,
        events: &mut Events,
    ) -> Option<Heard> {
        let id = self.id;
        let seen = self.seen();
        let session = self.session.as_ref()?;
        let (codec, payload_type) = (session.negotiated.codec, session.negotiated.payload_type);
        let stream = self.stream.as_deref_mut()?;
        let tick = stream.tick(&mut buffer[HEADER_BYTES..], now)?;
        let silence = Silence::NoSound;
        if let Some(lasted) = tick.quiet {
            events.push(
                id,
                Event::Silent {
                    silence,
                    lasted,
                    seen,
                },
            );
        }
        if let Some(after) = tick.resumed {
            events.push(id, Event::Resumed { silence, after });
        }
        let packet = Packet {
            marker: false,
            payload_type,
            sequence: stream.sequence,
            timestamp: stream.timestamp,
            ssrc: 0,
            payload_start: HEADER_BYTES,
            payload_end: HEADER_BYTES + tick.length,
        };
        stream.sequence = stream.sequence.wrapping_add(1);
        let ticks = codec
            .clock()
            .ticks(Duration::from_millis(u64::from(FRAME_MS)));
        stream.timestamp = stream.timestamp.wrapping_add(ticks);
        Some(Heard {
            packet,
            tone: None,
            in_tone: false,
            sound: Sound::Audio(codec),
            stream: StreamKey {
                leg: id.0,
                ssrc: 0,
                epoch: 0,
            },
            codec,
            key_clock: codec.clock(),
        })
    }

    /// Whether there is something for [`Leg::stream_output`].
    pub(crate) fn has_stream_output(&mut self) -> bool {
        self.stream.as_deref_mut().is_some_and(|stream| {
            stream.forget_frames();
            stream.has_output()
        })
    }

    /// What the shell has to tell the peer.
    pub(crate) fn stream_output(&mut self) -> Option<Output<'_>> {
        let leg = self.id;
        let stream = self.stream.as_deref_mut()?;
        if let Some(press) = stream.key() {
            return Some(Output::Key { leg, press });
        }
        if let Some(mark) = stream.reached() {
            return Some(Output::Reached { leg, mark });
        }
        let (bytes, at_ms) = stream.frame()?;
        Some(Output::Frame { leg, bytes, at_ms })
    }
}

/// Packets of a stream have no destination, but a session has one that can be reached: nothing is ever sent there.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9);
