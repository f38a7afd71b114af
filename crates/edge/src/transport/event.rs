//! What connections tell the edge's loop.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use schemas::Observation;
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::TransactionKey;
use sip::{Malformed, Message};
use tokio::net::TcpStream;

use super::tls::{Failure, Tls};

/// The name of a connection, never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// What happened to a connection.
#[derive(Debug)]
pub enum FromStream {
    /// Somebody connected.
    Accepted {
        /// The connection.
        stream: TcpStream,
        /// From where.
        remote: SocketAddr,
        /// Which of the addresses that are listened on.
        listener: usize,
    },
    /// A connection is open, and its handshake over.
    Open {
        /// Which.
        id: ConnectionId,
        /// Which way it is.
        flow: Flow,
    },
    /// A message came.
    Message {
        /// The message.
        message: Arc<Message>,
        /// Which way it came.
        flow: Flow,
    },
    /// A message came that cannot be used.
    Malformed {
        /// What could be read.
        malformed: Malformed,
        /// Which way it came.
        flow: Flow,
    },
    /// Nothing came or went for as long as a connection without calls may be silent.
    Idle {
        /// Which.
        id: ConnectionId,
        /// Which way it is.
        flow: Flow,
    },
    /// A connection is closed, or was never open.
    Closed {
        /// Which.
        id: ConnectionId,
        /// The transactions of messages that were not sent.
        unsent: Vec<TransactionKey>,
        /// Why, if it was not the peer that closed it in order.
        error: Option<String>,
        /// What TLS says, if that was the reason.
        refused: Option<Failure>,
    },
    /// Files of TLS changed: connections that begin now use this.
    Secured(Arc<Tls>),
    /// Something that the edge's own facts tell: how the files of TLS are.
    Told(Box<Observation>),
}

/// A message that a connection has to send.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub bytes: Bytes,
    /// Told if it is not sent.
    pub transaction: Option<TransactionKey>,
}
