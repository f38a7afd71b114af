//! Which observations are an edge's own: they are written in its node's lane and belong to no call.

/// The pattern of an observation that belongs to no call. Whoever folds calls names these once, and a new observation of
/// a call still has to be named by everybody.
#[macro_export]
macro_rules! of_an_edge {
    () => {
        $crate::Observation::SourceRefused(_)
            | $crate::Observation::MessagesMalformed(_)
            | $crate::Observation::TlsRefused(_)
            | $crate::Observation::TlsReloadFailed(_)
            | $crate::Observation::TlsReloaded(_)
            | $crate::Observation::CertificateExpiryNoticed(_)
            | $crate::Observation::ConnectionsRefused(_)
            | $crate::Observation::TrunkRegistered(_)
            | $crate::Observation::RegistrationRefused(_)
            | $crate::Observation::RegistrationEnded(_)
            | $crate::Observation::TrunkBound(_)
            | $crate::Observation::TrunkUnbound(_)
            | $crate::Observation::TrunkProbed(_)
            | $crate::Observation::TrunkUp(_)
            | $crate::Observation::TrunkDown(_)
            | $crate::Observation::LimitReached(_)
            | $crate::Observation::LoadStated(_)
            | $crate::Observation::CallsTurnedAway(_)
            | $crate::Observation::MediaContinued(_)
            | $crate::Observation::EdgeStarted(_)
            | $crate::Observation::EdgeStopped(_)
            | $crate::Observation::ConfigurationApplied(_)
    };
}
