//! The API over real HTTP on a free loopback port, with a log in memory.

mod calls;
mod desk;
mod feed;
mod requests;
#[path = "../../../../projections/tests/script/mod.rs"]
mod script;
mod service;
mod trunks;
mod twilio;
mod views;
