//! The media of all calls: who has which port, and the way to each call's task.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use schemas::{CallId, LegId};
use tokio::net::UdpSocket;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::call_media::{CallMedia, ORDERS_MAX, Order};
use crate::configuration::Configuration;
use crate::counters::Counters;
use crate::dtls::Certificate;
use crate::ports::Ports;
use crate::recorder;
use crate::sockets::open;
use crate::threads::Threads;
use crate::voice::{FromVoice, ToShake, ToVoice};

/// Media events that wait for the edge's loop; calls wait when it is full.
const EVENTS_MAX: usize = 4_096;

/// Ports that are tried before a leg gets none: others may hold some of the range.
const TRIES_MAX: usize = 64;

/// The media of all calls.
pub struct Switchboard {
    calls: BTreeMap<CallId, Line>,
    ports: Ports,
    taken: BTreeMap<(CallId, LegId), u16>,
    settings: media::Settings,
    events: mpsc::Sender<FromVoice>,
    counters: Arc<Counters>,
    certificate: Arc<Certificate>,
    tasks: TaskTracker,
    threads: Threads,
}

/// The way to a call's task.
struct Line {
    orders: mpsc::Sender<Order>,
    /// Where it works: its sockets are waited for there.
    thread: Handle,
}

impl Switchboard {
    /// A switchboard without calls, and what happens in their media. It starts its threads.
    pub fn start(
        configuration: &Configuration,
        counters: Arc<Counters>,
        certificate: Arc<Certificate>,
    ) -> io::Result<(Switchboard, mpsc::Receiver<FromVoice>)> {
        let (events, happened) = mpsc::channel(EVENTS_MAX);
        let mut settings = media::Settings::default();
        settings.silence.no_packets = configuration.media_silence;
        settings.silence.no_sound = configuration.no_sound;
        settings.measure_every = configuration.measure_every;
        let switchboard = Switchboard {
            calls: BTreeMap::new(),
            ports: Ports::new(configuration.rtp_ports, &configuration.listen),
            taken: BTreeMap::new(),
            settings,
            events,
            counters,
            certificate,
            tasks: TaskTracker::new(),
            threads: Threads::start()?,
        };
        Ok((switchboard, happened))
    }

    /// Opens a socket for a leg; its port. The first one starts the call's task.
    pub fn open(&mut self, call: CallId, leg: LegId, bind: IpAddr) -> Result<u16, String> {
        let thread = match self.calls.get(&call) {
            Some(line) => line.thread.clone(),
            None => self.threads.in_turn(),
        };
        let (port, socket) = {
            let _here = thread.enter();
            self.bind(bind)?
        };
        self.taken.insert((call, leg), port);
        if !self.calls.contains_key(&call) {
            let line = self.begin(call, thread);
            self.calls.insert(call, line);
        }
        if self.order(call, Order::Open { leg, socket }) {
            return Ok(port);
        }
        self.closed(call, leg);
        Err("the media of the call takes no orders".to_owned())
    }

    /// Lets a call's media connect to an agent; the connection is made where it will work. Whether the order was taken.
    pub fn connect(&mut self, call: CallId, order: impl FnOnce() -> Order) -> bool {
        let thread = match self.calls.get(&call) {
            Some(line) => line.thread.clone(),
            None => self.threads.in_turn(),
        };
        let order = {
            let _here = thread.enter();
            order()
        };
        if !self.calls.contains_key(&call) {
            let line = self.begin(call, thread);
            self.calls.insert(call, line);
        }
        self.order(call, order)
    }

    /// Gives an order to a call's media. What is measured of a leg whose media is gone comes back at once.
    pub fn tell(&mut self, to: ToVoice) -> Option<FromVoice> {
        let removed = match &to.input {
            media::Input::Remove { leg } => Some(LegId(leg.0)),
            _ => None,
        };
        let taken = self.order(to.call, Order::Media(to.input));
        let leg = removed.filter(|_| !taken)?;
        Some(FromVoice {
            call: to.call,
            leg,
            event: media::Event::Measured(Box::default()).into(),
        })
    }

    /// Lets a leg shake hands. One whose media is gone is over anyway.
    pub fn shake(&mut self, to: ToShake) {
        let ToShake { call, leg, terms } = to;
        self.order(call, Order::Handshake { leg, terms });
    }

    /// Records a leg. If the call's media is gone, the ticket tells that.
    pub fn record(&mut self, ticket: recorder::Ticket, to: ToVoice) {
        let input = to.input;
        self.order(to.call, Order::Record { ticket, input });
    }

    /// A leg's media is closed: its port is free.
    pub fn closed(&mut self, call: CallId, leg: LegId) {
        if let Some(port) = self.taken.remove(&(call, leg)) {
            self.ports.give_back(port);
        }
    }

    /// A call is over: its task ends.
    pub fn forget(&mut self, call: CallId) {
        self.calls.remove(&call);
    }

    /// Ends all tasks.
    pub async fn stop(self) {
        drop(self.calls);
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn bind(&mut self, bind: IpAddr) -> Result<(u16, UdpSocket), String> {
        let range = self.ports.range();
        let mut last_error = String::new();
        for _ in 0..TRIES_MAX.min(self.ports.free()) {
            let Some(port) = self.ports.take() else { break };
            match open(bind, port) {
                Ok(socket) => return Ok((port, socket)),
                Err(error) => {
                    // Somebody else's: it goes to the end of the queue.
                    last_error = format!(" ({}: {error})", SocketAddr::new(bind, port));
                    self.ports.give_back(port);
                }
            }
        }
        Err(format!(
            "no RTP port of {} to {} is free{last_error}",
            range.first, range.last
        ))
    }

    fn begin(&self, call: CallId, thread: Handle) -> Line {
        let (orders, given) = mpsc::channel(ORDERS_MAX);
        let (settings, events) = (self.settings, self.events.clone());
        let (counters, certificate) = (self.counters.clone(), self.certificate.clone());
        let media = CallMedia::new(call, settings, given, events, (counters, certificate));
        self.tasks.spawn_on(media.run(), &thread);
        Line { orders, thread }
    }

    /// Whether the call's task took the order.
    fn order(&mut self, call: CallId, order: Order) -> bool {
        let Some(line) = self.calls.get(&call) else {
            return false;
        };
        if let Err(error) = line.orders.try_send(order) {
            tracing::warn!(%call, %error, "the media of a call takes no orders");
            self.calls.remove(&call);
            return false;
        }
        true
    }
}
