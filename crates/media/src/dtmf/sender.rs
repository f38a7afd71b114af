//! Telephone events that go out: a start with the marker bit, an update each packet time, the end
//! three times, all with the timestamp of the start (RFC 4733, section 2.5.1).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Digit, PAYLOAD_BYTES, Payload};
use crate::codec::Clock;
use crate::outgoing::Outgoing;
use crate::packet::Stamp;

/// The keys that a leg still has to send.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sender {
    /// Empty, and without memory, on a leg that sends none.
    pending: VecDeque<(Digit, Duration)>,
    sending: Option<Sending>,
    /// The pause after the last key.
    free_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Sending {
    digit: Digit,
    duration: Duration,
    /// Of the segment that is being sent, and how long the key was down when it began, in ticks.
    timestamp: Option<u32>,
    segment: u32,
    /// How long the key is down by now, in ticks.
    sent: u32,
    ends_left: u8,
    next_at: Instant,
}

impl Sender {
    /// Queues a key; false if too many wait.
    pub(crate) fn push(&mut self, digit: Digit, duration: Duration, now: Instant) -> bool {
        if self.pending.len() >= MAX_PENDING {
            return false;
        }
        self.pending
            .push_back((digit, duration.clamp(SHORTEST, LONGEST)));
        if self.sending.is_none() {
            let free_at = self.free_at.unwrap_or(now).max(now);
            self.begin(free_at);
        }
        true
    }

    /// Whether it has the stream for itself.
    pub(crate) fn is_busy(&self) -> bool {
        self.sending.is_some()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.sending.map(|sending| sending.next_at)
    }

    /// Forgets everything: the leg does not send any more.
    pub(crate) fn clear(&mut self) {
        *self = Sender::default();
    }

    /// The packet that is due.
    pub(crate) fn next(
        &mut self,
        outgoing: &mut Outgoing,
        payload_type: u8,
        (clock, interval): (Clock, Duration),
        now: Instant,
    ) -> Option<(Stamp, [u8; PAYLOAD_BYTES])> {
        let sending = self
            .sending
            .as_mut()
            .filter(|sending| sending.next_at <= now)?;
        let total = clock.ticks(sending.duration);
        sending.sent = (sending.sent + clock.ticks(interval)).min(total);
        let end = sending.sent == total;
        sending.ends_left -= u8::from(end);
        let stamp = match sending.timestamp {
            None => outgoing.key(payload_type, now),
            Some(timestamp) if sending.sent - sending.segment > SEGMENT => {
                sending.segment += SEGMENT;
                outgoing.key_again(payload_type, timestamp.wrapping_add(SEGMENT))
            }
            Some(timestamp) => outgoing.key_again(payload_type, timestamp),
        };
        sending.timestamp = Some(stamp.timestamp);
        let payload = Payload {
            event: sending.digit.event(),
            end,
            volume: VOLUME,
            duration: u16::try_from(sending.sent - sending.segment).unwrap_or(u16::MAX),
        };
        // Late by more than a packet: go on from now rather than in a burst.
        sending.next_at = if sending.next_at + interval < now {
            now
        } else {
            sending.next_at
        } + interval;
        if sending.ends_left == 0 {
            let free_at = now + PAUSE;
            self.free_at = Some(free_at);
            self.sending = None;
            self.begin(free_at);
        }
        Some((stamp, payload.write()))
    }

    fn begin(&mut self, at: Instant) {
        if let Some((digit, duration)) = self.pending.pop_front() {
            self.sending = Some(Sending {
                digit,
                duration,
                timestamp: None,
                segment: 0,
                sent: 0,
                ends_left: ENDS,
                next_at: at,
            });
        }
    }
}

/// Keys that may wait to be sent on a leg.
pub const MAX_PENDING: usize = 32;
/// How often the end is sent (RFC 4733, section 2.5.1.4).
const ENDS: u8 = 3;
/// The least pause between two keys (ITU-T Q.24).
const PAUSE: Duration = Duration::from_millis(50);
/// The shortest press that receivers must recognise (ITU-T Q.24).
const SHORTEST: Duration = Duration::from_millis(40);
/// The longest press: one segment at 8 kHz, six at 48.
const LONGEST: Duration = Duration::from_secs(8);
/// Ticks of a full segment (RFC 4733, section 2.5.1.3).
const SEGMENT: u32 = 0xffff;
/// −10 dBm0.
const VOLUME: u8 = 10;
