//! A stream from anybody: however the network cuts it, the same messages come out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trunkline_fuzz::Octets;
use trunkline_fuzz::reading::framed;

fuzz_target!(|octets: &[u8]| {
    let mut octets = Octets::new(octets);
    let lengths: [u8; 4] = std::array::from_fn(|_| octets.octet());
    let stream = octets.rest();
    let whole = framed(stream, &[]);
    assert_eq!(framed(stream, &lengths), whole, "cut every {lengths:?}");
    // Octet by octet is the hardest cut, and the slowest.
    if stream.len() <= 4096 {
        assert_eq!(framed(stream, &[1]), whole, "octet by octet");
    }
});
