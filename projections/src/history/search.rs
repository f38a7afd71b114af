//! Which calls somebody looks for.

use schemas::{CallId, Timestamp};

use super::{Outcome, Row};

/// What a call must be to be found. Everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// A part of the caller's number, the number called or a number dialed: punctuation does not count.
    pub number: Option<String>,
    /// The name of a trunk that any leg went through.
    pub trunk: Option<String>,
    /// The agent's name.
    pub agent: Option<String>,
    /// How the call stands or ended.
    pub outcome: Option<Outcome>,
    /// It began then or later.
    pub since: Option<Timestamp>,
    /// It began before.
    pub until: Option<Timestamp>,
    /// The least milliseconds of talk.
    pub talk_min_ms: Option<u64>,
    /// The most milliseconds of talk.
    pub talk_max_ms: Option<u64>,
    /// The least milliseconds of ringing.
    pub ring_min_ms: Option<u64>,
    /// The most milliseconds of ringing.
    pub ring_max_ms: Option<u64>,
    /// A header field that came along, and a part of its value.
    pub header: Option<(String, String)>,
    /// Words that must each occur somewhere in the row.
    pub words: Vec<String>,
}

impl Search {
    /// Whether a call is looked for.
    pub fn finds(&self, row: &Row) -> bool {
        self.trunk.as_ref().is_none_or(|name| through(row, name))
            && self.outcome.is_none_or(|outcome| row.outcome == outcome)
            && self.since.is_none_or(|since| row.began >= since)
            && self.until.is_none_or(|until| row.began < until)
            && within(row.talk_ms, self.talk_min_ms, self.talk_max_ms)
            && within(row.ring_ms, self.ring_min_ms, self.ring_max_ms)
            && self.agent.as_ref().is_none_or(|name| {
                row.agent()
                    .is_some_and(|agent| agent.as_str().eq_ignore_ascii_case(name))
            })
            && self
                .number
                .as_ref()
                .is_none_or(|number| has_number(row, number))
            && self
                .header
                .as_ref()
                .is_none_or(|(name, value)| has_header(row, name, value))
            && self.words.iter().all(|word| has_word(row, word))
    }

    /// The calls older than this one need not be looked at any more: ids sort by time, and a call's
    /// first event is written within a minute of its id.
    pub fn is_past(&self, call: CallId) -> bool {
        const SLACK_MS: i64 = 60_000;
        self.since.is_some_and(|since| {
            i64::try_from(call.began_ms())
                .is_ok_and(|began| began < since.milliseconds() - SLACK_MS)
        })
    }
}

fn within(value: Option<u64>, least: Option<u64>, most: Option<u64>) -> bool {
    match value {
        Some(value) => {
            least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most)
        }
        None => least.is_none() && most.is_none(),
    }
}

fn through(row: &Row, name: &str) -> bool {
    row.trunk
        .iter()
        .chain(row.legs.iter().filter_map(|leg| leg.trunk.as_ref()))
        .any(|trunk| trunk.as_str().eq_ignore_ascii_case(name))
}

fn numbers(row: &Row) -> impl Iterator<Item = &str> {
    let caller = row.caller.iter().flat_map(|caller| {
        [
            caller.number.reveal().as_str(),
            caller.uri.reveal().as_str(),
        ]
    });
    let legs = row.legs.iter().map(|leg| leg.party.reveal().as_str());
    let transfers = row
        .transfers
        .iter()
        .map(|transfer| transfer.target.reveal().as_str());
    caller
        .chain([row.called.reveal().as_str()])
        .chain(legs)
        .chain(transfers)
}

fn has_number(row: &Row, wanted: &str) -> bool {
    let digits: String = wanted.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || wanted.chars().any(|c| c.is_ascii_alphabetic()) {
        return numbers(row).any(|number| contains(number, wanted));
    }
    numbers(row).any(|number| {
        let user = number.split('@').next().unwrap_or(number);
        let found: String = user.chars().filter(char::is_ascii_digit).collect();
        found.contains(&digits)
    })
}

fn has_header(row: &Row, name: &str, value: &str) -> bool {
    row.context.iter().any(|header| {
        header.name.eq_ignore_ascii_case(name) && contains(header.value.reveal(), value)
    })
}

fn has_word(row: &Row, word: &str) -> bool {
    let names = [&row.trunk_because]
        .into_iter()
        .chain(row.user_agent.iter())
        .chain(row.refused.iter().map(|refused| &refused.why))
        .chain(row.end.iter().map(|end| &end.cause))
        .chain(row.caller.iter().map(|caller| caller.display_name.reveal()))
        .chain(
            row.context
                .iter()
                .flat_map(|header| [&header.name, header.value.reveal()]),
        )
        .chain(
            row.legs
                .iter()
                .flat_map(|leg| [&leg.sip_call_id, &leg.address, &leg.cause]),
        )
        .chain(row.transfers.iter().map(|transfer| &transfer.why))
        .chain(row.troubles.iter().map(|trouble| &trouble.what));
    names.map(String::as_str).any(|text| contains(text, word))
        || numbers(row).any(|number| contains(number, word))
        || row
            .agent()
            .is_some_and(|agent| contains(agent.as_str(), word))
        || through(row, word)
        || contains(row.outcome.word(), word)
        || row.call.to_string().starts_with(&word.to_ascii_lowercase())
}

/// Whether a text contains another, whatever the case of its ASCII letters.
fn contains(text: &str, part: &str) -> bool {
    part.is_empty()
        || text
            .as_bytes()
            .windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}
