//! Keys: as telephone events in the RTP stream (RFC 4733), as tones in the audio (ITU-T Q.23), and in the signalling.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |     event     |E|R| volume    |          duration             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

mod once;
mod receiver;
mod sender;
mod sounder;
pub mod tones;

use std::time::Duration;

pub use once::Doubled;
pub(crate) use once::{Came, Once};
pub(crate) use receiver::Receiver;
pub use sender::MAX_PENDING;
pub(crate) use sender::Sender;
pub(crate) use sounder::Sounder;
pub use tones::Tones;

/// A key of a telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digit(u8);

/// A key that was pressed and let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// The key.
    pub digit: Digit,
    /// How long it was down.
    pub duration: Duration,
    /// Its power below 0 dBm0, 0 to 63; the last one told.
    pub volume: u8,
}

/// A set of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digits(u16);

impl Digit {
    /// The digit of a character: `0` to `9`, `*`, `#`, `A` to `D`.
    pub fn new(key: char) -> Option<Digit> {
        let key = u8::try_from(key.to_ascii_uppercase()).ok()?;
        let event = KEYS.iter().position(|&known| known == key)?;
        u8::try_from(event).ok().map(Digit)
    }

    /// The digit of an event code, 0 to 15 (RFC 4733, section 3.2).
    pub fn from_event(event: u8) -> Option<Digit> {
        (usize::from(event) < KEYS.len()).then_some(Digit(event))
    }

    /// Its character.
    pub fn key(self) -> char {
        char::from(KEYS[usize::from(self.0)])
    }

    /// Its event code.
    pub fn event(self) -> u8 {
        self.0
    }
}

impl FromIterator<Digit> for Digits {
    fn from_iter<I: IntoIterator<Item = Digit>>(digits: I) -> Digits {
        Digits(digits.into_iter().fold(0, |set, digit| set | 1 << digit.0))
    }
}

impl Digits {
    /// Whether the key is among them.
    pub fn contains(self, digit: Digit) -> bool {
        self.0 & 1 << digit.0 != 0
    }
}

/// A payload of four octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Payload {
    event: u8,
    end: bool,
    volume: u8,
    duration: u16,
}

impl Payload {
    fn read(bytes: &[u8]) -> Option<Payload> {
        let &[event, flags, high, low] = bytes.first_chunk()?;
        Some(Payload {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    fn write(self) -> [u8; PAYLOAD_BYTES] {
        let [high, low] = self.duration.to_be_bytes();
        [
            self.event,
            self.volume | if self.end { 0x80 } else { 0 },
            high,
            low,
        ]
    }
}

/// The two tones of each key in the order of its event code, in Hz (ITU-T Q.23).
const KEYPAD_HZ: [(u16, u16); 16] = [
    (941, 1336),
    (697, 1209),
    (697, 1336),
    (697, 1477),
    (770, 1209),
    (770, 1336),
    (770, 1477),
    (852, 1209),
    (852, 1336),
    (852, 1477),
    (941, 1209),
    (941, 1477),
    (697, 1633),
    (770, 1633),
    (852, 1633),
    (941, 1633),
];
/// Octets of the payload.
pub(crate) const PAYLOAD_BYTES: usize = 4;
const KEYS: [u8; 16] = *b"0123456789*#ABCD";
