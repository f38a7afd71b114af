//! Who and what a request names: identities, the number called, and the header fields that carry context.

use schemas::Personal;
use schemas::observation::{ContextHeader, Identity};
use sip::{Message, Name, NameAddr, Uri};

/// Context header fields that one event carries; more are left out.
const CONTEXT_MAX: usize = 32;

/// What a name-addr says about somebody.
pub fn of_address(address: &NameAddr<'_>) -> Identity {
    Identity {
        display_name: address.display_name().map(Into::into).unwrap_or_default(),
        number: number_of(&address.uri()),
        uri: address.uri().as_str().to_owned(),
    }
}

/// What From or To says; empty if it cannot be read.
pub fn of_header(message: &Message, name: Name<'_>) -> Personal<Identity> {
    let identity = message.address(name).map(|address| of_address(&address));
    Personal::new(identity.unwrap_or_default())
}

/// The first P-Asserted-Identity (RFC 3325).
pub fn asserted(message: &Message) -> Option<Personal<Identity>> {
    let first = message.addresses(Name::PAssertedIdentity).next()?.ok()?;
    Some(Personal::new(of_address(&first)))
}

/// The number called: the user part of the Request-URI without its parameters.
pub fn called(message: &Message) -> Personal<String> {
    Personal::new(message.uri().map(|uri| number_of(&uri)).unwrap_or_default())
}

/// Diversion, History-Info, User-to-User and X-* in the order in which they were sent.
pub fn context(message: &Message) -> Vec<ContextHeader> {
    message
        .fields()
        .filter(|field| is_context(field.name))
        .take(CONTEXT_MAX)
        .map(|field| ContextHeader {
            name: field.name_as_sent.to_owned(),
            value: Personal::new(field.value.to_owned()),
        })
        .collect()
}

/// The Reason header field (RFC 3326).
pub fn reason(message: &Message) -> Option<String> {
    message.header(Name::Reason).map(str::to_owned)
}

fn number_of(uri: &Uri<'_>) -> String {
    uri.number().map(Into::into).unwrap_or_default()
}

fn is_context(name: Name<'_>) -> bool {
    match name {
        Name::Diversion | Name::HistoryInfo | Name::UserToUser => true,
        Name::Other(text) => text
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("X-")),
        // A closed list: what is not named here crosses no leg and stands in no event.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn an_invite_tells_who_calls_whom_and_its_past() {
        let text = "INVITE sip:+4930123;npdi@edge SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\n\
                    From: \"Ann \\\"A\\\"\" <sip:%2B141555@pbx>;tag=f\r\nTo: <tel:+4930123>\r\n\
                    P-Asserted-Identity: \"Ann\" <sip:+1415@pbx>, <tel:+1>\r\nx-queue: sales\r\n\
                    Diversion: <sip:9@pbx>\r\nUser-to-User: 00ab;encoding=hex\r\nServer: z\r\n\
                    Reason: Q.850;cause=16\r\n\r\n";
        let message = Message::parse(Bytes::from_static(text.as_bytes())).unwrap();
        let from = of_header(&message, Name::From).into_inner();
        assert_eq!(
            (from.display_name.as_str(), from.number.as_str()),
            ("Ann \"A\"", "+141555")
        );
        assert_eq!(of_header(&message, Name::To).reveal().number, "+4930123");
        assert_eq!(called(&message).reveal(), "+4930123");
        assert_eq!(asserted(&message).unwrap().reveal().uri, "sip:+1415@pbx");
        let names: Vec<_> = context(&message)
            .into_iter()
            .map(|header| header.name)
            .collect();
        assert_eq!(names, ["x-queue", "Diversion", "User-to-User"]);
        assert_eq!(reason(&message).unwrap(), "Q.850;cause=16");
    }
}
