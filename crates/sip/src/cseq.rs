//! CSeq: the order of requests in a dialog (RFC 3261 section 20.16).

use std::fmt;

use crate::header::{HeaderError, Name};
use crate::lex;
use crate::method::Method;

/// A sequence number and the method it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// The number.
    pub number: u32,
    /// The method.
    pub method: Method,
}

impl CSeq {
    /// Reads a value.
    pub fn parse(value: &str) -> Result<Self, HeaderError> {
        let (number, method) = value
            .split_once([' ', '\t'])
            .ok_or_else(|| Name::CSeq.error("no method"))?;
        if number.is_empty() || !number.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(Name::CSeq.error("not a number"));
        }
        let number = number
            .parse()
            .map_err(|_| Name::CSeq.error("number too large"))?;
        let method =
            Method::parse(lex::trim(method)).ok_or_else(|| Name::CSeq.error("bad method"))?;
        Ok(Self { number, method })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_32_bits_and_methods_are_tokens() {
        let cseq = CSeq::parse("0009   INVITE").unwrap();
        assert_eq!(
            cseq,
            CSeq {
                number: 9,
                method: Method::Invite
            }
        );
        assert_eq!(cseq.to_string(), "9 INVITE");
        assert_eq!(
            CSeq::parse("36893488147419103232 REGISTER")
                .unwrap_err()
                .reason,
            "number too large"
        );
        assert_eq!(CSeq::parse("-1 INVITE").unwrap_err().reason, "not a number");
        assert_eq!(CSeq::parse("1").unwrap_err().reason, "no method");
        assert_eq!(CSeq::parse("1 IN VITE").unwrap_err().reason, "bad method");
    }
}
