//! What a trunk's messages say of callers and numbers, and what ours say to it.

use serde::Deserialize;

/// `[trunk.NAME.numbers]`: how numbers are written on both ways.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Numbers {
    /// How it writes numbers: `plus` (+14155550100, the default), `digits` (14155550100), `national` (as they are dialed
    /// in its country) or `id` (what stands there is a platform's identifier, whatever it looks like).
    #[serde(rename = "in")]
    pub incoming: NumberForm,
    /// The same for the number called. Default: as `in`.
    pub called: Option<NumberForm>,
    /// How it wants numbers: `plus` (the default), `digits` or `national`. What is no E.164 number stays as it is.
    #[serde(rename = "out")]
    pub outgoing: NumberForm,
    /// For `national`: the country code, `"44"`.
    pub country_code: Option<String>,
    /// For `national`: what stands before a number of the country, `"0"`. Default: nothing.
    pub trunk_prefix: Option<String>,
    /// For `national`: what stands before a number of another country, `"00"`. Default: only the plus.
    pub international_prefix: Option<String>,
}

/// How a number is written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberForm {
    /// E.164 with its plus.
    #[default]
    Plus,
    /// E.164 without its plus.
    Digits,
    /// As it is dialed in a country.
    National,
    /// As a platform's identifier.
    Id,
}

/// A header field that says who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallerHeader {
    /// P-Asserted-Identity (RFC 3325).
    PAssertedIdentity,
    /// Remote-Party-ID.
    RemotePartyId,
    /// From.
    From,
}

/// Whether keys are listened for as tones.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tones {
    /// They are not.
    #[default]
    Off,
    /// Where there are no telephone events.
    Fallback,
    /// Always.
    Always,
}

/// How keys are sent.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtmf {
    /// As telephone events in the audio stream.
    #[default]
    Rfc4733,
    /// By INFO.
    Info,
}
