//! The connections of TCP and TLS: accepted within bounds, opened when there is something to send, used again, counted.
//!
//! Each connection is a task; this is what the edge's loop knows of them all. What they tell comes through one channel,
//! in which each of them has at most one event waiting: none can crowd out the others.

mod closed;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use schemas::{AgentName, TrunkName};
use sip::endpoint::flow::{Flow, Party, Transport};
use sip::endpoint::keys::TransactionKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accept::accept;
use super::addresses::Addresses;
use super::connection::{Connection, OUTGOING_MAX};
use super::crowd::{Crowd, Whose};
use super::event::{ConnectionId, FromStream, Outgoing};
use super::opening::Opening;
use super::parties::{Parties, Proven};
use super::tls::{Client, Opener, Tls};
use crate::configuration::{Configuration, Connections, TlsVersion};
use crate::listen::Listen;
use crate::port::Input;
use crate::trunk::Trunks;

/// Events of all connections that wait for the loop; beyond it connections wait, and TCP holds their peers back.
const EVENTS_MAX: usize = 1_024;

/// All connections.
pub struct Streams {
    bounds: Connections,
    trunks: Trunks,
    tls: Arc<Tls>,
    parties: Parties,
    open: BTreeMap<ConnectionId, Known>,
    /// The connection that each way is sent by; an older one of the same way only receives.
    ways: BTreeMap<Flow, (ConnectionId, mpsc::Sender<Outgoing>)>,
    crowd: Crowd,
    last: u64,
    events: mpsc::Sender<FromStream>,
    happened: mpsc::Receiver<FromStream>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What is known of a connection.
struct Known {
    flow: Flow,
    trunk: Option<TrunkName>,
    opener: Opener,
    close: CancellationToken,
}

impl Streams {
    /// No connections yet.
    pub fn new(configuration: &Configuration, tls: Tls) -> Streams {
        let (events, happened) = mpsc::channel(EVENTS_MAX);
        Streams {
            bounds: configuration.connections,
            trunks: Trunks::new(configuration.trunks.clone()),
            tls: Arc::new(tls),
            parties: Parties::default(),
            open: BTreeMap::new(),
            ways: BTreeMap::new(),
            crowd: Crowd::default(),
            last: 0,
            events,
            happened,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// How a connection to an agent behind a WebSocket is secured.
    pub fn agent(&self, agent: &AgentName) -> Arc<Client> {
        self.tls.agent(agent)
    }

    /// Accepts connections from now on.
    pub fn accept(&self, listener: TcpListener, index: usize) {
        let accepting = accept(listener, index, self.events.clone());
        self.spawn(accepting);
    }

    /// Runs a task until the end: it looks after the files of TLS.
    pub fn watch(&self, watch: impl Future<Output = ()> + Send + 'static) {
        self.spawn(watch);
    }

    /// The way in for what tasks of the transports tell.
    pub fn events(&self) -> mpsc::Sender<FromStream> {
        self.events.clone()
    }

    /// What happened next.
    pub fn poll_happened(&mut self, context: &mut Context<'_>) -> Poll<FromStream> {
        match self.happened.poll_recv(context) {
            Poll::Ready(Some(event)) => Poll::Ready(event),
            // The sender is ours as well: there is no end.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// What happened next, if it did already.
    pub fn happened(&mut self) -> Option<FromStream> {
        self.happened.try_recv().ok()
    }

    /// The way to a peer by a stream.
    pub fn party(&mut self, trunk: Option<&TrunkName>, host: &str) -> Result<Party, String> {
        let proven = Proven {
            trunk: trunk.cloned(),
            host: Some(host.to_owned()),
        };
        let party = self.parties.number(proven);
        party.ok_or_else(|| "too many names were called by TLS".to_owned())
    }

    /// Sends by the open connection of that way, or by a new one.
    pub fn send(
        &mut self,
        bytes: Bytes,
        flow: Flow,
        transaction: Option<TransactionKey>,
        ours: &Addresses,
    ) -> Result<(), String> {
        let outgoing = Outgoing { bytes, transaction };
        let outgoing = match self.ways.get(&flow) {
            None => outgoing,
            Some((id, sender)) => match sender.try_send(outgoing) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(_)) => {
                    self.close(*id);
                    return Err(format!("{} takes no more messages", flow.remote));
                }
                Err(mpsc::error::TrySendError::Closed(outgoing)) => outgoing,
            },
        };
        let (id, orders) = self.dial(flow, ours)?;
        // It is new, so it has room.
        let _ = orders.try_send(outgoing);
        self.ways.insert(flow, (id, orders));
        Ok(())
    }

    /// Closes a connection. Its end is told like any other.
    pub fn close(&self, id: ConnectionId) {
        if let Some(known) = self.open.get(&id) {
            known.close.cancel();
        }
    }

    /// Takes note of what happened; what the core has to know of it.
    pub fn note(&mut self, event: FromStream, ours: &mut Addresses) -> Vec<Input> {
        match event {
            FromStream::Accepted {
                stream,
                remote,
                listener,
            } => {
                let listen = ours.bound()[listener];
                let refused = self.welcome(stream, remote, listen, ours);
                refused.into_iter().collect()
            }
            FromStream::Open { id, flow } => {
                self.opened(id, flow);
                let trunk = self
                    .parties
                    .of(flow.party)
                    .and_then(|one| one.trunk.clone());
                let party = flow.party;
                let certified = trunk.map(|trunk| Input::Certified { party, trunk });
                certified.into_iter().collect()
            }
            FromStream::Closed {
                id,
                unsent,
                error,
                refused,
            } => self.closed(id, unsent, error, refused),
            FromStream::Secured(tls) => {
                self.tls = tls;
                tracing::info!(
                    "the files of TLS changed; connections that begin now use the new ones"
                );
                Vec::new()
            }
            FromStream::Told(told) => vec![Input::Told(*told)],
            // The loop hands these to the core itself.
            FromStream::Message { .. } | FromStream::Malformed { .. } | FromStream::Idle { .. } => {
                Vec::new()
            }
        }
    }

    /// How many connections there are.
    pub fn count(&self) -> usize {
        self.open.len()
    }

    /// Closes everything.
    pub async fn stop(self) {
        self.stop.cancel();
        drop(self.happened);
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Somebody connected: served, or closed at once because there are too many. What TLS has to say of it.
    fn welcome(
        &mut self,
        stream: TcpStream,
        remote: SocketAddr,
        listen: Listen,
        ours: &mut Addresses,
    ) -> Option<Input> {
        let ip = remote.ip();
        let trunk = self.trunks.of(ip).map(|trunk| trunk.name.clone());
        let room = if self.open.len() >= self.bounds.total_max {
            Err("too many connections in total")
        } else {
            self.crowd.has_room(&self.bounds, ip, whose(&trunk))
        };
        if let Err(why) = room {
            return Some(Input::ConnectionRefused { source: ip, why });
        }
        let local = ours.seen_by(listen.address, remote);
        let flow = Flow::new(listen.transport, local, remote);
        // A message is written at once; waiting for more of it helps nobody.
        let _ = stream.set_nodelay(true);
        let (opening, version_min) = match listen.transport {
            Transport::Udp | Transport::Tcp => (Opening::Accepted(stream), TlsVersion::default()),
            Transport::Tls => {
                // The configuration has a certificate where TLS is listened to.
                let server = self.tls.server(trunk.as_ref())?;
                let version_min = server.version_min;
                let parties = &mut self.parties;
                let number = |trunk: &TrunkName| {
                    let (trunk, host) = (Some(trunk.clone()), None);
                    parties.number(Proven { trunk, host })
                };
                let proven = server.proofs.iter().map(|(trunk, _)| trunk).map(number);
                let proven = proven
                    .map(|party| party.unwrap_or(Party::UNPROVEN))
                    .collect();
                let opening = Opening::AcceptedSecure {
                    stream,
                    server,
                    proven,
                };
                (opening, version_min)
            }
        };
        let known = Known {
            flow,
            trunk,
            opener: Opener::Peer,
            close: self.stop.child_token(),
        };
        let (id, orders) = self.begin(known, opening, version_min, None);
        self.ways.insert(flow, (id, orders));
        None
    }

    fn dial(
        &mut self,
        flow: Flow,
        ours: &Addresses,
    ) -> Result<(ConnectionId, mpsc::Sender<Outgoing>), String> {
        if self.open.len() >= self.bounds.total_max {
            return Err("too many connections in total".to_owned());
        }
        let ip = flow.remote.ip();
        let proven = self.parties.of(flow.party);
        let by_source = || self.trunks.of(ip).map(|trunk| trunk.name.clone());
        let trunk = proven
            .and_then(|proven| proven.trunk.clone())
            .or_else(by_source);
        let from = ours.source_of(flow.local);
        let mut version_min = TlsVersion::default();
        let opening = match flow.transport {
            Transport::Udp | Transport::Tcp => Opening::Dial { from },
            Transport::Tls => {
                let host = proven.and_then(|proven| proven.host.clone());
                let client = self.tls.client(trunk.as_ref());
                version_min = client.version_min;
                let (config, name) = client.to(&host.unwrap_or_else(|| ip.to_string()))?;
                Opening::DialSecure {
                    from,
                    config,
                    name,
                    version_min,
                }
            }
        };
        let named = trunk
            .as_ref()
            .and_then(|name| self.trunks.named(name.as_str()));
        let keep_alive = named.and_then(|trunk| trunk.keep_alive);
        let keep_alive = keep_alive.or(self.bounds.keep_alive);
        let known = Known {
            flow,
            trunk,
            opener: Opener::Edge,
            close: self.stop.child_token(),
        };
        Ok(self.begin(known, opening, version_min, keep_alive))
    }

    fn begin(
        &mut self,
        known: Known,
        opening: Opening,
        version_min: TlsVersion,
        keep_alive: Option<Duration>,
    ) -> (ConnectionId, mpsc::Sender<Outgoing>) {
        self.last += 1;
        let id = ConnectionId(self.last);
        let (sender, orders) = mpsc::channel(OUTGOING_MAX);
        let connection = Connection {
            id,
            flow: known.flow,
            orders,
            events: self.events.clone(),
            close: known.close.clone(),
            bounds: self.bounds,
            keep_alive,
            version_min,
            spoken: None,
            sending: None,
        };
        if known.opener == Opener::Peer {
            let ip = known.flow.remote.ip();
            self.crowd.enter(ip, whose(&known.trunk));
        }
        self.open.insert(id, known);
        self.tasks.spawn(connection.run(opening));
        (id, sender)
    }

    /// The handshake may have proven who the peer is: then it is another way.
    fn opened(&mut self, id: ConnectionId, flow: Flow) {
        let Some(known) = self.open.get_mut(&id) else {
            return;
        };
        let before = std::mem::replace(&mut known.flow, flow);
        if before != flow
            && let Some(way) = self.ways.remove(&before)
        {
            self.ways.insert(flow, way);
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.child_token();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }
}

fn whose(trunk: &Option<TrunkName>) -> Whose {
    match trunk {
        Some(_) => Whose::Trunk,
        None => Whose::Stranger,
    }
}
