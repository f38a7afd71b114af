//! The threads that media works on: as many as the machine has cores, each with calls of its own.

use std::io;
use std::num::NonZero;
use std::thread;

use schemas::CallId;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};

use crate::call_media::Order;
use crate::media_thread::{Common, MediaThread};

/// Orders that wait for a thread: a handful for each call of some thousand that end at the same moment. One that is so far
/// behind is broken.
const ORDERS_MAX: usize = 1 << 16;

/// The threads. They end when nobody gives them orders any more.
pub struct Threads {
    threads: Vec<Thread>,
    next: usize,
}

/// The way to one.
struct Thread {
    orders: mpsc::Sender<(CallId, Order)>,
    runtime: Handle,
    ended: oneshot::Receiver<()>,
}

impl Threads {
    /// As many as the machine has cores.
    pub fn start(common: &Common) -> io::Result<Threads> {
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = (0..count).map(|_| start(common.clone()));
        Ok(Threads {
            threads: threads.collect::<io::Result<_>>()?,
            next: 0,
        })
    }

    /// The one for the next call, in turn; one that broke down gets no more.
    pub fn in_turn(&mut self) -> usize {
        for _ in 0..self.threads.len() {
            self.next = (self.next + 1) % self.threads.len();
            if !self.threads[self.next].orders.is_closed() {
                break;
            }
        }
        self.next
    }

    /// Its runtime: what a call's media waits for is made there.
    pub fn runtime(&self, thread: usize) -> &Handle {
        &self.threads[thread].runtime
    }

    /// Gives it an order. An error says why it was not taken.
    pub fn order(&self, thread: usize, call: CallId, order: Order) -> Result<(), String> {
        let taken = self.threads[thread].orders.try_send((call, order));
        taken.map_err(|error| error.to_string())
    }

    /// Ends them.
    pub async fn stop(self) {
        let ended = self.threads.into_iter().map(|thread| thread.ended);
        for ended in ended.collect::<Vec<_>>() {
            let _ = ended.await;
        }
    }
}

fn start(common: Common) -> io::Result<Thread> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let handle = runtime.handle().clone();
    let (orders, given) = mpsc::channel(ORDERS_MAX);
    let media = {
        let _here = handle.enter();
        MediaThread::new(common, given)?
    };
    let (alive, ended) = oneshot::channel();
    thread::Builder::new()
        .name("media".to_owned())
        .spawn(move || {
            runtime.block_on(media.run());
            drop::<oneshot::Sender<()>>(alive);
        })?;
    Ok(Thread {
        orders,
        runtime: handle,
        ended,
    })
}
