//! What a transcoded call costs: `cargo bench -p trunkline-media --bench transcode`. One line for each pair, tab separated:
//! name, milliseconds of one core for each second of a call with both directions.

use std::f64::consts::TAU;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use trunkline_media::{
    Agent, Call, Codec, Datagram, Hears, Input, LegId, Negotiated, Output, RecordOrder,
    RecordedDigits, Redundancy, Settings,
};

const CALLER: LegId = LegId(1);
const AGENT: LegId = LegId(2);
/// As many calls at once as keep the caches cold, and seconds of each.
const CALLS: u32 = 20;
const SECONDS: u32 = 10;

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() {
    let pairs = [
        (Codec::Pcmu, Codec::Pcmu, Redundancy::None),
        (Codec::Pcmu, Codec::Pcma, Redundancy::None),
        (Codec::Pcmu, Codec::G722, Redundancy::None),
        (Codec::Pcmu, Codec::L16Wide, Redundancy::None),
        (Codec::Pcmu, Codec::Opus, Redundancy::None),
        (Codec::Pcmu, Codec::Opus, Redundancy::InBand),
        (Codec::G722, Codec::Opus, Redundancy::InBand),
    ];
    for (one, other, redundancy) in pairs {
        for is_recorded in [false, true] {
            let cost = cost((one, other, redundancy), is_recorded);
            let recorded = if is_recorded { ", recorded" } else { "" };
            println!("{one:?} and {other:?}, redundancy {redundancy:?}{recorded}\t{cost:.3} ms");
        }
    }
}

/// Milliseconds for a second of a call.
fn cost((one, other, redundancy): (Codec, Codec, Redundancy), is_recorded: bool) -> f64 {
    let voices = [voice(one), voice(other)];
    let start = clock();
    let mut calls: Vec<Call> = (0..CALLS)
        .map(|seed| call(u64::from(seed), one, other, redundancy, start))
        .collect();
    for call in calls.iter_mut().filter(|_| is_recorded) {
        let (leg, digits) = (CALLER, RecordedDigits::Masked);
        let order = RecordOrder::Start {
            digits,
            notice: None,
        };
        let record = Input::Record { leg, order };
        call.handle(record, start).expect("the leg is there");
    }
    let begin = clock();
    let (mut now, mut sent) = (start, 0u32);
    let mut buffer = [0; 2048];
    for packet in 0..voices[0].len().min(voices[1].len()) {
        now += Duration::from_millis(20);
        for call in &mut calls {
            for (leg, voice) in [(CALLER, &voices[0]), (AGENT, &voices[1])] {
                let bytes = &voice[packet];
                buffer[..bytes.len()].copy_from_slice(bytes);
                let datagram = Datagram {
                    source: address(leg),
                    length: bytes.len(),
                    buffer: &mut buffer,
                };
                sent += u32::from(call.handle_packet(leg, datagram, now).is_some());
                while let Some(output) = call.poll() {
                    sent += u32::from(matches!(output, Output::Send(_)));
                }
            }
        }
    }
    let spent = clock().duration_since(begin).as_secs_f64();
    assert!(
        sent >= CALLS * SECONDS * 50 * 2 - CALLS * 4,
        "every packet is heard"
    );
    spent * 1_000.0 / f64::from(CALLS * SECONDS)
}

/// Packets of a voice in a codec: a call of its own makes them of linear samples.
fn voice(codec: Codec) -> Vec<Vec<u8>> {
    let start = clock();
    let samples = speech();
    let mut call = Call::new(Settings::default(), 7);
    call.handle(Input::Add { leg: CALLER }, start)
        .expect("there is room");
    let negotiated = Negotiated::new(address(CALLER), codec);
    let update = Input::Update {
        leg: CALLER,
        negotiated,
    };
    call.handle(update, start).expect("it is right");
    let agent = Agent::Announcement {
        samples: samples.into(),
        repeat: false,
    };
    let hears = Hears::Agent(agent);
    call.handle(Input::Connect { leg: CALLER, hears }, start)
        .expect("the leg is there");
    let mut packets = Vec::new();
    for tick in 0..SECONDS * 50 {
        let now = start + Duration::from_millis(20) * tick;
        call.handle(Input::Wake, now)
            .expect("to wake is always right");
        while let Some(output) = call.poll() {
            if let Output::Send(transmit) = output {
                packets.push(transmit.bytes.to_vec());
            }
        }
    }
    packets
}

/// Something like a voice at 8 kHz: a pitch that moves, syllables, breath and pauses.
fn speech() -> Vec<i16> {
    let (mut seed, mut turns) = (1u32, 0.0);
    let sample = |at: u32| {
        let seconds = f64::from(at) / 8_000.0;
        let pitch_hz = 120.0 + 30.0 * (seconds * 2.3).sin();
        turns += pitch_hz / 8_000.0;
        let loud = (seconds * 4.0).sin().max(0.0);
        let waves = (1..16u8).map(|wave| (turns * f64::from(wave) * TAU).sin() / f64::from(wave));
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let breath = f64::from(seed >> 16) / 32_768.0 - 1.0;
        ((waves.sum::<f64>() * 4_000.0 + breath * 800.0) * loud + breath * 30.0) as i16
    };
    (0..SECONDS * 8_000).map(sample).collect()
}

fn call(seed: u64, one: Codec, other: Codec, redundancy: Redundancy, now: Instant) -> Call {
    let mut call = Call::new(Settings::default(), seed);
    for (leg, codec) in [(CALLER, one), (AGENT, other)] {
        call.handle(Input::Add { leg }, now).expect("there is room");
        let mut negotiated = Negotiated::new(address(leg), codec);
        negotiated.redundancy = redundancy;
        call.handle(Input::Update { leg, negotiated }, now)
            .expect("it is right");
    }
    let (leg, with) = (CALLER, AGENT);
    call.handle(Input::Bridge { leg, with }, now)
        .expect("both are there");
    call
}

fn address(leg: LegId) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], leg.0))
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn clock() -> Instant {
    Instant::now()
}
