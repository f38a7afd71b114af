//! Random and damaged input for everything that reads what a peer sends: no panic, no lie, no leak.
//!
//! The seeds are the torture messages, what fuzzing has found (`fuzz/corpus`) and the scenarios' own kind of messages; the
//! mutations come from a
//! fixed random sequence, so a failure is the same the next time. `tests/run` does many more rounds than
//! the default: `TRUNKLINE_FUZZ_ROUNDS`.

#[path = "../fuzz/src/seed/corpus.rs"]
mod corpus;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::endpoint::Endpoint;
use sip::endpoint::config::Config;
use sip::endpoint::event::Event;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::{Flow, Transport};
use sip::endpoint::keys::LegKey;
use sip::endpoint::output::{Input, Output};
use sip::{Framed, Message, Name, StatusCode, StreamParser};
use trunkline_tests::wait;

#[test]
fn sip_messages_are_read_or_refused() {
    rounds(&sip_seeds(), |_, input| {
        let bytes = Bytes::copy_from_slice(input);
        match Message::parse(bytes) {
            Ok(message) => {
                read_everything(&message);
                if let Err(answer) = sip::validate(&message) {
                    check_answer(answer.response(&message, peer(), "tag"));
                }
            }
            Err(malformed) => {
                read_everything(malformed.partial());
                check_answer(
                    malformed
                        .answer()
                        .response(malformed.partial(), peer(), "tag"),
                );
            }
        }
    });
}

#[test]
fn header_fields_are_read_or_refused() {
    rounds(&found("header"), |_, field| {
        let text = [&b"INVITE sip:a@b SIP/2.0\r\n"[..], field, b"\r\n\r\n"].concat();
        match Message::parse(Bytes::from(text)) {
            Ok(message) => read_everything(&message),
            Err(malformed) => read_everything(malformed.partial()),
        }
    });
}

#[test]
fn a_stream_is_framed_alike_however_it_is_cut() {
    let mut seeds = sip_seeds();
    seeds.push(seeds[..4].concat());
    rounds(&seeds, |dice, input| {
        let whole = frames(&[input]);
        let cut = dice.below(input.len() + 1);
        let (head, tail) = input.split_at(cut);
        assert_eq!(frames(&[head, tail]), whole, "cut at {cut}");
        let octets: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(frames(&octets), whole, "octet by octet");
    });
}

#[test]
fn an_endpoint_survives_everything_and_forgets_it() {
    let seeds = sip_seeds();
    let begin = wait::now();
    let mut endpoint = Endpoint::new(Config::new([7; 32]));
    let mut now = begin;
    let mut user = User::new(2);
    rounds(&seeds, |dice, input| {
        let transport = if dice.below(4) == 0 {
            Transport::Tcp
        } else {
            Transport::Udp
        };
        let flow = Flow::new(transport, address("192.0.2.9:5060"), peer());
        now += Duration::from_millis(dice.next() % 400);
        endpoint.handle(
            Input::Datagram {
                bytes: Bytes::copy_from_slice(input),
                flow,
            },
            now,
        );
        user.serve(&mut endpoint, now);
        if endpoint.deadline().is_some_and(|due| due <= now) {
            endpoint.handle(Input::Due, now);
            user.serve(&mut endpoint, now);
        }
    });
    // Nobody sends any more, and the user lets go of what he left ringing: the rest has to end by its own
    // timers.
    for leg in std::mem::take(&mut user.legs) {
        // Most are over already; one that is not and cannot be ended shows below.
        let _ = endpoint.hang_up(leg, Extra::none(), now);
    }
    user.serve(&mut endpoint, now);
    for _ in 0..100_000 {
        let Some(due) = endpoint.deadline() else {
            break;
        };
        now = now.max(due);
        endpoint.handle(Input::Due, now);
        user.serve(&mut endpoint, now);
    }
    assert_eq!(
        endpoint.load(),
        sip::endpoint::Load::default(),
        "{endpoint:#?}"
    );
}

#[test]
fn session_descriptions_are_read_or_refused_and_answers_are_descriptions() {
    let local = sdp::LocalMedia::new(
        address("192.0.2.9:16384"),
        &sdp::Codec::all().collect::<Vec<_>>(),
    );
    rounds(&sdp_seeds(), |_, input| {
        let Ok(offer) = sdp::SessionDescription::parse(input) else {
            return;
        };
        let mut session = sdp::LocalSession::new(1);
        if let Ok(answer) = sdp::answer(&offer, &local, &mut session) {
            let read = sdp::SessionDescription::parse(answer.description.as_bytes());
            let read = read.expect("our answer is a description");
            assert_eq!(
                read.media().len(),
                offer.media().len(),
                "an answer for each m= line"
            );
        }
        let _ = sdp::accept(&local, &offer);
    });
}

#[test]
fn rtp_packets_are_read_or_refused() {
    let seeds: Vec<Vec<u8>> = vec![
        [&[0x80, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4][..], &[0xff; 160]].concat(),
        [
            &[0xb2, 0xe5, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4][..],
            &[1; 8],
            &[0xbe, 0xde, 0, 1, 0x10, 1, 0, 0],
            &[5, 0x8a, 0, 160, 0, 0, 0, 4],
        ]
        .concat(),
        [&[0x81, 200, 0, 6][..], &[9; 24]].concat(),
    ];
    rounds(&seeds, |_, input| {
        if let Ok(packet) = media::packet::Packet::parse(input) {
            assert!(input.get(packet.payload()).is_some(), "{packet:?}");
        }
    });
}

#[test]
fn records_are_read_or_refused() {
    rounds(&record_seeds(), |_, input| {
        let Ok(record) = schemas::Record::read(Bytes::copy_from_slice(input)) else {
            return;
        };
        assert_eq!(record.bytes(), input);
        if record.check().is_ok() {
            let _ = record.event();
        }
    });
}

/// Everything that may be asked of a message.
fn read_everything(message: &Message) {
    let _ = (
        message.method(),
        message.status(),
        message.uri(),
        message.reason_phrase(),
    );
    let _ = (
        message.top_via(),
        message.from(),
        message.to(),
        message.call_id(),
        message.cseq(),
    );
    let _ = (
        message.contact(),
        message.max_forwards(),
        message.content_type(),
    );
    let _ = (message.refer_to(), message.referred_by());
    let _ = (
        message.replaces(),
        message.session_expires(),
        message.min_se_s(),
        message.rack(),
        message.rseq(),
    );
    let _ = (
        message.retry_after(),
        message.subscription_state(),
        message.session_id(),
        message.external_call(),
    );
    let _ = (
        message.reasons().count(),
        message.privacy().count(),
        message.diversions().count(),
        message.history().count(),
        message.user_to_user().count(),
        message.asserted_identities().count(),
        message.remote_party_ids().count(),
        message.challenges().count(),
        message.authorizations(sip::digest::Asker::Server).count(),
    );
    let _ = message.addresses(Name::Contact).count();
    if let Ok(uri) = message.uri() {
        let _ = (
            uri.user(),
            uri.number(),
            uri.host(),
            uri.port(),
            uri.headers().count(),
        );
        let _ = uri.is_equivalent(&uri);
    }
    let fields: usize = message.fields().map(|field| field.octets.len()).sum();
    assert!(fields <= message.bytes().len() && message.body().len() <= message.bytes().len());
}

fn check_answer(answer: Result<Bytes, sip::Silence>) {
    if let Ok(bytes) = answer {
        let read = Message::parse(bytes).expect("our answer is a message");
        assert!(read.status().is_some_and(|status| status.get() >= 300));
    }
}

/// What a framer makes of a stream that comes in these parts.
fn frames(parts: &[&[u8]]) -> Vec<String> {
    let mut parser = StreamParser::new();
    let mut found = Vec::new();
    for part in parts {
        parser.feed(part);
        while let Some(framed) = parser.poll() {
            found.push(match framed {
                Framed::Message(message) => format!("{:?}", message.bytes()),
                other => format!("{other:?}"),
            });
        }
    }
    found
}

/// The user of an endpoint, who does this or that, or nothing.
struct User {
    dice: Dice,
    legs: Vec<LegKey>,
}

impl User {
    fn new(seed: u64) -> User {
        User {
            dice: Dice(seed),
            legs: Vec::new(),
        }
    }

    fn serve(&mut self, endpoint: &mut Endpoint, now: Instant) {
        while let Some(output) = endpoint.poll() {
            match output {
                Output::Send(send) => {
                    let read = Message::parse(send.bytes.clone());
                    assert!(read.is_ok(), "we send no message: {:?}", send.bytes);
                }
                Output::Event(Event::IncomingInvite { leg, .. }) => {
                    self.legs.push(leg);
                    self.take(endpoint, leg, now);
                }
                Output::Event(Event::OptionsReceived { transaction, .. }) => {
                    let ok = StatusCode::OK;
                    let _ = endpoint.answer_options(transaction, ok, None, Extra::none(), now);
                }
                Output::Event(_) | Output::Received(_) | Output::TimerFired { .. } => {}
            }
        }
    }

    fn take(&mut self, endpoint: &mut Endpoint, leg: LegKey, now: Instant) {
        let sdp = Some(Bytes::from_static(b"v=0\r\n"));
        let _ = match self.dice.below(3) {
            0 => endpoint.answer(leg, sdp, Extra::none(), now),
            1 => endpoint.refuse(leg, StatusCode::BUSY_HERE, None, Extra::none(), now),
            _ => Ok(()),
        };
        if self.dice.below(2) == 0 {
            let _ = endpoint.hang_up(leg, Extra::none(), now);
        }
    }
}

// The script language of the cases above.

/// Feeds mutations of the seeds, and shows the input of a round that fails.
fn rounds(seeds: &[Vec<u8>], mut check: impl FnMut(&mut Dice, &[u8])) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for seed in seeds {
        check(&mut dice, seed);
    }
    for round in 0..rounds_wanted() {
        let input = mutate(&mut dice, seeds);
        let shown = Shown {
            round,
            input: &input,
        };
        check(&mut dice, &input);
        drop(shown);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests/run asks for more rounds in this way"
)]
fn rounds_wanted() -> usize {
    std::env::var("TRUNKLINE_FUZZ_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3_000)
}

/// Tells which input it was.
struct Shown<'a> {
    round: usize,
    input: &'a [u8],
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("round {}: {}", self.round, self.input.escape_ascii());
        }
    }
}

/// A seed with one to six damages.
fn mutate(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    const WORDS: [&[u8]; 22] = [
        b"\r\n",
        b"\r\n ",
        b"\n",
        b"\0",
        b"%00",
        b"%",
        b"\"",
        b"\\",
        b"<",
        b">",
        b";",
        b",",
        b":",
        b"@",
        b"[",
        b"]",
        b"=",
        b"4294967296",
        b"18446744073709551616",
        b"-1",
        b"\xff\xfe",
        b"Content-Length: 99999\r\n",
    ];
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(40)).min(bytes.len());
        match dice.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = dice.byte(),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            5 => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                let piece = other[from..(from + dice.below(80)).min(other.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            6 => drop(bytes.splice(at..end, vec![dice.byte(); 1 + dice.below(64)])),
            _ => drop(bytes.splice(at..at, WORDS[dice.below(WORDS.len())].to_vec())),
        }
    }
    bytes
}

/// A fixed random sequence (xorshift64*).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a small number");
        usize::try_from((self.next() >> 16) % end.max(1)).expect("a small number")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}

fn sip_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for folder in ["torture/rfc4475", "torture/rfc5118"] {
        let mut files: Vec<_> = fs::read_dir(home().join(folder))
            .expect("the torture messages are there")
            .flatten()
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "dat"))
            .collect();
        files.sort();
        seeds.extend(
            files
                .iter()
                .map(|path| fs::read(path).expect("a file can be read")),
        );
    }
    assert_eq!(seeds.len(), 62);
    seeds.extend(found("datagram"));
    seeds
}

/// What fuzzing has found for a target, which is never nothing.
fn found(target: &str) -> Vec<Vec<u8>> {
    let corpora = corpus::read(&home().join("fuzz")).expect("the corpora are there");
    let of_target = corpora.into_iter().find(|(name, _)| name == target);
    let (_, inputs) = of_target.unwrap_or_else(|| panic!("there is no corpus of {target}"));
    assert!(!inputs.is_empty(), "{target} has an empty corpus");
    inputs
}

fn sdp_seeds() -> Vec<Vec<u8>> {
    let plain = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
                 m=audio 16512 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
                 a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";
    let odd = "v=0\no=x 1 2 IN IP6 2001:db8::1\ns=a call\nt=0 0\nm=video 9 RTP/AVP 31\n\
               m=audio 5000/2 RTP/SAVP 96\nc=IN IP6 2001:db8::1\na=rtpmap:96 opus/48000/2\n\
               a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNf\na=inactive\nm=audio 0 RTP/AVP 0\n";
    let mut seeds = vec![
        plain.into(),
        odd.into(),
        plain.replace("sendrecv", "sendonly").into(),
    ];
    seeds.extend(found("sdp"));
    seeds
}

fn record_seeds() -> Vec<Vec<u8>> {
    let golden = home().join("../schemas/golden/Record.v1.postcard.hex");
    let text = fs::read_to_string(golden).expect("the golden records are there");
    let digit = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("hexadecimal digits");
        u8::from_str_radix(pair, 16).expect("hexadecimal digits")
    };
    let golden = text.lines();
    let golden = golden.map(|line| line.as_bytes().chunks_exact(2).map(digit).collect());
    golden.chain(found("record")).collect()
}

fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn peer() -> SocketAddr {
    address("192.0.2.1:5060")
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}
