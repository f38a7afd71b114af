//! The sentences for whether media is encrypted, and for offers that were not taken.

use schemas::observation::{MediaSecured, MediaUnsecured, OfferRefused};

use super::cast::Cast;
use super::telling::{Telling, told};

pub(super) fn secured(secured: &MediaSecured, cast: &Cast) -> Telling {
    let parts = [
        ("party", cast.party(secured.leg)),
        ("suite", secured.suite.clone()),
    ];
    told("media.secured", &parts)
        .on(secured.leg)
        .with("keys by", secured.keying.as_str())
        .with("profile", secured.profile.as_str())
}

pub(super) fn unsecured(unsecured: &MediaUnsecured, cast: &Cast) -> Telling {
    let parts = [
        ("party", cast.party(unsecured.leg)),
        ("because", unsecured.because.clone()),
    ];
    told("media.unsecured", &parts).on(unsecured.leg)
}

pub(super) fn refused(refused: &OfferRefused, cast: &Cast) -> Telling {
    let parts = [
        ("party", cast.party(refused.leg)),
        ("status", refused.status.to_string()),
        ("because", refused.because.clone()),
    ];
    told("offer.refused", &parts).on(refused.leg)
}
