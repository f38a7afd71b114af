//! The threads that media works on. A call's media stays on one of them, so no packet wakes another thread: where threads
//! shared their work a packet cost an eighth more. (Setting a call up costs some 50 µs more so, as much as ten packets.)

use std::io;
use std::num::NonZero;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The threads. They end when this is dropped, whatever still works on them.
pub struct Threads {
    handles: Vec<Handle>,
    next: usize,
    _running: DropGuard,
}

impl Threads {
    /// As many as the machine has cores.
    pub fn start() -> io::Result<Threads> {
        let running = CancellationToken::new();
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        let handles = (0..count).map(|_| start(running.clone()));
        Ok(Threads {
            handles: handles.collect::<io::Result<_>>()?,
            next: 0,
            _running: running.drop_guard(),
        })
    }

    /// The next one, in turn: what is spawned on it and what is opened in its context stays there.
    pub fn in_turn(&mut self) -> Handle {
        self.next = (self.next + 1) % self.handles.len();
        self.handles[self.next].clone()
    }
}

fn start(running: CancellationToken) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("media".to_owned())
        .spawn(move || runtime.block_on(running.cancelled()))?;
    Ok(handle)
}
