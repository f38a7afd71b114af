//! A reader that meets what a later release wrote keeps it, hashes it and gives it on as it is.

use trunkline_schemas::observation::LegRinging;
use trunkline_schemas::{
    CallId, Chain, Conclusion, Decision, DecodeError, Draft, Event, Hash, Item, Lane, LegId,
    NodeName, Observation, Record, Subject, Timestamp, Unknown,
};

#[test]
fn an_unknown_type_is_kept() {
    kept(50_000, 1, b"words of a later release");
    kept(0, 0, b"");
}

#[test]
fn an_unknown_version_of_a_known_type_is_kept() {
    let (kind, version, payload) = Observation::from(LegRinging {
        leg: LegId(1),
        status: 180,
    })
    .encode();
    let mut longer = payload.clone();
    longer.extend_from_slice(b"a field more");
    kept(kind, version + 1, &longer);
    kept(kind, 0, &payload);
    kept(
        Decision::KIND,
        Decision::VERSION + 1,
        b"another form of decision",
    );
    kept(
        trunkline_schemas::WireMessage::KIND,
        2,
        b"another form of message",
    );
}

#[test]
fn a_decision_with_an_unknown_command_is_kept_as_a_whole() {
    let unknown = Item {
        kind: 599,
        version: 1,
        payload: b"a command of later".to_vec(),
    };
    kept(
        Decision::KIND,
        Decision::VERSION,
        &stored_decision(vec![known_command(), unknown.clone()], vec![]),
    );
    let later = Item {
        version: 9,
        ..known_command()
    };
    kept(
        Decision::KIND,
        Decision::VERSION,
        &stored_decision(vec![later], vec![]),
    );
    let conclusion = Item {
        kind: 699,
        ..unknown
    };
    kept(
        Decision::KIND,
        Decision::VERSION,
        &stored_decision(vec![known_command()], vec![conclusion]),
    );
}

#[test]
fn the_decision_of_these_tests_is_a_decision_when_all_of_it_is_known() {
    let payload = stored_decision(vec![known_command()], vec![]);
    let event = Event::decode(Decision::KIND, Decision::VERSION, &payload).expect("it reads");
    let Event::Decision(decision) = &event else {
        panic!("{event:?}")
    };
    assert_eq!(decision.rule, "later");
    assert_eq!(event.encode().2, payload);
}

#[test]
fn damage_in_a_known_type_is_an_error_and_not_unknown() {
    let (kind, version, payload) = Observation::from(LegRinging {
        leg: LegId(1),
        status: 180,
    })
    .encode();
    let refused = Err(DecodeError::Payload {
        name: "LegRinging",
        version,
    });
    assert_eq!(Event::decode(kind, version, &payload[..1]), refused);
    let mut longer = payload;
    longer.push(0);
    assert_eq!(
        Event::decode(kind, version, &longer),
        refused,
        "bytes behind the last field"
    );
    let inside = Item {
        payload: vec![0xff],
        ..known_command()
    };
    assert_eq!(
        Event::decode(
            Decision::KIND,
            Decision::VERSION,
            &stored_decision(vec![inside], vec![])
        ),
        Err(DecodeError::Payload {
            name: "RingLeg",
            version: 1
        })
    );
}

#[test]
fn an_unknown_conclusion_alone_is_none() {
    assert_eq!(Conclusion::decode(699, 1, b"later"), Ok(None));
}

/// Through a record and back: unknown, verified, and the same bytes when it is written again.
fn kept(kind: u16, version: u16, payload: &[u8]) {
    let unknown = Unknown {
        kind,
        version,
        payload: payload.to_vec(),
    };
    let draft = Draft {
        because: None,
        producer: NodeName::from("edge-of-tomorrow"),
        recorded_at: Timestamp(1_795_244_400_000_000),
        event: Event::Unknown(unknown.clone()),
    };
    let mut chain = Chain::new(Subject::Call(CallId::new(1, [9; 10])), Lane::Facts);
    let written = chain.append(draft.clone());
    let record = Record::read(written.bytes().clone()).expect("the envelope is known");
    assert_eq!(record.check(), Ok(()));
    assert_eq!(record.hash(), written.hash());
    assert_eq!(
        record.event(),
        Ok(Event::Unknown(unknown)),
        "type {kind} version {version}"
    );

    let event = record.event().expect("it reads");
    assert_eq!(event.name(), "Unknown");
    let again =
        Chain::new(record.subject().clone(), record.lane()).append(Draft { event, ..draft });
    assert_eq!(again.bytes(), written.bytes());
}

/// The stored form of a decision: fields in the order of `StoredDecision`.
fn stored_decision(commands: Vec<Item>, conclusions: Vec<Item>) -> Vec<u8> {
    postcard::to_allocvec(&("later", Hash::ZERO, commands, conclusions)).expect("it encodes")
}

fn known_command() -> Item {
    Item {
        kind: 500,
        version: 1,
        payload: vec![0],
    }
}
