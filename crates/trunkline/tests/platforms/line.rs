//! What a platform's messages go by: datagrams, or a connection in plain text or by TLS.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use crate::authority::Ends;
use crate::phone::field;
use crate::serve::{PATIENCE, PULSE, pause};

pub enum Line {
    Udp(UdpSocket),
    Stream {
        /// The connection, for what is read and written.
        ends: Box<dyn Duplex>,
        /// The same, for how long is waited.
        socket: TcpStream,
        unread: Vec<u8>,
    },
}

/// Both directions of a connection.
pub trait Duplex: Read + Write {}

impl<T: Read + Write> Duplex for T {}

impl Line {
    pub fn datagrams(socket: UdpSocket) -> Line {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Line::Udp(socket)
    }

    /// To the edge, from an address of its own.
    pub fn connect(here: SocketAddr, edge: SocketAddr, tls: Option<&Ends>) -> Line {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_io().build().unwrap();
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::new(here.ip(), 0)).unwrap();
            socket.connect(edge).await.unwrap().into_std().unwrap()
        });
        Line::open(stream, |stream| match tls {
            Some(tls) => Box::new(tls.connect(stream)),
            None => Box::new(stream),
        })
    }

    /// From the edge, if it connects within that time.
    pub fn accept(listener: &TcpListener, tls: Option<&Ends>, within: Duration) -> Option<Line> {
        listener.set_nonblocking(true).unwrap();
        let mut left = within;
        loop {
            if let Ok((stream, _)) = listener.accept() {
                return Some(Line::open(stream, |stream| match tls {
                    Some(tls) => Box::new(tls.accept(stream)),
                    None => Box::new(stream),
                }));
            }
            left = left.checked_sub(PULSE)?;
            pause(PULSE);
        }
    }

    fn open(stream: TcpStream, ends: impl FnOnce(TcpStream) -> Box<dyn Duplex>) -> Line {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let socket = stream.try_clone().unwrap();
        Line::Stream {
            ends: ends(stream),
            socket,
            unread: Vec::new(),
        }
    }

    pub fn send(&mut self, text: &str) {
        let sent = match self {
            Line::Udp(socket) => socket.send(text.as_bytes()).map(drop),
            Line::Stream { ends, .. } => {
                ends.write_all(text.as_bytes()).and_then(|()| ends.flush())
            }
        };
        sent.unwrap_or_else(|error| panic!("{error}; not sent: {text}"));
    }

    /// The next message that begins so; others are passed over.
    pub fn expect(&mut self, start: &str) -> String {
        loop {
            let message = self.receive();
            let message = message.unwrap_or_else(|error| panic!("no {start} came: {error}"));
            if message.starts_with(start) {
                return message;
            }
        }
    }

    /// The same, if it comes within that time.
    pub fn next(&mut self, start: &str, within: Duration) -> Option<String> {
        self.wait_for(within);
        let found = loop {
            match self.receive() {
                Ok(message) if message.starts_with(start) => break Some(message),
                Ok(_) => {}
                Err(_) => break None,
            }
        };
        self.wait_for(PATIENCE);
        found
    }

    fn wait_for(&self, within: Duration) {
        match self {
            Line::Udp(socket) => socket.set_read_timeout(Some(within)).unwrap(),
            Line::Stream { socket, .. } => socket.set_read_timeout(Some(within)).unwrap(),
        }
    }

    fn receive(&mut self) -> std::io::Result<String> {
        let mut buffer = vec![0; 65_535];
        let octets = match self {
            Line::Udp(socket) => {
                let (length, from) = socket.recv_from(&mut buffer)?;
                // Whoever speaks first is whom it speaks to.
                socket.connect(from)?;
                buffer.truncate(length);
                buffer
            }
            Line::Stream { ends, unread, .. } => loop {
                if let Some(message) = next_message(unread) {
                    break message;
                }
                match ends.read(&mut buffer)? {
                    0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                    length => unread.extend(&buffer[..length]),
                }
            },
        };
        Ok(String::from_utf8(octets).unwrap())
    }
}

/// Takes the first whole message of a stream.
fn next_message(unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    let start = unread.iter().position(|octet| !b"\r\n".contains(octet))?;
    unread.drain(..start);
    let text = String::from_utf8_lossy(unread).into_owned();
    let (head, _) = text.split_once("\r\n\r\n")?;
    let end = head.len() + 4 + field(head, "Content-Length").parse::<usize>().ok()?;
    let message = unread.get(..end)?.to_vec();
    unread.drain(..end);
    Some(message)
}
