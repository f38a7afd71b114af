//! Messages for the tests: the torture set and what PBXs, SBCs and carriers send.

use std::fs;

/// The 62 messages of the torture set by name.
pub fn torture() -> Vec<(String, Vec<u8>)> {
    let home = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torture");
    let mut messages = Vec::new();
    for folder in ["rfc4475", "rfc5118"] {
        for entry in fs::read_dir(format!("{home}/{folder}")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            messages.push((name, fs::read(&path).unwrap()));
        }
    }
    messages.sort();
    messages
}

/// A request with one line changed or added: `Name: value` replaces that field, a request line the first line, and
/// anything after `|` is the body.
pub fn invite(changes: &[&str]) -> Vec<u8> {
    let mut lines = vec![
        "INVITE sip:+4930123@edge.example.com SIP/2.0".to_owned(),
        "Via: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKfield;rport".to_owned(),
        "Max-Forwards: 70".to_owned(),
        "From: \"Alice\" <sip:alice@pbx.example.com>;tag=from".to_owned(),
        "To: <sip:+4930123@edge.example.com>".to_owned(),
        "Call-ID: call@pbx.example.com".to_owned(),
        "CSeq: 1 INVITE".to_owned(),
        "Contact: <sip:alice@203.0.113.1:5060>".to_owned(),
    ];
    let mut body = "";
    for change in changes {
        if let Some(text) = change.strip_prefix('|') {
            body = text;
        } else if change.ends_with("SIP/2.0") {
            lines[0] = (*change).to_owned();
        } else {
            let name = change.split(':').next().unwrap();
            match lines
                .iter_mut()
                .find(|line| line.starts_with(&format!("{name}:")))
            {
                Some(line) => *line = (*change).to_owned(),
                None => lines.push((*change).to_owned()),
            }
        }
    }
    format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes()
}

/// An everyday INVITE of about 1,300 octets, with a session description.
pub fn everyday() -> Vec<u8> {
    let body = "v=0\r\no=- 1730500000 1730500000 IN IP4 203.0.113.20\r\ns=-\r\nc=IN IP4 203.0.113.20\r\nt=0 0\r\n\
        m=audio 18650 RTP/AVP 0 8 18 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729/8000\r\n\
        a=fmtp:18 annexb=no\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";
    format!(
        "INVITE sip:+493012345678@sip.example.com:32681;user=phone SIP/2.0\r\n\
         Record-Route: <sip:203.0.113.10;lr;ftag=gK0c1a2b3c>\r\n\
         Via: SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bK-524287-1---d9b5d1c3f1a2b4c6;rport\r\n\
         Via: SIP/2.0/UDP 203.0.113.20:5060;received=203.0.113.20;branch=z9hG4bK0cBf1a2b3c4d5e6f\r\n\
         Max-Forwards: 69\r\nFrom: \"Bob Example\" <sip:+493087654321@203.0.113.20;user=phone>;tag=gK0c1a2b3c\r\n\
         To: <sip:+493012345678@sip.example.com;user=phone>\r\nCall-ID: 1730500000_133987654@203.0.113.20\r\n\
         CSeq: 814221 INVITE\r\nContact: <sip:+493087654321@203.0.113.20:5060;transport=udp>\r\n\
         Allow: INVITE, ACK, CANCEL, BYE, REGISTER, REFER, INFO, SUBSCRIBE, NOTIFY, PRACK, UPDATE, OPTIONS\r\n\
         Supported: timer, 100rel, replaces\r\nSession-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\n\
         P-Asserted-Identity: \"Bob Example\" <sip:+493087654321@203.0.113.20;user=phone>\r\n\
         User-Agent: Carrier-SBC/9.2.1\r\nContent-Disposition: session; handling=required\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
