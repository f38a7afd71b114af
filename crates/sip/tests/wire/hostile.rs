//! Nothing that is received makes the wire layer panic, and what is built is read back.

use std::net::SocketAddr;

use bytes::Bytes;
use proptest::prelude::*;
use trunkline_sip::{
    Framed, Message, Method, Name, RequestBuilder, ResponseBuilder, StatusCode, StreamParser,
    name_addr, unsupported, validate,
};

/// Mutations in one run; a few seconds without optimisation.
const MUTATIONS: usize = 200_000;

/// A small generator with a seed, so that a failure repeats (xorshift64).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Asks a message everything that can be asked.
fn exercise(message: &Message) {
    let _ = validate(message);
    let _ = (
        message.top_via().map(|via| (via.received(), via.rport())),
        message.uri(),
    );
    let _ = (
        message.contact(),
        message.max_forwards(),
        message.replaces(),
        message.retry_after(),
    );
    let _ = (
        message.refer_to().map(|refer| refer.target().len()),
        message.referred_by(),
    );
    let _ = (
        message.subscription_state(),
        message.sipfrag_status(),
        message.rack(),
    );
    let _ = (
        message.session_expires(),
        message.min_se_s(),
        message.asks_privacy("id"),
    );
    let _ = (
        message.reasons().count(),
        message.diversions().count(),
        unsupported(message, &[]),
    );
    let _ = (
        message.user_to_user().count(),
        message.remote_party_ids().count(),
    );
    for field in message.fields() {
        for value in message.headers(field.name) {
            if let Ok(address) = name_addr::NameAddr::parse(value) {
                let _ = (
                    address.display_name(),
                    address.tag(),
                    address.uri().number(),
                );
                let _ = address.uri().is_equivalent(&address.uri());
            }
        }
    }
}

#[test]
fn no_mutation_of_the_corpora_panics() {
    let source: SocketAddr = "192.0.2.1:5060".parse().unwrap();
    let mut corpus: Vec<Vec<u8>> = crate::corpus::torture()
        .into_iter()
        .map(|(_, octets)| octets)
        .collect();
    corpus.extend([
        crate::corpus::everyday(),
        crate::corpus::invite(&["Refer-To: <sip:1@h?Replaces=a%3Bto-tag%3Db>", "|x"]),
    ]);
    let pieces: [&[u8]; 12] = [
        b"\r\n",
        b"\r\n ",
        b":",
        b"\"",
        b"<",
        b">",
        b";",
        b",",
        b"%",
        b"\\",
        b"\xff\xc3",
        b"Content-Length: 99999999999999999999\r\n",
    ];
    let mut seeded = Seeded(0x7472_756e_6b6c_696e);
    let (mut good, mut answered) = (0, 0);
    for round in 0..MUTATIONS {
        let mut octets = corpus[seeded.below(corpus.len())].clone();
        for _ in 0..=seeded.below(3) {
            let at = seeded.below(octets.len() + 1);
            match seeded.below(4) {
                0 => octets.truncate(at.max(1)),
                1 if at < octets.len() => octets[at] = u8::try_from(seeded.below(256)).unwrap(),
                2 => {
                    drop(octets.splice(at..at, pieces[seeded.below(pieces.len())].iter().copied()))
                }
                _ => drop(octets.drain(at..(at + seeded.below(9)).min(octets.len()))),
            }
        }
        let octets = Bytes::from(octets);
        match Message::parse(octets.clone()) {
            Ok(message) => {
                good += 1;
                if round % 16 == 0 {
                    exercise(&message);
                }
            }
            Err(malformed) => {
                let answer = malformed.answer();
                if let Ok(sent) = answer.response(malformed.partial(), source, "tag") {
                    answered += 1;
                    let back =
                        Message::parse(sent).unwrap_or_else(|error| panic!("{error}: {octets:?}"));
                    assert_eq!(back.status(), Some(answer.status));
                }
            }
        }
        if round % 8 == 0 {
            let mut parser = StreamParser::new();
            parser.feed(&octets);
            parser.feed(b"\r\n\r\n\r\n");
            while let Some(framed) = parser.poll() {
                if let Framed::Message(message) = framed {
                    assert!(message.bytes().len() <= octets.len() + 6);
                }
            }
        }
    }
    assert!(
        good > MUTATIONS / 10 && answered > MUTATIONS / 20,
        "{good} {answered}"
    );
}

fn method() -> impl Strategy<Value = Method> {
    "[A-Za-z0-9.!%*_+`'~-]{1,12}".prop_map(|token| Method::parse(&token).unwrap())
}

proptest! {
    #[test]
    fn what_is_built_is_read_back(
        method in method(),
        display in "\\PC{0,20}",
        user in "[a-z0-9.+*-]{1,12}",
        values in proptest::collection::vec("[^\\p{Cc}\\s]([^\\p{Cc}]{0,20}[^\\p{Cc}\\s])?", 0..6),
        number in any::<u32>(),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let from = name_addr::format(Some(&display), &format!("sip:{user}@h"), Some("t"));
        let mut builder = RequestBuilder::new(method.clone(), format!("sip:{user}@h"))
            .via("UDP", "192.0.2.1:5060", "z9hG4bK1")
            .header(Name::From, &from)
            .header(Name::To, "<sip:x@y>")
            .header(Name::CallId, "x")
            .cseq(number)
            .body("application/x", body.clone());
        for value in &values {
            builder = builder.header(Name::Other("X-Value"), value);
        }
        let message = builder.build().unwrap();
        prop_assert_eq!(validate(&message), Ok(()));
        prop_assert_eq!(message.method(), Some(&method));
        prop_assert_eq!(message.body(), &body[..]);
        prop_assert_eq!(message.headers(Name::Other("x-value")).collect::<Vec<_>>(), values);
        let read = message.from().unwrap();
        prop_assert_eq!(read.display_name().unwrap_or_default(), display);
        prop_assert_eq!((read.uri().user(), read.tag()), (Some(&*user), Some("t")));
        let response = ResponseBuilder::to(&message, StatusCode::OK).to_tag("u").build().unwrap();
        prop_assert_eq!(response.cseq(), message.cseq());
        prop_assert_eq!(response.header(Name::From), message.header(Name::From));
        prop_assert_eq!(response.to().unwrap().tag(), Some("u"));
        // A stream cuts the same message out.
        let mut parser = StreamParser::new();
        parser.feed(message.bytes());
        let framed = parser.poll();
        prop_assert!(matches!(framed, Some(Framed::Message(found)) if found.bytes() == message.bytes()));
    }

    #[test]
    fn no_value_breaks_out_of_its_line(value in "[\\x00-\\x7f]{0,12}") {
        let built = RequestBuilder::new(Method::Options, "sip:h").header(Name::Subject, &value).build();
        if let Ok(message) = built {
            prop_assert_eq!(message.fields().count(), 2);
            prop_assert_eq!(message.header(Name::Subject), Some(value.trim_matches([' ', '\t'])));
        }
    }
}
