//! What went over the wire.

use std::collections::BTreeMap;

use schemas::*;

use super::line::Line;

pub fn wire(line: &Line, legs: &BTreeMap<u16, String>) -> WireMessage {
    let direction = match line.word(0) {
        "in" => Direction::Received,
        "out" => Direction::Sent,
        other => panic!("no direction {other:?}: {}", line.text),
    };
    let first = line.word(2);
    let cseq = line.find("cseq").map_or_else(
        || first.split(' ').next().unwrap_or_default().to_owned(),
        str::to_owned,
    );
    let start = match first.chars().next() {
        Some('1'..='6') => format!("SIP/2.0 {first}"),
        _ => format!("{first} SIP/2.0"),
    };
    let body = if line.find("sdp").is_some() {
        "v=0\r\n"
    } else {
        ""
    };
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    let length = body.len();
    let text = format!("{start}\r\nCSeq: 1 {cseq}\r\n{kind}Content-Length: {length}\r\n\r\n{body}");
    let leg = line.leg(1);
    WireMessage {
        leg: Some(leg),
        direction,
        local: "192.0.2.1:32681".to_owned(),
        peer: legs
            .get(&leg.0)
            .cloned()
            .unwrap_or_else(|| "192.0.2.7:5060".to_owned()),
        transport: Transport::Udp,
        retransmission: line.find("again").is_some(),
        bytes: text.into_bytes(),
    }
}
