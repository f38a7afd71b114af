//! An event's payload, whatever it is, and how the vocabulary's enums are made.

use serde::{Deserialize, Serialize};

use crate::{Decision, DecodeError, Observation, WireMessage};

/// A payload of a type or version that this release does not know. It is kept, hashed and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// The type's number.
    pub kind: u16,
    /// The type's version.
    pub version: u16,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// Something happened.
    Observation(Observation),
    /// Control decided.
    Decision(Decision),
    /// A SIP message crossed a socket.
    Wire(WireMessage),
    /// A later release wrote it.
    Unknown(Unknown),
}

impl Event {
    /// The type's name: `InviteReceived`.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Observation(observation) => observation.name(),
            Event::Decision(_) => "Decision",
            Event::Wire(_) => "WireMessage",
            Event::Unknown(_) => "Unknown",
        }
    }

    /// Type, version and bytes, as they are stored.
    pub fn encode(&self) -> (u16, u16, Vec<u8>) {
        match self {
            Event::Observation(observation) => observation.encode(),
            Event::Decision(decision) => (Decision::KIND, Decision::VERSION, decision.encode()),
            Event::Wire(message) => (WireMessage::KIND, WireMessage::VERSION, message.encode()),
            Event::Unknown(unknown) => (unknown.kind, unknown.version, unknown.payload.clone()),
        }
    }

    /// Reads a payload: the one way in, live and in a replay.
    pub fn decode(kind: u16, version: u16, payload: &[u8]) -> Result<Event, DecodeError> {
        let known = match kind {
            Decision::KIND => Decision::decode(version, payload)?.map(Event::Decision),
            WireMessage::KIND => WireMessage::decode(version, payload)?.map(Event::Wire),
            _ => Observation::decode(kind, version, payload)?.map(Event::Observation),
        };
        Ok(known.unwrap_or_else(|| {
            Event::Unknown(Unknown {
                kind,
                version,
                payload: payload.to_vec(),
            })
        }))
    }
}

impl WireMessage {
    /// The number of the type in a header.
    pub const KIND: u16 = 400;
    /// The version that is written.
    pub const VERSION: u16 = 1;

    fn encode(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("a wire message always encodes")
    }

    fn decode(version: u16, payload: &[u8]) -> Result<Option<WireMessage>, DecodeError> {
        if version != WireMessage::VERSION {
            return Ok(None);
        }
        exact(payload).map(Some).ok_or(DecodeError::Payload {
            name: "WireMessage",
            version,
        })
    }
}

/// Reads a value that fills its bytes. Bytes behind its last field are damage, or a field that somebody
/// added without a new version: neither may pass for the value.
pub(crate) fn exact<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(payload).ok()?;
    rest.is_empty().then_some(value)
}

impl From<Decision> for Event {
    fn from(decision: Decision) -> Event {
        Event::Decision(decision)
    }
}

impl From<WireMessage> for Event {
    fn from(message: WireMessage) -> Event {
        Event::Wire(message)
    }
}

impl From<Observation> for Event {
    fn from(observation: Observation) -> Event {
        Event::Observation(observation)
    }
}

/// Makes an enum of the vocabulary: one variant for each type, with its frozen number and the version
/// that is written today (1 unless told otherwise). Older versions are lifted by [`crate::version`].
macro_rules! vocabulary {
    (
        $(#[$doc:meta])*
        $enum:ident {
            $( $(#[$variant_doc:meta])* $kind:literal => $variant:ident $(: $version:literal)?, )+
        }
    ) => {
        $(#[$doc])*
        #[derive(
            Clone, Debug, PartialEq, Eq,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[serde(tag = "type", content = "data")]
        pub enum $enum {
            $( $(#[$variant_doc])* $variant($variant), )+
        }

        impl $enum {
            /// The type's name.
            pub fn name(&self) -> &'static str {
                match self {
                    $( $enum::$variant(_) => stringify!($variant), )+
                }
            }

            /// Type, version and bytes, as they are stored.
            pub fn encode(&self) -> (u16, u16, Vec<u8>) {
                match self {
                    $( $enum::$variant(value) => (
                        $kind,
                        crate::event::version_of!($($version)?),
                        postcard::to_allocvec(value).expect("an event always encodes"),
                    ), )+
                }
            }

            /// Reads a stored value of any version that was ever written; `None` for a type or
            /// version that this release does not know.
            pub fn decode(
                kind: u16,
                version: u16,
                payload: &[u8],
            ) -> Result<Option<$enum>, crate::DecodeError> {
                match kind {
                    $( $kind => {
                        const TODAY: u16 = crate::event::version_of!($($version)?);
                        if version > TODAY || version == 0 {
                            return Ok(None);
                        }
                        let value = if version == TODAY {
                            crate::event::exact::<$variant>(payload)
                        } else {
                            <$variant as crate::version::Lift>::lift(version, payload)
                        };
                        value.map($enum::$variant).map(Some).ok_or(
                            crate::DecodeError::Payload { name: stringify!($variant), version },
                        )
                    } )+
                    _ => Ok(None),
                }
            }

            /// Every type of this enum.
            pub(crate) fn catalogue() -> Vec<crate::TypeInfo> {
                vec![ $( crate::TypeInfo::of::<$variant>(
                    $kind,
                    crate::event::version_of!($($version)?),
                    stringify!($variant),
                ), )+ ]
            }
        }

        $(
            impl From<$variant> for $enum {
                fn from(value: $variant) -> $enum {
                    $enum::$variant(value)
                }
            }

            crate::event::lift_of!($variant $(: $version)?);
        )+
    };
}

/// The version that is written: 1 unless the table names another.
macro_rules! version_of {
    () => {
        1
    };
    ($version:literal) => {
        $version
    };
}

/// A type that never changed has nothing to lift.
macro_rules! lift_of {
    ($variant:ident) => {
        impl crate::version::Lift for $variant {
            fn lift(_: u16, _: &[u8]) -> Option<$variant> {
                None
            }
        }
    };
    ($variant:ident : $version:literal) => {};
}

pub(crate) use {lift_of, version_of, vocabulary};

macro_rules! event_from_observation {
    ($($type:ident)+) => {
        $(
            impl From<crate::observation::$type> for Event {
                fn from(value: crate::observation::$type) -> Event {
                    Event::Observation(value.into())
                }
            }
        )+
    };
}

event_from_observation! {
    InviteReceived LegDialed LegRinging EarlyMediaStarted LegAnswered LegFailed CodecNegotiated
    MediaStarted MediaSilent MediaResumed MediaMeasured MediaReported MediaLatched MediaRefused
    MediaAccounted MediaContinued EchoHeard DigitLost DigitEarly DigitDoubled InfoNotAllowed
    DigitReceived HoldRequested ResumeRequested
    StreamDialed StreamOpened StreamClosed StreamMeasured AgentSilent AgentOverrun
    EarlyMediaPassed MediaTranscoded MediaSecured MediaUnsecured OfferRefused
    HandshakeCompleted HandshakeFailed LegsBridged TransferAnswered TransferReported LegRedialed
    SessionRefreshed SessionExpired ChallengeUnanswered
    TrunkRegistered RegistrationRefused RegistrationEnded TrunkBound TrunkUnbound
    TransferRequested TransferProgressed ByeReceived CancelReceived LegEnded AgentConnected
    AgentLost CommandFailed TimerFired HangUpRequested RecordingRequested RecordingStarted
    RecordingPaused RecordingResumed RecordingEnded RecordingFailed SourceRefused MessagesMalformed
    CallsTurnedAway TlsRefused ConnectionsRefused TrunkProbed TrunkUp TrunkDown LimitReached LoadStated
    TlsReloadFailed TlsReloaded CertificateExpiryNoticed
    EdgeStarted EdgeStopped ConfigurationApplied JournalGapFound
}
