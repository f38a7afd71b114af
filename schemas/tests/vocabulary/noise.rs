//! Damaged, cut and random bytes: noticed, and never a panic.

use std::sync::LazyLock;

use proptest::prelude::*;
use trunkline_schemas::{
    CallId, Chain, Draft, Event, EventId, Lane, NodeName, Record, Subject, Timestamp, TrunkName,
    Unknown,
};

use crate::samples;

static SAMPLES: LazyLock<Vec<samples::Sample>> = LazyLock::new(samples::all);

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_reads_as_it_was_written(record in any_record()) {
        let read = Record::read(record.bytes().clone()).expect("a written record reads");
        prop_assert_eq!(&read, &record);
        prop_assert_eq!(read.hash(), record.hash());
        prop_assert_eq!(read.check(), Ok(()));
        let event = read.event().expect("a written event reads");
        let header = read.header();
        let (kind, version, payload) = event.encode();
        prop_assert_eq!((kind, version, &payload[..]), (header.kind, header.version, read.payload()));
    }

    #[test]
    fn a_changed_byte_is_noticed(record in any_record(), at: prop::sample::Index, flip in 1u8..) {
        let mut bytes = record.bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(is_noticed(&record, bytes), "byte {} of {:?}", at, record);
    }

    #[test]
    fn a_cut_or_lengthened_record_is_refused(record in any_record(), at: prop::sample::Index, more in 1usize..40) {
        let bytes = record.bytes();
        prop_assert!(Record::read(bytes.slice(..at.index(bytes.len()))).is_err());
        let mut longer = bytes.to_vec();
        longer.resize(bytes.len() + more, 0);
        prop_assert!(Record::read(longer.into()).is_err());
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), kind in any_kind(), version in 0u16..4) {
        let _ = Event::decode(kind, version, &bytes);
        let _ = samples::decode(kind, version, &bytes);
        let mut enveloped = bytes.clone();
        enveloped.insert(0, trunkline_schemas::ENVELOPE_VERSION);
        for bytes in [bytes, enveloped] {
            if let Ok(record) = Record::read(bytes.into()) {
                let _ = (record.check(), record.event(), Chain::after(&record).fits(&record));
            }
        }
    }

    #[test]
    fn nearly_right_payloads_never_panic(sample: prop::sample::Index, at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let sample = sample.get(&SAMPLES);
        for case in &sample.cases {
            let mut bytes = case.payload.clone();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = samples::decode(sample.kind, sample.version, &bytes);
            bytes.truncate(cut.index(bytes.len() + 1));
            let _ = samples::decode(sample.kind, sample.version, &bytes);
        }
    }
}

#[test]
fn every_single_bit_of_a_record_counts() {
    for record in crate::files::golden_records() {
        for at in 0..record.bytes().len() {
            for bit in 0..8 {
                let mut bytes = record.bytes().to_vec();
                bytes[at] ^= 1 << bit;
                assert!(
                    is_noticed(&record, bytes),
                    "bit {bit} of byte {at} of {record:?}"
                );
            }
        }
    }
}

#[test]
fn a_length_has_one_form_only() {
    let record = crate::files::golden_records().swap_remove(0);
    let length_at = record.bytes().len() - record.payload().len() - 1;
    let mut bytes = record.bytes().to_vec();
    bytes[length_at] |= 0x80;
    bytes.insert(length_at + 1, 0);
    assert!(
        Record::read(bytes.into()).is_err(),
        "one event has one row of bytes"
    );
}

/// Whoever writes too much is refused by the log, and never left with bytes that nobody can read.
#[test]
fn what_is_written_is_read_whatever_its_length() {
    let most = trunkline_schemas::PAYLOAD_MAX_BYTES;
    for length in [0, 127, 128, 16_384, most, most + 1, 3 * most] {
        let mut chain = Chain::new(Subject::Call(CallId([7; 16])), Lane::Facts);
        let written = chain.append(Draft {
            because: None,
            producer: NodeName::from("edge-1"),
            recorded_at: Timestamp(0),
            event: Event::Unknown(Unknown {
                kind: 60_000,
                version: 1,
                payload: vec![0x5a; length],
            }),
        });
        assert_eq!(Record::read(written.bytes().clone()), Ok(written.clone()));
        assert_eq!(written.payload().len(), length);
    }
}

#[test]
fn a_chain_behind_the_last_number_does_not_panic() {
    let mut draft = Vec::new();
    let record = crate::files::golden_records().swap_remove(0);
    let mut header = record.header().clone();
    header.sequence = u32::MAX;
    draft.push(trunkline_schemas::ENVELOPE_VERSION);
    draft.extend(postcard::to_allocvec(&header).expect("a header encodes"));
    draft.push(u8::try_from(record.payload().len()).expect("a short payload"));
    draft.extend_from_slice(record.payload());
    let last = Record::read(draft.into()).expect("it is a record");
    let mut chain = Chain::after(&last);
    chain.follow(&last);
    assert!(!chain.fits(&record));
}

/// It does not read, its hash is another one, or its payload is not the one that its header names.
fn is_noticed(record: &Record, changed: Vec<u8>) -> bool {
    Record::read(changed.into()).map_or(true, |read| {
        read.hash() != record.hash() || read.check().is_err()
    })
}

fn any_record() -> impl Strategy<Value = Record> {
    let subject = prop_oneof![
        any::<[u8; 16]>().prop_map(|bytes| Subject::Call(CallId(bytes))),
        ".{0,20}".prop_map(|name| Subject::Trunk(TrunkName(name))),
        ".{0,20}".prop_map(|name| Subject::Node(NodeName(name))),
    ];
    let lane = prop::sample::select(vec![
        Lane::Facts,
        Lane::Decisions,
        Lane::Requests,
        Lane::Wire,
    ]);
    let because = prop::option::of(any::<[u8; 16]>().prop_map(EventId));
    (
        subject,
        lane,
        because,
        ".{0,20}",
        any::<i64>(),
        any_event(),
        0u8..3,
    )
        .prop_map(|(subject, lane, because, producer, at, event, before)| {
            let mut chain = Chain::new(subject, lane);
            let producer = NodeName(producer);
            let draft = Draft {
                because,
                producer,
                recorded_at: Timestamp(at),
                event,
            };
            for _ in 0..before {
                chain.append(draft.clone());
            }
            chain.append(draft)
        })
}

/// The samples that can stand in a record, and payloads of types that nobody knows.
fn any_event() -> impl Strategy<Value = Event> {
    let known: Vec<Event> = SAMPLES
        .iter()
        .filter(|sample| sample.kind < 500 && sample.stem() != "LegFailed.v1")
        .flat_map(|sample| sample.cases.iter().map(move |case| (sample, &case.payload)))
        .map(|(sample, payload)| Event::decode(sample.kind, sample.version, payload))
        .collect::<Result<_, _>>()
        .expect("samples decode");
    let unknown = (
        1_000u16..,
        any::<u16>(),
        prop::collection::vec(any::<u8>(), 0..300),
    )
        .prop_map(|(kind, version, payload)| {
            Event::Unknown(Unknown {
                kind,
                version,
                payload,
            })
        });
    prop_oneof![3 => prop::sample::select(known), 1 => unknown]
}

fn any_kind() -> impl Strategy<Value = u16> {
    let known: Vec<u16> = trunkline_schemas::type_catalogue()
        .iter()
        .map(|info| info.kind)
        .collect();
    prop_oneof![4 => prop::sample::select(known), 1 => any::<u16>()]
}
