//! A peer that speaks SIP by hand over any stream: it says what the test writes and reads message by message.

use std::net::SocketAddr;

use sip::stream::{Framed, StreamParser};
use sip::{Message, Name};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::PATIENCE;

/// Anything that SIP can be spoken over.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}

/// One end of a connection.
pub struct Line {
    stream: Box<dyn Wire>,
    parser: StreamParser,
    /// What our Via says: the transport, and where we listen.
    pub via: String,
    /// What our Contact says.
    pub contact: String,
    call_id: String,
    count: u32,
}

impl Line {
    /// Speaks over a stream; answers and calls shall go to `here` when it is closed.
    pub fn over(stream: impl Wire + 'static, transport: &str, here: SocketAddr) -> Line {
        Line {
            stream: Box::new(stream),
            parser: StreamParser::new(),
            via: format!("SIP/2.0/{transport} {here}"),
            contact: format!("<sip:peer@{here};transport={transport}>"),
            call_id: format!("{here}-{transport}").replace([':', '[', ']'], "-"),
            count: 0,
        }
    }

    /// Connects by TCP.
    pub async fn connect(edge: SocketAddr) -> Line {
        let stream = TcpStream::connect(edge).await.unwrap();
        let here = stream.local_addr().unwrap();
        Line::over(stream, "TCP", here)
    }

    /// Says octets as they are.
    pub async fn say(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The same, to somebody who may be gone: whether he was still there.
    pub async fn try_say(&mut self, octets: &[u8]) -> bool {
        self.stream.write_all(octets).await.is_ok()
    }

    /// A request outside of any dialog, or in the one of `to`.
    pub fn request(&mut self, method: &str, to: &str, cseq: u32, body: &str) -> String {
        self.count += 1;
        let Line {
            via,
            contact,
            call_id,
            count,
            ..
        } = self;
        let content = match body {
            "" => "",
            _ => "Content-Type: application/sdp\r\n",
        };
        format!(
            "{method} sip:100@edge SIP/2.0\r\nVia: {via};branch=z9hG4bKl{count}\r\nMax-Forwards: 70\r\n\
             From: <sip:+14155550100@pbx.example>;tag=here\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: {contact}\r\n{content}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// The INVITE of a call with audio on a port that nobody listens on.
    pub fn invite(&mut self) -> String {
        self.request("INVITE", "<sip:100@edge>", 1, OFFER)
    }

    /// Reads the next message.
    pub async fn hear(&mut self) -> Message {
        loop {
            match self.parser.poll() {
                Some(Framed::Message(message)) => return message,
                Some(Framed::Ping) => self.say(b"\r\n").await,
                Some(other) => panic!("heard {other:?}"),
                None => assert!(self.read().await > 0, "the connection was closed"),
            }
        }
    }

    /// Reads until an answer with this status comes; what comes before it is progress.
    pub async fn hear_status(&mut self, status: u16) -> Message {
        loop {
            let message = self.hear().await;
            let heard = message.status().map(sip::StatusCode::get);
            if heard == Some(status) {
                return message;
            }
            assert!(heard.is_some_and(|heard| heard < 200), "{message:?}");
        }
    }

    /// Waits for a keep-alive and answers it.
    pub async fn hear_ping(&mut self) {
        loop {
            match self.parser.poll() {
                Some(Framed::Ping) => return self.say(b"\r\n").await,
                Some(other) => panic!("heard {other:?}"),
                None => assert!(self.read().await > 0, "the connection was closed"),
            }
        }
    }

    /// Waits for the end of the connection; what was still to come is dropped.
    pub async fn hear_the_end(&mut self) {
        while self.read().await > 0 {}
    }

    /// Reads octets as they are.
    pub async fn hear_octets(&mut self, count: usize) -> Vec<u8> {
        let mut octets = vec![0; count];
        let reading = self.stream.read_exact(&mut octets);
        tokio::time::timeout(PATIENCE, reading)
            .await
            .expect("octets come in time")
            .unwrap();
        octets
    }

    /// A whole call: it is answered, confirmed and hung up by us.
    pub async fn call(&mut self) {
        let invite = self.invite();
        self.say(invite.as_bytes()).await;
        let to = self.answered().await;
        self.hang_up(&to).await;
    }

    /// Waits for the answer to our INVITE and confirms it; whom further requests are for.
    pub async fn answered(&mut self) -> String {
        let answer = self.hear_status(200).await;
        let to = answer.header(Name::To).unwrap().to_owned();
        let ack = self.request("ACK", &to, 1, "");
        self.say(ack.as_bytes()).await;
        to
    }

    /// Hangs up the call.
    pub async fn hang_up(&mut self, to: &str) {
        let bye = self.request("BYE", to, 2, "");
        self.say(bye.as_bytes()).await;
        self.hear_status(200).await;
    }

    /// Whether an OPTIONS is answered.
    pub async fn probe(&mut self) {
        let options = self.request("OPTIONS", "<sip:edge>", 1, "");
        self.say(options.as_bytes()).await;
        self.hear_status(200).await;
    }

    /// Answers a request with a status and further lines.
    pub async fn answer(&mut self, request: &Message, status: &str, more: &str) {
        let header = |name: Name<'_>| request.header(name).unwrap_or_default().to_owned();
        let to = header(Name::To);
        let tag = if to.contains(";tag=") {
            ""
        } else {
            ";tag=there"
        };
        let contact = &self.contact;
        let content = match more {
            "" => "Content-Length: 0\r\n\r\n".to_owned(),
            body => format!(
                "Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        };
        let answer = format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             Contact: {contact}\r\n{content}",
            header(Name::Via),
            header(Name::From),
            header(Name::CallId),
            header(Name::CSeq),
        );
        self.say(answer.as_bytes()).await;
    }

    async fn read(&mut self) -> usize {
        let mut buffer = [0; 4_096];
        let reading = self.stream.read(&mut buffer);
        let read = tokio::time::timeout(PATIENCE, reading)
            .await
            .expect("something comes in time");
        // A peer that is cut off may see that as a reset.
        let read = read.unwrap_or_default();
        self.parser.feed(&buffer[..read]);
        read
    }
}

/// An offer of audio to a port that nobody listens on.
pub const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
