//! A platform's side of a call as text, from an address of its own, by what it speaks.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use sip::digest::{Credential, Credentials, Secret, Sessions};
use sip::{Message, Method};

use crate::authority::{Authority, Ends};
use crate::line::Line;
use crate::scenario::{Scenario, Transport};
use crate::serve::PATIENCE;

pub struct Phone {
    here: SocketAddr,
    listener: Option<TcpListener>,
    tls: Option<Ends>,
    /// The first is that of datagrams.
    lines: Vec<Line>,
    /// Which of them its call comes in by.
    calls_in: usize,
    /// The same for ours to it, once there is one.
    calls_out: Option<usize>,
    invite: String,
    /// The To field with the edge's tag, and the edge's Contact.
    other: (String, String),
    sequence: u32,
    /// The challenge to its REGISTER.
    asked: String,
}

/// How long something may take that comes of a key, before the key is pressed again.
const SOON: Duration = Duration::from_millis(500);

impl Phone {
    /// On an address of loopback.
    pub fn plug_in(ip: [u8; 4], scenario: &Scenario, authority: &Authority) -> Phone {
        let udp = UdpSocket::bind((Ipv4Addr::from(ip), 0)).unwrap();
        let here = udp.local_addr().unwrap();
        let is_called_by = scenario.is_called_by();
        let name = scenario.domain();
        Phone {
            here,
            listener: (is_called_by != Transport::Udp).then(|| TcpListener::bind(here).unwrap()),
            tls: scenario.tls.as_ref().map(|tls| authority.ends(&name, tls)),
            lines: vec![Line::datagrams(udp)],
            calls_in: 0,
            calls_out: (is_called_by == Transport::Udp).then_some(0),
            invite: String::new(),
            other: Default::default(),
            sequence: 1_000,
            asked: String::new(),
        }
    }

    pub fn here(&self) -> SocketAddr {
        self.here
    }

    /// Waits until we register, and lets us. A connection that this comes by is there for both ways.
    pub fn is_registered_at(&mut self) -> String {
        let line = self
            .is_reached_within(PATIENCE)
            .expect("it is registered at");
        self.calls_in = line;
        let register = self.lines[line].expect("REGISTER ");
        let contact = field(&register, "Contact");
        let contact = contact.split(';').next().unwrap_or(contact);
        let more = format!("Contact: {contact};expires=240\r\n");
        self.lines[line].send(&response(&register, "200 OK", &more));
        register
    }

    /// Registers, and proves its password when it is asked.
    pub fn registers(&mut self, edge: SocketAddr, (user, password): (&str, &str), domain: &str) {
        self.faces(edge);
        let (here, uri) = (self.here, format!("sip:{edge}"));
        let register = |number: u32, proof: &str| {
            format!(
                "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKregister{number};rport\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:{user}@{domain}>;tag=registers\r\nTo: <sip:{user}@{domain}>\r\n\
                 Call-ID: registers-{here}\r\nCSeq: {number} REGISTER\r\nContact: <sip:{user}@{here}>\r\n\
                 Expires: 300\r\n{proof}Content-Length: 0\r\n\r\n"
            )
        };
        self.send(&register(1, ""));
        let asked = self.final_answer("REGISTER");
        self.asked = asked.clone();
        let asked = asked.into_bytes();
        let secret = Secret::Password(password.into());
        let credential = Credential::new(None, user, secret).unwrap();
        let mut sessions = Sessions::new(Credentials::new(vec![credential]).unwrap());
        let asked = Message::parse(asked.into()).unwrap();
        sessions.take(&asked, &[], 7).unwrap();
        let proofs = sessions.present(&Method::Register, &uri);
        let (_, value) = proofs[0].header();
        let proof = format!("Authorization: {value}\r\n");
        self.send(&register(2, &proof));
        let answer = self.final_answer("REGISTER");
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    }

    /// Whether it was asked for this algorithm and no other.
    pub fn was_asked_for(&self, algorithm: &str) -> bool {
        let mut offered = self.asked.split("algorithm=").skip(1);
        let named = |rest: &str| rest.starts_with(algorithm);
        !self.asked.is_empty() && offered.all(named)
    }

    /// Calls as the scenario says.
    pub fn call(&mut self, edge: SocketAddr, datagrams: SocketAddr, scenario: &Scenario) {
        self.faces(datagrams);
        if scenario.calls_by() != Transport::Udp && self.calls_in == 0 {
            let tls = self
                .tls
                .as_ref()
                .filter(|_| scenario.calls_by() == Transport::Tls);
            self.calls_in = self.lines.len();
            self.lines.push(Line::connect(self.here, edge, tls));
        }
        self.invite = scenario.message(&scenario.invite, self.here, edge);
        self.send(&self.invite.clone());
    }

    /// The final answer to a request of ours.
    pub fn final_answer(&mut self, method: &str) -> String {
        loop {
            let answer = self.lines[self.calls_in].expect("SIP/2.0 ");
            let is_final = !answer.starts_with("SIP/2.0 1");
            if is_final && field(&answer, "CSeq").ends_with(method) {
                return answer;
            }
        }
    }

    pub fn acknowledge_refusal(&mut self, answer: &str) {
        let target = self.invite.split(' ').nth(1).unwrap().to_owned();
        self.other = (field(answer, "To").to_owned(), target);
        let branch = field(&self.invite, "Via").to_owned();
        self.request("ACK", Some(&branch), "");
    }

    /// Acknowledges the 200; what it offered is answered if the INVITE had no offer.
    pub fn acknowledge(&mut self, answer: &str) {
        let contact = field(answer, "Contact");
        let contact = contact.split(['<', '>']).nth(1).unwrap_or(contact);
        self.other = (field(answer, "To").to_owned(), contact.to_owned());
        let has_offer = self.invite.contains("\r\nContent-Type:");
        let ip = self.here.ip();
        let body = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 24580 RTP/AVP 0 101\r\n\
             a=rtpmap:101 telephone-event/8000\r\n"
        );
        let kind = "Content-Type: application/sdp\r\n";
        let body = if has_offer {
            String::new()
        } else {
            format!("{kind}\r\n{body}")
        };
        self.request("ACK", None, &body);
    }

    /// Asks something within its line, such as whether we are there; the answer.
    pub fn asks(&mut self, request: &str) -> String {
        self.send(request);
        self.final_answer(request.split(' ').next().unwrap())
    }

    /// Presses a key by INFO until something comes of it. Each time it waits longer: on a busy machine, too, what comes of a
    /// key shall not be met by another.
    pub fn press_until(
        &mut self,
        key: char,
        done: fn(&mut Phone, Duration) -> Option<String>,
    ) -> String {
        for times in 1..10 {
            let body = format!(
                "Content-Type: application/dtmf-relay\r\n\r\nSignal={key}\r\nDuration=160\r\n"
            );
            self.request("INFO", None, &body);
            if let Some(message) = done(self, SOON * times) {
                return message;
            }
        }
        panic!("nothing comes of a {key} at {}", self.here);
    }

    /// The REFER that comes, if it comes within that time.
    pub fn is_referred(&mut self, within: Duration) -> Option<String> {
        self.lines[self.calls_in].next("REFER ", within)
    }

    /// Refuses it.
    pub fn refuse_referral(&mut self, refer: &str) {
        self.send(&response(refer, "603 Decline", ""));
    }

    /// Waits for the same INVITE with a password.
    pub fn is_called_again(&mut self, first: &str) -> String {
        loop {
            let invite = self.is_called_within(PATIENCE).expect("it calls again");
            if field(&invite, "CSeq") != field(first, "CSeq") {
                return invite;
            }
        }
    }

    /// Refuses an INVITE, with this field.
    pub fn refuse(&mut self, invite: &str, status: &str, more: &str) {
        let line = self.calls_out.expect("it was called");
        self.lines[line].send(&response(invite, status, more));
    }

    /// Waits until it is hung up; our BYE.
    pub fn is_hung_up(&mut self) -> String {
        let bye = self.lines[self.calls_in].expect("BYE ");
        self.send(&response(&bye, "200 OK", ""));
        bye
    }

    /// Hangs up, with these header fields.
    pub fn hang_up(&mut self, fields: &[String]) {
        self.request("BYE", None, &fields.join("\r\n"));
        let answer = self.final_answer("BYE");
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    }

    pub fn is_called_within(&mut self, within: Duration) -> Option<String> {
        let line = self.is_reached_within(within)?;
        self.lines[line].next("INVITE ", within)
    }

    /// The line that we reach it by.
    fn is_reached_within(&mut self, within: Duration) -> Option<usize> {
        if let (None, Some(listener)) = (self.calls_out, &self.listener) {
            let line = Line::accept(listener, self.tls.as_ref(), within)?;
            self.calls_out = Some(self.lines.len());
            self.lines.push(line);
        }
        self.calls_out
    }

    fn request(&mut self, method: &str, via: Option<&str>, rest: &str) {
        let cseq = field(&self.invite, "CSeq");
        let number = match method {
            "ACK" => cseq.split(' ').next().unwrap().to_owned(),
            _ => {
                self.sequence += 1;
                let first: u32 = cseq.split(' ').next().unwrap().parse().unwrap();
                (first + self.sequence).to_string()
            }
        };
        let by = field(&self.invite, "Via").split(' ').next().unwrap();
        let own = format!("{by} {};branch=z9hG4bK{method}{number}", self.here);
        let (head, body) = rest.split_once("\r\n\r\n").unwrap_or((rest, ""));
        let head = if head.is_empty() {
            String::new()
        } else {
            format!("{head}\r\n")
        };
        let text = format!(
            "{method} {target} SIP/2.0\r\nVia: {via}\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call}\r\n\
             CSeq: {number} {method}\r\nMax-Forwards: 70\r\n{head}Content-Length: {length}\r\n\r\n{body}",
            target = self.other.1,
            via = via.unwrap_or(&own),
            from = field(&self.invite, "From"),
            to = self.other.0,
            call = field(&self.invite, "Call-ID"),
            length = body.len(),
        );
        self.send(&text);
    }

    /// Whom its datagrams go to.
    fn faces(&self, edge: SocketAddr) {
        if let Line::Udp(socket) = &self.lines[0] {
            socket.connect(edge).unwrap();
        }
    }

    fn send(&mut self, text: &str) {
        self.lines[self.calls_in].send(text);
    }
}

/// An answer to a request, with this field.
pub fn response(request: &str, status: &str, more: &str) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for line in request.lines().take_while(|line| !line.is_empty()) {
        let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        if copied.iter().any(|name| line.starts_with(name)) {
            text += line;
            if line.starts_with("To:") && !line.contains(";tag=") {
                text += ";tag=platform";
            }
            text += "\r\n";
        }
    }
    format!("{text}{more}Content-Length: 0\r\n\r\n")
}

/// The value of a header field.
pub fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let compact = match name {
        "From" => "f",
        "To" => "t",
        "Via" => "v",
        "Call-ID" => "i",
        other => other,
    };
    let of = |name: &str| {
        let mut lines = message.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let found = of(name).or_else(|| of(compact));
    found.map_or_else(|| panic!("{name} is missing:\n{message}"), str::trim)
}
