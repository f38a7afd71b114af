//! The agent behind a WebSocket, for all calls: it says at once what it hears, with the time at which it
//! says it.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use crate::phones::{Heard, now_us};

/// The agent at work, in a thread that ends with the process.
pub struct Bot {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// A word for each call that came.
    came: Receiver<()>,
}

#[derive(Default)]
struct Shared {
    is_mute: AtomicBool,
    heard: Mutex<Heard>,
}

impl Bot {
    pub fn start() -> Bot {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("it can");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared::default());
        let working = shared.clone();
        let (tells, came) = channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("it listens");
                while let Ok((stream, _)) = listener.accept().await {
                    stream.set_nodelay(true).expect("it can");
                    tokio::spawn(answer(stream, working.clone(), tells.clone()));
                }
            });
        });
        Bot {
            address,
            shared,
            came,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Until that many calls are there.
    pub fn wait_for(&self, calls: usize) {
        for _ in 0..calls {
            self.came.recv().expect("the bot works");
        }
    }

    /// It says nothing from now on.
    pub fn listens_only(&self) {
        self.shared.is_mute.store(true, Ordering::Relaxed);
    }

    /// What was heard until now does not count.
    pub fn forget(&self) {
        self.heard();
    }

    /// What was heard since it was asked the last time.
    pub fn heard(&self) -> Heard {
        std::mem::take(&mut *self.shared.heard.lock().expect("nobody panics"))
    }
}

async fn answer(stream: tokio::net::TcpStream, shared: Arc<Shared>, tells: Sender<()>) {
    let mut socket = tokio_tungstenite::accept_async(stream)
        .await
        .expect("a WebSocket");
    tells.send(()).expect("somebody waits");
    let mut frame = Vec::new();
    while let Some(Ok(Message::Text(text))) = socket.next().await {
        let Some((_, payload)) = text.split_once(r#""payload":""#) else {
            continue;
        };
        let (payload, _) = payload.split_once('"').expect("the text ends");
        frame.clear();
        BASE64_STANDARD
            .decode_vec(payload, &mut frame)
            .expect("base64");
        let stamp = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]);
        // What was not sent is silence, and carries no time.
        if stamp != u32::MAX {
            let mut heard = shared.heard.lock().expect("nobody panics");
            heard.came(now_us(), stamp);
        }
        if shared.is_mute.load(Ordering::Relaxed) {
            continue;
        }
        frame[..4].copy_from_slice(&now_us().to_be_bytes());
        let payload = BASE64_STANDARD.encode(&frame);
        let said =
            format!(r#"{{"event":"media","streamSid":"MZ","media":{{"payload":"{payload}"}}}}"#);
        if socket.send(Message::text(said)).await.is_err() {
            return;
        }
    }
}
