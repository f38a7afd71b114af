//! RFC 7587 and G.722: codecs whose number, clock or samples are not those of G.711.

use trunkline_sdp::{
    Codec, Dtmf, LocalMedia, LocalSession, Negotiated, SessionDescription, accept, answer, offer,
};

fn local(codecs: &[Codec]) -> LocalMedia {
    LocalMedia::new("198.51.100.2:20000".parse().unwrap(), codecs)
}

fn sdp(media: &str) -> SessionDescription {
    let text =
        format!("v=0\r\no=- 7 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{media}");
    SessionDescription::parse(text.as_bytes()).unwrap()
}

fn answered(media: &str, codecs: &[Codec]) -> (String, Negotiated) {
    let answer = answer(&sdp(media), &local(codecs), &mut LocalSession::new(42)).unwrap();
    let (_, media) = answer.description.split_once("t=0 0\r\n").unwrap();
    (media.to_owned(), answer.negotiated)
}

const EVERY: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];

#[test]
fn an_offer_has_each_codec_in_its_order_and_events_of_each_clock() {
    let description = offer(&local(&EVERY), &mut LocalSession::new(1));
    let (_, media) = description.split_once("t=0 0\r\n").unwrap();
    assert_eq!(
        media,
        "m=audio 20000 RTP/AVP 96 9 0 8 97 101\r\n\
         a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
         a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:97 telephone-event/48000\r\na=fmtp:97 0-16\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n\
         a=ptime:20\r\na=sendrecv\r\n"
    );
}

#[test]
fn the_offers_numbers_and_parameters_of_opus_are_taken() {
    let media = "m=audio 4000 RTP/AVP 0 111 101 110\r\na=rtpmap:111 OPUS/48000/2\r\n\
                 a=fmtp:111 minptime=10; useinbandfec=1 ;usedtx=1\r\na=rtpmap:101 telephone-event/8000\r\n\
                 a=rtpmap:110 telephone-event/48000\r\na=maxptime:45\r\na=ptime:60\r\n";
    let (answer, facts) = answered(media, &EVERY);
    assert_eq!((facts.codec, facts.payload_type_send), (Codec::Opus, 111));
    assert!(facts.redundancy);
    assert_eq!(facts.ptime_ms, 40);
    let dtmf = Dtmf {
        send: 110,
        receive: 110,
        clock_rate: 48_000,
    };
    assert_eq!(facts.dtmf, Some(dtmf));
    assert!(answer.starts_with("m=audio 20000 RTP/AVP 111 110\r\na=rtpmap:111 opus/48000/2\r\n"));
    // Ours is the order that counts.
    let (_, facts) = answered(media, &[Codec::Pcmu, Codec::Opus]);
    assert_eq!(facts.codec, Codec::Pcmu);
    assert!(!facts.redundancy);
}

#[test]
fn who_knows_opus_and_only_events_of_8_khz_gets_those() {
    let media = "m=audio 4000 RTP/AVP 96 101\r\na=rtpmap:96 opus/48000/2\r\n\
                 a=rtpmap:101 telephone-event/8000\r\n";
    let (answer, facts) = answered(media, &EVERY);
    let dtmf = Dtmf {
        send: 101,
        receive: 101,
        clock_rate: 8_000,
    };
    assert_eq!(facts.dtmf, Some(dtmf));
    assert!(!facts.redundancy);
    assert!(
        answer.contains("a=rtpmap:101 telephone-event/8000\r\n"),
        "{answer}"
    );
}

#[test]
fn an_answer_may_have_numbers_of_its_own() {
    let local = local(&EVERY);
    let answer = "m=audio 4000 RTP/AVP 120 121\r\na=rtpmap:120 opus/48000/2\r\na=fmtp:120 useinbandfec=1\r\n\
                  a=rtpmap:121 telephone-event/48000\r\n";
    let facts = accept(&local, &sdp(answer)).unwrap();
    let numbers = (facts.payload_type_send, facts.payload_type_receive);
    assert_eq!((facts.codec, numbers), (Codec::Opus, (120, 96)));
    let dtmf = Dtmf {
        send: 121,
        receive: 97,
        clock_rate: 48_000,
    };
    assert_eq!(facts.dtmf, Some(dtmf));
    let facts = accept(&local, &sdp("m=audio 4000 RTP/AVP 9\r\n")).unwrap();
    assert_eq!((facts.codec, facts.payload_type_receive), (Codec::G722, 9));
}

#[test]
fn opus_is_opus_only_with_its_clock_and_two_channels() {
    for map in ["opus/48000", "opus/48000/1", "opus/16000/2", "opus/8000"] {
        let media = format!("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 {map}\r\n");
        let session = &mut LocalSession::new(1);
        let rejection = answer(&sdp(&media), &local(&EVERY), session).unwrap_err();
        assert!(rejection.to_string().contains("no common codec"), "{map}");
    }
}
