//! History-Info: whom a call was for on its way, and why it left him (RFC 7044, RFC 4458).

use std::borrow::Cow;

use crate::header::{HeaderError, Name};
use crate::message::Message;
use crate::name_addr::NameAddr;
use crate::reason::Reason;

/// One entry of History-Info.
#[derive(Clone, Copy, Debug)]
pub struct HistoryEntry<'a> {
    /// Whom the call was for.
    pub address: NameAddr<'a>,
}

impl<'a> HistoryEntry<'a> {
    /// Its place in the tree of the call's past: `1.2`.
    #[must_use]
    pub fn index(&self) -> Option<&'a str> {
        let index = self.address.params().value("index")?;
        is_index(index).then_some(index)
    }

    /// The status that made the call leave him: the URI's `cause`, or that of the Reason which it carries.
    #[must_use]
    pub fn cause(&self) -> Option<u16> {
        let uri = self.address.uri();
        let written = uri
            .params()
            .value("cause")
            .and_then(|text| text.parse().ok());
        written.or_else(|| {
            let reason = uri.header("Reason")?;
            Reason::parse(&reason).ok()?.cause
        })
    }

    /// The Privacy that his URI carries: `history`, `none`.
    #[must_use]
    pub fn privacy(&self) -> Option<Cow<'a, str>> {
        self.address.uri().header("Privacy")
    }
}

/// Whether a text is an index: numbers with dots between them.
pub fn is_index(text: &str) -> bool {
    let is_number =
        |part: &str| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit());
    text.split('.').all(is_number)
}

impl Message {
    /// All entries of History-Info, the oldest first.
    pub fn history(&self) -> impl Iterator<Item = Result<HistoryEntry<'_>, HeaderError>> {
        self.addresses(Name::HistoryInfo)
            .map(|read| Ok(HistoryEntry { address: read? }))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_forwarded_calls_past_is_read() {
        let text = "INVITE sip:a SIP/2.0\r\n\
            History-Info: <sip:+14155550100@h?Reason=SIP%3Bcause%3D302&Privacy=history>;index=1, \
            <sip:+14155550199@h;cause=408>;index=1.1;rc=1\r\n\
            History-Info: <sip:x@h>;index=1..2\r\n\r\n";
        let message = Message::parse(Bytes::from(text)).unwrap();
        let read: Vec<_> = message
            .history()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.index(), entry.cause(), entry.privacy()))
            .collect();
        assert_eq!(
            read,
            [
                (Some("1"), Some(302), Some("history".into())),
                (Some("1.1"), Some(408), None),
                (None, None, None),
            ]
        );
    }
}
