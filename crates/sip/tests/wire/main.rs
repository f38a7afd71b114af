//! The wire layer against what peers send: odd, hostile, and as other parsers read it.

mod corpus;
mod differential;
mod field_cases;
mod hostile;
