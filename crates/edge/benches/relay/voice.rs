//! What phones say that speak another codec than G.711: a second of something like a voice, over and over.

use std::f64::consts::TAU;
use std::time::Duration;

use media::{Agent, Call, Codec, Hears, Input, LegId, Negotiated, Output, Settings};

use crate::phones::{NOWHERE, clock};

/// Packets of a second.
const PACKETS: u32 = 50;

/// The payloads of its packets: a call of its own makes them of linear samples.
pub fn payloads(codec: Codec) -> Vec<Vec<u8>> {
    let (start, leg) = (clock(), LegId(0));
    let mut call = Call::new(Settings::default(), 7);
    let agent = Agent::Announcement {
        samples: speech().into(),
        repeat: true,
    };
    let negotiated = Negotiated::new(NOWHERE, codec);
    let hears = Hears::Agent(agent);
    let inputs = [
        Input::Add { leg },
        Input::Update { leg, negotiated },
        Input::Connect { leg, hears },
    ];
    for input in inputs {
        call.handle(input, start).expect("it is right");
    }
    let mut payloads = Vec::new();
    for tick in 0..PACKETS {
        let now = start + Duration::from_millis(20) * tick;
        call.handle(Input::Wake, now)
            .expect("to wake is always right");
        while let Some(output) = call.poll() {
            if let Output::Send(transmit) = output {
                payloads.push(transmit.bytes[RTP_HEADER..].to_vec());
            }
        }
    }
    payloads
}

/// Something like a voice at 8 kHz: a pitch that moves, syllables and breath.
#[expect(clippy::cast_possible_truncation, reason = "samples are made of waves")]
fn speech() -> Vec<i16> {
    let (mut seed, mut turns) = (1u32, 0.0);
    let sample = |at: u32| {
        let seconds = f64::from(at) / 8_000.0;
        turns += (120.0 + 30.0 * (seconds * 2.3).sin()) / 8_000.0;
        let loud = (seconds * 4.0).sin().max(0.0);
        let waves = (1..16u8).map(|wave| (turns * f64::from(wave) * TAU).sin() / f64::from(wave));
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let breath = f64::from(seed >> 16) / 32_768.0 - 1.0;
        ((waves.sum::<f64>() * 4_000.0 + breath * 800.0) * loud + breath * 30.0) as i16
    };
    (0..8_000).map(sample).collect()
}

/// Octets of a header without extension.
const RTP_HEADER: usize = 12;
