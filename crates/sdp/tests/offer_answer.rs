//! RFC 3264: what is answered, and what both sides then know.

use trunkline_sdp::{
    Codec, Direction, Dtmf, LocalMedia, LocalSession, Negotiated, Protection, Rejection,
    SessionDescription, accept, answer, offer,
};

fn local() -> LocalMedia {
    LocalMedia::new(
        "198.51.100.2:20000".parse().unwrap(),
        &[Codec::Pcmu, Codec::Pcma],
    )
}

fn sdp(media: &str) -> SessionDescription {
    let text =
        format!("v=0\r\no=- 7 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=5 9\r\n{media}");
    SessionDescription::parse(text.as_bytes()).unwrap()
}

/// The answer to an offer, and the facts.
fn answered(media: &str, local: &LocalMedia) -> (String, Negotiated) {
    let answer = answer(&sdp(media), local, &mut LocalSession::new(42)).unwrap();
    (answer.description, answer.negotiated)
}

fn rejected(media: &str) -> String {
    answer(&sdp(media), &local(), &mut LocalSession::new(42))
        .unwrap_err()
        .to_string()
}

#[test]
fn our_preference_decides_and_the_offers_numbers_are_used() {
    let media = "m=audio 4000 RTP/AVP 8 0 97\r\na=rtpmap:97 telephone-event/8000\r\na=ptime:30\r\n";
    let (description, facts) = answered(media, &local());
    assert_eq!(
        description,
        "v=0\r\no=- 42 42 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=5 9\r\n\
         m=audio 20000 RTP/AVP 0 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:97 telephone-event/8000\r\n\
         a=fmtp:97 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    assert_eq!(
        facts,
        Negotiated {
            remote: "192.0.2.1:4000".parse().unwrap(),
            reports: Some("192.0.2.1:4001".parse().unwrap()),
            reports_muxed: false,
            codec: Codec::Pcmu,
            payload_type_send: 0,
            payload_type_receive: 0,
            redundancy: false,
            dtmf: Some(Dtmf {
                send: 97,
                receive: 97,
                clock_rate: 8_000,
            }),
            ptime_ms: 30,
            direction: Direction::SendRecv,
            media_index: 0,
            protection: Protection::Plain { because: None },
        }
    );
}

/// RFC 3605; RFC 3550 section 11 where nothing is said.
#[test]
fn reports_go_where_the_peer_says() {
    for (port, attribute, to) in [
        (4_000, "", Some("192.0.2.1:4001")),
        (4_000, "a=rtcp:53020\r\n", Some("192.0.2.1:53020")),
        (
            4_000,
            "a=rtcp:53020 IN IP4 192.0.2.9\r\n",
            Some("192.0.2.9:53020"),
        ),
        (4_000, "a=rtcp:0\r\n", Some("192.0.2.1:4001")),
        (4_000, "a=rtcp:many\r\n", Some("192.0.2.1:4001")),
        (65_535, "", None),
    ] {
        let media = format!("m=audio {port} RTP/AVP 0\r\n{attribute}");
        let (_, facts) = answered(&media, &local());
        let to = to.map(|to| to.parse().unwrap());
        assert_eq!(facts.reports, to, "{attribute}");
    }
}

/// RFC 5761, section 5.1.1.
#[test]
fn reports_share_the_port_where_both_sides_say_so() {
    for attribute in ["rtcp-mux", "rtcp-mux-only"] {
        let offer = format!("m=audio 4000 RTP/AVP 0\r\na=rtcp:53020\r\na={attribute}\r\n");
        let (answer, agreed) = answered(&offer, &local());
        assert!(answer.contains("a=rtcp-mux\r\n"), "{answer}");
        assert!(agreed.reports_muxed);
        assert_eq!(agreed.reports, Some("192.0.2.1:4000".parse().unwrap()));
    }
    let (answer, agreed) = answered("m=audio 4000 RTP/AVP 0\r\n", &local());
    assert!(!answer.contains("rtcp-mux") && !agreed.reports_muxed);
    let ask = |rtcp_mux| LocalMedia {
        rtcp_mux,
        ..local()
    };
    let offer = |rtcp_mux| offer(&ask(rtcp_mux), &mut LocalSession::new(1));
    assert!(offer(true).contains("a=rtcp-mux\r\n") && !offer(false).contains("rtcp-mux"));
    for (asked, answered, agreed) in [
        (true, "a=rtcp-mux\r\n", true),
        (true, "", false),
        (false, "a=rtcp-mux\r\n", false),
    ] {
        let answer = sdp(&format!("m=audio 4000 RTP/AVP 0\r\n{answered}"));
        let terms = accept(&ask(asked), &answer).unwrap();
        assert_eq!(terms.reports_muxed, agreed, "{asked} {answered}");
        let port = if agreed { 4_000 } else { 4_001 };
        assert_eq!(terms.reports.unwrap().port(), port);
    }
}

#[test]
fn a_dynamic_number_may_mean_a_static_codec_and_a_static_number_another() {
    let media = "m=audio 4000 RTP/AVP 96 0\r\na=rtpmap:96 pcma/8000/1\r\na=rtpmap:0 G722/8000\r\n";
    let (_, facts) = answered(media, &local());
    assert_eq!((facts.codec, facts.payload_type_send), (Codec::Pcma, 96));
}

#[test]
fn digits_need_the_clock_rate_of_the_codec_and_our_wish() {
    let media = "m=audio 4000 RTP/AVP 0 110 101\r\na=rtpmap:110 telephone-event/48000\r\n\
                 a=rtpmap:101 telephone-event/8000\r\n";
    assert_eq!(
        answered(media, &local()).1.dtmf,
        Some(Dtmf {
            send: 101,
            receive: 101,
            clock_rate: 8_000,
        })
    );
    let wideband = "m=audio 4000 RTP/AVP 0 110\r\na=rtpmap:110 telephone-event/48000\r\n";
    assert_eq!(answered(wideband, &local()).1.dtmf, None);
    let without = LocalMedia {
        telephone_event: None,
        ..local()
    };
    assert_eq!(answered(media, &without).1.dtmf, None);
    assert!(!answered(media, &without).0.contains("telephone-event"));
}

#[test]
fn every_line_is_answered_in_its_place() {
    let media = "m=video 5000 RTP/AVP 31 34\r\nm=audio 4000 RTP/SAVP 0\r\nm=audio 4002 RTP/AVP 18\r\n\
                 m=audio 4004 RTP/AVP 8\r\nm=image 6000 udptl t38\r\nm=x 1 y\r\n";
    let (description, facts) = answered(media, &local());
    let lines: Vec<_> = description
        .lines()
        .filter(|line| line.starts_with("m="))
        .collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 31 34",
            "m=audio 0 RTP/SAVP 0",
            "m=audio 0 RTP/AVP 18",
            "m=audio 20000 RTP/AVP 8",
            "m=image 0 udptl t38",
            "m=x 0 y 0",
        ]
    );
    assert_eq!((facts.media_index, facts.remote.port()), (3, 4004));
}

#[test]
fn hold_is_mirrored() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    for (offered, wish, agreed) in [
        (SendRecv, SendRecv, SendRecv),
        (SendOnly, SendRecv, RecvOnly),
        (RecvOnly, SendRecv, SendOnly),
        (Inactive, SendRecv, Inactive),
        (SendRecv, SendOnly, SendOnly),
        (SendOnly, SendOnly, Inactive),
        (SendRecv, Inactive, Inactive),
    ] {
        let local = LocalMedia {
            direction: wish,
            ..local()
        };
        let media = format!("m=audio 4000 RTP/AVP 0\r\na={offered}\r\n");
        let (description, facts) = answered(&media, &local);
        assert_eq!(facts.direction, agreed, "{offered} with {wish}");
        assert!(description.contains(&format!("a={agreed}\r\n")));
    }
    let (description, facts) = answered("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n", &local());
    assert_eq!(facts.direction, RecvOnly);
    assert!(facts.remote.ip().is_unspecified() && description.contains("a=recvonly"));
}

#[test]
fn a_rejection_says_what_was_offered() {
    assert_eq!(
        rejected(
            "m=audio 4000 RTP/AVP 18 3 96\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:18 G729/8000\r\n"
        ),
        "no common codec: G729/8000, 3, opus/48000 offered"
    );
    assert_eq!(
        rejected("m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
        "no common codec: telephone-event/8000 offered"
    );
    assert_eq!(
        rejected("m=audio 4000 TCP/RTP/AVP 0\r\n"),
        "no common transport: TCP/RTP/AVP offered"
    );
    assert_eq!(rejected("m=video 4000 RTP/AVP 31\r\n"), "no audio");
    assert_eq!(rejected("m=audio 0 RTP/AVP 0\r\n"), "no audio");
    assert_eq!(rejected(""), "no audio");
    assert_eq!(
        rejected("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 pbx.example.com\r\n"),
        "no media address"
    );
}

#[test]
fn the_version_counts_changes_only() {
    let mut session = LocalSession::new(42);
    let plain = sdp("m=audio 4000 RTP/AVP 0\r\n");
    let held = sdp("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n");
    let mut version = |offer: &SessionDescription| {
        let text = answer(offer, &local(), &mut session).unwrap().description;
        let origin = SessionDescription::parse(text.as_bytes())
            .unwrap()
            .origin()
            .unwrap()
            .clone();
        assert_eq!(origin.id, "42");
        origin.version
    };
    assert_eq!(
        [
            version(&plain),
            version(&plain),
            version(&held),
            version(&plain)
        ],
        ["42", "42", "43", "44"]
    );
}

#[test]
fn our_offer_and_its_answer_agree_on_both_sides() {
    let caller = LocalMedia {
        telephone_event: Some(96),
        ..local()
    };
    let text = offer(&caller, &mut LocalSession::new(1));
    let offered = SessionDescription::parse(text.as_bytes()).unwrap();
    let callee = LocalMedia::new("[2001:db8::2]:30000".parse().unwrap(), &[Codec::Pcma]);
    let answer = answer(&offered, &callee, &mut LocalSession::new(2)).unwrap();
    assert!(answer.description.contains("c=IN IP6 2001:db8::2\r\n"));
    let answered = SessionDescription::parse(answer.description.as_bytes()).unwrap();
    let facts = accept(&caller, &answered).unwrap();
    assert_eq!(facts.codec, Codec::Pcma);
    assert_eq!(facts.remote, callee.address);
    assert_eq!(answer.negotiated.remote, caller.address);
    assert_eq!(
        facts.dtmf,
        Some(Dtmf {
            send: 96,
            receive: 96,
            clock_rate: 8_000,
        })
    );
    assert_eq!(facts.dtmf, answer.negotiated.dtmf);
}

#[test]
fn an_answer_may_number_its_own_way_but_only_what_was_offered() {
    let media = "m=audio 4000 RTP/AVP 98 99\r\na=rtpmap:98 PCMA/8000\r\na=rtpmap:99 telephone-event/8000\r\n\
                 a=ptime:100\r\na=maxptime:10\r\na=recvonly\r\n";
    let facts = accept(&local(), &sdp(media)).unwrap();
    assert_eq!(
        (facts.payload_type_send, facts.payload_type_receive),
        (98, 8)
    );
    assert_eq!(
        facts.dtmf,
        Some(Dtmf {
            send: 99,
            receive: 101,
            clock_rate: 8_000,
        })
    );
    assert_eq!((facts.ptime_ms, facts.direction), (10, Direction::SendOnly));
    let only_a = LocalMedia {
        codecs: vec![Codec::Pcma],
        ..local()
    };
    let offered = vec!["PCMU/8000".to_owned()];
    assert_eq!(
        accept(&only_a, &sdp("m=audio 4000 RTP/AVP 0\r\n")),
        Err(Rejection::NoCommonCodec { offered })
    );
    assert_eq!(
        accept(&local(), &sdp("m=audio 0 RTP/AVP 0\r\n")),
        Err(Rejection::NoAudio)
    );
}
