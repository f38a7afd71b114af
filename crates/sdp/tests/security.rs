//! SRTP in offer and answer: RFC 4568, RFC 8643.

use trunkline_sdp::{
    Codec, FellBack, LocalKeys, LocalMedia, LocalSession, Negotiated, Profile, Protection,
    Rejection, Security, SessionDescription, Suite, accept, answer, offer,
};

const THEIRS: &str = "c2NlbmFyaW8tb2YtdHJ1bmtsaW5lLW9ubHktMDAx";
const CM_80: &str = "AES_CM_128_HMAC_SHA1_80";

fn keys(fill: u8) -> LocalKeys {
    LocalKeys::new(Box::new([fill; trunkline_sdp::security::KEY_OCTETS]))
}

fn off() -> Security {
    Security::Off
}

fn preferred() -> Security {
    Security::Preferred(keys(1).into())
}

fn required() -> Security {
    Security::Required(keys(1).into())
}

fn local(security: Security) -> LocalMedia {
    let address = "198.51.100.2:20000".parse().unwrap();
    LocalMedia {
        security,
        ..LocalMedia::new(address, &[Codec::Pcmu, Codec::Pcma])
    }
}

fn sdp(media: &str) -> SessionDescription {
    let text = format!("v=0\r\nc=IN IP4 192.0.2.1\r\n{media}");
    SessionDescription::parse(text.as_bytes()).unwrap()
}

fn answered(media: &str, security: Security) -> Result<(String, Negotiated), Rejection> {
    let answer = answer(&sdp(media), &local(security), &mut LocalSession::new(42))?;
    Ok((answer.description, answer.negotiated))
}

fn accepted(media: &str, security: Security) -> Result<Negotiated, Rejection> {
    accept(&local(security), &sdp(media))
}

fn audio(profile: &str, cryptos: &[&str]) -> String {
    let mut media = format!("m=audio 4000 {profile} 0\r\n");
    for crypto in cryptos {
        media.push_str(&format!("a=crypto:{crypto}\r\n"));
    }
    media
}

/// The lines of a description that SRTP is about.
fn lines(description: &str) -> Vec<&str> {
    description
        .lines()
        .filter(|line| line.starts_with("m=") || line.starts_with("a=crypto"))
        .collect()
}

#[test]
fn the_first_suite_that_both_can_is_taken_and_its_tag_kept() {
    let media = audio(
        "RTP/SAVP",
        &[
            &format!("3 F8_128_HMAC_SHA1_80 inline:{THEIRS}"),
            &format!("4 {CM_80} inline:{THEIRS} UNENCRYPTED_SRTP"),
            &format!("7 {CM_80} inline:{THEIRS}|2^20|1:4"),
            "8 AEAD_AES_128_GCM inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYg==",
        ],
    );
    let (description, facts) = answered(&media, required()).unwrap();
    let ours = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
    assert_eq!(
        lines(&description),
        [
            "m=audio 20000 RTP/SAVP 0",
            &format!("a=crypto:7 {CM_80} inline:{ours}"),
        ]
    );
    let secured = facts.protection.secured().unwrap();
    assert_eq!(
        (secured.tag, secured.suite(), secured.profile),
        (7, Suite::AesCm128HmacSha1_80, Profile::Savp)
    );
    assert_eq!(secured.theirs.key(), b"scenario-of-trun");
    assert_eq!(secured.ours.salt(), [1; 14]);
    assert_eq!(secured.mki.map(|mki| (mki.value, mki.octets)), Some((1, 4)));
    assert!(!format!("{facts:?}").contains("115, 99"), "{facts:?}");
}

#[test]
fn plain_rtp_with_a_key_is_opportunistic_srtp() {
    let media = audio("RTP/AVP", &[&format!("1 {CM_80} inline:{THEIRS}")]);
    for security in [preferred(), required()] {
        let (description, facts) = answered(&media, security).unwrap();
        assert_eq!(lines(&description)[0], "m=audio 20000 RTP/AVP 0");
        assert!(lines(&description)[1].starts_with("a=crypto:1 "));
        assert_eq!(facts.protection.secured().unwrap().profile, Profile::Avp);
    }
    let (description, facts) = answered(&media, off()).unwrap();
    assert_eq!(lines(&description), ["m=audio 20000 RTP/AVP 0"]);
    let because = Some(FellBack::Off);
    assert_eq!(facts.protection, Protection::Plain { because });
}

#[test]
fn what_falls_back_says_why_and_what_may_not_is_refused() {
    let because = |media: &str| match answered(media, preferred()).unwrap().1.protection {
        Protection::Plain { because } => because.unwrap().to_string(),
        Protection::Secured(_) | Protection::Handshake(_) => panic!("it is secured"),
    };
    let refused =
        |media: &str, security: Security| answered(media, security).unwrap_err().to_string();
    let plain = audio("RTP/AVP", &[]);
    assert_eq!(because(&plain), "the offer holds no key for SRTP");
    assert_eq!(
        refused(&plain, required()),
        "plain RTP offered, SRTP is required here"
    );
    let strange = audio("RTP/AVP", &["1 F8_128_HMAC_SHA1_80 inline:x"]);
    assert_eq!(
        because(&strange),
        "no common SRTP suite: F8_128_HMAC_SHA1_80 (not known here) offered"
    );
    assert_eq!(
        refused(&strange, required()),
        "no common SRTP suite: F8_128_HMAC_SHA1_80 (not known here) offered"
    );
    let savp = audio("RTP/SAVP", &[&format!("1 {CM_80} inline:{THEIRS}")]);
    assert_eq!(
        refused(&savp, off()),
        "only SRTP offered (RTP/SAVP), which is off here"
    );
    let without = audio("RTP/SAVPF", &[]);
    assert_eq!(
        refused(&without, preferred()),
        "no common SRTP suite: no key offered"
    );
    // A codec that is missing is told before anything about keys.
    let codec = savp.replace("RTP/SAVP 0", "RTP/SAVP 18");
    assert_eq!(refused(&codec, required()), "no common codec: 18 offered");
}

#[test]
fn of_two_lines_the_secure_one_is_taken_and_both_are_answered_in_their_places() {
    let media = audio("RTP/AVP", &[])
        + &audio("RTP/SAVP", &["1 F8_128_HMAC_SHA1_80 inline:x"])
        + &audio("RTP/SAVP", &[&format!("2 {CM_80} inline:{THEIRS}")]);
    let (description, facts) = answered(&media, preferred()).unwrap();
    assert_eq!(facts.media_index, 2);
    let media: Vec<_> = lines(&description)
        .into_iter()
        .filter(|line| line.starts_with("m="))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        media,
        [
            "m=audio 0 RTP/AVP 0",
            "m=audio 0 RTP/SAVP 0",
            "m=audio 20000 RTP/SAVP 0"
        ]
    );
    let plain = media_index(off());
    assert_eq!((plain, media_index(required())), (0, 2));

    fn media_index(security: Security) -> usize {
        let media = audio("RTP/AVP", &[])
            + &audio("RTP/SAVP", &[])
            + &audio("RTP/SAVP", &[&format!("2 {CM_80} inline:{THEIRS}")]);
        answered(&media, security).unwrap().1.media_index
    }
}

#[test]
fn our_offers_say_what_we_want() {
    let offered = |security| offer(&local(security), &mut LocalSession::new(1));
    assert_eq!(lines(&offered(off())), ["m=audio 20000 RTP/AVP 0 8 101"]);
    for (security, profile) in [(preferred(), "RTP/AVP"), (required(), "RTP/SAVP")] {
        let text = offered(security);
        let lines = lines(&text);
        assert_eq!(lines[0], format!("m=audio 20000 {profile} 0 8 101"));
        let suites: Vec<_> = lines[1..]
            .iter()
            .map(|line| line.split(" inline:").next().unwrap())
            .collect();
        assert_eq!(
            suites,
            [
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80",
                "a=crypto:2 AEAD_AES_128_GCM",
                "a=crypto:3 AEAD_AES_256_GCM",
                "a=crypto:4 AES_CM_128_HMAC_SHA1_32",
            ]
        );
    }
}

#[test]
fn an_answer_is_taken_by_its_tag_and_suite() {
    let key = format!("1 {CM_80} inline:{THEIRS}");
    let secured = accepted(&audio("RTP/SAVP", &[&key]), required()).unwrap();
    assert_eq!(secured.protection.secured().unwrap().tag, 1);
    let opportunistic = accepted(&audio("RTP/AVP", &[&key]), preferred()).unwrap();
    assert!(opportunistic.protection.secured().is_some());
    let plain = accepted(&audio("RTP/AVP", &[]), preferred()).unwrap();
    let because = Some(FellBack::NothingAnswered);
    assert_eq!(plain.protection, Protection::Plain { because });

    let refused = |media: String, security| accepted(&media, security).unwrap_err().to_string();
    assert_eq!(
        refused(audio("RTP/AVP", &[]), required()),
        "plain RTP answered, SRTP is required here"
    );
    assert_eq!(
        refused(audio("RTP/SAVP", &[&key]), off()),
        "only SRTP offered (RTP/SAVP), which is off here"
    );
    // A tag of another suite, an unknown tag, no key at all.
    for (crypto, told) in [
        (format!("2 {CM_80} inline:{THEIRS}"), CM_80),
        (format!("5 {CM_80} inline:{THEIRS}"), CM_80),
        (
            format!("1 {CM_80} inline:AAAA"),
            "AES_CM_128_HMAC_SHA1_80 (its key is not base64 of 30 octets)",
        ),
    ] {
        let told = format!("the answer's SRTP key fits no offered one: {told} answered");
        assert_eq!(refused(audio("RTP/AVP", &[&crypto]), preferred()), told);
        assert_eq!(refused(audio("RTP/SAVP", &[&crypto]), required()), told);
    }
}

#[test]
fn both_sides_hold_the_same_keys_in_every_suite_and_policy() {
    for caller in [preferred(), required()] {
        for callee in [
            Security::Preferred(keys(2).into()),
            Security::Required(keys(2).into()),
        ] {
            let caller = local(caller.clone());
            let text = offer(&caller, &mut LocalSession::new(1));
            for suite in Suite::all() {
                let one = text
                    .split_inclusive('\n')
                    .filter(|line| {
                        !line.starts_with("a=crypto") || line.contains(&format!(" {suite} "))
                    })
                    .collect::<String>();
                let offered = SessionDescription::parse(one.as_bytes()).unwrap();
                let callee = local(callee.clone());
                let answer = answer(&offered, &callee, &mut LocalSession::new(2)).unwrap();
                let read = SessionDescription::parse(answer.description.as_bytes()).unwrap();
                let facts = accept(&caller, &read).unwrap();
                let (here, there) = (
                    facts.protection.secured().unwrap(),
                    answer.negotiated.protection.secured().unwrap(),
                );
                assert_eq!((here.suite(), there.suite()), (suite, suite));
                assert_eq!((&here.ours, &here.theirs), (&there.theirs, &there.ours));
                assert_eq!(here.tag, there.tag);
            }
        }
    }
}

#[test]
fn a_repeated_offer_gets_the_same_key() {
    let media = audio("RTP/SAVP", &[&format!("1 {CM_80} inline:{THEIRS}")]);
    let (local, mut session) = (local(required()), LocalSession::new(42));
    let first = answer(&sdp(&media), &local, &mut session).unwrap();
    let again = answer(&sdp(&media), &local, &mut session).unwrap();
    assert_eq!(first.description, again.description);
    let told = format!("{session:?} {first:?} {:?} {local:?}", sdp(&media));
    for secret in [&THEIRS[..12], "AQEBAQEB", "1, 1, 1, 1"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[test]
fn a_hostile_list_of_keys_is_cut() {
    let many: Vec<String> = (1..=900)
        .map(|tag| format!("{tag} X{tag} inline:a"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let description = sdp(&audio("RTP/SAVP", &many));
    let media = &description.media()[0];
    assert_eq!(media.cryptos.len(), trunkline_sdp::crypto::CRYPTOS_MAX);
    let long = sdp(&audio("RTP/SAVP", &[&format!("1 {}", "é".repeat(4_000))]));
    assert!(long.media()[0].suites()[0].len() < 200);
}
