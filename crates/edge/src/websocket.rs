//! The connection to an agent: a WebSocket (RFC 6455) with what waits to be written to it. Drive it by [`Line::poll`] in the
//! thread of its call; what it hears is told there, what it shall say is put into a bounded queue.
//!
//! ```text
//!   Connecting ──101──► Open ──leave, close──► Leaving ──► Over
//!        └──refused, timed out, unreachable──────────────────┘
//! ```

mod connect;
mod queue;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use media::{Dialect, Message, Press, Said};
use schemas::LegId;
use schemas::observation::{LegFailure, StreamCloser};
use tokio::time::{Interval, MissedTickBehavior, Sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Bytes};

use self::connect::{Connecting, Pipe};
pub use self::connect::{MESSAGE_BYTES_MAX, Place, Secure, Target};
pub use self::queue::{AUDIO_MAX, WAITING_BYTES_MAX};
use self::queue::{Full, Queue};
use crate::clock::moment;

/// How often an agent is asked whether it is there (RFC 6455, section 5.5.2).
const PING_EVERY: Duration = Duration::from_secs(15);

/// Pings in a row that may stay without an answer, and without anything else of it, until it is time for the next.
const UNANSWERED_MAX: u32 = 2;

/// How long a connection that is over may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// Milliseconds of a frame.
const FRAME_MS: u32 = 20;

/// A connection to an agent.
pub struct Line {
    /// Its leg.
    pub leg: LegId,
    dialect: Dialect,
    state: State,
    queue: Queue,
    /// More waited for it than may.
    is_full: bool,
    pulse: Interval,
    /// Pings since something came of it.
    unanswered: u32,
    overrun: bool,
    counts: Counts,
}

enum State {
    Connecting(Connecting),
    Open(Box<WebSocketStream<Pipe>>),
    Leaving(Box<WebSocketStream<Pipe>>, Pin<Box<Sleep>>),
    Over,
}

/// What was counted of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Keys that the agent was told.
    pub keys: u32,
    /// Milliseconds for it that were dropped because it read too slowly.
    pub overrun_ms: u32,
    /// Messages of it that its protocol does not know.
    pub malformed: u32,
}

/// What the call has to know of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The agent took it.
    Opened {
        /// Where the agent is, `ip:port`.
        destination: String,
        /// The version of TLS.
        tls: Option<String>,
        /// Until there was a connection.
        connected: Duration,
        /// Behind that, until the agent took it.
        taken: Duration,
    },
    /// It did not come about.
    Failed(LegFailure),
    /// It is over, and not because of us.
    Closed {
        /// Who ended it.
        by: StreamCloser,
        /// The agent's code.
        code: Option<u16>,
        /// The agent's reason, or what the transport said.
        reason: String,
    },
    /// The agent does not read fast enough: audio for it is dropped.
    Overrun,
    /// What was counted, right before the measures of its leg.
    Counted(Counts),
}

/// What a connection brought.
pub enum Happened {
    /// Something that the call has to know.
    Event(Event),
    /// The agent said something.
    Said(Said),
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("leg", &self.leg)
            .finish_non_exhaustive()
    }
}

impl Line {
    /// A connection that is not there yet.
    pub fn new(leg: LegId, dialect: Dialect, target: Target) -> Line {
        let now = moment().now;
        let mut pulse = tokio::time::interval_at((now + PING_EVERY).into(), PING_EVERY);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Line {
            leg,
            dialect,
            state: State::Connecting(connect::connecting(target)),
            queue: Queue::default(),
            is_full: false,
            pulse,
            unanswered: 0,
            overrun: false,
            counts: Counts::default(),
        }
    }

    /// 20 ms of the caller. Whether audio begins to be dropped.
    pub fn audio(&mut self, frame: &[u8], at_ms: u64) -> bool {
        if !matches!(self.state, State::Open(_)) {
            return false;
        }
        let message = written(self.dialect.audio(frame, at_ms));
        match self.queue.push_audio(message) {
            Ok(false) => false,
            Ok(true) => {
                self.counts.overrun_ms = self.counts.overrun_ms.saturating_add(FRAME_MS);
                !std::mem::replace(&mut self.overrun, true)
            }
            Err(Full) => {
                self.is_full = true;
                false
            }
        }
    }

    /// The caller pressed a key.
    pub fn key(&mut self, press: &Press) {
        self.counts.keys += 1;
        let message = self.dialect.key(press);
        self.push(message);
    }

    /// What the agent said before a mark is over.
    pub fn reached(&mut self, mark: &str) {
        let message = self.dialect.reached(mark);
        self.push(message);
    }

    /// What the agent wanted to be cleared is cleared.
    pub fn cleared(&mut self) {
        if let Some(message) = self.dialect.cleared() {
            self.push(message);
        }
    }

    /// What was counted until now.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The leg is over: the agent is told so, and the connection ends.
    pub fn leave(&mut self) {
        let farewell = self.dialect.farewell();
        self.queue.drop_audio();
        if let Some(message) = farewell {
            self.push(message);
        }
        self.close(CloseCode::Normal, "");
    }

    /// Whether it can be forgotten.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Writes what waits, and takes what came.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Happened> {
        match &mut self.state {
            State::Over => Poll::Pending,
            State::Connecting(connecting) => match connecting.as_mut().poll(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Err(failure)) => {
                    self.state = State::Over;
                    Poll::Ready(Happened::Event(Event::Failed(failure)))
                }
                Poll::Ready(Ok((socket, opened))) => {
                    self.state = State::Open(socket);
                    for message in self.dialect.greeting() {
                        self.push(message);
                    }
                    Poll::Ready(Happened::Event(opened))
                }
            },
            State::Open(_) => self.poll_open(context),
            State::Leaving(..) => {
                self.poll_leaving(context);
                Poll::Pending
            }
        }
    }

    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<Happened> {
        loop {
            if let Err(error) = self.write(context) {
                return Poll::Ready(self.broken(&error));
            }
            if self.is_full {
                return Poll::Ready(self.unread());
            }
            if self.pulse.poll_tick(context).is_ready() {
                if self.unanswered == UNANSWERED_MAX {
                    return Poll::Ready(self.lost());
                }
                self.unanswered += 1;
                self.put(tungstenite::Message::Ping(Bytes::new()));
                continue;
            }
            let State::Open(socket) = &mut self.state else {
                return Poll::Pending;
            };
            let Poll::Ready(came) = socket.poll_next_unpin(context) else {
                return Poll::Pending;
            };
            self.unanswered = 0;
            let said = match came {
                Some(Ok(tungstenite::Message::Text(text))) => self.dialect.read_text(&text),
                Some(Ok(tungstenite::Message::Binary(octets))) => self.dialect.read_binary(&octets),
                Some(Ok(tungstenite::Message::Close(frame))) => {
                    return Poll::Ready(self.closed_by_agent(frame));
                }
                // A ping is answered by the next write.
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Poll::Ready(self.broken(&error)),
                None => {
                    let reason = "the connection ended".to_owned();
                    return Poll::Ready(self.over(StreamCloser::Nobody, None, reason));
                }
            };
            match said {
                Ok(Said::Other) => {}
                Ok(said) => return Poll::Ready(Happened::Said(said)),
                Err(_) => self.counts.malformed = self.counts.malformed.saturating_add(1),
            }
        }
    }

    /// Until the agent closed as well, or time is up. What it still says is nothing to anybody.
    fn poll_leaving(&mut self, context: &mut Context<'_>) {
        let written = self.write(context);
        let State::Leaving(socket, until) = &mut self.state else {
            return;
        };
        let mut is_over = written.is_err() || until.as_mut().poll(context).is_ready();
        while !is_over && let Poll::Ready(came) = socket.poll_next_unpin(context) {
            is_over = !matches!(came, Some(Ok(_)));
        }
        if is_over {
            self.state = State::Over;
        }
    }

    fn write(&mut self, context: &mut Context<'_>) -> Result<(), tungstenite::Error> {
        let (State::Open(socket) | State::Leaving(socket, _)) = &mut self.state else {
            return Ok(());
        };
        while !self.queue.is_empty() {
            match socket.poll_ready_unpin(context) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Ok(()),
            }
            if let Some(message) = self.queue.pop() {
                socket.start_send_unpin(message)?;
            }
        }
        self.overrun = false;
        match socket.poll_flush_unpin(context) {
            Poll::Ready(flushed) => flushed,
            Poll::Pending => Ok(()),
        }
    }

    fn push(&mut self, message: Message) {
        self.put(written(message));
    }

    /// Behind what waits already; nothing is said to one that is not there any more.
    fn put(&mut self, message: tungstenite::Message) {
        if matches!(self.state, State::Open(_)) && self.queue.push(message) == Err(Full) {
            self.is_full = true;
        }
    }

    /// It does not read what is no audio, either: what it was told would have holes.
    fn unread(&mut self) -> Happened {
        self.queue.clear();
        self.close(CloseCode::Policy, "nothing is read");
        let reason =
            format!("the agent reads nothing: more than {WAITING_BYTES_MAX} octets wait for it");
        let (by, code) = (StreamCloser::Edge, None);
        Happened::Event(Event::Closed { by, code, reason })
    }

    fn lost(&mut self) -> Happened {
        let silent_s = PING_EVERY.as_secs() * u64::from(UNANSWERED_MAX);
        let reason = format!("no answer to a ping for {silent_s} s");
        self.over(StreamCloser::Nobody, None, reason)
    }

    fn closed_by_agent(&mut self, frame: Option<CloseFrame>) -> Happened {
        let code = frame.as_ref().map(|frame| u16::from(frame.code));
        let reason = frame.map(|frame| frame.reason.to_string());
        self.queue.clear();
        self.over(StreamCloser::Agent, code, reason.unwrap_or_default())
    }

    fn broken(&mut self, error: &tungstenite::Error) -> Happened {
        match error {
            tungstenite::Error::Capacity(_) | tungstenite::Error::Utf8(_) => {
                self.close(CloseCode::Policy, "the message cannot be taken");
                let (by, code, reason) = (StreamCloser::Edge, None, error.to_string());
                Happened::Event(Event::Closed { by, code, reason })
            }
            _ => {
                self.state = State::Over;
                let (by, code, reason) = (StreamCloser::Nobody, None, error.to_string());
                Happened::Event(Event::Closed { by, code, reason })
            }
        }
    }

    fn over(&mut self, by: StreamCloser, code: Option<u16>, reason: String) -> Happened {
        self.leave_quietly();
        Happened::Event(Event::Closed { by, code, reason })
    }

    fn close(&mut self, code: CloseCode, reason: &'static str) {
        let reason = reason.into();
        self.put(tungstenite::Message::Close(Some(CloseFrame {
            code,
            reason,
        })));
        self.leave_quietly();
    }

    /// Nothing more is heard of it; what waits may still be written.
    fn leave_quietly(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Open(socket) => {
                let until = Box::pin(tokio::time::sleep_until((moment().now + FAREWELL).into()));
                State::Leaving(socket, until)
            }
            State::Leaving(socket, until) => State::Leaving(socket, until),
            State::Connecting(_) | State::Over => State::Over,
        };
    }
}

fn written(message: Message) -> tungstenite::Message {
    match message {
        Message::Text(text) => tungstenite::Message::text(text),
        Message::Binary(octets) => tungstenite::Message::binary(octets),
    }
}
