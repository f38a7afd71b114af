//! STUN and whatever else is no RTP on a port of media: it is counted once under its own name, answered by nothing, heard by
//! nobody, and moves no latch.
#![no_main]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::demux::{Kind, is_stun};
use media::{
    Call, Codec, Datagram, Input, LegId, LatchRule, Negotiated, Output, Reason, Settings,
    SourceRule,
};
use trunkline_fuzz::Octets;

const LEG: LegId = LegId(0);
const OTHER: LegId = LegId(1);

fuzz_target!(|octets: &[u8]| {
    let mut octets = Octets::new(octets);
    let mut now = Instant::now();
    let mut call = call(octets.octet(), now);
    while !octets.is_empty() {
        now += Duration::from_millis(u64::from(octets.octet()));
        let source = SocketAddr::from(([192, 0, 2, octets.octet()], 4_000));
        let mut bytes = match octets.flip() {
            true => stun(&mut octets),
            false => octets.text().to_vec(),
        };
        let kind = Kind::of(&bytes);
        if kind == Kind::Packet {
            // That is for the target `rtp`.
            bytes[0] &= 0x7f;
        }
        let (is_stun, is_dtls) = (is_stun(&bytes), Kind::of(&bytes) == Kind::Handshake);
        assert!(!is_stun || Kind::of(&bytes) == Kind::Stun);
        let before = call.measured(LEG, now).expect("the leg is there");
        let destination = call.destination(LEG);
        let datagram = Datagram::without_room(source, &mut bytes);
        assert!(call.handle_packet(LEG, datagram, now).is_none(), "it is answered");
        while let Some(output) = call.poll() {
            assert!(!matches!(output, Output::Send(_)), "it is answered");
        }
        let after = call.measured(LEG, now).expect("the leg is there");
        assert_eq!(after.received.packets, before.received.packets);
        assert_eq!(call.destination(LEG), destination, "it moves the latch");
        let reason = match (is_stun, is_dtls) {
            (true, _) => Reason::Stun,
            (false, true) => Reason::Handshake,
            (false, false) => Reason::Malformed,
        };
        assert_eq!(after.refused_for(reason), before.refused_for(reason) + 1);
        assert_eq!(after.refused, before.refused + 1, "it counts once");
    }
});

/// A message whose header is right but for what the program changes.
fn stun(octets: &mut Octets<'_>) -> Vec<u8> {
    let kind = octets.pair();
    let body = octets.text();
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend(length.to_be_bytes());
    bytes.extend([0x21, 0x12, 0xa4, 0x42]);
    bytes.extend([octets.octet(); 12]);
    bytes.extend(body);
    let place = octets.below(24);
    if let Some(octet) = bytes.get_mut(place) {
        *octet ^= octets.octet();
    }
    bytes
}

/// Two legs that hear each other; the first is open to anybody.
fn call(settings: u8, now: Instant) -> Call {
    let mut call = Call::new(Settings::default(), u64::from(settings));
    for leg in [LEG, OTHER] {
        let address = SocketAddr::from(([192, 0, 2, 7], 4_000));
        let mut negotiated = Negotiated::new(address, Codec::Pcmu);
        negotiated.latch = LatchRule {
            source: SourceRule::Any,
            ..LatchRule::default()
        };
        negotiated.handshake = settings & 1 == 1;
        negotiated.reports_muxed = settings & 2 == 2;
        for input in [Input::Add { leg }, Input::Update { leg, negotiated }] {
            call.handle(input, now).expect("the input is right");
        }
    }
    let bridge = Input::Bridge {
        leg: LEG,
        with: OTHER,
    };
    call.handle(bridge, now).expect("the input is right");
    while call.poll().is_some() {}
    call
}
