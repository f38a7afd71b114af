//! What the fuzz targets share: reading a program from octets, asking a message everything, building a peer's messages.

pub mod alphabet;
#[expect(missing_docs, reason = "the scenarios of call control document it")]
#[path = "../../../crates/call/tests/support/house.rs"]
pub mod house;
pub mod mend;
pub mod octets;
pub mod peer;
pub mod reading;
#[path = "../../../crates/call/tests/support/script.rs"]
pub mod script;

pub use octets::Octets;
