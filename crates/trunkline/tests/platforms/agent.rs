//! A SIP agent behind the service: it takes a call and hangs up, with what it found out.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::line::Line;
use crate::phone::{field, response};

/// A call comes within that time, on a busy machine, too.
const CALLED_WITHIN: Duration = Duration::from_secs(10);

pub struct Agent {
    here: SocketAddr,
    line: Line,
    invite: String,
}

impl Agent {
    /// On an address of loopback.
    pub fn plug_in(ip: [u8; 4]) -> Agent {
        let socket = UdpSocket::bind((Ipv4Addr::from(ip), 0)).unwrap();
        Agent {
            here: socket.local_addr().unwrap(),
            line: Line::datagrams(socket),
            invite: String::new(),
        }
    }

    pub fn here(&self) -> SocketAddr {
        self.here
    }

    /// Waits for the call, and answers it; false if none comes.
    pub fn takes_the_call(&mut self) -> bool {
        let Some(invite) = self.line.next("INVITE ", CALLED_WITHIN) else {
            return false;
        };
        self.invite = invite;
        let (here, ip) = (self.here, self.here.ip());
        let description = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 24582 RTP/AVP 0\r\n"
        );
        let fields = format!("Contact: <sip:agent@{here}>\r\nContent-Type: application/sdp\r\n");
        let answer = response(&self.invite, "200 OK", &fields);
        let length = format!("Content-Length: {}", description.len());
        let answer = answer.replace("Content-Length: 0", &length);
        self.line.send(&format!("{answer}{description}"));
        self.line.expect("ACK ");
        true
    }

    /// Hangs up, with these header fields.
    pub fn leaves(&mut self, fields: &[String]) {
        let contact = field(&self.invite, "Contact");
        let bye = format!(
            "BYE {target} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKleaves\r\nMax-Forwards: 70\r\n\
             From: {to};tag=platform\r\nTo: {from}\r\nCall-ID: {call}\r\nCSeq: 1 BYE\r\n{fields}\r\nContent-Length: 0\r\n\r\n",
            target = contact.split(['<', '>']).nth(1).unwrap_or(contact),
            here = self.here,
            to = field(&self.invite, "To"),
            from = field(&self.invite, "From"),
            call = field(&self.invite, "Call-ID"),
            fields = fields.join("\r\n"),
        );
        self.line.send(&bye);
        self.line.expect("SIP/2.0 200 ");
    }
}
