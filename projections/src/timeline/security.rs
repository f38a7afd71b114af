//! The sentences for whether media is encrypted, and for offers that were not taken.

use schemas::observation::{
    HandshakeCompleted, HandshakeFailed, MediaSecured, MediaUnsecured, OfferRefused,
};

use super::cast::Cast;
use super::telling::{Telling, told};
use crate::sentences::span;

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

pub(super) fn completed(completed: &HandshakeCompleted, cast: &Cast) -> Telling {
    let parts = [
        ("party", cast.party(completed.leg)),
        ("time", span(u64::from(completed.after_ms))),
    ];
    told("handshake.completed", &parts)
        .on(completed.leg)
        .with("begun by", begun_by(completed.begun_here))
        .with("fingerprint", completed.fingerprint_hash.as_str())
}

pub(super) fn failed(failed: &HandshakeFailed, cast: &Cast) -> Telling {
    let parts = [
        ("party", cast.party(failed.leg)),
        ("because", failed.because.clone()),
    ];
    let told = told("handshake.failed", &parts)
        .on(failed.leg)
        .with("begun by", begun_by(failed.begun_here))
        .with("certificate agreed on", failed.agreed.join(", "));
    match &failed.shown {
        Some(shown) => told.with("certificate shown", shown.as_str()),
        None => told,
    }
}

fn begun_by(begun_here: bool) -> &'static str {
    match begun_here {
        true => "edge",
        false => "peer",
    }
}

pub(super) fn refused(refused: &OfferRefused, cast: &Cast) -> Telling {
    let parts = [
        ("party", cast.party(refused.leg)),
        ("status", refused.status.to_string()),
        ("because", refused.because.clone()),
    ];
    told("offer.refused", &parts).on(refused.leg)
}
