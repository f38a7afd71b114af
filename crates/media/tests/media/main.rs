//! A call's media in virtual time: every packet is built and read by `rtc-rtp` and `rtc-rtcp`, never by our own code.

mod agents;
mod counters;
mod driver;
mod hostile;
mod keys;
mod latch;
mod relay;
mod reports;
mod srtp;
mod streams;
mod watch;
