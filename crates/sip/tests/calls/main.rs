//! Calls between two endpoints over a virtual link with a virtual clock: scripts, loss, raw peers, random interleavings.

mod challenged;
mod connection;
mod early;
mod gate;
mod link;
mod loss;
mod random;
mod raw;
mod reliable;
mod script;
mod timers;
