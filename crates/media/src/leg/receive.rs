//! The way in: who may come, and what came.

use std::net::SocketAddr;
use std::time::Instant;

use super::session::Through;
use super::{Heard, Leg, Pressed};
use crate::call::{Events, Settings};
use crate::codec::Codec;
use crate::demux::{Kind, is_stun};
use crate::event::{Event, Method};
use crate::g711;
use crate::latch::Verdict;
use crate::measure::Occasion;
use crate::negotiated::Sound;
use crate::opus;
use crate::outgoing::StreamKey;
use crate::packet::Packet;
use crate::quality::Arrival;
use crate::refusal::{Reason, RtpHead, Stranger};

impl Leg {
    /// Takes a datagram of the leg's socket.
    pub(crate) fn receive(
        &mut self,
        bytes: &mut [u8],
        source: SocketAddr,
        now: Instant,
        settings: &Settings,
        events: &mut Events,
    ) -> Option<Heard> {
        let heard = self
            .judge(bytes, source, now, events)
            .and_then(|(packet, sound)| self.admit(packet, sound, bytes, now, settings, events));
        match heard {
            Ok(heard) => {
                self.refusals.heard();
                self.sent_when_heard = self.sent.packets();
                self.sample(now, events);
                if let Some(heard) = heard.as_ref().filter(|_| self.recorder.is_some()) {
                    self.record_heard(heard, bytes, now, events);
                }
                heard
            }
            Err(reason) => {
                self.refuse(reason, bytes, source, now);
                None
            }
        }
    }

    /// Takes the keys from a packet that was let in.
    pub(crate) fn keys_of(
        &mut self,
        heard: &Heard,
        bytes: &[u8],
        now: Instant,
    ) -> [Option<Pressed>; 2] {
        let (packet, clock) = (&heard.packet, heard.key_clock);
        let presses = self.keys.take(packet, &bytes[packet.payload()], clock, now);
        presses.map(|press| {
            press.map(|complete| Pressed {
                press: complete.press,
                from: Some((heard.stream, complete.segment)),
                seen: Some(complete.seen),
            })
        })
    }

    /// Counts a datagram that is not let in.
    fn refuse(&mut self, reason: Reason, bytes: &[u8], source: SocketAddr, now: Instant) {
        let reason = match (reason, Kind::of(bytes)) {
            (Reason::Malformed, Kind::Stun) if is_stun(bytes) => Reason::Stun,
            (Reason::Malformed, Kind::Handshake) => Reason::Handshake,
            (reason, _) => reason,
        };
        let rtp = Packet::head(bytes).ok().map(|packet| RtpHead {
            ssrc: packet.ssrc,
            payload_type: packet.payload_type,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            payload_bytes: u16::try_from(packet.payload().len()).unwrap_or(u16::MAX),
        });
        if let Some(rtp) = rtp {
            if reason == Reason::ForeignSsrc {
                self.incoming.foreign(rtp.ssrc, rtp.sequence);
            }
            let from_peer = self.destination().map(|known| known.ip()) == Some(source.ip());
            if rtp.ssrc == self.outgoing.ssrc() && from_peer {
                self.incoming.looped();
            }
        }
        self.refusals.count(reason, Stranger { source, rtp }, now);
    }

    fn judge(
        &mut self,
        bytes: &mut [u8],
        source: SocketAddr,
        now: Instant,
        events: &mut Events,
    ) -> Result<(Packet, Sound), Reason> {
        let packet = Packet::head(bytes)?;
        let session = self.session.as_mut().ok_or(Reason::NotNegotiated)?;
        let sound = session
            .negotiated
            .sound_of(packet.payload_type)
            .ok_or(Reason::PayloadType)?;
        if !session.negotiated.receives() {
            return Err(Reason::Direction);
        }
        let mut length = bytes.len();
        if session.is_secure() {
            session.latch.admits(source, packet.ssrc, now)?;
        }
        match session.through() {
            Through::Plain => {}
            Through::Keys(secure) => length = secure.unprotect(&packet, bytes)?,
            Through::Closed => return Err(Reason::NoKeys),
        }
        let packet = packet.without_padding(&bytes[..length])?;
        match session.latch.judge(source, &packet, now) {
            Verdict::LetIn => {}
            Verdict::Latched => events.push(
                self.id,
                Event::Latched {
                    source,
                    signalled: session.negotiated.remote,
                    ssrc: packet.ssrc,
                },
            ),
            Verdict::Refused(reason) => return Err(reason),
        }
        if self.first_packet_after.is_none() {
            let after = now.saturating_duration_since(session.since);
            self.first_packet_after = Some(after);
            let codec = match sound {
                Sound::Audio(codec) => codec,
                Sound::Key | Sound::ComfortNoise => session.negotiated.codec,
            };
            events.push(
                self.id,
                Event::Started {
                    source,
                    ssrc: packet.ssrc,
                    codec,
                    after,
                },
            );
        }
        Ok((packet, sound))
    }

    fn admit(
        &mut self,
        packet: Packet,
        sound: Sound,
        bytes: &[u8],
        now: Instant,
        settings: &Settings,
        events: &mut Events,
    ) -> Result<Option<Heard>, Reason> {
        let epoch = self.incoming.epoch;
        let clock = match sound {
            Sound::Audio(codec) => Some(codec.clock()),
            Sound::Key | Sound::ComfortNoise => None,
        };
        let arrival = self.incoming.take(&packet, clock, now);
        let mut tone = None;
        let audible = match (sound, arrival) {
            (_, Arrival::Jumped) => return Err(Reason::SequenceJump),
            (Sound::Audio(codec), Arrival::Newest) => {
                if self.incoming.audio(packet.payload_type, codec) {
                    self.tell_change(Occasion::Codec, now, events);
                }
                let payload = &bytes[packet.payload()];
                let law = codec.law();
                if let (Some(tones), Some(law)) = (&mut self.tones, law) {
                    let samples = payload.iter().map(|code| g711::decode(law, *code));
                    tones.listen(samples, |press| tone = Some(press));
                }
                if let (Some(echo), Some(law)) = (&mut self.echo, law)
                    && let Some(echoed) = echo.received(law, payload, now)
                {
                    events.push(self.id, Event::Echo(echoed));
                }
                let level = &mut self.incoming.level;
                match law {
                    Some(law) => level.look(law, packet.sequence, payload),
                    // What is in the others is not looked at; silence is told only of who tells it.
                    None if codec == Codec::Opus => Some(!opus::is_silence(payload)),
                    None => Some(true),
                }
            }
            // A key is a sign of a listening human.
            (Sound::Key, _) => Some(true),
            (Sound::ComfortNoise, _) => {
                self.incoming.comfort_noise();
                None
            }
            (Sound::Audio(_), _) => None,
        };
        if packet.ssrc == self.outgoing.ssrc() {
            self.incoming.looped();
        }
        let id = self.id;
        self.watch
            .heard(audible, &settings.silence, now, |silence, after| {
                events.push(id, Event::Resumed { silence, after });
            });
        let stream = StreamKey {
            leg: id.0,
            ssrc: packet.ssrc,
            epoch: self.incoming.epoch,
        };
        if epoch != self.incoming.epoch
            && let Some(complete) = self.keys.restart()
        {
            // Its stream is over, so nobody can wait for the rest of it.
            let press = complete.press;
            self.told_by_event(press.digit, now, events);
            events.push(
                id,
                Event::Digit {
                    press,
                    method: Method::TelephoneEvent,
                    seen: Some(complete.seen),
                },
            );
        }
        let session = self.session.as_ref().ok_or(Reason::NotNegotiated)?;
        Ok((arrival != Arrival::Again).then_some(Heard {
            packet,
            tone,
            in_tone: self
                .tones
                .as_ref()
                .is_some_and(|tones| tones.down().is_some()),
            sound,
            codec: session.negotiated.codec,
            key_clock: session.negotiated.key_clock(),
            stream,
        }))
    }

    pub(super) fn last_stream(&self) -> Option<StreamKey> {
        let ssrc = self.incoming.ssrc()?;
        Some(StreamKey {
            leg: self.id.0,
            ssrc,
            epoch: self.incoming.epoch,
        })
    }
}
