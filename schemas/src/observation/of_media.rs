//! Which observations tell how media and keys go: control decides nothing by them.

/// The pattern of an observation of media or keys. Whoever has no use for them names these once.
#[macro_export]
macro_rules! of_media {
    () => {
        $crate::Observation::CodecNegotiated(_)
            | $crate::Observation::MediaStarted(_)
            | $crate::Observation::MediaSilent(_)
            | $crate::Observation::MediaResumed(_)
            | $crate::Observation::MediaMeasured(_)
            | $crate::Observation::MediaReported(_)
            | $crate::Observation::MediaLatched(_)
            | $crate::Observation::MediaRefused(_)
            | $crate::Observation::MediaAccounted(_)
            | $crate::Observation::MediaTranscoded(_)
            | $crate::Observation::MediaSecured(_)
            | $crate::Observation::MediaUnsecured(_)
            | $crate::Observation::HandshakeCompleted(_)
            | $crate::Observation::HandshakeFailed(_)
            | $crate::Observation::EchoHeard(_)
            | $crate::Observation::DigitReceived(_)
            | $crate::Observation::DigitLost(_)
            | $crate::Observation::DigitDoubled(_)
            | $crate::Observation::DigitEarly(_)
            | $crate::Observation::InfoNotAllowed(_)
    };
}
