//! A thread that media works on, with the calls that are its own: a loop that waits for orders, for time, for agents behind
//! a WebSocket, and for packets, and lets the call work that it is about.
//!
//! A call stays on its thread, so no packet wakes another one: where threads shared their work a packet cost an eighth more.
//! A call whose media panics is lost, and no other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use schemas::{CallId, LegId};
use tokio::sync::mpsc;
use tokio::time::Sleep;
use tokio_util::sync::PollSender;

use crate::call_media::{Buffer, CallMedia, Counted, Order};
use crate::clock::now;
use crate::counters::Counters;
use crate::dtls::Certificate;
use crate::readiness::Readiness;
use crate::voice::FromVoice;

/// Rounds of packets until the runtime is asked what else there is: a few milliseconds of work.
const ROUNDS_MAX: u32 = 8;

/// What is the same for the calls of every thread.
#[derive(Clone, Debug)]
pub struct Common {
    /// The bounds of media.
    pub settings: media::Settings,
    /// Numbers for operators.
    pub counters: Arc<Counters>,
    /// What handshakes are made with.
    pub certificate: Arc<Certificate>,
    /// The way to the edge's loop.
    pub events: mpsc::Sender<FromVoice>,
}

/// The thread's loop.
pub struct MediaThread {
    common: Common,
    orders: mpsc::Receiver<(CallId, Order)>,
    events: PollSender<FromVoice>,
    /// What the edge's loop has no room for yet. A leg tells a bounded number of things, so this is bounded as well.
    told: VecDeque<FromVoice>,
    readiness: Readiness,
    /// The numbers of calls one of whose agents wants to be looked at.
    bells: (mpsc::UnboundedSender<u32>, mpsc::UnboundedReceiver<u32>),
    /// Whether agents are looked at before sockets: neither waits for the other's flood.
    turn: bool,
    numbers: BTreeMap<CallId, u32>,
    /// The calls, by their numbers. Those that are free may be given again: who still has one finds nothing to do.
    calls: Vec<Option<Box<Seat>>>,
    free: Vec<u32>,
    due: BTreeSet<(Instant, u32)>,
    buffer: Box<Buffer>,
}

/// A call in its thread.
struct Seat {
    call: CallId,
    media: CallMedia,
    /// When it is looked at, at the latest; it may have nothing to do then, as most deadlines are put off packet by packet.
    due: Option<Instant>,
    bell: Arc<Bell>,
}

/// Says which call an agent belongs to that wants to be looked at. It is in the queue once.
struct Bell {
    call: u32,
    is_rung: AtomicBool,
    queue: mpsc::UnboundedSender<u32>,
}

/// Why the thread woke up.
enum Woken {
    Order(CallId, Order),
    Due,
    Bell(u32),
    Packets,
    Over,
}

impl MediaThread {
    /// In the context of the thread's runtime.
    pub fn new(common: Common, orders: mpsc::Receiver<(CallId, Order)>) -> io::Result<MediaThread> {
        Ok(MediaThread {
            events: PollSender::new(common.events.clone()),
            common,
            orders,
            told: VecDeque::new(),
            readiness: Readiness::new()?,
            bells: mpsc::unbounded_channel(),
            turn: false,
            numbers: BTreeMap::new(),
            calls: Vec::new(),
            free: Vec::new(),
            due: BTreeSet::new(),
            buffer: Box::new([0; size_of::<Buffer>()]),
        })
    }

    /// Works until nobody gives orders any more.
    pub async fn run(mut self) {
        let mut timer = pin!(tokio::time::sleep_until(now().into()));
        let mut armed = None;
        let mut rounds = 0_u32;
        loop {
            let next = self.due.first().map(|(at, _)| *at);
            if next != armed {
                armed = next;
                if let Some(at) = next {
                    timer.as_mut().reset(at.into());
                }
            }
            let woken = poll_fn(|context| {
                let timer = armed.map(|_| timer.as_mut());
                self.poll(timer, context)
            });
            match woken.await {
                Woken::Order(call, order) => self.carry_out(call, order),
                Woken::Due => {
                    armed = None;
                    self.wake_those_due();
                }
                Woken::Bell(call) => self.answer_bell(call),
                Woken::Packets => {
                    self.read_packets();
                    rounds += 1;
                    if rounds.is_multiple_of(ROUNDS_MAX) {
                        tokio::task::yield_now().await;
                    }
                }
                Woken::Over => return,
            }
        }
    }

    fn poll(&mut self, timer: Option<Pin<&mut Sleep>>, context: &mut Context<'_>) -> Poll<Woken> {
        while !self.told.is_empty() {
            match self.events.poll_reserve(context) {
                Poll::Ready(Ok(())) => {}
                // The edge is gone: so are the calls.
                Poll::Ready(Err(_)) => return Poll::Ready(Woken::Over),
                Poll::Pending => break,
            }
            if let Some(told) = self.told.pop_front() {
                let _ = self.events.send_item(told);
            }
        }
        match self.orders.poll_recv(context) {
            Poll::Ready(Some((call, order))) => return Poll::Ready(Woken::Order(call, order)),
            Poll::Ready(None) => return Poll::Ready(Woken::Over),
            Poll::Pending => {}
        }
        if timer.is_some_and(|timer| timer.poll(context).is_ready()) {
            return Poll::Ready(Woken::Due);
        }
        self.turn = !self.turn;
        if self.turn
            && let Poll::Ready(()) = self.readiness.poll(context)
        {
            return Poll::Ready(Woken::Packets);
        }
        if let Poll::Ready(Some(call)) = self.bells.1.poll_recv(context) {
            return Poll::Ready(Woken::Bell(call));
        }
        self.readiness.poll(context).map(|()| Woken::Packets)
    }

    fn carry_out(&mut self, call: CallId, order: Order) {
        let known = self.numbers.get(&call).copied();
        let number = match (&order, known) {
            (Order::Over, Some(number)) => return self.let_go(number),
            (_, Some(number)) => number,
            // The first leg begins the media of a call.
            (Order::Open { .. } | Order::Connect { .. }, None) => self.seat(call),
            (Order::Media(media::Input::Remove { leg }), None) => {
                return self
                    .told
                    .push_back(FromVoice::of_nothing(call, LegId(leg.0)));
            }
            (_, None) => return,
        };
        self.work(number, |media, buffer| media.carry_out(order, buffer));
    }

    fn wake_those_due(&mut self) {
        let now = now();
        for _ in 0..self.due.len() {
            let Some((at, number)) = self.due.first().copied().filter(|(at, _)| *at <= now) else {
                return;
            };
            self.due.remove(&(at, number));
            if let Some(seat) = self.seated(number) {
                seat.due = None;
            }
            self.work(number, |media, _| {
                if media.deadline().is_some_and(|at| at <= now) {
                    media.wake();
                }
            });
        }
    }

    fn answer_bell(&mut self, number: u32) {
        if let Some(seat) = self.seated(number) {
            seat.bell.is_rung.store(false, Ordering::Release);
        }
        self.work(number, |_, _| {});
    }

    fn read_packets(&mut self) {
        while let Some((number, readable)) = self.readiness.take() {
            self.work(number, |media, buffer| media.read(readable, buffer));
        }
    }

    /// Lets a call work, and looks at what came of it.
    fn work(&mut self, number: u32, work: impl FnOnce(&mut CallMedia, &mut Buffer)) {
        let MediaThread { calls, buffer, .. } = self;
        let Some(Some(seat)) = calls.get_mut(index(number)) else {
            return;
        };
        let media = &mut seat.media;
        let worked = catch_unwind(AssertUnwindSafe(|| {
            work(media, buffer);
            if media.has_lines() {
                media.look_at_lines();
            }
            media.deadline()
        }));
        let Ok(deadline) = worked else {
            tracing::error!(call = %seat.call, "the media of a call broke down");
            return self.let_go(number);
        };
        self.told.extend(media.told.drain(..));
        let Counted { received, sent } = std::mem::take(&mut media.counted);
        if received > 0 {
            self.common.counters.rtp_received.more(received);
        }
        if sent > 0 {
            self.common.counters.rtp_sent.more(sent);
        }
        if let Some(at) = deadline.filter(|at| seat.due.is_none_or(|due| *at < due)) {
            if let Some(later) = seat.due.replace(at) {
                self.due.remove(&(later, number));
            }
            self.due.insert((at, number));
        }
    }

    fn seat(&mut self, call: CallId) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.calls.push(None);
            u32::try_from(self.calls.len() - 1).expect("there are fewer calls than ports")
        });
        let bell = Arc::new(Bell {
            call: number,
            is_rung: AtomicBool::new(false),
            queue: self.bells.0.clone(),
        });
        let media = CallMedia::new(
            call,
            self.common.settings,
            self.common.certificate.clone(),
            self.readiness.watch(number),
            Waker::from(bell.clone()),
        );
        let due = None;
        self.calls[index(number)] = Some(Box::new(Seat {
            call,
            media,
            due,
            bell,
        }));
        self.numbers.insert(call, number);
        number
    }

    fn let_go(&mut self, number: u32) {
        let Some(seat) = self.calls.get_mut(index(number)).and_then(Option::take) else {
            return;
        };
        if let Some(at) = seat.due {
            self.due.remove(&(at, number));
        }
        self.numbers.remove(&seat.call);
        self.free.push(number);
    }

    fn seated(&mut self, number: u32) -> Option<&mut Seat> {
        self.calls.get_mut(index(number))?.as_deref_mut()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_rung.swap(true, Ordering::AcqRel) {
            // If the thread is gone, nobody looks at agents.
            let _ = self.queue.send(self.call);
        }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("a number of calls is an index")
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    const ONE: CallId = CallId([1; 16]);
    const OTHER: CallId = CallId([2; 16]);
    const LEG: LegId = LegId(3);

    fn thread() -> (MediaThread, mpsc::Receiver<FromVoice>) {
        let (events, happened) = mpsc::channel(1);
        let common = Common {
            settings: media::Settings::default(),
            counters: Arc::default(),
            certificate: Arc::new(Certificate::generate().unwrap()),
            events,
        };
        let (_, orders) = mpsc::channel(1);
        (MediaThread::new(common, orders).unwrap(), happened)
    }

    fn open(thread: &mut MediaThread, call: CallId) -> u32 {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        thread.carry_out(call, Order::Open { leg: LEG, socket });
        thread.numbers[&call]
    }

    fn remove(thread: &mut MediaThread, call: CallId) -> Option<FromVoice> {
        let leg = media::LegId(LEG.0);
        thread.carry_out(call, Order::Media(media::Input::Remove { leg }));
        thread.told.pop_front()
    }

    #[tokio::test]
    async fn a_call_whose_media_panics_is_lost_and_no_other() {
        let (mut thread, _happened) = thread();
        let [one, other] = [ONE, OTHER].map(|call| open(&mut thread, call));
        thread.work(one, |_, _| panic!("a bug of ours"));
        assert!(thread.seated(one).is_none() && thread.seated(other).is_some());
        let told = [ONE, OTHER].map(|call| remove(&mut thread, call).unwrap());
        assert_eq!(told[0], FromVoice::of_nothing(ONE, LEG));
        assert!(told[1].is_last() && told[1].call == OTHER);
        // What it left behind is taken again.
        assert_eq!(open(&mut thread, ONE), one);
        assert_ne!(
            remove(&mut thread, ONE).unwrap(),
            FromVoice::of_nothing(ONE, LEG)
        );
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_call_that_is_over() {
        let (mut thread, _happened) = thread();
        let one = open(&mut thread, ONE);
        let timed = media::LegId(LEG.0);
        let hears = media::Hears::Agent(media::Agent::Hold);
        let negotiated = media::Negotiated::new("127.0.0.1:9".parse().unwrap(), media::Codec::Pcmu);
        let update = media::Input::Update {
            leg: timed,
            negotiated,
        };
        thread.carry_out(ONE, Order::Media(update));
        let connect = media::Input::Connect { leg: timed, hears };
        thread.carry_out(ONE, Order::Media(connect));
        assert_eq!(thread.due.len(), 1);
        thread.carry_out(ONE, Order::Over);
        assert!(thread.due.is_empty() && thread.numbers.is_empty());
        assert!(thread.seated(one).is_none());
    }

    #[tokio::test]
    async fn what_the_edge_has_no_room_for_is_kept_in_order() {
        let (mut thread, mut happened) = thread();
        for leg in 0..3 {
            thread
                .told
                .push_back(FromVoice::of_nothing(ONE, LegId(leg)));
        }
        for leg in 0..3 {
            let mut context = Context::from_waker(Waker::noop());
            let _ = thread.poll(None, &mut context);
            let told = happened.try_recv().unwrap();
            assert_eq!(told, FromVoice::of_nothing(ONE, LegId(leg)));
        }
    }

    #[tokio::test]
    async fn an_agent_that_rings_twice_is_looked_at_once() {
        let (mut thread, _happened) = thread();
        let one = open(&mut thread, ONE);
        let bell = thread.seated(one).unwrap().bell.clone();
        Waker::from(bell.clone()).wake();
        Waker::from(bell.clone()).wake();
        assert_eq!(thread.bells.1.try_recv(), Ok(one));
        assert!(thread.bells.1.try_recv().is_err());
        thread.answer_bell(one);
        Waker::from(bell).wake();
        assert_eq!(thread.bells.1.try_recv(), Ok(one));
    }
}
