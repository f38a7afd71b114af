//! A million damaged packets: no panic, nothing let in that `rtc-rtp` does not read the same way.

use rtc_rtp::packet::Packet as Oracle;
use rtc_shared::marshal::Unmarshal;
use trunkline_media::packet::{Malformed, Packet};
use trunkline_media::{Agent, Codec, Direction, Hears, Input};

use crate::driver::{AGENT, CALLER, QUEUE, Shell, negotiated};

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// A packet of telephone events or little audio, with up to six octets changed, cut or longer.
fn damaged(random: &mut Random, good: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = good[random.below(good.len())].clone();
    for _ in 0..random.below(7) {
        let place = random.below(bytes.len());
        bytes[place] = random.byte();
    }
    match random.below(4) {
        0 => bytes.truncate(random.below(bytes.len() + 1)),
        1 => bytes.extend((0..random.below(8)).map(|_| random.byte())),
        _ => {}
    }
    bytes
}

#[test]
fn a_million_damaged_packets_do_no_harm() {
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    let mut agent = shell.leg(AGENT, Codec::Pcma);
    shell.leg(QUEUE, Codec::Pcmu);
    shell.input(Input::Bridge {
        leg: CALLER,
        with: AGENT,
    });
    let mut good: Vec<Vec<u8>> = (0..8).map(|_| caller.audio(&[7; 12])).collect();
    good.extend((0..8).map(|_| agent.audio(&[7; 12])));
    good.extend((0..4).map(|update| caller.key(1, update == 3, update * 160)));
    let mut extended = good[0].clone();
    extended[0] |= 0x30 | 1;
    extended.splice(
        12..12,
        [0; 4].into_iter().chain([0xbe, 0xde, 0, 1, 0x10, 7, 0, 0]),
    );
    *extended.last_mut().unwrap() = 3;
    good.push(extended);
    let mut random = Random(2026);
    for round in 0..1_000_000u32 {
        let bytes = damaged(&mut random, &good);
        let (leg, source) = match round % 3 {
            0 => (CALLER, caller.address),
            1 => (AGENT, agent.address),
            _ => (QUEUE, caller.address),
        };
        shell.datagram(leg, source, bytes);
        if round.is_multiple_of(64) {
            shell.pass(20);
            shell.sent.clear();
            shell.events.clear();
        }
        if round.is_multiple_of(10_000) {
            disturb(&mut shell, &mut random);
        }
    }
    let measured = shell.call.measured(CALLER, shell.now).unwrap();
    assert!(
        measured.refused > 10_000 && measured.received.packets > 1000,
        "{measured:?}"
    );
}

/// Changes what the legs hear and may do, in the middle of everything.
fn disturb(shell: &mut Shell, random: &mut Random) {
    let agents = [
        Agent::Echo,
        Agent::Hold,
        Agent::Tone {
            frequency_hz: 9,
            level_db: 3,
        },
    ];
    let direction = [
        Direction::SendReceive,
        Direction::SendOnly,
        Direction::Inactive,
    ][random.below(3)];
    let mut agreed = negotiated(CALLER, Codec::Pcmu);
    agreed.direction = direction;
    agreed.packet_ms = 10 + u16::from(random.byte() % 51);
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: agreed,
    });
    match random.below(3) {
        0 => shell.hears(CALLER, Hears::Agent(agents[random.below(3)].clone())),
        1 => shell.input(Input::Bridge {
            leg: CALLER,
            with: QUEUE,
        }),
        _ => shell.input(Input::Bridge {
            leg: CALLER,
            with: AGENT,
        }),
    }
}

#[test]
fn headers_are_read_as_rtc_rtp_reads_them() {
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    let mut plain = caller.audio(&[7; 12]);
    let mut odd = plain.clone();
    odd[0] |= 0x30 | 2;
    odd.splice(
        12..12,
        [0; 8].into_iter().chain([0xab, 0xcd, 0, 1, 0x10, 7, 0, 0]),
    );
    *odd.last_mut().unwrap() = 3;
    plain[0] |= 0x20;
    let good = [plain, odd, caller.key(1, false, 160)];
    let mut random = Random(4733);
    let mut read = 0;
    for _ in 0..200_000 {
        let bytes = damaged(&mut random, &good);
        let oracle = Oracle::unmarshal(&mut &bytes[..]);
        match (Packet::parse(&bytes), oracle) {
            (Ok(packet), Ok(oracle)) => {
                read += 1;
                let header = &oracle.header;
                assert_eq!(
                    (
                        packet.marker,
                        packet.payload_type,
                        packet.sequence,
                        packet.timestamp,
                        packet.ssrc
                    ),
                    (
                        header.marker,
                        header.payload_type,
                        header.sequence_number,
                        header.timestamp,
                        header.ssrc
                    )
                );
                if !reads_extension_elements(&bytes) {
                    assert_eq!(bytes[packet.payload()], oracle.payload[..], "{bytes:02x?}");
                }
            }
            // What it lets pass: other versions, no padding where some is announced, RTCP.
            (Err(Malformed::Version | Malformed::Padding | Malformed::Rtcp), Ok(_)) => {}
            (Err(Malformed::Short), Ok(_)) => panic!("too strict: {bytes:02x?}"),
            (Ok(_), Err(error)) => {
                assert!(reads_extension_elements(&bytes), "{error}: {bytes:02x?}")
            }
            (Err(_), Err(_)) => {}
        }
    }
    assert!(read > 50_000, "{read}");
}

/// Whether `rtc-rtp` takes the extension apart (RFC 8285), which may move its payload.
fn reads_extension_elements(bytes: &[u8]) -> bool {
    let profile = 12 + 4 * usize::from(bytes[0] & 0x0f);
    let extended = bytes[0] & 0x10 != 0;
    extended
        && matches!(
            bytes.get(profile..profile + 2),
            Some([0xbe, 0xde] | [0x10, 0x00])
        )
}

/// Why the payload is found by arithmetic: elements of an extension move it in `rtc-rtp` 0.21.1.
#[test]
fn an_extension_cannot_move_the_audio() {
    let header = [0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1];
    // RFC 8285, section 4.2: element 15 ends the reading of the extension, not the extension.
    let reserved = [
        &header[..],
        &[0xbe, 0xde, 0, 2, 0xf0, 1, 2, 3, 4, 5, 6, 7],
        &[0xaa; 4],
    ]
    .concat();
    // An element that is longer than the extension.
    let overlong = [&header[..], &[0xbe, 0xde, 0, 1, 0x14, 1, 2, 3], &[0xaa; 4]].concat();
    for bytes in [reserved, overlong] {
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(bytes[packet.payload()], [0xaa; 4]);
        let oracle = Oracle::unmarshal(&mut &bytes[..]).unwrap();
        assert_ne!(
            oracle.payload[..],
            [0xaa; 4],
            "rtc-rtp has learned it: it could parse for us now"
        );
    }
}
