//! Seeds that are texts: messages, addresses, descriptions.

use std::path::Path;
use std::{fs, io};

/// The torture messages and one of each kind that a call has.
pub fn messages(root: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for folder in ["tests/torture/rfc4475", "tests/torture/rfc5118"] {
        for file in fs::read_dir(root.join(folder))? {
            paths.push(file?.path());
        }
    }
    paths.sort();
    let mut messages = paths
        .into_iter()
        .map(fs::read)
        .collect::<io::Result<Vec<_>>>()?;
    for (start, headers) in CALLS {
        let method = start.split(' ').next().unwrap_or_default();
        let method = if method == "SIP/2.0" {
            "INVITE"
        } else {
            method
        };
        let text = format!(
            "{start}\r\nVia: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK1;rport\r\nFrom: \"A\" <sip:a@192.0.2.7>;tag=a\r\n\
             To: <sip:b@192.0.2.9>;tag=b\r\nCall-ID: x@192.0.2.7\r\nCSeq: 1 {method}\r\n{headers}",
        );
        messages.push(text.into_bytes());
    }
    Ok(messages)
}

const CALLS: [(&str, &str); 8] = [
    (
        "INVITE sip:+14155550100@192.0.2.9;user=phone SIP/2.0",
        "Contact: <sip:a@192.0.2.7:5062>\r\nSupported: timer, 100rel\r\nSession-Expires: 1800;refresher=uac\r\n\
         Min-SE: 90\r\nP-Asserted-Identity: <tel:+14155550123>\r\nDiversion: <sip:x@y>;reason=no-answer;counter=1\r\n\
         Remote-Party-ID: <sip:x@y>;party=calling;screen=yes;privacy=off\r\nPrivacy: id\r\n\
         User-to-User: 00c81031;encoding=hex\r\nHistory-Info: <sip:x@y;cause=302>;index=1\r\n\
         X-EI: E.crm-7781;O.+12025550188;\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n",
    ),
    (
        "REFER sip:b@192.0.2.9 SIP/2.0",
        "Contact: <sip:a@192.0.2.7>\r\nRefer-To: <sip:c@d?Replaces=y%40z%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n\
         Referred-By: <sip:a@192.0.2.7>\r\nRefer-Sub: false\r\nl: 0\r\n\r\n",
    ),
    (
        "NOTIFY sip:b@192.0.2.9 SIP/2.0",
        "Event: refer;id=7\r\nSubscription-State: terminated;reason=noresource;retry-after=5\r\n\
         Content-Type: message/sipfrag;version=2.0\r\nContent-Length: 16\r\n\r\nSIP/2.0 200 OK\r\n",
    ),
    (
        "BYE sip:b@192.0.2.9 SIP/2.0",
        "Reason: Q.850;cause=16;text=\"x\", SIP;cause=200\r\n\r\n",
    ),
    (
        "PRACK sip:b@192.0.2.9 SIP/2.0",
        "RAck: 7 1 INVITE\r\nMax-Forwards: 70\r\n\r\n",
    ),
    (
        "INFO sip:b@192.0.2.9 SIP/2.0",
        "Content-Type: application/dtmf-relay\r\nContent-Length: 10\r\n\r\nSignal=5\r\n",
    ),
    (
        "SIP/2.0 183 Session Progress",
        "RSeq: 7\r\nRequire: 100rel\r\nRecord-Route: <sip:p;lr>, <sip:q;lr>\r\n\r\n",
    ),
    (
        "SIP/2.0 503 Service Unavailable",
        "Retry-After: 18000 (later);duration=3600\r\n\r\n",
    ),
];

/// Addresses and values.
pub fn uris() -> Vec<Vec<u8>> {
    [
        "sip:john.doe:pa%20ss@[2001:db8::1]:5070;transport=tcp;lr?Subject=a%20b&X=",
        "sip:%61lice@atlanta.com;transport=TCP\nsip:alice@AtLanTa.CoM;Transport=tcp",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com\nsip:biloxi.com;transport=tcp",
        "sips:+14155551212;npdi;rn=+14155550000@gw.example.com;user=phone",
        "tel:+4930123456789;phone-context=+49",
        "urn:service:sos",
        "\"A \\\" B\" <sip:a@b;lr>;tag=1;x=\"y;z\"",
        "Anonymous <sip:anonymous@anonymous.invalid>;tag=x",
        "SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK1;received=192.0.2.8;rport=7;maddr=[::1];ttl=1",
        "SIP / 2.0 / TLS [2001:db8::9:1]:5061;rport;branch=z9hG4bKx",
        "x%40y;to-tag=a;from-tag=b;early-only",
        "<sip:c@d;method=INVITE?Replaces=y%40z%3Bto-tag%3D1%3Bfrom-tag%3D2>",
        "Q.850;cause=16;text=\"Normal \\\"call\\\" clearing\"",
        "18000 (come (back) later);duration=3600",
        "1800;refresher=uac",
        "terminated;reason=noresource;retry-after=5;expires=0",
        "7 1 INVITE",
        "<sip:x@y>;party=calling;screen=yes;privacy=full",
        "SIP/2.0 180 Ringing\r\n",
        "P-Asserted-Identity",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

/// Header fields: each of the messages', and those that no message has.
pub fn headers(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let lines = messages.iter().flat_map(|message| {
        let head = message.split(|octet| *octet == b'\n').skip(1);
        let head = head.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        head.take_while(|line| !line.is_empty())
    });
    let mut all: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
    all.extend(HEADERS.map(|line| line.as_bytes().to_vec()));
    all.sort();
    all.dedup();
    all
}

const HEADERS: [&str; 12] = [
    "Min-SE: 1800;x=y",
    "RSeq: 4294967295",
    "RAck: 7 1 INVITE",
    "Session-Expires: 1800;refresher=uas",
    "Replaces: x@y;to-tag=a;from-tag=b;early-only",
    "Reason: SIP;cause=600;text=\"all \\\"busy\\\"\"",
    "Retry-After: 18000 (later);duration=3600",
    "Subscription-State: active;expires=60;retry-after=1",
    "Refer-To: <sip:c@d;method=INVITE?Replaces=y%40z%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>",
    "Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000",
    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"",
    "Warning: 399 edge.example \"a \\\"b\\\"\", 301 x \"y\"",
];

/// Values of headers that say who calls.
pub fn identities() -> Vec<Vec<u8>> {
    [
        "\"Cullen, J\" <sip:+14155550123@gw;user=phone>, <tel:+1-415-555-0123>",
        "<tel:7183-8750;phone-context=+4420>",
        "\"X\" <sip:1@h>;party=calling;screen=yes;privacy=\"full\"",
        "<sip:+14155550188@h>;reason=\"no answer\";counter=2;privacy=off, <sip:q@h>",
        "<sip:+14155550100@h;cause=302?Reason=SIP%3Bcause%3D302&Privacy=history>;index=1.1;rc=1",
        "56a390f3d2b7310023a2;encoding=hex;purpose=isdn-uui;content=isdn-uui",
        "S.1731000000000x8;E.crm-7781;O.+12025550188;",
        "ab30317f1a784dc48ff824d0d3715d86;remote=47755a9de7794ba387653f2099600ef2",
        "Q.850;cause=17;text=\"user \\\"busy\\\"\", SIP;cause=600",
        "id;user;critical",
        "+442071838750",
        "020 7183-8750",
        "0014155550100",
        "X-Queue",
        "x-crm-*",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

/// Challenges, and answers to them.
pub fn challenges() -> Vec<Vec<u8>> {
    [
        "Digest realm=\"r\", nonce=\"n\", opaque=\"o\\\"\", algorithm=SHA-256, qop=\"auth,auth-int\", stale=true",
        "Digest realm=r,nonce=n, Digest realm=s,nonce=m,algorithm=MD5-sess, Basic realm=\"x\"",
        "Digest realm=\"r\",nonce=\"n\",algorithm=\"SHA-512-256\",qop=auth-int",
        "Digest username=\"me\", realm=\"r\", nonce=\"n\", uri=\"sip:r\", response=\"00112233445566778899aabbccddeeff\", \
         algorithm=MD5, cnonce=\"c\", qop=auth, nc=00000001, opaque=\"o\"",
        "NoOneKnowsThisScheme opaque-data=here",
        "Negotiate YII/==, Digest realm=\"r\" nonce=\"n\"",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

/// Descriptions, and the bodies of messages.
pub fn descriptions(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = DESCRIPTIONS
        .iter()
        .map(|text| text.replace('\n', "\r\n").into_bytes())
        .collect();
    found.extend(messages.iter().filter_map(|message| {
        let at = message
            .windows(7)
            .position(|window| window == b"\r\n\r\nv=0")?;
        Some(message[at + 4..].to_vec())
    }));
    found
}

const DESCRIPTIONS: [&str; 6] = [
    "v=0\no=- 1 1 IN IP4 192.0.2.7\ns=-\nc=IN IP4 192.0.2.7\nt=0 0\nm=audio 4000 RTP/AVP 0 8 101\n\
     a=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=ptime:20\n\
     a=sendrecv\n",
    "v=0\no=u 1 2 IN IP6 2001:db8::7\ns= \nt=0 0\na=sendonly\nm=video 0 RTP/AVP 99\nc=IN IP6 2001:db8::7\n\
     m=audio 4002/2 RTP/AVP 96 97\nc=IN IP6 2001:db8::7\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/48000\n\
     a=fmtp:96 useinbandfec=1;stereo=0\na=maxptime:60\na=inactive\n",
    "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nc=IN IP4 0.0.0.0\nt=3034423619 3042462419\nm=audio 9 RTP/SAVP 0\nm=audio 5 RTP/AVP 8\n\
     m=image 4 udptl t38\nm=application 0 TCP/MRCPv2 1\n",
    "v=0\nc=IN IP4 host.example.com\nm=audio 4000 RTP/AVP 18 9 13\na=rtpmap:9 G722/8000\na=fmtp:18 annexb=no\na=recvonly\n",
    "v=0\no=- 1 1 IN IP4 192.0.2.7\ns=-\nc=IN IP4 192.0.2.7\nt=0 0\nm=audio 4000 RTP/SAVP 0\n\
     a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk|2^20|1:4 WSH=128\n\
     a=crypto:2 AEAD_AES_128_GCM inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYg== UNENCRYPTED_SRTCP\n\
     m=audio 4002 RTP/AVP 8\na=crypto:3 F8_128_HMAC_SHA1_80 inline:AAAA;inline:BBBB\n",
    "v=0\nc=IN IP4 192.0.2.7/127\nm=audio 65535 RTP/AVP 0 101 102\na=rtpmap:101 telephone-event/8000\n\
     a=rtpmap:102 telephone-event/16000\na=ptime:65535\n",
];

/// What agents behind a WebSocket write, by protocol, a message a line.
pub fn agents() -> Vec<Vec<u8>> {
    let twilio = [
        r#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38A/38A/38A"}}"#,
        r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"end"}}"#,
        r#"{"event":"dtmf"}"#,
        r#"{"event":"clear","streamSid":"MZ1"}"#,
    ];
    let l16 = [
        r#"{"action":"notify","payload":{"id":[1,null,"x"]}}"#,
        "\0\u{1}\u{2}\u{3}",
        r#"{"action":"clear"}"#,
        r#"{"event":"other"}"#,
    ];
    let program = |first: &str, lines: &[&str]| format!("{first}{}", lines.join("\n")).into_bytes();
    vec![
        program("0", &twilio),
        program("1", &l16),
        program("2", &l16),
    ]
}
