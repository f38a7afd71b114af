//! The sentences for what is wrong with media and keys by itself: a good call has none of them.

use schemas::media::{DigitMethod, PayloadFormat};
use schemas::observation::{DigitDoubled, DigitEarly, EchoHeard, InfoNotAllowed};

use super::cast::Cast;
use super::telling::{Telling, told};
use crate::sentences::span;

pub(super) fn echo(echo: &EchoHeard, cast: &Cast) -> Telling {
    let fields = [
        ("party", cast.party(echo.leg)),
        ("delay", span(u64::from(echo.delay_ms))),
    ];
    let permille = echo.correlation_permille;
    told("media.echo", &fields).on(echo.leg).with(
        "correlation",
        format!("{}.{} %", permille / 10, permille % 10),
    )
}

pub(super) fn early(early: &DigitEarly, cast: &Cast) -> Telling {
    let id = match early.latched {
        true => "digit.early",
        false => "digit.early.unheard",
    };
    let fields = [
        ("party", cast.party(early.leg)),
        ("after", span(u64::from(early.after_answer_ms))),
    ];
    told(id, &fields).on(early.leg)
}

pub(super) fn doubled(doubled: &DigitDoubled, cast: &Cast) -> Telling {
    let fields = [
        ("party", cast.party(doubled.leg)),
        ("method", method(doubled.counted_as).to_owned()),
        ("other", method(doubled.method).to_owned()),
        ("time", span(u64::from(doubled.apart_ms))),
    ];
    told("digit.doubled", &fields).on(doubled.leg)
}

pub(super) fn info_not_allowed(refusing: &InfoNotAllowed, cast: &Cast) -> Telling {
    told("digit.info", &[("party", cast.party(refusing.leg))])
        .on(refusing.leg)
        .with("Allow", refusing.allow.as_str())
}

pub(super) fn method(method: DigitMethod) -> &'static str {
    match method {
        DigitMethod::TelephoneEvent => "telephone event",
        DigitMethod::Info => "SIP INFO",
        DigitMethod::InBand => "tones in the audio",
    }
}

/// Payload types and what they stand for.
pub(super) fn formats(formats: &[PayloadFormat]) -> String {
    let words = formats
        .iter()
        .map(|one| format!("{} {}", one.payload_type, one.format));
    words.collect::<Vec<_>>().join(", ")
}
