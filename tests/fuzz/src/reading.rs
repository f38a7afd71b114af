//! Asks a SIP message everything that can be asked, and holds every answer against what must be true of it.

use std::net::SocketAddr;

use bytes::Bytes;
use sip::number::NumberForm;
use sip::{
    Framed, Malformed, Message, Method, Name, ResponseBuilder, StatusCode, StreamParser, Uri,
};

/// Where the messages come from.
pub fn source() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 5062))
}

/// A datagram as the edge treats it: read, asked, validated, answered.
pub fn datagram(octets: &[u8]) {
    match Message::parse(Bytes::copy_from_slice(octets)) {
        Ok(message) => {
            everything(&message);
            if let Err(answer) = sip::validate(&message) {
                refusal(answer.response(&message, source(), "t"));
            }
            answers(&message);
        }
        Err(malformed) => malformed_message(&malformed),
    }
}

/// What is done with a message that could not be read.
pub fn malformed_message(malformed: &Malformed) {
    everything(malformed.partial());
    refusal(
        malformed
            .answer()
            .response(malformed.partial(), source(), "t"),
    );
}

/// Every typed view of a message.
pub fn everything(message: &Message) {
    start_line(message);
    addresses(message);
    let _ = (
        message.top_via(),
        message.call_id(),
        message.cseq(),
        message.max_forwards(),
    );
    if let Ok(via) = message.top_via() {
        let _ = (
            via.transport(),
            via.host(),
            via.port(),
            via.branch(),
            via.transaction_branch(),
        );
        let _ = (via.received(), via.rport(), via.response_target(source()));
        parameters(via.params());
    }
    let _ = (
        message.session_expires(),
        message.min_se_s(),
        message.rack(),
        message.rseq(),
    );
    let _ = (
        message.retry_after(),
        message.reasons().count(),
        message.content_type(),
    );
    let _ = (
        message.sipfrag_status(),
        message.asks_privacy("id"),
        message.asks_privacy("header"),
    );
    if let Ok(state) = message.subscription_state() {
        let _ = (state.reason(), state.expires_s(), state.retry_after_s());
    }
    if let Ok(Some(replaces)) = message.replaces() {
        let again = sip::replaces::Replaces::parse(&replaces.to_value());
        assert_eq!(
            again.as_ref(),
            Ok(&replaces),
            "Replaces is read as it was written"
        );
    }
    let _ = sip::unsupported(message, &["timer"]).len();
    let _ = message.has_body_of("application/sdp");
    for field in message.fields() {
        let _ = (
            message.number(field.name),
            message.lists(field.name, "timer"),
        );
        let first = message.header(field.name);
        assert_eq!(
            first,
            message.headers(field.name).next(),
            "{:?}",
            field.name
        );
    }
    let octets: usize = message.fields().map(|field| field.octets.len()).sum();
    assert!(octets <= message.bytes().len() && message.body().len() <= message.bytes().len());
    assert_eq!(&message.body_bytes()[..], message.body());
}

fn start_line(message: &Message) {
    let _ = (message.request_uri(), message.reason_phrase());
    if message.is_request() {
        assert!(message.status().is_none());
    } else {
        assert!(message.method().is_none());
    }
    if let Ok(uri) = message.uri() {
        uri_parts(&uri);
    }
}

fn addresses(message: &Message) {
    for name in [
        Name::From,
        Name::To,
        Name::Contact,
        Name::RecordRoute,
        Name::Route,
    ] {
        for address in message.addresses(name).flatten() {
            let _ = (address.display_name(), address.tag(), address.as_str());
            parameters(address.params());
            uri_parts(&address.uri());
        }
    }
    let _ = (message.from(), message.to(), message.contact());
    if let Ok(refer_to) = message.refer_to() {
        let _ = (refer_to.target(), refer_to.method(), &refer_to.replaces);
        uri_parts(&refer_to.uri());
    }
    let _ = message.referred_by();
    identities(message);
}

/// Every view of who calls, through whom and what for.
pub fn identities(message: &Message) {
    for address in message.asserted_identities().flatten() {
        uri_parts(&address.uri());
        let _ = NumberForm::Plus.normalise_uri(&address.uri());
    }
    for party in message.remote_party_ids().flatten() {
        let _ = (party.party(), party.is_screened(), party.privacy());
    }
    for diversion in message.diversions().flatten() {
        let _ = (diversion.reason(), diversion.counter());
        let _ = diversion.privacy();
    }
    for entry in message.history().flatten() {
        uri_parts(&entry.address.uri());
        let _ = (entry.cause(), entry.privacy());
        if let Some(index) = entry.index() {
            assert!(sip::history_info::is_index(index), "{index}");
        }
    }
    let _ = (
        message.user_to_user().count(),
        message.reasons().count(),
        message.privacy().count(),
    );
    let _ = (message.external_call(), message.session_id());
}

fn parameters(params: sip::Params<'_>) {
    for param in params.iter() {
        let _ = (params.has(param.name), params.value(param.name));
        assert!(
            params.get(param.name).is_some(),
            "{:?} is there",
            param.name
        );
    }
}

/// All parts of a URI.
pub fn uri_parts(uri: &Uri<'_>) {
    let _ = (
        uri.scheme(),
        uri.user(),
        uri.number(),
        uri.password(),
        uri.host(),
        uri.port(),
    );
    let _ = (uri.headers_text(), uri.is_sip());
    parameters(uri.params());
    for (name, _) in uri.headers() {
        assert!(uri.header(name).is_some(), "{name:?} is there");
    }
    let again = Uri::parse(uri.as_str()).expect("what was read once is read again");
    assert_eq!(again.as_str(), uri.as_str());
    assert_eq!(uri.to_string(), uri.as_str());
}

/// A refusal, if one may be sent, is a message that says no.
fn refusal(answer: Result<Bytes, sip::Silence>) {
    if let Ok(bytes) = answer {
        let read = Message::parse(bytes.clone());
        let read = read.unwrap_or_else(|fault| panic!("{fault:?}: {}", bytes.escape_ascii()));
        assert!(read.status().is_some_and(|status| status.get() >= 300));
    }
}

/// Whatever was read can be answered, and the answer belongs to it.
fn answers(request: &Message) {
    if request.method().is_none_or(|method| *method == Method::Ack) || request.top_via().is_err() {
        return;
    }
    for status in [StatusCode::TRYING, StatusCode::OK, StatusCode::BUSY_HERE] {
        let built = ResponseBuilder::to(request, status)
            .source(source())
            .to_tag("t")
            .header(Name::Contact, "<sip:edge@192.0.2.9>")
            .body("application/sdp", &b"v=0\r\n"[..])
            .to_bytes();
        let Ok(bytes) = built else {
            continue;
        };
        let shown = bytes.clone();
        let read = Message::parse(bytes);
        let read = read.unwrap_or_else(|fault| panic!("{fault:?}: {}", shown.escape_ascii()));
        assert_eq!(read.status(), Some(status));
        assert_eq!(read.body(), b"v=0\r\n");
        assert_eq!(
            read.call_id().ok(),
            request.call_id().ok(),
            "{}",
            shown.escape_ascii()
        );
        assert_eq!(
            read.cseq().ok(),
            request.cseq().ok(),
            "{}",
            shown.escape_ascii()
        );
        let branches = [request, &read].map(|one| {
            one.top_via()
                .ok()
                .and_then(|via| via.branch().map(str::to_owned))
        });
        assert_eq!(branches[0], branches[1], "{}", shown.escape_ascii());
    }
}

/// What a framer makes of a stream that comes in pieces of these lengths, again and again, and then the rest.
pub fn framed(stream: &[u8], lengths: &[u8]) -> Vec<String> {
    let mut parser = StreamParser::new();
    let mut found = Vec::new();
    let mut rest = stream;
    let mut lengths = lengths.iter().cycle();
    while !rest.is_empty() {
        let length = lengths
            .next()
            .map_or(rest.len(), |length| usize::from(*length).max(1));
        let (piece, later) = rest.split_at(length.min(rest.len()));
        rest = later;
        parser.feed(piece);
        while let Some(framed) = parser.poll() {
            found.push(told(&framed));
        }
    }
    let _ = parser.is_between_messages();
    if parser.is_lost() {
        assert!(parser.poll().is_none(), "nothing comes behind the loss");
    }
    found
}

fn told(framed: &Framed) -> String {
    match framed {
        Framed::Message(message) => {
            everything(message);
            format!("message {}", message.bytes().escape_ascii())
        }
        Framed::Malformed(malformed) => {
            malformed_message(malformed);
            format!(
                "malformed {:?} {}",
                malformed.fault(),
                malformed.bytes().escape_ascii()
            )
        }
        Framed::Ping => "ping".to_owned(),
        // How much had been fed when it was lost is not the stream's property.
        Framed::Lost(malformed) => {
            malformed_message(malformed);
            format!("lost {:?}", malformed.fault())
        }
    }
}
