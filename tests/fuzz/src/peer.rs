//! The peer of an endpoint: writes requests and responses that nearly fit what the endpoint sent and received.

use std::fmt::Write as _;

use bytes::Bytes;
use sip::{Message, Name, ResponseBuilder, StatusCode};

use crate::Octets;

/// Messages of each way that are remembered.
const REMEMBERED: usize = 24;
/// Octets of one message that a program may change.
const DAMAGE_MAX: usize = 3;

const METHODS: [&str; 16] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "INFO",
    "UPDATE",
    "REFER",
    "NOTIFY",
    "PRACK",
    "SUBSCRIBE",
    "MESSAGE",
    "INVITE",
    "ACK",
    "REGISTER",
    "FROBNICATE",
];

/// One line each, chosen by the bits of a number.
const HEADERS: [&str; 32] = [
    "Contact: <sip:peer@192.0.2.7:5062>",
    "Supported: timer, norefersub",
    "Require: timer",
    "Refer-To: <sip:300@192.0.2.3>",
    "Referred-By: <sip:boss@192.0.2.7>",
    "Event: refer",
    "Subscription-State: active;expires=60",
    "Subscription-State: terminated;reason=noresource",
    "Content-Type: application/sdp",
    "Content-Type: message/sipfrag;version=2.0",
    "Content-Type: application/dtmf-relay",
    "Record-Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>",
    "Route: <sip:192.0.2.9;lr>",
    "Session-Expires: 90;refresher=uas",
    "Min-SE: 90",
    "Reason: Q.850;cause=16;text=\"bye\"",
    "Retry-After: 3",
    "Refer-Sub: false",
    "Refer-To: <sip:300@192.0.2.3?Replaces=x%3Bto-tag%3Da%3Bfrom-tag%3Db>",
    "Replaces: x;to-tag=a;from-tag=b",
    "Contact: <sip:elsewhere@192.0.2.8;transport=tcp>",
    "Contact: *",
    "RSeq: 1",
    "Require: 100rel",
    "Max-Forwards: 0",
    "Max-Forwards: 70",
    "RAck: 1 1 INVITE",
    "P-Asserted-Identity: <tel:+14155550100>",
    "Refer-To: <sip:300@192.0.2.3;method=BYE>",
    "Expires: 0",
    "Event: presence",
    "Timestamp: 5",
];

const BODIES: [&str; 6] = [
    "",
    "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n",
    "SIP/2.0 180 Ringing\r\n",
    "SIP/2.0 200 OK\r\n",
    "Signal=5\r\nDuration=160\r\n",
    "SIP/2.0 486 Busy Here\r\n",
];

/// What went both ways, the last messages first forgotten.
#[derive(Debug, Default)]
pub struct Peer {
    sent_to_us: Vec<Message>,
    sent_to_peer: Vec<Message>,
}

impl Peer {
    /// Remembers what the endpoint sent.
    pub fn hear(&mut self, bytes: Bytes) {
        let shown = bytes.clone();
        let read = Message::parse(bytes);
        let read = read.unwrap_or_else(|fault| panic!("{fault:?}: {}", shown.escape_ascii()));
        remember(&mut self.sent_to_peer, read);
    }

    /// A request: a new one, one in the dialog of what was sent, or one about what was sent.
    pub fn request(&mut self, octets: &mut Octets<'_>) -> Bytes {
        let method = METHODS[octets.below(METHODS.len())];
        let shape = octets.octet();
        let names = self.names(octets, shape);
        let (cseq, branch) = (octets.octet(), octets.octet());
        let cseq = match (&names.cseq, cseq) {
            (Some(known), 0) => *known,
            (Some(known), add) => known.wrapping_add(u32::from(add)),
            (None, number) => u32::from(number),
        };
        let branch = match (&names.branch, branch) {
            (Some(known), 0) => known.clone(),
            (_, number) => format!("z9hG4bK{number}"),
        };
        let mut text = format!(
            "{method} sip:edge@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5062;branch={branch};rport\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n",
            names.from, names.to, names.call_id
        );
        finish(&mut text, octets);
        self.said(text.into_bytes(), octets)
    }

    /// An answer to a request of the endpoint; none if it sent none.
    pub fn response(&mut self, octets: &mut Octets<'_>) -> Option<Bytes> {
        let requests: Vec<&Message> = self
            .sent_to_peer
            .iter()
            .filter(|one| one.is_request())
            .collect();
        let request = *octets.pick(&requests)?;
        let statuses = [
            100, 180, 183, 199, 200, 202, 204, 302, 401, 408, 481, 486, 487, 491, 500, 503, 603,
            699,
        ];
        let status = StatusCode::new(*octets.pick(&statuses)?)?;
        let tag = ["a", "b", "c", "d"][octets.below(4)];
        let built = ResponseBuilder::to(request, status)
            .to_tag(tag)
            .to_bytes()
            .ok()?;
        let mut text = String::from_utf8(built.to_vec()).ok()?;
        // Our own end of the header fields follows.
        text.truncate(text.find("Content-Length:")?);
        if status.get() < 300
            && request
                .method()
                .is_some_and(|method| method.as_str() == "INVITE")
            && octets.flip()
        {
            text.push_str("Contact: <sip:peer@192.0.2.7:5062>\r\n");
        }
        finish(&mut text, octets);
        Some(self.said(text.into_bytes(), octets))
    }

    /// What was sent to us once, again.
    pub fn again(&self, octets: &mut Octets<'_>) -> Option<Bytes> {
        octets.pick(&self.sent_to_us).map(|one| one.bytes().clone())
    }

    /// What we sent, sent back to us.
    pub fn mirrored(&self, octets: &mut Octets<'_>) -> Option<Bytes> {
        octets
            .pick(&self.sent_to_peer)
            .map(|one| one.bytes().clone())
    }

    /// What was sent to us once, with another damage.
    pub fn damaged(&mut self, octets: &mut Octets<'_>) -> Option<Bytes> {
        let text = octets.pick(&self.sent_to_us)?.bytes().to_vec();
        Some(self.said(text, octets))
    }

    /// Any datagram.
    pub fn datagram(&mut self, datagram: &[u8]) -> Bytes {
        let bytes = Bytes::copy_from_slice(datagram);
        if let Ok(message) = Message::parse(bytes.clone()) {
            remember(&mut self.sent_to_us, message);
        }
        bytes
    }

    fn said(&mut self, mut text: Vec<u8>, octets: &mut Octets<'_>) -> Bytes {
        let damages = usize::from(
            octets
                .octet()
                .saturating_sub(255 - u8::try_from(DAMAGE_MAX).unwrap_or(0)),
        );
        for _ in 0..damages {
            let at = usize::from(octets.pair()) % text.len().max(1);
            if let Some(octet) = text.get_mut(at) {
                *octet = octets.octet();
            }
        }
        self.datagram(&text)
    }

    fn names(&self, octets: &mut Octets<'_>, shape: u8) -> Names {
        let tags = ["", ";tag=a", ";tag=b", ";tag=c"];
        let from_tag = tags[usize::from(shape >> 2 & 3)];
        let to_tag = tags[usize::from(shape >> 4 & 3)];
        let base = match shape & 3 {
            0 => None,
            1 => octets.pick(&self.sent_to_us),
            _ => octets.pick(&self.sent_to_peer),
        };
        let Some(base) = base else {
            return Names {
                call_id: format!("call-{}", octets.octet() & 3),
                from: format!(
                    "<sip:peer@192.0.2.7>{}",
                    if from_tag.is_empty() {
                        ";tag=a"
                    } else {
                        from_tag
                    }
                ),
                to: format!("<sip:edge@192.0.2.9>{to_tag}"),
                cseq: None,
                branch: None,
            };
        };
        let text = |name| base.header(name).unwrap_or_default().to_owned();
        let (mut from, mut to) = (text(Name::From), text(Name::To));
        // What we sent as a request is our dialog, seen from the other side.
        if shape & 3 >= 2 && base.is_request() {
            std::mem::swap(&mut from, &mut to);
        }
        for (address, tag) in [(&mut from, from_tag), (&mut to, to_tag)] {
            if !address.contains("tag=") || shape & 0xc0 == 0xc0 {
                address.push_str(tag);
            }
        }
        Names {
            call_id: text(Name::CallId),
            from,
            to,
            cseq: base.cseq().ok().map(|cseq| cseq.number),
            branch: base
                .top_via()
                .ok()
                .and_then(|via| via.branch().map(str::to_owned)),
        }
    }
}

struct Names {
    call_id: String,
    from: String,
    to: String,
    cseq: Option<u32>,
    branch: Option<String>,
}

fn finish(text: &mut String, octets: &mut Octets<'_>) {
    for _ in 0..octets.below(6) {
        text.push_str(HEADERS[octets.below(HEADERS.len())]);
        text.push_str("\r\n");
    }
    let body = BODIES[octets.below(BODIES.len())];
    let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
}

fn remember(list: &mut Vec<Message>, message: Message) {
    if list.len() >= REMEMBERED {
        list.remove(0);
    }
    list.push(message);
}
