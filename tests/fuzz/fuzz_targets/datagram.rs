//! A datagram from anybody: read, asked everything, validated, answered, and the answer read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| trunkline_fuzz::reading::datagram(octets));
