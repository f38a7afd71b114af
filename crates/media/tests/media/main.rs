//! A call's media in virtual time: every packet is built and read by `rtc-rtp` and `rtc-rtcp`, never by our own code.

mod agents;
mod counters;
mod driver;
mod faults;
mod hostile;
mod keys;
mod latch;
mod quality;
mod recording;
mod relay;
mod reports;
mod speakers;
mod srtp;
mod streams;
mod tones;
mod transcode;
mod watch;
