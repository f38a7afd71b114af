//! What a relayed packet costs: `cargo bench -p trunkline-media --bench relay`. One line for each case, tab separated:
//! name, nanoseconds for each packet, packets for each CPU second.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use trunkline_media::srtp::ROOM_BYTES;
use trunkline_media::{
    Agent, Call, Codec, Datagram, Hears, Input, LegId, MasterKey, Negotiated, Secured, Settings,
    Suite,
};

const CALLER: LegId = LegId(1);
const AGENT: LegId = LegId(2);
const PACKETS: u32 = 2_000_000;
/// Fewer, because each is timed by itself.
const SECURED: u32 = 200_000;
/// As many as an edge has at once, so that the caches are as cold as they are there.
const CALLS: usize = 1000;

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() {
    let cases: [(&str, Codec, Codec, usize); 4] = [
        ("relay, one call", Codec::Pcmu, Codec::Pcmu, 1),
        ("relay, 1000 calls", Codec::Pcmu, Codec::Pcmu, CALLS),
        ("transcode, 1000 calls", Codec::Pcma, Codec::Pcmu, CALLS),
        (
            "relay and drain, 1000 calls",
            Codec::Pcmu,
            Codec::Pcmu,
            CALLS,
        ),
    ];
    for (name, from, to, calls) in cases {
        report(name, relay(from, to, calls, name.contains("drain")));
    }
    for suite in [Suite::AesCm128HmacSha1_80, Suite::AeadAes128Gcm] {
        report(&format!("SRTP to SRTP, {suite:?}"), secured(suite));
    }
    report("tone made, 1000 calls", tones());
    println!("octets of a leg\t{}", Call::BYTES_PER_LEG);
    println!("octets of a call\t{}", size_of::<Call>());
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn report(name: &str, nanoseconds: f64) {
    println!("{name}\t{nanoseconds:.0} ns\t{:.0} /s", 1e9 / nanoseconds);
}

fn relay(from: Codec, to: Codec, count: usize, drain: bool) -> f64 {
    let start = clock();
    let mut calls: Vec<Call> = (0u64..)
        .take(count)
        .map(|seed| call(seed, from, to, start))
        .collect();
    let mut template = vec![0x55; 172];
    template[0] = 0x80;
    template[1] = from.row().payload_type.expect("it is fixed");
    let mut bytes = template.clone();
    let begin = clock();
    let mut now = start;
    let mut relayed = 0u32;
    let per_call = PACKETS / u32::try_from(count).unwrap_or(1);
    for round in 0..per_call {
        now += Duration::from_millis(20);
        let [.., high, low] = round.to_be_bytes();
        for call in &mut calls {
            bytes.copy_from_slice(&template);
            bytes[2..4].copy_from_slice(&[high, low]);
            bytes[4..8].copy_from_slice(&(round * 160).to_be_bytes());
            relayed += u32::from(
                call.handle_packet(CALLER, Datagram::without_room(address(1), &mut bytes), now)
                    .is_some(),
            );
            if drain {
                while call.poll().is_some() {}
                std::hint::black_box(call.deadline());
            }
        }
    }
    assert_eq!(
        relayed,
        per_call * u32::try_from(count).unwrap_or(1),
        "every packet is relayed"
    );
    clock().duration_since(begin).as_secs_f64() * 1e9 / f64::from(relayed)
}

/// Both legs are SRTP: each packet is authenticated, decrypted, encrypted and signed.
fn secured(suite: Suite) -> f64 {
    let start = clock();
    let key = |octet: u8| {
        let (key, salt) = (
            vec![octet; suite.key_bytes()],
            vec![octet; suite.salt_bytes()],
        );
        MasterKey::new(suite, &key, &salt).expect("the lengths are the suite's")
    };
    let keys = |ours, theirs| {
        let (ours, theirs, mki) = (key(ours), key(theirs), None);
        Some(Box::new(Secured { ours, theirs, mki }))
    };
    let secure = |call: &mut Call, leg: LegId, security| {
        let port = leg.0;
        let negotiated = Negotiated {
            security,
            ..Negotiated::new(address(port), Codec::Pcmu)
        };
        call.handle(Input::Update { leg, negotiated }, start)
            .expect("it is right");
    };
    // The peer's packets are made by another call, which sends them with the key that the first one expects.
    let mut peer = call(1, Codec::Pcmu, Codec::Pcmu, start);
    secure(&mut peer, AGENT, keys(7, 8));
    let mut bridge = call(2, Codec::Pcmu, Codec::Pcmu, start);
    secure(&mut bridge, CALLER, keys(9, 7));
    secure(&mut bridge, AGENT, keys(10, 11));
    let mut spent = Duration::ZERO;
    let mut now = start;
    for round in 0..SECURED {
        now += Duration::from_millis(20);
        let [.., high, low] = round.to_be_bytes();
        let mut bytes = vec![0x55; 172 + ROOM_BYTES];
        bytes[..4].copy_from_slice(&[0x80, 0, high, low]);
        bytes[4..8].copy_from_slice(&(round * 160).to_be_bytes());
        let sent = peer.handle_packet(CALLER, datagram(&mut bytes, 172), now);
        let length = sent.expect("it is sent").bytes.len();
        bytes.resize(length + ROOM_BYTES, 0);
        let begin = clock();
        let relayed = bridge.handle_packet(CALLER, datagram(&mut bytes, length), now);
        assert!(relayed.is_some(), "every packet is relayed");
        spent += clock().duration_since(begin);
    }
    spent.as_secs_f64() * 1e9 / f64::from(SECURED)
}

fn datagram(buffer: &mut [u8], length: usize) -> Datagram<'_> {
    Datagram {
        source: address(1),
        buffer,
        length,
    }
}

fn tones() -> f64 {
    let start = clock();
    let mut calls: Vec<Call> = (0u64..)
        .take(CALLS)
        .map(|seed| call(seed, Codec::Pcmu, Codec::Pcmu, start))
        .collect();
    for call in &mut calls {
        let tone = Agent::Tone {
            frequency_hz: 440,
            level_db: -10,
        };
        call.handle(
            Input::Connect {
                leg: CALLER,
                hears: Hears::Agent(tone),
            },
            start,
        )
        .expect("the leg is there");
    }
    let begin = clock();
    let mut made = 0u32;
    for round in 0..500 {
        let now = start + Duration::from_millis(20) * round;
        for call in &mut calls {
            call.handle(Input::Wake, now)
                .expect("to wake is always right");
            while let Some(output) = call.poll() {
                made += u32::from(matches!(output, trunkline_media::Output::Send(_)));
            }
        }
    }
    clock().duration_since(begin).as_secs_f64() * 1e9 / f64::from(made)
}

fn call(seed: u64, from: Codec, to: Codec, now: Instant) -> Call {
    let mut call = Call::new(Settings::default(), seed);
    for (leg, port, codec) in [(CALLER, 1, from), (AGENT, 2, to)] {
        call.handle(Input::Add { leg }, now).expect("there is room");
        let negotiated = Negotiated::new(address(port), codec).with_telephone_event(101);
        call.handle(Input::Update { leg, negotiated }, now)
            .expect("it is right");
    }
    call.handle(
        Input::Bridge {
            leg: CALLER,
            with: AGENT,
        },
        now,
    )
    .expect("both are there");
    call
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn clock() -> Instant {
    Instant::now()
}
