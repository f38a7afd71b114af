//! A recorded call once more: fold, re-decide, ladder, export.

pub mod packet;
pub mod pcapng;
