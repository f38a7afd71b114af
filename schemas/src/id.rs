//! Identities: every id and every name that could be confused has a type of its own.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// How many partitions the log has: frozen, because the partition is part of a subject's name.
pub const PARTITIONS: u8 = 64;

/// An id was written in a form that is not 2·N hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} hexadecimal digits, found {found:?}")]
pub struct ParseIdError {
    expected: usize,
    found: String,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0u8; $bytes * 2];
                for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
                    pair[0] = HEX[usize::from(byte >> 4)];
                    pair[1] = HEX[usize::from(byte & 15)];
                }
                f.pad(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse_hex(text).map($name)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    HexBytes::<$bytes>::deserialize(deserializer).map(|bytes| $name(bytes.0))
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^([0-9a-f]{2}){", stringify!($bytes), "}$"),
                })
            }
        }
    };
}

hex_id! {
    /// A call: 48 bits of milliseconds since 1970, then 80 random bits, so that ids sort by time.
    /// Its 32 hexadecimal digits are the trace id of the call as well.
    CallId, 16
}

hex_id! {
    /// One event. An observation's id follows from its content, a decision's from the observation
    /// that it answers: whoever decides again decides under the same id.
    EventId, 16
}

hex_id! {
    /// A SHA-256.
    Hash, 32
}

impl CallId {
    /// An id for a call that began at `milliseconds` since 1970; `random` makes it unique.
    pub fn new(milliseconds: u64, random: [u8; 10]) -> CallId {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        CallId(bytes)
    }

    /// The partition of the log that holds this call: 0 to [`PARTITIONS`] − 1.
    pub fn partition(&self) -> u8 {
        self.0[15] % PARTITIONS
    }

    /// The millisecond since 1970 at which the call began, as its id tells.
    pub fn began_ms(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes[2..].copy_from_slice(&self.0[..6]);
        u64::from_be_bytes(bytes)
    }
}

impl EventId {
    /// The id of the decision that answers `because` on a call: the same for every decider.
    pub fn of_decision(call: CallId, because: EventId) -> EventId {
        let mut hash = Sha256::new();
        hash.update(b"trunkline/decision/1\0");
        hash.update(call.0);
        hash.update(because.0);
        EventId::truncate(&hash.finalize().into())
    }

    /// The first half of a hash, as an id.
    pub(crate) fn truncate(hash: &[u8; 32]) -> EventId {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        EventId(bytes)
    }
}

impl Hash {
    /// The hash before the first event of a chain.
    pub const ZERO: Hash = Hash([0; 32]);

    /// SHA-256 of some bytes.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                $name(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    };
}

name_type! {
    /// A trunk, as the configuration names it.
    TrunkName
}

name_type! {
    /// A process that writes events: `edge-1`, `control-a`.
    NodeName
}

name_type! {
    /// An agent, as the configuration names it.
    AgentName
}

/// A leg of a call: 0 is the leg that began the call, control numbers the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LegId(pub u16);

impl LegId {
    /// The leg that began the call.
    pub const CALLER: LegId = LegId(0);
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leg {}", self.0)
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseIdError> {
    let refuse = || ParseIdError {
        expected: N * 2,
        found: text.chars().take(80).collect(),
    };
    if text.len() != N * 2 {
        return Err(refuse());
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16).ok_or_else(refuse)?;
        let low = char::from(pair[1]).to_digit(16).ok_or_else(refuse)?;
        *byte = u8::try_from(high * 16 + low).map_err(|_| refuse())?;
    }
    Ok(bytes)
}

/// Reads N bytes as a tuple, for every N: serde has arrays up to 32 only by a trait per length.
struct HexBytes<const N: usize>([u8; N]);

impl<'de, const N: usize> Deserialize<'de> for HexBytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes<const N: usize>;

        impl<'de, const N: usize> serde::de::Visitor<'de> for Bytes<N> {
            type Value = HexBytes<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{N} bytes")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<HexBytes<N>, A::Error> {
                let mut bytes = [0; N];
                for (index, byte) in bytes.iter_mut().enumerate() {
                    *byte = seq
                        .next_element()?
                        .ok_or_else(|| serde::de::Error::invalid_length(index, &self))?;
                }
                Ok(HexBytes(bytes))
            }
        }

        deserializer.deserialize_tuple(N, Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_id_sorts_by_time_and_reads_back() {
        let early = CallId::new(1_790_000_000_000, [255; 10]);
        let late = CallId::new(1_790_000_000_001, [0; 10]);
        assert!(early < late);
        assert_eq!(early.began_ms(), 1_790_000_000_000);
        assert_eq!(early.to_string().parse::<CallId>(), Ok(early));
    }

    #[test]
    fn a_wrong_id_says_what_is_expected() {
        let error = "12zz".parse::<CallId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"expected 32 hexadecimal digits, found "12zz""#
        );
        assert!("é".repeat(16).parse::<CallId>().is_err());
    }

    #[test]
    fn the_same_cause_gives_the_same_decision_id() {
        let call = CallId([1; 16]);
        let one = EventId::of_decision(call, EventId([2; 16]));
        assert_eq!(one, EventId::of_decision(call, EventId([2; 16])));
        assert_ne!(one, EventId::of_decision(call, EventId([3; 16])));
    }
}
