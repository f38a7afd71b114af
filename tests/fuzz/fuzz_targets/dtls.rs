//! Records of DTLS from anybody: the engine of a handshake is handed whole records of it, unchanged and in their order, and no
//! more than a handshake takes, whatever comes.
#![no_main]

#[path = "../../../crates/edge/src/dtls/guard.rs"]
mod guard;

use guard::Guard;
use libfuzzer_sys::fuzz_target;
use trunkline_fuzz::Octets;

/// What a handshake takes at most, without keys and with them.
const PLAIN_MAX: usize = 256;
const SEALED_MAX: usize = 64;
/// Times that one datagram comes again: beyond both bounds.
const AGAIN: usize = 400;

fuzz_target!(|octets: &[u8]| {
    let mut octets = Octets::new(octets);
    let mut guard = Guard::default();
    let (mut plain, mut sealed) = (0, 0);
    while !octets.is_empty() {
        let again = if octets.octet() & 15 == 15 { AGAIN } else { 1 };
        let datagram = octets.text();
        for _ in 0..again {
            let admitted = guard.admit(datagram);
            let theirs = records(datagram);
            let mut rest = theirs.iter();
            for record in records(&admitted) {
                // In their order: each is found behind the one before.
                assert!(rest.any(|known| *known == record), "{record:02x?} was not sent");
                match (record[0], [record[3], record[4]]) {
                    (20 | 22, [0, 0]) => plain += 1,
                    (21 | 22, [0, 1]) => sealed += 1,
                    (kind, epoch) => panic!("a record {kind} of epoch {epoch:?} goes on"),
                }
            }
            assert_eq!(
                records(&admitted).concat().len(),
                admitted.len(),
                "half a record goes on"
            );
        }
        let _ = guard.alert();
    }
    assert!(plain <= PLAIN_MAX && sealed <= SEALED_MAX, "{plain} and {sealed}");
});

/// The whole records of a datagram, by their lengths alone.
fn records(datagram: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut records) = (datagram, Vec::new());
    while let Some(&[high, low]) = rest.get(11..13) {
        let length = 13 + usize::from(u16::from_be_bytes([high, low]));
        let Some((record, behind)) = rest.split_at_checked(length) else {
            break;
        };
        records.push(record);
        rest = behind;
    }
    records
}
