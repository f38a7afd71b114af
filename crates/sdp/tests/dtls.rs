//! SRTP by DTLS in offer and answer: RFC 5763, RFC 5764, RFC 8122, RFC 8842; beside SDES: RFC 8643.

use trunkline_sdp::dtls::Setup;
use trunkline_sdp::{
    Codec, FellBack, Fingerprint, HashFunction, Keying, LocalDtls, LocalKeys, LocalMedia,
    LocalSession, Negotiated, Profile, Protection, Rejection, Role, Security, SessionDescription,
    Way, accept, answer, offer,
};

const TLS: &str = "UDP/TLS/RTP/SAVP";
const CRYPTO: &str =
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2NlbmFyaW8tb2YtdHJ1bmtsaW5lLW9ubHktMDAx\r\n";

fn fingerprint(fill: u8) -> Fingerprint {
    Fingerprint::new(HashFunction::Sha256, &[fill; 32]).unwrap()
}

fn dtls() -> Way {
    Way::Dtls(LocalDtls {
        fingerprint: fingerprint(0xd7),
        tls_id: "trunkline-leg-0000000001".to_owned(),
        role: None,
    })
}

fn sdes() -> Way {
    Way::Sdes(LocalKeys::new(Box::new(
        [1; trunkline_sdp::security::KEY_OCTETS],
    )))
}

fn required(ways: &[Way]) -> Security {
    Security::Required(Keying(ways.to_vec()))
}

fn preferred(ways: &[Way]) -> Security {
    Security::Preferred(Keying(ways.to_vec()))
}

fn local(security: Security) -> LocalMedia {
    let address = "198.51.100.2:20000".parse().unwrap();
    LocalMedia {
        security,
        ..LocalMedia::new(address, &[Codec::Pcmu, Codec::Pcma])
    }
}

fn audio(profile: &str, attributes: &str) -> String {
    format!("m=audio 4000 {profile} 0\r\n{attributes}")
}

fn theirs(setup: &str) -> String {
    format!("a=setup:{setup}\r\na=fingerprint:{}\r\n", fingerprint(0xe9))
}

fn sdp(text: &str) -> SessionDescription {
    let text = format!("v=0\r\nc=IN IP4 192.0.2.1\r\n{text}");
    SessionDescription::parse(text.as_bytes()).unwrap()
}

fn answered(offer: &str, security: Security) -> Result<(String, Negotiated), Rejection> {
    let answer = answer(&sdp(offer), &local(security), &mut LocalSession::new(42))?;
    Ok((answer.description, answer.negotiated))
}

fn accepted(answer: &str, security: Security) -> Result<Negotiated, Rejection> {
    accept(&local(security), &sdp(answer))
}

fn lines(description: &str) -> Vec<&str> {
    let of_security = ["m=", "a=setup", "a=fingerprint", "a=tls-id", "a=crypto"];
    let told = description.lines();
    told.filter(|line| of_security.iter().any(|start| line.starts_with(start)))
        .collect()
}

/// What was agreed on: the profile and what we are.
fn handshake(agreed: &Negotiated) -> Option<(Profile, Role)> {
    let handshake = agreed.protection.handshake()?;
    assert_eq!(handshake.fingerprints, [fingerprint(0xe9)]);
    Some((handshake.profile, handshake.role))
}

#[test]
fn an_offer_of_a_handshake_is_answered_by_who_begins_it() {
    for (setup, role, written) in [
        ("actpass", Role::Client, "active"),
        ("passive", Role::Client, "active"),
        ("active", Role::Server, "passive"),
    ] {
        for profile in [TLS, "UDP/TLS/RTP/SAVPF", "RTP/SAVPF", "RTP/AVP"] {
            let offer = audio(profile, &theirs(setup));
            let (description, agreed) = answered(&offer, required(&[dtls()])).unwrap();
            let (told, we) = handshake(&agreed).unwrap();
            assert_eq!((told.as_str(), we), (profile, role));
            assert_eq!(
                lines(&description),
                [
                    format!("m=audio 20000 {profile} 0"),
                    format!("a=setup:{written}"),
                    format!("a=fingerprint:{}", fingerprint(0xd7)),
                ]
            );
        }
    }
}

#[test]
fn the_session_speaks_for_a_medium_that_says_nothing_itself() {
    let offer = format!("{}{}", theirs("actpass"), audio(TLS, ""));
    let (_, agreed) = answered(&offer, required(&[dtls()])).unwrap();
    assert_eq!(handshake(&agreed), Some((Profile::TlsSavp, Role::Client)));
    // Its own words go first.
    let foreign = format!("a=fingerprint:{}\r\n", fingerprint(0x11));
    let offer = format!(
        "{foreign}a=setup:active\r\n{}",
        audio(TLS, &theirs("passive"))
    );
    let (_, agreed) = answered(&offer, required(&[dtls()])).unwrap();
    assert_eq!(handshake(&agreed), Some((Profile::TlsSavp, Role::Client)));
}

#[test]
fn an_identity_is_answered_by_ours_and_a_role_stays() {
    let identity = "a=tls-id:their-association-0001\r\n";
    let offer = audio(TLS, &format!("{}{identity}", theirs("actpass")));
    let mut ways = Keying(vec![dtls()]);
    ways.set_role(Some(Role::Server));
    let (description, agreed) = answered(&offer, Security::Required(ways)).unwrap();
    assert!(description.contains("a=tls-id:trunkline-leg-0000000001\r\n"));
    assert!(description.contains("a=setup:passive\r\n"));
    let agreed = agreed.protection.handshake().unwrap().clone();
    assert_eq!(agreed.tls_id.as_deref(), Some("their-association-0001"));
}

#[test]
fn who_offers_lets_the_other_side_begin() {
    let ours = offer(
        &local(required(&[dtls(), sdes()])),
        &mut LocalSession::new(1),
    );
    assert_eq!(
        lines(&ours),
        [
            "m=audio 20000 UDP/TLS/RTP/SAVP 0 8 101".to_owned(),
            "a=setup:actpass".to_owned(),
            format!("a=fingerprint:{}", fingerprint(0xd7)),
            "a=tls-id:trunkline-leg-0000000001".to_owned(),
        ]
    );
    for (setup, role) in [("active", Role::Server), ("passive", Role::Client)] {
        let agreed = accepted(&audio(TLS, &theirs(setup)), required(&[dtls()])).unwrap();
        assert_eq!(handshake(&agreed), Some((Profile::TlsSavp, role)));
    }
    // The peers of both sides understand each other.
    let (description, callee) =
        answered(&ours[ours.find("m=").unwrap()..], required(&[dtls()])).unwrap();
    let caller = accept(
        &local(required(&[dtls()])),
        &SessionDescription::parse(description.as_bytes()).unwrap(),
    );
    let role = |agreed: &Negotiated| agreed.protection.handshake().unwrap().role;
    assert_eq!(
        (role(&callee), role(&caller.unwrap())),
        (Role::Client, Role::Server)
    );
}

/// RFC 8643 section 3.1: an offer may have several ways, and the answer takes one.
#[test]
fn opportunistic_offers_have_every_way_and_strict_ones_the_first() {
    let both = [dtls(), sdes()];
    let ours = offer(&local(preferred(&both)), &mut LocalSession::new(1));
    assert!(ours.contains("m=audio 20000 RTP/AVP 0 8 101\r\n"));
    assert!(ours.contains("a=setup:actpass\r\n") && ours.contains("a=crypto:4 "));
    let agreed = accepted(&audio("RTP/AVP", CRYPTO), preferred(&both)).unwrap();
    assert!(agreed.protection.secured().is_some());
    let agreed = accepted(&audio("RTP/AVP", &theirs("active")), preferred(&both)).unwrap();
    assert_eq!(handshake(&agreed), Some((Profile::Avp, Role::Server)));
    let agreed = accepted(&audio("RTP/AVP", ""), preferred(&both)).unwrap();
    let because = Some(FellBack::NothingAnswered);
    assert_eq!(agreed.protection, Protection::Plain { because });
    // Of an offer of both the better one is taken.
    let offer = audio("RTP/AVP", &format!("{CRYPTO}{}", theirs("actpass")));
    for (ways, is_handshake) in [([dtls(), sdes()], true), ([sdes(), dtls()], false)] {
        let (description, agreed) = answered(&offer, preferred(&ways)).unwrap();
        assert_eq!(agreed.protection.handshake().is_some(), is_handshake);
        assert_eq!(description.contains("a=crypto"), !is_handshake);
        assert_eq!(description.contains("a=fingerprint"), is_handshake);
    }
    let strict = required(&[sdes(), dtls()]);
    let ours = trunkline_sdp::offer(&local(strict), &mut LocalSession::new(1));
    assert!(ours.contains("RTP/SAVP 0") && !ours.contains("fingerprint"));
}

#[test]
fn what_is_left_out_is_refused_and_says_so() {
    let by_handshake = audio(TLS, &theirs("actpass"));
    let by_description = audio("RTP/SAVP", CRYPTO);
    for security in [required(&[sdes()]), preferred(&[sdes()])] {
        let rejection = answered(&by_handshake, security).unwrap_err();
        let why = "SRTP with keys by DTLS offered, which is not allowed here";
        assert_eq!(rejection.to_string(), why);
    }
    for security in [required(&[dtls()]), preferred(&[dtls()])] {
        let rejection = answered(&by_description, security).unwrap_err();
        let why = "SRTP with keys by SDES offered, which is not allowed here";
        assert_eq!(rejection.to_string(), why);
    }
    let rejection = answered(&by_handshake, Security::Off).unwrap_err();
    let why = "only SRTP offered (UDP/TLS/RTP/SAVP), which is off here";
    assert_eq!(rejection.to_string(), why);
    let plain = answered(&audio("RTP/AVP", ""), required(&[dtls()])).unwrap_err();
    assert_eq!(plain, Rejection::PlainOffered);
    let plain = accepted(&audio("RTP/AVP", ""), required(&[dtls()])).unwrap_err();
    assert_eq!(plain, Rejection::PlainAnswered);
    // Opportunistic: it goes on in the clear, and says why.
    let (_, agreed) =
        answered(&audio("RTP/AVP", &theirs("actpass")), preferred(&[sdes()])).unwrap();
    let because = Some(FellBack::NotAllowed("DTLS"));
    assert_eq!(agreed.protection, Protection::Plain { because });
}

#[test]
fn a_fingerprint_that_cannot_be_checked_is_none() {
    let weak = "a=setup:actpass\r\na=fingerprint:sha-1 00:01:02\r\n";
    let rejection = answered(&audio(TLS, weak), required(&[dtls()])).unwrap_err();
    let why = "no fingerprint that can be used: sha-1 offered";
    assert_eq!(rejection.to_string(), why);
    // Beside a good one it does no harm.
    let both = format!("a=fingerprint:md5 00\r\n{}", theirs("actpass"));
    let (_, agreed) = answered(&audio(TLS, &both), required(&[dtls()])).unwrap();
    assert!(handshake(&agreed).is_some());
    let (_, agreed) = answered(&audio("RTP/AVP", weak), preferred(&[dtls()])).unwrap();
    assert!(matches!(
        agreed.protection,
        Protection::Plain {
            because: Some(FellBack::NoFingerprint { .. })
        }
    ));
}

#[test]
fn nobody_begins_on_hold() {
    let offer = audio(TLS, &theirs("holdconn"));
    assert!(answered(&offer, required(&[dtls()])).is_err());
    let description = sdp(&offer);
    let offered = description.handshake_of(&description.media()[0]);
    assert_eq!(offered.setup, Some(Setup::HoldConn));
}
