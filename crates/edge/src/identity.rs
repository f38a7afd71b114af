//! Who and what a request names: identities, the number called, and the header fields that carry context.

use schemas::Personal;
use schemas::observation::{
    Caller, ContextHeader, Diversion, Identity, IdentityHeader, Party, Reason, RemoteParty,
    SessionId, UserToUser,
};
use sip::header::HeaderError;
use sip::session_id::Uuid;
use sip::{Message, Name, NameAddr, Uri};

/// Values of one kind of header field that one event carries; more are left out, so that no INVITE fills an event.
const VALUES_MAX: usize = 16;

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

/// The caller: whom P-Asserted-Identity names if it has a number, otherwise whom From names.
pub fn caller(message: &Message) -> Caller {
    let from = message.address(Name::From).map(|from| party(&from));
    let asserted = asserted(message).into_iter().next();
    let (header, party) = match asserted {
        Some(asserted) if !asserted.reveal().number().is_empty() => {
            (IdentityHeader::PAssertedIdentity, asserted)
        }
        Some(_) | None => (IdentityHeader::From, from.unwrap_or_default()),
    };
    let asks = |kind| message.asks_privacy(kind);
    Caller {
        header,
        withheld: party.reveal().number().is_empty() || asks("id") || asks("user"),
        party,
    }
}

/// The P-Asserted-Identity header fields (RFC 3325).
pub fn asserted(message: &Message) -> Vec<Personal<Party>> {
    readable(message.asserted_identities())
        .map(|address| party(&address))
        .collect()
}

/// The Remote-Party-ID header fields.
pub fn remote_parties(message: &Message) -> Vec<RemoteParty> {
    readable(message.remote_party_ids())
        .map(|remote| RemoteParty {
            party: party(&remote.address),
            side: remote.party().map(str::to_owned),
            screened: remote.is_screened(),
            privacy: remote.privacy().map(Into::into),
        })
        .collect()
}

/// The Diversion header fields (RFC 5806).
pub fn diversions(message: &Message) -> Vec<Diversion> {
    readable(message.diversions())
        .map(|diversion| Diversion {
            party: party(&diversion.address),
            reason: diversion.reason().map(Into::into),
            counter: diversion.counter(),
            privacy: text_of(&diversion.address, "privacy"),
        })
        .collect()
}

/// The User-to-User header fields (RFC 7433).
pub fn user_to_user(message: &Message) -> Vec<UserToUser> {
    readable(message.user_to_user())
        .map(|data| UserToUser {
            content: Personal::new(data.content.into_owned()),
            encoding: data.encoding.map(str::to_owned),
            purpose: data.purpose.map(str::to_owned),
            holds: data.holds.map(str::to_owned),
        })
        .collect()
}

/// The Reason header fields (RFC 3326).
pub fn reasons(message: &Message) -> Vec<Reason> {
    message
        .reasons()
        .take(VALUES_MAX)
        .map(|reason| Reason {
            protocol: reason.protocol.to_owned(),
            cause: reason.cause,
            text: reason.text.map(Into::into),
        })
        .collect()
}

/// What Privacy asks for (RFC 3323).
pub fn privacy(message: &Message) -> Vec<String> {
    let values = message.privacy().filter(|value| !value.is_empty());
    values.take(VALUES_MAX).map(str::to_owned).collect()
}

/// The Session-ID header field (RFC 7989).
pub fn session(message: &Message) -> Option<SessionId> {
    let read = message.session_id().ok()??;
    let remote = read.remote.filter(|remote| *remote != Uuid::NIL);
    Some(SessionId {
        local: read.local.to_string(),
        remote: remote.map(|remote| remote.to_string()),
    })
}

/// The Max-Forwards header field; the greatest number that it may hold, 255, for a greater one.
pub fn max_forwards(message: &Message) -> Option<u8> {
    let hops = message.max_forwards().ok()??;
    Some(u8::try_from(hops).unwrap_or(u8::MAX))
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

fn party(address: &NameAddr<'_>) -> Personal<Party> {
    Personal::new(Party {
        identity: of_address(address),
        e164: None,
    })
}

fn text_of(address: &NameAddr<'_>, parameter: &str) -> Option<String> {
    let parameter = address.params().get(parameter)?;
    Some(parameter.unquoted().into())
}

/// The values that can be read, up to the bound.
fn readable<T>(values: impl Iterator<Item = Result<T, HeaderError>>) -> impl Iterator<Item = T> {
    values.filter_map(Result::ok).take(VALUES_MAX)
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
        let asserted = asserted(&message);
        assert_eq!(asserted[0].reveal().identity.uri, "sip:+1415@pbx");
        assert_eq!(caller(&message).header, IdentityHeader::PAssertedIdentity);
        let names: Vec<_> = context(&message)
            .into_iter()
            .map(|header| header.name)
            .collect();
        assert_eq!(names, ["x-queue", "Diversion", "User-to-User"]);
        assert_eq!(reason(&message).unwrap(), "Q.850;cause=16");
    }
}
