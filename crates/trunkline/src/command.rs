//! The commands that read a log and tell what is in it: one file for each.

pub mod ask;
pub mod call;
pub mod calls;
pub mod check;
pub mod export;
pub mod guide;
pub mod platforms;
pub mod rebuild;
pub mod replay;
pub mod source;
pub mod terminal;
pub mod trunk;
pub mod trunks;
pub mod verify;
