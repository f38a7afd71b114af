//! Calls between two endpoints over a virtual link with a virtual clock: scripts, loss, raw peers, random interleavings.

mod challenged;
mod connection;
mod early;
mod gate;
mod honest;
mod link;
mod loss;
mod random;
mod raw;
mod register;
mod reliable;
mod routing;
mod script;
mod session_id;
mod timers;
mod trunk;
