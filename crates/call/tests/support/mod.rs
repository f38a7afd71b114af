//! What the tests of call control share: a configuration, a script language and a printer.

pub mod house;
pub mod print;
pub mod script;
