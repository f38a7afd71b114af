//! How long it takes to write, read and check a record. `cargo bench -p trunkline-schemas`

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![expect(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use trunkline_schemas::{
    CallId, Chain, Draft, Event, Hash, Lane, NodeName, Record, Subject, Timestamp,
};

fn main() {
    println!(
        "{:<16} {:>6} {:>7} {:>7} {:>7} {:>7}",
        "ns per event", "bytes", "encode", "append", "read", "decode"
    );
    for (name, kind, version) in [("InviteReceived", 1, 2), ("LegRinging", 3, 1)] {
        report(name, &golden(name, kind, version));
    }
}

fn report(name: &str, event: &Event) {
    let draft = Draft {
        because: None,
        producer: NodeName::from("edge-1"),
        recorded_at: Timestamp(1_795_244_400_000_000),
        event: event.clone(),
    };
    let subject = Subject::Call(CallId::new(1_795_244_400_000, [3; 10]));
    let mut chain = Chain::new(subject, Lane::Facts);
    let record = chain.append(draft.clone());
    let encode = nanoseconds(|| {
        black_box(black_box(event).encode());
    });
    let append = nanoseconds(|| {
        black_box(chain.append(black_box(&draft).clone()));
    });
    let read = nanoseconds(|| {
        let record = Record::read(black_box(record.bytes()).clone()).expect("a record");
        black_box(record.check()).expect("a whole record");
    });
    let decode = nanoseconds(|| {
        black_box(record.event()).expect("an event");
    });
    let bytes = record.bytes().len();
    println!("{name:<16} {bytes:>6} {encode:>7} {append:>7} {read:>7} {decode:>7}");
    let header = &record.bytes()[..bytes - record.payload().len()];
    let hash = nanoseconds(|| {
        black_box(Hash::of(black_box(header)));
    });
    println!(
        "  of which one SHA-256 of the {} bytes of the header: {hash}",
        header.len()
    );
}

/// The best of five rounds, so that a neighbour on the machine does not count.
fn nanoseconds(mut work: impl FnMut()) -> u128 {
    const REPEATS: u128 = 50_000;
    let round = |work: &mut dyn FnMut()| {
        let began = Instant::now();
        for _ in 0..REPEATS {
            work();
        }
        began.elapsed().as_nanos() / REPEATS
    };
    (0..5).map(|_| round(&mut work)).min().unwrap_or_default()
}

/// The first golden case of a version of a type.
fn golden(name: &str, kind: u16, version: u16) -> Event {
    let file = format!("golden/{name}.v{version}.postcard.hex");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(path).expect("the golden bytes are there");
    let line = text.lines().next().expect("a golden file has a case");
    let payload: Vec<u8> = (0..line.len() / 2)
        .map(|at| u8::from_str_radix(&line[2 * at..2 * at + 2], 16).expect("hexadecimal digits"))
        .collect();
    Event::decode(kind, version, &payload).expect("golden bytes read")
}
