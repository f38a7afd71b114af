//! A phone as text on a UDP socket: one call at a time, a digit by RFC 4733, and both ends of it.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::serve::PATIENCE;

/// What the phones say of people and where they are: no trace may tell any of it.
pub const PERSONAL: [&str; 6] = [
    "14155550123",
    "Ada",
    "Lovelace",
    "14155550177",
    "14155550199",
    "127.0.0.1",
];

pub struct Phone {
    sip: UdpSocket,
    rtp: UdpSocket,
    calls: u32,
}

/// A call that was placed: what its further requests are made of.
pub struct Call {
    to: SocketAddr,
    target: String,
    head: String,
    /// The To header with the other side's tag.
    other: String,
    media: Option<SocketAddr>,
}

/// A request that came in.
pub struct Request {
    from: SocketAddr,
    text: String,
}

impl Phone {
    pub fn plug_in() -> Phone {
        let open = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (sip, rtp) = (open(), open());
        sip.set_read_timeout(Some(PATIENCE)).unwrap();
        Phone { sip, rtp, calls: 0 }
    }

    pub fn address(&self) -> SocketAddr {
        self.sip.local_addr().unwrap()
    }

    /// Places a call and waits until it is answered.
    pub fn call(&mut self, to: SocketAddr, number: &str) -> Call {
        let mut call = self.dial(to, number);
        let answer = self.final_answer();
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        call.other = header(&answer, "To").to_owned();
        let contact = header(&answer, "Contact");
        let contact = contact.split(['<', '>']).nth(1).unwrap_or(contact);
        call.target = contact.to_owned();
        let line = |start| {
            answer
                .lines()
                .find_map(|line: &str| line.strip_prefix(start))
        };
        let port = line("m=audio ")
            .and_then(|rest| rest.split(' ').next())
            .unwrap();
        call.media = Some(SocketAddr::from((
            Ipv4Addr::LOCALHOST,
            port.parse().unwrap(),
        )));
        self.request(&call, "ACK", "1 ACK", "ack", "");
        call
    }

    /// Places a call.
    pub fn dial(&mut self, to: SocketAddr, number: &str) -> Call {
        self.calls += 1;
        let port = self.address().port();
        let head = format!(
            "From: \"Ada Lovelace\" <sip:+14155550123@127.0.0.1:{port}>;tag=caller{calls}\r\n\
             Call-ID: call{calls}-{port}\r\nMax-Forwards: 70\r\n\
             Contact: <sip:ada@127.0.0.1:{port}>\r\n",
            calls = self.calls,
        );
        let target = format!("sip:{number}@{to}");
        let call = Call {
            to,
            other: format!("<{target}>"),
            target,
            head,
            media: None,
        };
        self.request(&call, "INVITE", "1 INVITE", "invite", &self.description());
        call
    }

    /// Waits until the call is refused, and takes note.
    pub fn is_refused(&mut self, mut call: Call) {
        let answer = self.final_answer();
        assert!(!answer.starts_with("SIP/2.0 2"), "{answer}");
        call.other = header(&answer, "To").to_owned();
        self.request(&call, "ACK", "1 ACK", "invite", "");
    }

    /// Presses 1 until something comes of it: the same key, held down.
    pub fn press_until<T>(&mut self, call: &Call, mut done: impl FnMut() -> Option<T>) -> T {
        let media = call.media.expect("the call was answered");
        for number in 0..1_000u16 {
            let held = (number.min(250) * 80).to_be_bytes();
            let mut packet = vec![0x80, 101];
            packet.extend(number.to_be_bytes());
            packet.extend([0, 0, 16, 0, 1, 2, 3, 4]);
            // RFC 4733, section 2.3: event 1, ended, volume 10, duration.
            packet.extend([1, 0x80 | 10, held[0], held[1]]);
            self.rtp.send_to(&packet, media).unwrap();
            if let Some(found) = done() {
                return found;
            }
        }
        panic!("nothing came of the digit");
    }

    /// Hangs up and waits until that is confirmed.
    pub fn hang_up(&mut self, call: &Call) {
        self.request(call, "BYE", "2 BYE", "bye", "");
        let answer = self.final_answer();
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    }

    /// The INVITE that comes, if it comes within the time of a packet.
    pub fn rings(&mut self) -> Option<Request> {
        const PACKET: Duration = Duration::from_millis(20);
        self.sip.set_read_timeout(Some(PACKET)).unwrap();
        let message = self.receive();
        self.sip.set_read_timeout(Some(PATIENCE)).unwrap();
        message.filter(|message| message.text.starts_with("INVITE "))
    }

    /// Waits for an INVITE.
    pub fn is_called(&mut self) -> Request {
        self.expect("INVITE ")
    }

    /// Answers it.
    pub fn answer(&mut self, request: &Request) {
        self.respond(request, "200 OK", &self.description());
        self.expect("ACK ");
    }

    /// Refuses it.
    pub fn refuse(&mut self, request: &Request, status: u16, phrase: &str) {
        self.respond(request, &format!("{status} {phrase}"), "");
        self.expect("ACK ");
    }

    /// Waits until the other side hangs up.
    pub fn is_hung_up(&mut self) {
        let bye = self.expect("BYE ");
        self.respond(&bye, "200 OK", "");
    }

    fn expect(&mut self, start: &str) -> Request {
        loop {
            let message = self.receive().unwrap_or_else(|| panic!("no {start}came"));
            if message.text.starts_with(start) {
                return message;
            }
        }
    }

    fn final_answer(&mut self) -> String {
        loop {
            let message = self.receive().expect("an answer comes").text;
            if message.starts_with("SIP/2.0 ") && !message.starts_with("SIP/2.0 1") {
                return message;
            }
        }
    }

    fn receive(&self) -> Option<Request> {
        let mut buffer = vec![0; 65_535];
        let (length, from) = self.sip.recv_from(&mut buffer).ok()?;
        let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
        Some(Request { from, text })
    }

    fn request(&self, call: &Call, method: &str, cseq: &str, branch: &str, body: &str) {
        let text = format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {here};branch=z9hG4bK{branch}{calls};rport\r\n\
             {head}To: {other}\r\nCSeq: {cseq}\r\n{body}",
            target = call.target,
            here = self.address(),
            calls = self.calls,
            head = call.head,
            other = call.other,
            body = with_length(body),
        );
        self.sip.send_to(text.as_bytes(), call.to).unwrap();
    }

    fn respond(&self, request: &Request, status: &str, body: &str) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for line in request.text.lines() {
            let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
            if !copied.iter().any(|name| line.starts_with(name)) {
                continue;
            }
            text += line;
            if line.starts_with("To:") && !line.contains(";tag=") {
                text += ";tag=other";
            }
            text += "\r\n";
        }
        text += &format!("Contact: <sip:other@{}>\r\n", self.address());
        text += &with_length(body);
        self.sip.send_to(text.as_bytes(), request.from).unwrap();
    }

    fn description(&self) -> String {
        let port = self.rtp.local_addr().unwrap().port();
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        )
    }
}

fn with_length(body: &str) -> String {
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!("{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let found = message
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("{name} is missing:\n{message}"))
}
