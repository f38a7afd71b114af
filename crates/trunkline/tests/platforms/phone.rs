//! A platform's side of a call as text, by UDP or TCP, from an address of its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use sip::digest::{Credential, Credentials, Secret, Sessions};
use sip::{Message, Method};

use crate::scenario::Scenario;
use crate::service::PATIENCE;

pub struct Phone {
    here: SocketAddr,
    udp: UdpSocket,
    listener: Option<TcpListener>,
    calls_in: Line,
    calls_out: Option<Line>,
    invite: String,
    /// The To field with the edge's tag, and the edge's Contact.
    other: (String, String),
    sequence: u32,
}

/// How long something may take that comes of a key, before the key is pressed again.
const SOON: Duration = Duration::from_millis(500);

/// What a message goes by.
enum Line {
    Udp,
    Tcp { stream: TcpStream, unread: Vec<u8> },
}

impl Phone {
    /// On an address of loopback.
    pub fn plug_in(ip: [u8; 4], scenario: &Scenario) -> Phone {
        let udp = UdpSocket::bind((Ipv4Addr::from(ip), 0)).unwrap();
        udp.set_read_timeout(Some(PATIENCE)).unwrap();
        let here = udp.local_addr().unwrap();
        let (_, called_by_tcp) = scenario.is_by_tcp();
        Phone {
            here,
            udp,
            listener: called_by_tcp.then(|| TcpListener::bind(here).unwrap()),
            calls_in: Line::Udp,
            calls_out: None,
            invite: String::new(),
            other: Default::default(),
            sequence: 1_000,
        }
    }

    pub fn here(&self) -> SocketAddr {
        self.here
    }

    /// Waits until we register, and lets us.
    pub fn is_registered_at(&mut self) -> String {
        let mut line = Line::Udp;
        let register = line.expect(&self.udp, "REGISTER ");
        let contact = field(&register, "Contact");
        let contact = contact.split(';').next().unwrap_or(contact);
        let more = format!("Contact: {contact};expires=240\r\n");
        self.send(&line, &response(&register, "200 OK", &more));
        register
    }

    /// Registers, and proves its password when it is asked.
    pub fn registers(&mut self, edge: SocketAddr, user: &str, password: &str) {
        self.udp.connect(edge).unwrap();
        let (here, uri) = (self.here, format!("sip:{edge}"));
        let register = |number: u32, proof: &str| {
            format!(
                "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKregister{number};rport\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:{user}@{edge}>;tag=registers\r\nTo: <sip:{user}@{edge}>\r\n\
                 Call-ID: registers-{here}\r\nCSeq: {number} REGISTER\r\nContact: <sip:{user}@{here}>\r\n\
                 Expires: 300\r\n{proof}Content-Length: 0\r\n\r\n"
            )
        };
        self.send(&self.calls_in, &register(1, ""));
        let asked = self.final_answer("REGISTER").into_bytes();
        let secret = Secret::Password(password.into());
        let credential = Credential::new(None, user, secret).unwrap();
        let mut sessions = Sessions::new(Credentials::new(vec![credential]).unwrap());
        let asked = Message::parse(asked.into()).unwrap();
        sessions.take(&asked, &[], 7).unwrap();
        let proofs = sessions.present(&Method::Register, &uri);
        let (_, value) = proofs[0].header();
        let proof = format!("Authorization: {value}\r\n");
        self.send(&self.calls_in, &register(2, &proof));
        let answer = self.final_answer("REGISTER");
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    }

    /// Calls as the scenario says.
    pub fn call(&mut self, edge: SocketAddr, datagrams: SocketAddr, scenario: &Scenario) {
        let (by_tcp, _) = scenario.is_by_tcp();
        self.udp.connect(datagrams).unwrap();
        if by_tcp {
            let stream = connected(self.here, edge);
            let unread = Vec::new();
            self.calls_in = Line::Tcp { stream, unread };
        }
        self.invite = scenario.message(&scenario.invite, self.here, edge);
        self.send(&self.calls_in, &self.invite);
    }

    /// The final answer to a request of ours.
    pub fn final_answer(&mut self, method: &str) -> String {
        loop {
            let answer = self.calls_in.expect(&self.udp, "SIP/2.0 ");
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
        self.send(&self.calls_in, request);
        self.final_answer(request.split(' ').next().unwrap())
    }

    /// Presses a key by INFO until something comes of it.
    pub fn press_until(&mut self, key: char, done: fn(&mut Phone) -> Option<String>) -> String {
        for _ in 0..20 {
            let body = format!(
                "Content-Type: application/dtmf-relay\r\n\r\nSignal={key}\r\nDuration=160\r\n"
            );
            self.request("INFO", None, &body);
            if let Some(message) = done(self) {
                return message;
            }
        }
        panic!("nothing comes of a {key} at {}", self.here);
    }

    /// The INVITE that comes, if it comes soon.
    pub fn is_called(&mut self) -> Option<String> {
        self.is_called_within(SOON)
    }

    /// The REFER that comes, if it comes soon.
    pub fn is_referred(&mut self) -> Option<String> {
        self.calls_in.next(&self.udp, "REFER ", SOON)
    }

    /// Refuses it.
    pub fn refuse_referral(&self, refer: &str) {
        self.send(&self.calls_in, &response(refer, "603 Decline", ""));
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
        let line = self.calls_out.as_ref().expect("it was called");
        self.send(line, &response(invite, status, more));
    }

    pub fn hang_up(&mut self) {
        self.request("BYE", None, "");
        let answer = self.final_answer("BYE");
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    }

    fn is_called_within(&mut self, within: Duration) -> Option<String> {
        if self.calls_out.is_none() {
            self.calls_out = Some(match &self.listener {
                Some(listener) => Line::accept(listener, within)?,
                None => Line::Udp,
            });
        }
        let line = self.calls_out.as_mut()?;
        line.next(&self.udp, "INVITE ", within)
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
        let by = match self.calls_in {
            Line::Udp => "UDP",
            Line::Tcp { .. } => "TCP",
        };
        let own = format!("SIP/2.0/{by} {};branch=z9hG4bK{method}{number}", self.here);
        let (head, body) = rest.split_once("\r\n\r\n").unwrap_or(("", ""));
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
        self.send(&self.calls_in, &text);
    }

    fn send(&self, line: &Line, text: &str) {
        match line {
            Line::Udp => {
                let sent = self.udp.send(text.as_bytes());
                sent.unwrap_or_else(|error| panic!("{}: {error}", self.here));
            }
            Line::Tcp { stream, .. } => (&mut &*stream).write_all(text.as_bytes()).unwrap(),
        }
    }
}

impl Line {
    fn accept(listener: &TcpListener, within: Duration) -> Option<Line> {
        const PULSE: Duration = Duration::from_millis(20);
        listener.set_nonblocking(true).unwrap();
        let mut left = within;
        loop {
            if let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(false).unwrap();
                let unread = Vec::new();
                return Some(Line::Tcp { stream, unread });
            }
            left = left.checked_sub(PULSE)?;
            crate::service::pause(PULSE);
        }
    }

    /// The next message that begins so, if it comes within that time; others are passed over.
    fn next(&mut self, udp: &UdpSocket, start: &str, within: Duration) -> Option<String> {
        self.patience(udp, within);
        let found = loop {
            match self.receive(udp) {
                Some(message) if message.starts_with(start) => break Some(message),
                Some(_) => {}
                None => break None,
            }
        };
        self.patience(udp, PATIENCE);
        found
    }

    fn patience(&self, udp: &UdpSocket, within: Duration) {
        match self {
            Line::Udp => udp.set_read_timeout(Some(within)).unwrap(),
            Line::Tcp { stream, .. } => stream.set_read_timeout(Some(within)).unwrap(),
        }
    }

    fn expect(&mut self, udp: &UdpSocket, start: &str) -> String {
        loop {
            let message = self.receive(udp);
            let message = message.unwrap_or_else(|| panic!("no {start}came to {udp:?}"));
            if message.starts_with(start) {
                return message;
            }
        }
    }

    fn receive(&mut self, udp: &UdpSocket) -> Option<String> {
        let mut buffer = vec![0; 65_535];
        match self {
            Line::Udp => {
                let (length, from) = udp.recv_from(&mut buffer).ok()?;
                // Whoever speaks first is whom it speaks to.
                udp.connect(from).ok()?;
                String::from_utf8(buffer[..length].to_vec()).ok()
            }
            Line::Tcp { stream, unread } => loop {
                if let Some(message) = next_message(unread) {
                    return Some(message);
                }
                let length = stream.read(&mut buffer).ok().filter(|length| *length > 0)?;
                unread.extend(&buffer[..length]);
            },
        }
    }
}

/// Takes the first whole message of a stream.
fn next_message(unread: &mut Vec<u8>) -> Option<String> {
    let start = unread.iter().position(|octet| !b"\r\n".contains(octet))?;
    unread.drain(..start);
    let text = String::from_utf8_lossy(unread).into_owned();
    let (head, _) = text.split_once("\r\n\r\n")?;
    let end = head.len() + 4 + field(head, "Content-Length").parse::<usize>().ok()?;
    let message = unread.get(..end)?.to_vec();
    unread.drain(..end);
    String::from_utf8(message).ok()
}

/// A connection from an address of its own.
fn connected(here: SocketAddr, edge: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(here.ip(), 0)).unwrap();
        socket.connect(edge).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// An answer to a request, with this field.
fn response(request: &str, status: &str, more: &str) -> String {
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

fn field<'a>(message: &'a str, name: &str) -> &'a str {
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
