//! The chain of a lane: whole when nothing is missing, broken where something was taken or moved.

use trunkline_schemas::media::DigitMethod;
use trunkline_schemas::observation::{DigitReceived, LegRinging};
use trunkline_schemas::{
    CallId, Chain, Draft, Event, EventId, Lane, LegId, NodeName, Record, Subject, Timestamp,
};

const EVENTS: u16 = 100;

#[test]
fn a_chain_of_a_hundred_events_verifies() {
    let records = records();
    assert_eq!(first_break(&records), None);
    let last = records.last().expect("there are some");
    let mut restarted = Chain::after(&records[49]);
    for record in &records[50..] {
        assert!(restarted.fits(record));
        restarted.follow(record);
    }
    assert_eq!(restarted, Chain::after(last));
    assert_eq!(restarted.next_sequence(), u32::from(EVENTS));
}

#[test]
fn a_removed_event_is_noticed_at_every_place_but_the_end() {
    for at in 0..records().len() - 1 {
        let mut records = records();
        records.remove(at);
        assert_eq!(first_break(&records), Some(at));
    }
}

#[test]
fn swapped_neighbours_are_noticed() {
    for at in 0..records().len() - 1 {
        let mut records = records();
        records.swap(at, at + 1);
        assert_eq!(first_break(&records), Some(at));
    }
}

#[test]
fn an_event_of_the_same_number_and_another_content_breaks_the_chain_behind_it() {
    let mut records = records();
    let mut forger = Chain::after(&records[9]);
    records[10] = forger.append(draft(999));
    assert_eq!(first_break(&records), Some(11));
}

#[test]
fn an_event_repeated_is_noticed() {
    let mut records = records();
    records.insert(5, records[4].clone());
    assert_eq!(first_break(&records), Some(5));
}

#[test]
fn ids_are_distinct_even_when_the_content_is_the_same() {
    let mut chain = chain();
    let same: Vec<EventId> = (0..EVENTS).map(|_| chain.append(draft(7)).id()).collect();
    let mut sorted = same.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), same.len());
}

#[test]
fn a_decision_has_the_same_id_whoever_makes_it_and_when() {
    let because = Some(records()[3].id());
    let decide = |producer: &str, at: i64| {
        let mut chain = Chain::new(subject(), Lane::Decisions);
        let producer = NodeName::from(producer);
        chain.append(Draft {
            because,
            producer,
            recorded_at: Timestamp(at),
            ..draft(1)
        })
    };
    let (one, other) = (decide("control-a", 1), decide("control-b", 2));
    assert_eq!(one.id(), other.id());
    assert_ne!(one.hash(), other.hash());
}

fn records() -> Vec<Record> {
    let mut chain = chain();
    (0..EVENTS)
        .map(|number| chain.append(draft(number)))
        .collect()
}

fn chain() -> Chain {
    Chain::new(subject(), Lane::Facts)
}

fn subject() -> Subject {
    Subject::Call(CallId::new(1_795_244_400_000, [3; 10]))
}

fn draft(number: u16) -> Draft {
    let event: Event = if number.is_multiple_of(2) {
        LegRinging {
            leg: LegId(number),
            status: 180,
        }
        .into()
    } else {
        let duration_ms = u32::from(number);
        let method = DigitMethod::TelephoneEvent;
        DigitReceived {
            leg: LegId::CALLER,
            method,
            duration_ms,
            digit: None,
            seen: None,
        }
        .into()
    };
    Draft {
        because: None,
        producer: NodeName::from("edge-1"),
        recorded_at: Timestamp(1_795_244_400_000_000 + i64::from(number)),
        event,
    }
}

/// The index of the first record that does not follow the one before it.
fn first_break(records: &[Record]) -> Option<usize> {
    let mut chain = chain();
    records.iter().position(|record| {
        let fits = chain.fits(record) && record.check().is_ok();
        chain.follow(record);
        !fits
    })
}
