//! What real peers send, right and wrong.

use proptest::prelude::*;
use trunkline_sdp::{Codec, Direction, Error, SessionDescription};

fn parse(text: &str) -> SessionDescription {
    SessionDescription::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn fails(text: &str) -> (usize, &'static str) {
    let Error { line, reason } = SessionDescription::parse(text.as_bytes()).unwrap_err();
    (line, reason)
}

const DESK_PHONE: &str = "v=0\r\no=- 20518 0 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n\
    m=audio 54400 RTP/AVP 0 18 101\r\na=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:30\r\na=maxptime:60\r\na=sendonly\r\n\
    m=video 0 RTP/AVP 31\r\nc=IN IP6 2001:db8::1\r\n";

#[test]
fn everything_media_needs_is_read() {
    let sdp = parse(DESK_PHONE);
    let origin = sdp.origin().unwrap();
    assert_eq!(
        (&*origin.id, &*origin.version, &*origin.address),
        ("20518", "0", "203.0.113.1")
    );
    let [audio, video] = sdp.media() else {
        panic!("two media")
    };
    assert_eq!(
        (&*audio.kind, audio.port, &*audio.protocol),
        ("audio", 54400, "RTP/AVP")
    );
    assert_eq!(audio.codec(0), Some(Codec::Pcmu));
    assert_eq!(audio.codec(18), None);
    assert_eq!(audio.telephone_event(8_000), Some(101));
    assert_eq!(audio.telephone_event(48_000), None);
    assert_eq!((audio.ptime_ms, audio.maxptime_ms), (Some(30), Some(60)));
    assert_eq!(audio.fmtp("18"), Some("annexb=no"));
    assert_eq!(
        audio.format_names().collect::<Vec<_>>(),
        ["PCMU/8000", "G729/8000", "telephone-event/8000"]
    );
    assert_eq!(sdp.direction_of(audio), Direction::SendOnly);
    assert_eq!(sdp.direction_of(video), Direction::SendRecv);
    assert_eq!(
        sdp.connection_of(audio).unwrap().ip(),
        "203.0.113.1".parse().ok()
    );
    assert_eq!(
        sdp.connection_of(video).unwrap().ip(),
        "2001:db8::1".parse().ok()
    );
    assert_eq!(sdp.media_values(audio, 'a').count(), 7);
    assert_eq!(sdp.to_string(), DESK_PHONE);
}

#[test]
fn what_peers_get_wrong_is_forgiven_and_kept() {
    for text in [
        "v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0",
        "v=0\r\no=- 99999999999999999999999999 18446744073709551616 IN IP4 192.0.2.1\r\nb=AS:64\r\n\
         c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n",
        "v=0\r\no=\r\ns=\r\nx=unknown\r\nc=IN IP4 192.0.2.1/127\r\nt=0 0\r\n\r\nm=audio 4000/2 RTP/AVP 0\r\n\r\n",
        "v=0\r\nc=IN IP4 192.0.2.1\r\na=sendrecv\r\nm=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96\r\na=rtpmap:31 LPC\r\n\
         a=ptime:twenty\r\na=fmtp:96\r\na=rtpmap:999999 x/8000\r\na=\r\na=candidate:1 1 UDP 1 10.0.0.1 9 typ host\r\n",
    ] {
        let sdp = parse(text);
        let audio = &sdp.media()[0];
        assert_eq!((audio.port, audio.codec(0)), (4000, Some(Codec::Pcmu)));
        assert_eq!(
            sdp.connection_of(audio).unwrap().ip(),
            "192.0.2.1".parse().ok()
        );
        assert_eq!(sdp.octets(), text.as_bytes());
    }
    let big = parse("v=0\r\no=- 99999999999999999999999999 1 IN IP4 h\r\n");
    assert_eq!(big.origin().unwrap().id, "99999999999999999999999999");
    let latin = SessionDescription::parse(b"v=0\r\ns=J\xfcrgen\r\n").unwrap();
    assert_eq!(latin.session_values('s').next().unwrap(), "Jürgen");
    assert_eq!(latin.octets(), b"v=0\r\ns=J\xfcrgen\r\n");
}

#[test]
fn keys_and_faxes_are_kept() {
    let sdp = parse(
        "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/SAVP 0\r\n\
         a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc|2^20|1:32\r\na=crypto:x\r\nm=image 4002 udptl t38\r\na=T38FaxVersion:0\r\n",
    );
    assert_eq!(
        sdp.media()[0].suites(),
        ["AES_CM_128_HMAC_SHA1_80 (its key is not base64 of 30 octets)"]
    );
    assert_eq!(sdp.media()[1].formats, ["t38"]);
}

#[test]
fn hold_is_seen_in_both_dialects() {
    let direction = |address: &str, attribute: &str| {
        let sdp = parse(&format!(
            "v=0\r\nc=IN {address}\r\nm=audio 4 RTP/AVP 0\r\n{attribute}"
        ));
        sdp.direction_of(&sdp.media()[0])
    };
    assert_eq!(direction("IP4 192.0.2.1", ""), Direction::SendRecv);
    assert_eq!(
        direction("IP4 192.0.2.1", "a=inactive\r\n"),
        Direction::Inactive
    );
    assert_eq!(direction("IP4 0.0.0.0", ""), Direction::SendOnly);
    assert_eq!(
        direction("IP4 0.0.0.0", "a=recvonly\r\n"),
        Direction::Inactive
    );
    assert_eq!(direction("IP6 ::", "a=sendrecv\r\n"), Direction::SendOnly);
    let session = parse("v=0\r\nc=IN IP4 1.2.3.4\r\na=sendonly\r\nm=audio 4 RTP/AVP 0\r\n");
    assert_eq!(
        session.direction_of(&session.media()[0]),
        Direction::SendOnly
    );
}

#[test]
fn what_cannot_be_used_names_its_line() {
    assert_eq!(fails(""), (0, "empty description"));
    assert_eq!(fails("\r\n\r\no=x"), (3, "does not start with v=0"));
    assert_eq!(fails("v=1\r\n"), (1, "does not start with v=0"));
    assert_eq!(
        fails("v=0\r\nhello\r\n"),
        (2, "not of the form letter=value")
    );
    assert_eq!(
        fails("v=0\r\n\r\nm=audio\r\n"),
        (3, "m= without kind, port and protocol")
    );
    assert_eq!(
        fails("v=0\r\nm=audio 70000 RTP/AVP 0\r\n"),
        (2, "m= with a bad port")
    );
    assert_eq!(fails("v=0\r\nc=IN IP4\r\n"), (2, "c= without address"));
    assert_eq!(
        fails("v=0\r\nc=IN IP6 2001:db8:::1\r\n"),
        (2, "c= with a bad address")
    );
    assert_eq!(
        fails(&format!("v=0\r\n{}", "m=audio 1 RTP/AVP 0\r\n".repeat(33))),
        (34, "too many m= lines")
    );
    assert_eq!(
        fails(&format!("v=0\r\n{}", "a=x\r\n".repeat(1_024))),
        (1_025, "too many lines")
    );
    assert_eq!(fails(&" ".repeat(65_536)), (0, "description too large"));
    let formats = " 0".repeat(129);
    assert_eq!(
        fails(&format!("v=0\r\nm=audio 1 RTP/AVP{formats}")),
        (2, "m= with too many formats")
    );
}

proptest! {
    #[test]
    fn no_octets_panic_and_all_that_is_read_is_kept(
        octets in proptest::collection::vec(any::<u8>(), 0..300),
        at in 0..400_usize,
    ) {
        let _ = SessionDescription::parse(&octets);
        let mut changed = DESK_PHONE.as_bytes().to_vec();
        let at = at.min(changed.len());
        changed.splice(at..(at + 3).min(changed.len()), octets.iter().take(8).copied());
        if let Ok(sdp) = SessionDescription::parse(&changed) {
            prop_assert_eq!(sdp.octets(), &changed[..]);
            for medium in sdp.media() {
                let _ = (sdp.direction_of(medium), medium.format_names().count());
                prop_assert!(sdp.media_values(medium, 'm').count() == 1);
            }
        }
    }
}
