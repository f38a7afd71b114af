//! The media of all calls: who has which port, and which thread each call's media works on.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use schemas::observation::MediaContinued;
use schemas::{CallId, LegId};
use tokio::sync::mpsc;

use crate::call_media::Order;
use crate::clock::moment;
use crate::configuration::Configuration;
use crate::counters::Counters;
use crate::dtls::Certificate;
use crate::media_thread::Common;
use crate::ports::Ports;
use crate::quarantine::Quarantine;
use crate::recorder;
use crate::sockets::open;
use crate::threads::Threads;
use crate::voice::{FromVoice, ToShake, ToVoice};

/// Media events that wait for the edge's loop; threads keep the rest.
const EVENTS_MAX: usize = 4_096;

/// Ports that are tried before a leg gets none: others may hold some of the range.
const TRIES_MAX: usize = 64;

/// The media of all calls.
pub struct Switchboard {
    /// The thread of each call.
    calls: BTreeMap<CallId, usize>,
    ports: Ports,
    taken: BTreeMap<(CallId, LegId), SocketAddr>,
    /// Ports of legs that are over.
    quarantine: Quarantine,
    threads: Threads,
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
            quarantine: Quarantine::default(),
            threads: Threads::start(&Common {
                settings,
                counters,
                certificate,
                events,
            })?,
        };
        Ok((switchboard, happened))
    }

    /// Opens a socket for a leg; its port. The first one begins the call's media.
    pub fn open(&mut self, call: CallId, leg: LegId, bind: IpAddr) -> Result<u16, String> {
        let (port, socket) = self.bind(bind)?;
        self.taken.insert((call, leg), SocketAddr::new(bind, port));
        self.thread(call);
        if self.order(call, Order::Open { leg, socket }) {
            return Ok(port);
        }
        self.closed(call, leg);
        Err("the media of the call takes no orders".to_owned())
    }

    /// Lets a call's media connect to an agent; the connection is made where it will work. Whether the order was taken.
    pub fn connect(&mut self, call: CallId, order: impl FnOnce() -> Order) -> bool {
        let thread = self.thread(call);
        let order = {
            let _here = self.threads.runtime(thread).enter();
            order()
        };
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
        Some(FromVoice::of_nothing(to.call, leg))
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

    /// A leg's media is closed: its port is free when nobody can take what comes there for another call's.
    pub fn closed(&mut self, call: CallId, leg: LegId) {
        if let Some(bound) = self.taken.remove(&(call, leg)) {
            self.quarantine.add((call, leg), bound, moment().now);
        }
    }

    /// When [`Switchboard::wake`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.quarantine.deadline()
    }

    /// Frees the ports whose time is over; what came to them behind the end.
    pub fn wake(&mut self, now: Instant) -> Vec<MediaContinued> {
        let freed = self.quarantine.wake(now).into_iter();
        let continued = freed.filter_map(|(port, continued)| {
            self.ports.give_back(port);
            continued
        });
        continued.collect()
    }

    /// A call is over: so is its media.
    pub fn forget(&mut self, call: CallId) {
        self.order(call, Order::Over);
        self.calls.remove(&call);
    }

    /// Ends all media.
    pub async fn stop(self) {
        self.threads.stop().await;
    }

    fn bind(&mut self, bind: IpAddr) -> Result<(u16, UdpSocket), String> {
        let range = self.ports.range();
        let mut last_error = String::new();
        for _ in 0..TRIES_MAX.min(self.ports.free() + self.quarantine.len()) {
            let free = self.ports.take().or_else(|| self.quarantine.release());
            let Some(port) = free else { break };
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

    fn thread(&mut self, call: CallId) -> usize {
        let threads = &mut self.threads;
        *self.calls.entry(call).or_insert_with(|| threads.in_turn())
    }

    /// Whether the call's thread took the order.
    fn order(&mut self, call: CallId, order: Order) -> bool {
        let Some(thread) = self.calls.get(&call) else {
            return false;
        };
        if let Err(error) = self.threads.order(*thread, call, order) {
            tracing::warn!(%call, %error, "the media of a call takes no orders");
            self.calls.remove(&call);
            return false;
        }
        true
    }
}
