//! The bytes of an event from anybody: read, checked, told, and written again.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use schemas::{Chain, Draft, Event, Record};

fuzz_target!(|octets: &[u8]| {
    let Ok(record) = Record::read(Bytes::copy_from_slice(octets)) else {
        return;
    };
    assert_eq!(record.bytes(), octets, "every octet is kept");
    assert!(octets.ends_with(record.payload()));
    let _ = (
        record.id(),
        record.subject().to_string(),
        record.lane(),
        record.hash(),
        record.check(),
    );
    let _ = format!("{record:?}");
    let Ok(event) = record.event() else {
        return;
    };
    told(&event);

    let (kind, version, payload) = event.encode();
    let again = Event::decode(kind, version, &payload).expect("what we write is read");
    assert!(again == event, "{event:?} is read again as {again:?}");
    let (_, _, twice) = again.encode();
    assert_eq!(twice, payload, "a fact has one form");

    let header = record.header();
    let draft = Draft {
        because: header.because,
        producer: header.producer.clone(),
        recorded_at: header.recorded_at,
        event,
    };
    let mut chain = Chain::new(header.subject.clone(), header.lane);
    let written = chain.append(draft);
    let read = Record::read(written.bytes().clone()).expect("what we write is read");
    assert_eq!(read, written);
    assert_eq!(read.check(), Ok(()));
    assert!(read.event().is_ok_and(|read| read == again));
    assert!(Chain::after(&record).next_sequence() >= header.sequence);
});

/// The ways in which an event is shown.
fn told(event: &Event) {
    let _ = (event.name(), format!("{event:?}"));
    serde_json::to_string(event).expect("an event can be told as JSON");
}
