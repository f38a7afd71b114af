//! Which calls somebody looks for.

use schemas::observation::ContextHeader;
use schemas::{CallId, Timestamp};

use super::{Outcome, Row, past};

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
    /// A part of the number that was called first, before the call was sent here.
    pub diverted: Option<String>,
    /// A part of what anybody calls the call: a header field that came along or was handed back, X-EI, Session-ID, a
    /// Call-ID, or the beginning of our own id.
    pub id: Option<String>,
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
            && self.diverted.as_ref().is_none_or(|wanted| {
                let first = row.first_called.as_ref();
                first.is_some_and(|first| is_number(first.number.reveal(), wanted))
            })
            && self.id.as_ref().is_none_or(|id| has_id(row, id))
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
    let first = row.first_called.iter();
    let first = first.map(|first| first.number.reveal().as_str());
    caller
        .chain([row.called.reveal().as_str()])
        .chain(first)
        .chain(legs)
        .chain(transfers)
}

fn has_number(row: &Row, wanted: &str) -> bool {
    numbers(row).any(|number| is_number(number, wanted))
}

/// Whether a number has these digits one behind the other, or a text that part.
fn is_number(number: &str, wanted: &str) -> bool {
    let digits: String = wanted.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || wanted.chars().any(|c| c.is_ascii_alphabetic()) {
        return contains(number, wanted);
    }
    let user = number.split('@').next().unwrap_or(number);
    let found: String = user.chars().filter(char::is_ascii_digit).collect();
    found.contains(&digits)
}

/// The header fields that came along and that were handed back.
fn headers(row: &Row) -> impl Iterator<Item = &ContextHeader> {
    row.context.iter().chain(&row.handed_back)
}

fn has_id(row: &Row, wanted: &str) -> bool {
    let external = row.external.iter();
    let external = external.flat_map(|call| past::external(call.reveal()));
    let session = row.session.iter();
    let session = session.flat_map(|id| [&id.local].into_iter().chain(&id.remote));
    let found = headers(row)
        .map(|header| header.value.reveal())
        .chain(external)
        .chain(session)
        .chain(row.legs.iter().map(|leg| &leg.sip_call_id))
        .any(|text| contains(text, wanted));
    found
        || row
            .call
            .to_string()
            .starts_with(&wanted.to_ascii_lowercase())
}

fn has_header(row: &Row, name: &str, value: &str) -> bool {
    headers(row).any(|header| {
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
        .chain(headers(row).flat_map(|header| [&header.name, header.value.reveal()]))
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

#[cfg(test)]
mod tests {
    use schemas::Personal;
    use schemas::observation::{ExternalCall, SessionId};

    use super::super::FirstCalled;
    use super::*;

    fn row() -> Row {
        let header = |name: &str, value: &str| ContextHeader {
            name: name.to_owned(),
            value: Personal::from(value),
        };
        Row {
            first_called: Some(FirstCalled {
                number: Personal::from("+12025550188"),
                reason: Some("no-answer".to_owned()),
                field: "Diversion".to_owned(),
            }),
            external: Some(Personal::new(ExternalCall {
                announced: None,
                external: Some("crm-7781".to_owned()),
                original: None,
            })),
            session: Some(SessionId {
                local: "7202892d00105000a0000000000000c1".to_owned(),
                remote: None,
            }),
            context: vec![header("X-BroadWorks-Correlation-Info", "77aa77c1-5b24")],
            handed_back: vec![header("X-Outcome", "escalate")],
            ..Row::new(CallId([7; 16]))
        }
    }

    #[test]
    fn a_call_is_found_by_what_anybody_calls_it_and_by_who_was_called_first() {
        for line in [
            "id:77AA77c1",
            "id:crm-7781",
            "id:7202892d0010",
            "id:07070707",
            "id:escalate",
            "diverted:0188",
            "diverted:+1-202-555-0188",
            "number:5550188",
            "header:x-outcome=esc",
            "escalate",
        ] {
            let search = Search::parse(line).unwrap();
            assert!(search.finds(&row()), "{line}");
        }
        for line in [
            "id:crm-7782",
            "diverted:0199",
            "id:5550188",
            "header:x-out=esc",
        ] {
            let search = Search::parse(line).unwrap();
            assert!(!search.finds(&row()), "{line}");
        }
        assert!(
            !Search::parse("diverted:0188")
                .unwrap()
                .finds(&Row::new(CallId([7; 16])))
        );
    }
}
