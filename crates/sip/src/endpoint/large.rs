//! Large: a request that no datagram should carry goes by a stream (RFC 3261 §18.1.1).
//!
//! Only the request itself moves, with its Via: the dialog stays where it was, because the next request may be small. A
//! peer that takes no streams gets the datagram after all, and for a while nothing else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use memchr::memmem;

use crate::transaction::client::Client;
use crate::transaction::invite_client::InviteClient;

use super::Endpoint;
use super::flow::{Flow, Transport};
use super::keys::TransactionKey;
use super::output::{Repeat, Send, Urgency};
use super::tables::{ClientMachine, Purpose};
use super::terms::Large;

/// Octets of the largest request that goes as a datagram: 1,500 of an Ethernet less 200 (RFC 3261 §18.1.1).
pub const DATAGRAM_BYTES_MAX: usize = 1_300;

/// How long a peer that takes no streams is not asked again.
const WITHOUT_STREAMS: Duration = Duration::from_secs(600);

/// Peers without streams that are remembered; when there are more, all are asked again.
const PEERS_MAX: usize = 1_024;

/// The way that a request would have gone as a datagram.
#[derive(Debug, Clone)]
pub(crate) struct Instead {
    pub flow: Flow,
    pub request: Bytes,
}

/// Peers that took no stream, and until when that is believed.
pub(crate) type WithoutStreams = BTreeMap<SocketAddr, Instant>;

impl Endpoint {
    /// What a leg says of large requests, or what the endpoint does.
    pub(super) fn large(&self, purpose: Purpose) -> Large {
        let leg = purpose.leg().and_then(|leg| self.legs.get(&leg));
        leg.map_or(self.config.terms.large, |leg| leg.terms.large)
    }

    /// The stream and the request for it, if a datagram should not carry this one.
    pub(super) fn by_stream(
        &self,
        large: Large,
        flow: Flow,
        request: &Bytes,
        now: Instant,
    ) -> Option<(Flow, Bytes)> {
        let fits = request.len() <= DATAGRAM_BYTES_MAX;
        if large == Large::Datagram || flow.transport != Transport::Udp || fits {
            return None;
        }
        if self
            .without_streams
            .get(&flow.remote)
            .is_some_and(|until| now < *until)
        {
            return None;
        }
        // We write the Via first, so the first is ours.
        let via = memmem::find(request, DATAGRAM_VIA)?;
        let mut moved = request.to_vec();
        moved[via..via + STREAM_VIA.len()].copy_from_slice(STREAM_VIA);
        let transport = Transport::Tcp;
        Some((Flow { transport, ..flow }, moved.into()))
    }

    /// A request by a stream came to nothing: it goes as a datagram, if it is one that would have gone so.
    pub(super) fn by_datagram(&mut self, key: TransactionKey, now: Instant) -> bool {
        let timers = self.config.timers;
        let Some(sent) = self.clients.get_mut(&key) else {
            return false;
        };
        if !sent.machine.is_unheard() {
            return false;
        }
        let Some(Instead { flow, request }) = sent.instead.take() else {
            return false;
        };
        let reliability = flow.transport.reliability();
        sent.machine = match &sent.machine {
            ClientMachine::Invite(_) => {
                ClientMachine::Invite(InviteClient::new(timers, reliability, now))
            }
            ClientMachine::Other(_) => ClientMachine::Other(Client::new(timers, reliability, now)),
        };
        sent.flow = flow;
        sent.request = request.clone();
        let leg = sent.purpose.leg();
        if self.without_streams.len() >= PEERS_MAX {
            self.without_streams.clear();
        }
        self.without_streams
            .insert(flow.remote, now + WITHOUT_STREAMS);
        self.settle_client(key);
        self.send(Send {
            bytes: request,
            flow,
            leg,
            transaction: Some(key),
            repeat: Repeat::First,
            // What precedes it is durable: it was sent before.
            urgency: Urgency::Immediate,
        });
        true
    }
}

const DATAGRAM_VIA: &[u8] = b"\r\nVia: SIP/2.0/UDP ";
const STREAM_VIA: &[u8] = b"\r\nVia: SIP/2.0/TCP ";
