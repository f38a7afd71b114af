//! Keys: which transaction a received request belongs to (RFC 3261 §17.2.3, with the older rules of RFC 2543).

use crate::header::HeaderError;
use crate::message::Message;
use crate::method::Method;

/// What makes two requests one transaction. Text, so that it can be exported and read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerKey(Box<str>);

impl ServerKey {
    /// The key under which the transaction of `request` is kept; an ACK finds its INVITE.
    pub fn of(request: &Message) -> Result<Self, HeaderError> {
        Self::as_method(
            request,
            match request.method() {
                Some(Method::Ack) => &Method::Invite,
                Some(method) => method,
                None => &Method::Invite,
            },
        )
    }

    /// The key of the INVITE that the CANCEL `request` is about (RFC 3261 §9.2).
    pub fn of_cancelled(request: &Message) -> Result<Self, HeaderError> {
        Self::as_method(request, &Method::Invite)
    }

    fn as_method(request: &Message, method: &Method) -> Result<Self, HeaderError> {
        let via = request.top_via()?;
        let mut key = String::with_capacity(96);
        key.push_str(method.as_str());
        if let Some(branch) = via.transaction_branch() {
            // The sent-by is part of the key: branches of different senders may collide.
            let port = via.port().unwrap_or(crate::via::DEFAULT_PORT);
            push_all(
                &mut key,
                &[
                    branch,
                    &format!("{}:{port}", via.host()).to_ascii_lowercase(),
                ],
            );
        } else {
            // Without the magic cookie: everything but the To tag, which the first request does not have.
            let cseq = request.cseq()?;
            push_all(
                &mut key,
                &[
                    "2543",
                    request.call_id()?,
                    request.from()?.tag().unwrap_or_default(),
                    &cseq.number.to_string(),
                    request.request_uri(),
                    via.as_str(),
                ],
            );
        }
        Ok(ServerKey(key.into()))
    }
}

/// What makes two requests that came by different ways the same (RFC 3261 §8.2.2.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MergeKey(Box<str>);

impl MergeKey {
    /// The key of a request outside of any dialog.
    pub fn of(request: &Message) -> Result<Self, HeaderError> {
        let cseq = request.cseq()?;
        let mut key = String::with_capacity(96);
        key.push_str(cseq.method.as_str());
        push_all(
            &mut key,
            &[
                request.call_id()?,
                request.from()?.tag().unwrap_or_default(),
                &cseq.number.to_string(),
            ],
        );
        Ok(MergeKey(key.into()))
    }
}

/// A line feed stands in no header value, so it separates what cannot be confused.
fn push_all(key: &mut String, parts: &[&str]) {
    for part in parts {
        key.push('\n');
        key.push_str(part);
    }
}
