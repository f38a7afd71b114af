//! One connection: a task that frames what comes, sends what it is given, and keeps to its bounds (RFC 3261 section
//! 18.3, RFC 5626 section 3.5.1).
//!
//! What comes waits for the edge's loop, so that a peer that sends faster than it is handled is held back by TCP. What
//! goes waits in a queue of [`OUTGOING_MAX`] messages; a peer that takes nothing loses its connection.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::ready;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rustls::ProtocolVersion;
use schemas::observation::TlsFault;
use sip::endpoint::flow::{Flow, Transport};
use sip::endpoint::keys::TransactionKey;
use sip::stream::{Framed, StreamParser};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::event::{ConnectionId, FromStream, Outgoing};
use super::opening::{Opened, Opening};
use super::tls::{Failure, tls_on_plain};
use crate::clock::moment;
use crate::configuration::{Connections, TlsVersion};

/// Messages that wait to be sent by one connection: a burst of a busy trunk while the network breathes.
pub(super) const OUTGOING_MAX: usize = 256;

/// Octets that are read at once.
const READ_BYTES: usize = 8_192;

/// Octets of answers to keep-alives that wait to be sent: a peer that asks without listening gets no more.
const PONGS_BYTES_MAX: usize = 64;

/// How long a keep-alive may be without answer (RFC 5626 section 4.4.1).
const PONG_PATIENCE: Duration = Duration::from_secs(10);

/// How long the answer to what lost the framing has to leave before the connection closes.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long the answer to what the peer said last has to leave when the peer says no more (RFC 9293 section 3.6: it may still
/// listen): what the edge's loop needs, and no time in which a call would go by a dead connection.
const LAST_WORD: Duration = Duration::from_millis(100);

/// A connection.
pub(super) struct Connection {
    pub id: ConnectionId,
    pub flow: Flow,
    pub orders: mpsc::Receiver<Outgoing>,
    pub events: mpsc::Sender<FromStream>,
    pub close: CancellationToken,
    pub bounds: Connections,
    /// How often to send a keep-alive.
    pub keep_alive: Option<Duration>,
    pub version_min: TlsVersion,
    /// The version that TLS agreed on.
    pub spoken: Option<ProtocolVersion>,
    /// The transaction of the message that is being sent.
    pub sending: Option<Option<TransactionKey>>,
}

/// Why a connection is over.
#[derive(Default)]
struct End {
    error: Option<String>,
    refused: Option<Failure>,
}

impl Connection {
    /// Opens the connection, serves it to its end, and tells what was not sent.
    pub(super) async fn run(mut self, opening: Opening) {
        let close = self.close.clone();
        let end = tokio::select! {
            biased;
            () = close.cancelled() => End::default(),
            end = self.live(opening) => end,
        };
        self.orders.close();
        let mut unsent: Vec<_> = self.sending.take().flatten().into_iter().collect();
        while let Ok(order) = self.orders.try_recv() {
            unsent.extend(order.transaction);
        }
        let End { error, refused } = end;
        let id = self.id;
        let closed = FromStream::Closed {
            id,
            unsent,
            error,
            refused,
        };
        // Nobody listens any more when the edge stops.
        let _ = self.events.send(closed).await;
    }

    async fn live(&mut self, opening: Opening) -> End {
        let (opened, flow) = match opening.open(self.flow, &self.bounds).await {
            Ok(opened) => opened,
            Err(failed) => {
                return End {
                    error: Some(failed.error),
                    refused: failed.refused,
                };
            }
        };
        self.flow = flow;
        let id = self.id;
        if self
            .events
            .send(FromStream::Open { id, flow })
            .await
            .is_err()
        {
            return End::default();
        }
        match opened {
            Opened::Plain(stream) => self.converse(stream).await,
            Opened::Secure(stream) => {
                self.spoken = stream.get_ref().1.protocol_version();
                self.converse(stream).await
            }
        }
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: S) -> End {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut parser = StreamParser::new();
        let mut out = BytesMut::new();
        let mut clock = Clock::new(moment().now);
        loop {
            let deadline = clock.deadline(&self.bounds, self.keep_alive);
            let flushing = out.is_empty();
            tokio::select! {
                read = read(&mut reader, &mut parser), if clock.farewell.is_none() => {
                    let read = match read {
                        Ok(read) if read.octets > 0 => read,
                        Ok(_) if clock.closes(moment().now) => continue,
                        Ok(_) => return End::default(),
                        Err(error) => return self.broken(&error, &clock),
                    };
                    if !clock.heard && self.flow.transport == Transport::Tcp && tls_on_plain(&read.first) {
                        return self.tls_on_tcp();
                    }
                    clock.heard(moment().now);
                    if self.framed(&mut parser, &mut out, &mut clock).await.is_err() {
                        return End::default();
                    }
                }
                sent = push(&mut writer, &mut out), if clock.busy.is_some() => {
                    if let Err(error) = sent {
                        return self.broken(&error, &clock);
                    }
                    if flushing {
                        self.sending = None;
                    }
                    clock.pushed(flushing, moment().now);
                }
                Some(order) = self.orders.recv(), if clock.busy.is_none() => {
                    out.extend_from_slice(&order.bytes);
                    self.sending = Some(order.transaction);
                    clock.begin(moment().now);
                }
                () = tokio::time::sleep_until(deadline.into()) => {
                    if let Some(end) = self.due(&mut clock, &mut out).await {
                        return end;
                    }
                }
            }
        }
    }

    /// Hands on what is complete. An error if nobody listens any more.
    async fn framed(
        &mut self,
        parser: &mut StreamParser,
        out: &mut BytesMut,
        clock: &mut Clock,
    ) -> Result<(), mpsc::error::SendError<FromStream>> {
        let flow = self.flow;
        while let Some(framed) = parser.poll() {
            clock.incomplete_since = None;
            let event = match framed {
                Framed::Ping => {
                    if out.len() < PONGS_BYTES_MAX {
                        out.extend_from_slice(b"\r\n");
                        clock.begin(moment().now);
                    }
                    continue;
                }
                Framed::Message(message) => FromStream::Message {
                    message: Arc::new(message),
                    flow,
                },
                Framed::Malformed(malformed) => FromStream::Malformed { malformed, flow },
                Framed::Lost(malformed) => {
                    clock.farewell = Some(moment().now + FAREWELL);
                    FromStream::Malformed { malformed, flow }
                }
            };
            self.events.send(event).await?;
        }
        if parser.is_between_messages() {
            clock.incomplete_since = None;
        } else {
            clock.incomplete_since.get_or_insert(clock.last);
        }
        Ok(())
    }

    /// Something is due: the end, a keep-alive, or the question whether the connection is needed any more.
    async fn due(&mut self, clock: &mut Clock, out: &mut BytesMut) -> Option<End> {
        let now = moment().now;
        let bounds = self.bounds;
        let passed = |since: Option<Instant>, time| since.is_some_and(|since| now >= since + time);
        let over = |error: String| {
            let error = Some(error);
            Some(End {
                error,
                refused: None,
            })
        };
        if clock.farewell.is_some_and(|at| now >= at) {
            if clock.is_closed_by_peer {
                return Some(End::default());
            }
            return over("it was not known where the next message begins".to_owned());
        }
        if passed(clock.incomplete_since, bounds.message) {
            let seconds = bounds.message.as_secs_f32();
            return over(format!("a message was not complete within {seconds} s"));
        }
        if passed(clock.busy, bounds.stall) {
            let seconds = bounds.stall.as_secs_f32();
            return over(format!("the peer took nothing for {seconds} s"));
        }
        if passed(clock.asked, PONG_PATIENCE) {
            return over("a keep-alive was not answered".to_owned());
        }
        if passed(Some(clock.last), bounds.idle) {
            clock.last = now;
            let (id, flow) = (self.id, self.flow);
            let told = self.events.send(FromStream::Idle { id, flow }).await;
            return told.is_err().then(End::default);
        }
        if let Some(every) = self.keep_alive
            && now >= clock.last_sent + every
        {
            clock.asked.get_or_insert(now);
            if out.is_empty() {
                out.extend_from_slice(b"\r\n\r\n");
            }
            clock.begin(now);
        }
        None
    }

    fn broken(&self, error: &io::Error, clock: &Clock) -> End {
        // In TLS 1.3 a server looks at our certificate when we think that all is well.
        let late = || Failure::late(error, self.spoken, self.version_min);
        End {
            error: Some(error.to_string()),
            refused: (!clock.heard).then(late).flatten(),
        }
    }

    fn tls_on_tcp(&self) -> End {
        let told = "the peer speaks TLS at the port for TCP";
        End {
            error: Some(told.to_owned()),
            refused: Some(Failure::told(
                TlsFault::UnexpectedTls,
                told,
                self.version_min,
            )),
        }
    }
}

/// The times of a connection.
struct Clock {
    /// When something last came or was sent.
    last: Instant,
    /// When something was last sent.
    last_sent: Instant,
    /// Whether anything came at all.
    heard: bool,
    /// Since when a message is incomplete.
    incomplete_since: Option<Instant>,
    /// Since when the peer takes nothing of what is to be sent; none if nothing is.
    busy: Option<Instant>,
    /// Since when a keep-alive is without answer.
    asked: Option<Instant>,
    /// When it closes, because the framing is lost, or the peer says no more.
    farewell: Option<Instant>,
    is_closed_by_peer: bool,
}

impl Clock {
    fn new(now: Instant) -> Clock {
        Clock {
            last: now,
            last_sent: now,
            heard: false,
            incomplete_since: None,
            busy: None,
            asked: None,
            farewell: None,
            is_closed_by_peer: false,
        }
    }

    /// The peer says no more. Whether there may be an answer to send yet.
    fn closes(&mut self, now: Instant) -> bool {
        self.is_closed_by_peer = true;
        let until = self.last + LAST_WORD;
        self.farewell = Some(until);
        now < until
    }

    fn heard(&mut self, now: Instant) {
        self.heard = true;
        self.last = now;
        self.asked = None;
    }

    fn begin(&mut self, now: Instant) {
        self.busy.get_or_insert(now);
        self.last_sent = now;
    }

    fn pushed(&mut self, flushed: bool, now: Instant) {
        self.last = now;
        self.busy = (!flushed).then_some(now);
    }

    fn deadline(&self, bounds: &Connections, keep_alive: Option<Duration>) -> Instant {
        let after = |since: Option<Instant>, time| since.map(|since| since + time);
        let next_ask = keep_alive.filter(|_| self.asked.is_none());
        [
            self.farewell,
            after(self.incomplete_since, bounds.message),
            after(self.busy, bounds.stall),
            after(self.asked, PONG_PATIENCE),
            next_ask.map(|every| self.last_sent + every),
        ]
        .into_iter()
        .flatten()
        .fold(self.last + bounds.idle, Instant::min)
    }
}

/// What was read.
struct Read {
    octets: usize,
    /// The first octets of it.
    first: [u8; 2],
}

/// Reads what is there. No connection has a buffer of its own while nothing comes.
async fn read<R: AsyncRead + Unpin>(reader: &mut R, parser: &mut StreamParser) -> io::Result<Read> {
    poll_fn(|context| {
        let mut space = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut *reader).poll_read(context, &mut buffer))?;
        let octets = buffer.filled();
        parser.feed(octets);
        let first = [
            octets.first().copied().unwrap_or_default(),
            octets.get(1).copied().unwrap_or_default(),
        ];
        std::task::Poll::Ready(Ok(Read {
            octets: octets.len(),
            first,
        }))
    })
    .await
}

/// Sends some of what waits, or what TLS still holds of it.
async fn push<W: AsyncWrite + Unpin>(writer: &mut W, out: &mut BytesMut) -> io::Result<()> {
    if out.is_empty() {
        return writer.flush().await;
    }
    match writer.write_buf(out).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        _ => Ok(()),
    }
}
