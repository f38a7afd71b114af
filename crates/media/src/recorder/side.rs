//! One side of a recording: the place of a packet by its timestamp, held to the time at which packets come.
//!
//! Timestamps say how samples lie beside each other, arrival says where that is in the call. So jitter moves nothing, a
//! lost packet leaves its gap, and a clock that is too fast or too slow is put right before the sides are further apart
//! than [`APART_MAX_MS`].

use std::cmp::Ordering;

use crate::codec::{Clock, Codec};
use crate::resample::{Down, Up};
use crate::transcode::Decoder;

/// A side.
#[derive(Debug)]
pub(super) struct Side {
    anchor: Option<Anchor>,
    /// Samples in a second of the recording.
    sample_hz: u32,
    decoder: Option<(Codec, Decoder)>,
    up: Up,
    down: Down,
}

/// The newest packet, and where it stands.
#[derive(Debug)]
struct Anchor {
    clock: Clock,
    timestamp: u32,
    frame: i64,
    /// The least that a packet of this window was late.
    least: i64,
    window_ends: i64,
}

impl Side {
    pub(super) fn new(sample_hz: u32) -> Side {
        Side {
            anchor: None,
            sample_hz,
            decoder: None,
            up: Up::default(),
            down: Down::default(),
        }
    }

    /// Decodes a packet: how many samples it has, and how many of them a second has.
    pub(super) fn decode(
        &mut self,
        codec: Codec,
        payload: &[u8],
        samples: &mut [i16],
    ) -> (usize, u32) {
        let sample_hz = match codec {
            // It gives whatever is asked for.
            Codec::Opus => self.sample_hz,
            other => other.row().sample_hz,
        };
        let fitting = self.decoder.take().filter(|(own, _)| *own == codec);
        let made = || (codec, Decoder::new(codec, sample_hz));
        let (_, decoder) = self.decoder.insert(fitting.unwrap_or_else(made));
        (decoder.decode(payload, samples).unwrap_or(0), sample_hz)
    }

    /// Brings samples to the rate of the recording.
    pub(super) fn fit(
        &mut self,
        samples: &[i16],
        from_hz: u32,
        to_hz: u32,
        fitting: &mut Vec<i16>,
    ) {
        match from_hz.cmp(&to_hz) {
            Ordering::Less => self.up.push(samples, |sample| fitting.push(sample)),
            Ordering::Equal => fitting.extend_from_slice(samples),
            Ordering::Greater => self.down.push(samples, |sample| fitting.push(sample)),
        }
    }

    /// The frame at which a packet stands that came at frame `came`.
    pub(super) fn place(
        &mut self,
        (clock, timestamp): (Clock, u32),
        came: i64,
        sample_hz: u32,
    ) -> i64 {
        let hz = i64::from(sample_hz);
        let (apart, window) = (hz * APART_MAX_MS / 1_000, hz * WINDOW_MS / 1_000);
        let Some(anchor) = self.anchor.as_mut().filter(|anchor| anchor.clock == clock) else {
            self.anchor = Some(Anchor::new(clock, timestamp, came, window));
            return came;
        };
        let ticks = timestamp.wrapping_sub(anchor.timestamp).cast_signed();
        let stands = anchor.frame + i64::from(ticks) * hz / i64::from(clock.0.max(1));
        let late = came - stands;
        if late < -apart || late > hz * LATE_MAX_MS / 1_000 {
            // Before its time comes only what was placed too late; behind it by so much only what begins anew.
            *anchor = Anchor::new(clock, timestamp, came, window);
            return came;
        }
        if ticks > 0 {
            (anchor.timestamp, anchor.frame) = (timestamp, stands);
        }
        anchor.least = anchor.least.min(late);
        if came < anchor.window_ends {
            return stands;
        }
        let slow = Some(anchor.least)
            .filter(|least| *least > apart)
            .unwrap_or(0);
        anchor.frame += slow;
        (anchor.least, anchor.window_ends) = (i64::MAX, came + window);
        stands + slow
    }
}

impl Anchor {
    fn new(clock: Clock, timestamp: u32, frame: i64, window: i64) -> Anchor {
        Anchor {
            clock,
            timestamp,
            frame,
            least: i64::MAX,
            window_ends: frame + window,
        }
    }
}

/// How far a side may be from its time, in milliseconds: two packets.
const APART_MAX_MS: i64 = 40;
/// How late a packet may be for its place, in milliseconds: as long as the place is open.
const LATE_MAX_MS: i64 = 360;
/// How long the packets of a side are watched for being late all of them, in milliseconds.
const WINDOW_MS: i64 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: Clock = Clock(8_000);

    /// Where packets of 20 ms stand in milliseconds, that came at these times, the first at 0.
    fn places(came_ms: impl IntoIterator<Item = (u32, i64)>) -> Vec<i64> {
        let mut side = Side::new(8_000);
        let place = |(number, came): (u32, i64)| {
            let timestamp = 4_294_960_000_u32.wrapping_add(number * 160);
            side.place((CLOCK, timestamp), came * 8, 8_000) / 8
        };
        came_ms.into_iter().map(place).collect()
    }

    #[test]
    fn jitter_loss_and_reordering_move_nothing() {
        let came = [
            (0, 0),
            (1, 35),
            (2, 41),
            (4, 80),
            (3, 95),
            (7, 290),
            (8, 291),
        ];
        assert_eq!(places(came), [0, 20, 40, 80, 60, 140, 160]);
    }

    #[test]
    fn one_that_came_late_first_is_put_right_by_the_next_ones() {
        let came = [(0, 100), (1, 100), (2, 100), (3, 100), (4, 100), (5, 105)];
        assert_eq!(places(came), [100, 120, 140, 100, 120, 140]);
    }

    #[test]
    fn a_clock_that_is_wrong_is_never_further_away_than_two_packets_for_long() {
        for per_mille in [-5, 5] {
            let came = |number: u32| i64::from(number) * (20_000 + 20 * per_mille) / 1_000;
            let came: Vec<_> = (0..30_000).map(|number| (number, came(number))).collect();
            let stand = places(came.iter().copied());
            let off = stand
                .iter()
                .zip(&came)
                .map(|(stands, (_, came))| (came - stands).abs());
            assert!(off.clone().max() <= Some(60), "{:?}", off.max());
        }
    }

    #[test]
    fn a_stream_that_begins_anew_stands_where_it_comes() {
        let came = [
            (0, 0),
            (1, 20),
            (1_000_000, 40),
            (1_000_001, 60),
            (2, 5_000),
        ];
        assert_eq!(places(came), [0, 20, 40, 60, 5_000]);
    }
}
