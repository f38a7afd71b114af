//! The promises of the vocabulary: what was ever written can be read, and says the same.

mod chain;
mod files;
mod golden;
mod json;
mod lock;
mod noise;
mod samples;
mod unknown;
