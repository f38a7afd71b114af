//! Proof: real phones (SIPp, baresip), a real proxy (Kamailio), a real trunkline, and an ear for what they hear.
//!
//! Each phone and each trunkline is a process of its own in a folder of its own, ended by its own id.

pub mod authority;
pub mod baresip;
pub mod bot;
pub mod dns;
pub mod history;
pub mod house;
pub mod kamailio;
pub mod names;
pub mod ports;
pub mod process;
pub mod readme;
pub mod sipp;
pub mod sound;
pub mod system;
pub mod wait;
