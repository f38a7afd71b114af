//! What PBXs, SBCs and carriers send: each odd thing read right, or refused by name.

use crate::corpus::invite;
use bytes::Bytes;
use trunkline_sip::{Host, Message, Method, Name, Scheme, Via, escape, validate};

fn read(octets: Vec<u8>) -> Message {
    let message = Message::parse(Bytes::from(octets)).unwrap();
    validate(&message).unwrap();
    message
}

fn with(changes: &[&str]) -> Message {
    read(invite(changes))
}

fn refused(octets: Vec<u8>) -> String {
    let answer = match Message::parse(Bytes::from(octets)) {
        Ok(message) => validate(&message).unwrap_err(),
        Err(malformed) => malformed.answer(),
    };
    format!("{} {}", answer.status, answer.reason)
}

#[test]
fn users_with_dots_numbers_and_parameters() {
    for (line, user, host) in [
        ("INVITE sip:john.doe@pbx SIP/2.0", Some("john.doe"), "pbx"),
        (
            "INVITE sip:+1415;npdi;rn=+1416@gw.example.com;user=phone SIP/2.0",
            Some("+1415;npdi;rn=+1416"),
            "gw.example.com",
        ),
        ("INVITE sip:%23123@pbx SIP/2.0", Some("%23123"), "pbx"),
        ("INVITE sip:*98#@pbx SIP/2.0", Some("*98#"), "pbx"),
        (
            "INVITE sip:user@my_pbx:5080 SIP/2.0",
            Some("user"),
            "my_pbx",
        ),
        (
            "INVITE sip:100@[2001:db8::1]:5060 SIP/2.0",
            Some("100"),
            "[2001:db8::1]",
        ),
        ("INVITE sip:192.0.2.9 SIP/2.0", None, "192.0.2.9"),
        ("INVITE sips:100:secret@h SIP/2.0", Some("100"), "h"),
        ("INVITE SIP:100@H.example SIP/2.0", Some("100"), "H.example"),
        (
            "INVITE tel:+4930123456789012345;phone-context=+49 SIP/2.0",
            Some("+4930123456789012345"),
            "",
        ),
    ] {
        let message = with(&[line]);
        let uri = message.uri().unwrap();
        assert_eq!(
            (uri.user(), &*uri.host().to_string()),
            (user, host),
            "{line}"
        );
    }
    assert_eq!(
        with(&["INVITE tel:+123 SIP/2.0"]).uri().unwrap().scheme(),
        Scheme::Tel
    );
    assert_eq!(escape::unescape("%23123"), "#123");
}

#[test]
fn addresses_of_every_form() {
    for (value, display, user, tag) in [
        ("\"A <B>\" <sip:1@h>;tag=t", Some("A <B>"), "1", Some("t")),
        (
            "\"Bell, A\" <sip:1@h> ; tag = t",
            Some("Bell, A"),
            "1",
            Some("t"),
        ),
        (
            "\"J \\\"R\\\"\" <sip:1@h>;tag=t",
            Some("J \"R\""),
            "1",
            Some("t"),
        ),
        (
            "Anonymous <sip:anonymous@anonymous.invalid>;tag=t",
            Some("Anonymous"),
            "anonymous",
            Some("t"),
        ),
        ("\"Jürgen\" <sip:1@h>;tag=t", Some("Jürgen"), "1", Some("t")),
        ("sip:1@h;tag=t", None, "1", Some("t")),
        (
            "<sip:1@h;transport=tcp?X=y>;tag=t;x=\"a;b\"",
            None,
            "1",
            Some("t"),
        ),
        (
            "<tel:+1-201-555-0123>;tag=t",
            None,
            "+1-201-555-0123",
            Some("t"),
        ),
        ("\"\" <sip:1@h>", Some(""), "1", None),
        ("<sip:1@h>;tag=t;", None, "1", Some("t")),
    ] {
        let message = with(&[&format!("From: {value}")]);
        let from = message.from().unwrap();
        assert_eq!(from.display_name().as_deref(), display, "{value}");
        assert_eq!(
            (from.uri().user(), from.tag()),
            (Some(user), tag),
            "{value}"
        );
    }
}

#[test]
fn latin_1_in_any_header_is_text_and_its_octets_are_kept() {
    let mut octets = invite(&["Subject: J?rgen"]);
    let at = octets
        .windows(6)
        .position(|window| window == b"J?rgen")
        .unwrap();
    octets[at + 1] = 0xfc;
    let message = read(octets.clone());
    assert_eq!(message.header(Name::Subject), Some("Jürgen"));
    assert_eq!(
        message.fields_of(Name::Subject).next().unwrap().octets,
        b"J\xfcrgen"
    );
    assert_eq!(message.bytes(), &octets);
    assert_eq!(message.cseq().unwrap().number, 1);
}

#[test]
fn contacts_and_their_parameters() {
    let message = with(&[
        "Contact: \"a,b\" <sip:1@h>;q=0.5, <sip:2@h>;+sip.instance=\"<urn:uuid:1;2>\";gr=urn:uuid:f",
    ]);
    let contacts: Vec<_> = message
        .addresses(Name::Contact)
        .map(Result::unwrap)
        .collect();
    assert_eq!(contacts.len(), 2);
    assert_eq!(
        contacts[1]
            .params()
            .get("+sip.instance")
            .unwrap()
            .unquoted(),
        "<urn:uuid:1;2>"
    );
    assert_eq!(contacts[1].params().value("gr"), Some("urn:uuid:f"));
    let register = read(invite(&[
        "REGISTER sip:h SIP/2.0",
        "CSeq: 1 REGISTER",
        "Contact: *",
    ]));
    assert_eq!(register.header(Name::Contact), Some("*"));
    assert!(register.contact().is_err());
}

#[test]
fn vias_of_every_form() {
    for (value, transport, host, port) in [
        ("SIP / 2.0 / UDP h ;branch=z9hG4bK1", "UDP", "h", None),
        (
            "SIP/2.0/TLS-SCTP h:5061;branch=z9hG4bK1",
            "TLS-SCTP",
            "h",
            Some(5061),
        ),
        (
            "SIP/2.0/udp [2001:db8::9]:5060;branch=z9hG4bK1;received=[2001:db8::8]",
            "udp",
            "[2001:db8::9]",
            Some(5060),
        ),
        (
            "SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK1",
            "WSS",
            "df7jal23ls0d.invalid",
            None,
        ),
        (
            "SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bK1, SIP/2.0/TCP x",
            "UDP",
            "10.0.0.1",
            Some(5060),
        ),
        (
            "SIP/2.0/UDP h:5060;branch=z9hG4bK1;i=\"a,b\"",
            "UDP",
            "h",
            Some(5060),
        ),
    ] {
        let message = with(&[&format!("Via: {value}")]);
        let via = message.top_via().unwrap();
        assert_eq!(
            (via.transport(), &*via.host().to_string(), via.port()),
            (transport, host, port)
        );
        assert_eq!(via.transaction_branch(), Some("z9hG4bK1"), "{value}");
    }
    let folded =
        with(&["Via: SIP/2.0/UDP\r\n h;branch=z9hG4bK1,\r\n\tSIP/2.0/UDP i;branch=z9hG4bK2"]);
    let hosts: Vec<_> = folded
        .headers(Name::Via)
        .map(|v| Via::parse(v).unwrap().host().to_string())
        .collect();
    assert_eq!(hosts, ["h", "i"]);
}

#[test]
fn compact_names_folds_and_blanks() {
    let text = "INVITE sip:a@b SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bK1\r\nf :<sip:a@b>;tag=1\r\nT\t: <sip:a@b>\r\n\
        I: x\r\ncseq: 1\r\n\tINVITE\r\nm: <sip:a@b>\r\nk: timer,\r\n 100rel\r\nSUPPORTED:replaces\r\nSubject:\r\n\
        x: 1800;refresher=uac\r\nc: application/sdp;charset=utf-8\r\nl:2\r\n\r\nhi";
    let message = read(text.into());
    assert_eq!(
        message.headers(Name::Supported).collect::<Vec<_>>(),
        ["timer", "100rel", "replaces"]
    );
    assert!(message.lists(Name::Supported, "TIMER") && !message.lists(Name::Supported, "path"));
    assert_eq!(
        (message.header(Name::Subject), message.call_id()),
        (Some(""), Ok("x"))
    );
    assert_eq!(message.session_expires().unwrap().unwrap().seconds, 1800);
    assert!(message.has_body_of("Application/SDP"));
    assert_eq!(message.cseq().unwrap().method, Method::Invite);
}

#[test]
fn methods_are_open_and_have_a_case() {
    let unknown = read(invite(&["PING sip:h SIP/2.0", "CSeq: 1 PING"]));
    assert_eq!(unknown.method(), Some(&Method::Other("PING".into())));
    let lower = read(invite(&["invite sip:h SIP/2.0", "CSeq: 1 invite"]));
    assert_ne!(lower.method(), Some(&Method::Invite));
    assert_eq!(
        refused(invite(&["CSeq: 1 invite"])),
        "400 CSeq: method is not the request's"
    );
}

#[test]
fn responses_keep_their_phrase() {
    for (line, status, phrase) in [
        ("SIP/2.0 487 Request Terminated", 487, "Request Terminated"),
        ("SIP/2.0 480 Kein Anschlu\u{df}", 480, "Kein Anschluß"),
        ("SIP/2.0 200", 200, ""),
        ("SIP/2.0 200 ", 200, ""),
        ("sip/2.0 199  x ", 199, " x "),
        ("SIP/2.0 699 Odd", 699, "Odd"),
    ] {
        let text = String::from_utf8(invite(&[])).unwrap();
        let text = text.replacen("INVITE sip:+4930123@edge.example.com SIP/2.0", line, 1);
        let message = read(text.into_bytes());
        assert_eq!(message.status().unwrap().get(), status);
        assert_eq!(message.reason_phrase(), phrase);
    }
}

#[test]
fn lengths_and_line_ends_of_datagrams() {
    let body = |changes: &[&str]| with(changes).body().to_vec();
    assert_eq!(body(&["|abc"]), b"abc");
    assert_eq!(body(&["Content-Length: 2", "|abc"]), b"ab");
    assert_eq!(body(&["Content-Length: 002", "l: 2", "|abc"]), b"ab");
    assert_eq!(body(&["Content-Length: 4", "|a\r\n\0"]), b"a\r\n\0");
    let mut leading = b"\r\n\r\n".to_vec();
    leading.extend(invite(&[]));
    assert_eq!(read(leading).call_id(), Ok("call@pbx.example.com"));
    for (length, reason) in [
        ("4", "400 Content-Length Larger Than Message"),
        ("-1", "400 Bad Content-Length"),
        ("+3", "400 Bad Content-Length"),
        ("", "400 Bad Content-Length"),
        ("3, 3", "400 Bad Content-Length"),
        (
            "18446744073709551615",
            "400 Content-Length Larger Than Message",
        ),
        (
            "18446744073709551616",
            "400 Content-Length Larger Than Message",
        ),
        ("3\r\nl: 2", "400 Conflicting Content-Length"),
    ] {
        assert_eq!(
            refused(invite(&[&format!("Content-Length: {length}"), "|abc"])),
            reason
        );
    }
    let bare = String::from_utf8(invite(&[]))
        .unwrap()
        .replace("\r\n", "\n");
    assert_eq!(refused(bare.into_bytes()), "400 Bad Line End");
    assert_eq!(refused(invite(&["Subject: a\rX: b"])), "400 Bad Line End");
    assert_eq!(
        refused(invite(&["Subject"])),
        "400 Header Line Without Colon"
    );
    assert_eq!(refused(invite(&["Sub ject: x"])), "400 Bad Header Name");
    assert_eq!(refused(b"\r\n\r\n".to_vec()), "400 Empty Message");
}

#[test]
fn limits_are_met_and_named() {
    let long = "a".repeat(8_000);
    assert_eq!(
        with(&[&format!("X-Long: {long}")]).header(Name::Other("x-long")),
        Some(&*long)
    );
    assert_eq!(
        refused(invite(&[&format!("X-Long: {long}{long}")])),
        "513 Header Field Too Long"
    );
    assert_eq!(
        refused(invite(&[&format!("INVITE sip:{long}{long} SIP/2.0")])),
        "414 Request-URI Too Long"
    );
    let many = "X: y\r\n".repeat(247);
    assert_eq!(
        with(&[&format!("X-Many: y\r\n{many}X: z")])
            .fields()
            .count(),
        256
    );
    assert_eq!(
        refused(invite(&[&format!("X-Many: y\r\n{many}X: z\r\nX: z")])),
        "513 Too Many Header Fields"
    );
    assert_eq!(
        refused(invite(&[&format!("|{}", "a".repeat(65_536))])),
        "513 Message Too Large"
    );
    let routes = "<sip:h;lr>,".repeat(70);
    assert_eq!(
        with(&[&format!("Route: {routes}")])
            .headers(Name::Route)
            .count(),
        70
    );
    assert_eq!(
        refused(invite(&[&format!("Route: {routes}<sip:h>")])),
        "400 Route: too many values"
    );
}

#[test]
fn a_host_keeps_its_case_and_compares_without() {
    let message = with(&["To: <sip:1@PBX.Example.COM>"]);
    assert_eq!(
        message.to().unwrap().uri().host(),
        Host::Name("pbx.example.com")
    );
    assert_eq!(
        message.to().unwrap().uri().as_str(),
        "sip:1@PBX.Example.COM"
    );
}
