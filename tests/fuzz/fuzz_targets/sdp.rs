//! Session descriptions from anybody: read, answered as an offer, taken as an answer, and ours read again.
#![no_main]

use std::net::SocketAddr;

use libfuzzer_sys::{Corpus, fuzz_target};
use sdp::security::KEY_OCTETS;
use sdp::{
    Codec, Direction, Fingerprint, HashFunction, Keying, LocalDtls, LocalKeys, LocalMedia,
    LocalSession, Negotiated, Protection, Security, SessionDescription, Way,
};

fuzz_target!(|octets: &[u8]| -> Corpus {
    let Ok(theirs) = SessionDescription::parse(octets) else {
        return Corpus::Keep;
    };
    everything(&theirs, octets);
    for local in locals() {
        answered(&theirs, &local);
        accepted(&theirs, &local);
    }
    Corpus::Keep
});

fn locals() -> [LocalMedia; 7] {
    let all: Vec<Codec> = Codec::all().collect();
    let two = [Codec::Pcma, Codec::Pcmu];
    let v4 = SocketAddr::from(([192, 0, 2, 9], 16384));
    let v6 = SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 16386));
    let mut hold = LocalMedia::new(v6, &two);
    hold.direction = Direction::SendOnly;
    hold.telephone_event = None;
    hold.ptime_ms = 60;
    let keys = || LocalKeys::new(Box::new([0xd7; KEY_OCTETS]));
    let mut prefers = LocalMedia::new(v4, &two);
    prefers.security = Security::Preferred(keys().into());
    let mut insists = LocalMedia::new(v4, &all);
    insists.security = Security::Required(keys().into());
    let fingerprint = Fingerprint::new(HashFunction::Sha256, &[0xd7; 32]).expect("of 32 octets");
    let dtls = LocalDtls {
        fingerprint,
        tls_id: "trunkline-of-the-fuzzer".to_owned(),
        role: None,
    };
    let mut either = LocalMedia::new(v4, &two);
    either.security = Security::Preferred(Keying(vec![Way::Dtls(dtls.clone()), Way::Sdes(keys())]));
    either.rtcp_mux = true;
    let mut shakes = LocalMedia::new(v4, &two);
    shakes.security = Security::Required(dtls.into());
    let plain = LocalMedia::new(v4, &two);
    let all = LocalMedia::new(v4, &all);
    [plain, all, hold, prefers, insists, either, shakes]
}

fn everything(description: &SessionDescription, octets: &[u8]) {
    assert_eq!(description.octets(), octets, "every octet is kept");
    let _ = (description.origin(), description.connection());
    let values: usize = ('a'..='z')
        .map(|letter| description.session_values(letter).count())
        .sum();
    assert!(values <= octets.len());
    for medium in description.media() {
        let _ = (
            description
                .connection_of(medium)
                .map(|to| (to.ip(), to.is_unspecified())),
            description.direction_of(medium),
        );
        let _ = (
            medium.is_rtp_audio(),
            medium.suites().len(),
            medium.telephone_event(8000),
            medium.format_names().count(),
        );
        for number in medium.payload_types() {
            let _ = (
                medium.rtpmap(number),
                medium.codec(number),
                medium.fmtp(&number.to_string()),
            );
        }
        for letter in 'a'..='z' {
            let _ = description.media_values(medium, letter).count();
        }
    }
}

fn answered(offer: &SessionDescription, local: &LocalMedia) {
    let mut session = LocalSession::new(7);
    let Ok(answer) = sdp::answer(offer, local, &mut session) else {
        return;
    };
    let version = session.version();
    let again = sdp::answer(offer, local, &mut session).expect("as before");
    assert_eq!(
        again.description, answer.description,
        "the same offer gets the same answer"
    );
    assert_eq!(
        session.version(),
        version,
        "the same description keeps its version"
    );

    let text = &answer.description;
    let read = SessionDescription::parse(text.as_bytes()).expect("our answer is a description");
    assert_eq!(
        read.media().len(),
        offer.media().len(),
        "an answer for each m= line: {text}"
    );
    sound(&answer.negotiated, local, text);
    let taken = &read.media()[answer.negotiated.media_index];
    assert_eq!(taken.port, local.address.port(), "{text}");
    assert_eq!(
        taken.codec(answer.negotiated.payload_type_receive),
        Some(answer.negotiated.codec),
        "{text}"
    );
}

fn accepted(answer: &SessionDescription, local: &LocalMedia) {
    let mut session = LocalSession::new(7);
    let text = sdp::offer(local, &mut session);
    let ours = SessionDescription::parse(text.as_bytes()).expect("our offer is a description");
    let Ok(negotiated) = sdp::accept(local, answer) else {
        return;
    };
    sound(&negotiated, local, &text);
    let receives = ours.media()[0].codec(negotiated.payload_type_receive);
    assert_eq!(
        receives,
        Some(negotiated.codec),
        "we receive what we offered: {text}"
    );
}

fn sound(negotiated: &Negotiated, local: &LocalMedia, text: &str) {
    match (&negotiated.protection, &local.security) {
        (Protection::Plain { .. }, Security::Required(_)) => panic!("plain RTP: {text}"),
        (Protection::Secured(_), Security::Off) => panic!("no key of ours: {text}"),
        (Protection::Handshake(_), Security::Off) => panic!("no handshake of ours: {text}"),
        (Protection::Handshake(handshake), _) => {
            assert!(!handshake.fingerprints.is_empty(), "{text}");
            assert!(text.contains("a=fingerprint:sha-256 D7:"), "{text}");
        }
        (Protection::Secured(secured), _) => {
            assert_eq!(secured.ours.suite(), secured.theirs.suite(), "{text}");
            assert_eq!(secured.ours.salt().len(), secured.suite().salt_octets());
            assert!(secured.ours.key().iter().all(|octet| *octet == 0xd7));
        }
        (Protection::Plain { .. }, Security::Off | Security::Preferred(_)) => {}
    }
    assert!(local.codecs.contains(&negotiated.codec), "{text}");
    assert!(
        negotiated.payload_type_send <= 127 && negotiated.payload_type_receive <= 127,
        "{text}"
    );
    assert!(
        (1..=1000).contains(&negotiated.ptime_ms),
        "{} {text}",
        negotiated.ptime_ms
    );
    if let Some(dtmf) = &negotiated.dtmf {
        assert!(dtmf.send <= 127 && dtmf.receive <= 127, "{text}");
        assert_ne!(
            dtmf.receive, negotiated.payload_type_receive,
            "digits are no audio: {text}"
        );
    }
}
