//! RAck: which provisional answer a PRACK acknowledges (RFC 3262). RSeq is a plain number.

use std::fmt;

use crate::cseq::CSeq;
use crate::header::{HeaderError, Name};
use crate::lex;
use crate::message::Message;

/// RAck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RAck {
    /// RSeq of the provisional answer.
    pub rseq: u32,
    /// CSeq of the provisional answer.
    pub cseq: CSeq,
}

impl RAck {
    /// Reads a value.
    pub fn parse(value: &str) -> Result<Self, HeaderError> {
        let error = |reason| Name::RAck.error(reason);
        let (rseq, cseq) = value
            .split_once([' ', '\t'])
            .ok_or_else(|| error("no CSeq"))?;
        let rseq = rseq.parse().map_err(|_| error("not a number"))?;
        let cseq = CSeq::parse(lex::trim(cseq)).map_err(|cause| error(cause.reason))?;
        Ok(Self { rseq, cseq })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rseq, self.cseq)
    }
}

impl Message {
    /// RAck.
    pub fn rack(&self) -> Result<RAck, HeaderError> {
        RAck::parse(self.require(Name::RAck)?)
    }

    /// RSeq, if present.
    pub fn rseq(&self) -> Result<Option<u32>, HeaderError> {
        self.number(Name::RSeq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts() {
        assert_eq!(
            RAck::parse("776656 1 INVITE").unwrap().to_string(),
            "776656 1 INVITE"
        );
        assert_eq!(RAck::parse("776656").unwrap_err().reason, "no CSeq");
        assert_eq!(
            RAck::parse("x 1 INVITE").unwrap_err().reason,
            "not a number"
        );
        assert_eq!(
            RAck::parse("1 x INVITE").unwrap_err().reason,
            "not a number"
        );
    }
}
