//! A bot as one is written for Twilio Media Streams: it takes a stream, speaks, and leaves when it is told to. It knows
//! nothing of who calls, and is the same for every platform.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::serve::PATIENCE;

/// One that waits to be called.
pub struct Bot {
    listener: TcpListener,
}

/// One that talks.
pub struct Talking {
    socket: WebSocket<TcpStream>,
    /// What it was told first.
    pub start: Value,
}

impl Bot {
    pub fn plug_in() -> Bot {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Bot { listener }
    }

    pub fn here(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Takes the next call, up to its `start`, and says 20 ms of something.
    pub fn takes_a_call(&self) -> Talking {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut socket = tungstenite::accept(stream).unwrap();
        let mut told = || -> Value {
            let message = socket.read().unwrap();
            serde_json::from_str(message.to_text().unwrap()).unwrap()
        };
        assert_eq!(told()["event"], "connected");
        let start = told();
        assert_eq!(start["event"], "start");
        let payload = "f39/".repeat(40);
        let media = json!({"event": "media", "streamSid": start["streamSid"], "media": {"payload": payload}});
        let mark =
            json!({"event": "mark", "streamSid": start["streamSid"], "mark": {"name": "said"}});
        for said in [media, mark] {
            socket.send(Message::text(said.to_string())).unwrap();
        }
        Talking { socket, start }
    }
}

impl Talking {
    /// Waits until the caller has heard what it said.
    pub fn is_heard(&mut self) {
        loop {
            let message = self.socket.read().unwrap();
            let told: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            if told["event"] == "mark" {
                assert_eq!(told["mark"]["name"], "said");
                return;
            }
        }
    }

    /// Closes its stream: the call is over.
    pub fn leaves(mut self) {
        self.socket.close(None).unwrap();
        // Until the other side has closed, too.
        while self.socket.read().is_ok() {}
    }
}
