//! A SIP message as it crossed a socket: the evidence for ladders, pcap and wire replay.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::LegId;

/// How a SIP message travels (RFC 3261, section 18).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream inside TLS.
    Tls,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        })
    }
}

/// Which way a SIP message went, seen from the edge.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Direction {
    /// From the peer to the edge.
    Received,
    /// From the edge to the peer.
    Sent,
}

/// One SIP message of a call. Credentials are cut before it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WireMessage {
    /// The leg that it belongs to, if it belongs to one.
    pub leg: Option<LegId>,
    /// Which way it went.
    pub direction: Direction,
    /// The edge's address, `ip:port`; an IPv6 address in brackets.
    pub local: String,
    /// The peer's address, in the same form.
    pub peer: String,
    /// How it travelled.
    pub transport: Transport,
    /// Whether it repeats a message that went before (RFC 3261, section 17).
    pub retransmission: bool,
    /// The message, byte for byte.
    #[serde(with = "crate::wire::octets")]
    #[schemars(with = "String")]
    pub bytes: Vec<u8>,
}

/// Octets: a byte string in postcard, text in JSON (each octet that is no UTF-8 becomes U+FFFD there).
pub(crate) mod octets {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&String::from_utf8_lossy(bytes))
        } else {
            serializer.serialize_bytes(bytes)
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer).map(String::into_bytes)
        } else {
            deserializer.deserialize_byte_buf(ByteString)
        }
    }

    struct ByteString;

    impl serde::de::Visitor<'_> for ByteString {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a byte string")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }
    }
}
