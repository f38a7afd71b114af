//! Which sockets of a media thread have something to read: an epoll of their own, inside that of the thread's runtime.
//!
//! One wake-up of the thread serves all sockets that are ready. Each is told again while more waits there, so it is read
//! once in its turn: nobody's flood keeps the others waiting, and no read finds nothing.

use std::io;
use std::mem::MaybeUninit;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use media::LegId;
use rustix::event::{Timespec, epoll};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Sockets that are told at once: a fraction of a millisecond until the thread looks at anything else.
const SOCKETS_MAX: usize = 64;

/// What is ready, drained by [`Readiness::take`].
#[derive(Debug)]
pub struct Readiness {
    epoll: AsyncFd<Arc<OwnedFd>>,
    ready: Vec<u64>,
}

/// Where the sockets of a call are watched. One that is closed is forgotten by itself.
#[derive(Clone, Debug)]
pub struct Watch {
    epoll: Arc<OwnedFd>,
    call: u32,
}

/// What can be read, and of which leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readable {
    /// RTP.
    Packets(LegId),
    /// RTCP.
    Reports(LegId),
}

impl Readiness {
    /// In the context of the thread's runtime.
    #[expect(
        deprecated,
        reason = "the way around it is unsafe; what it warns of is a descriptor that is closed too early, and this one is owned"
    )]
    pub fn new() -> io::Result<Readiness> {
        let epoll = Arc::new(epoll::create(epoll::CreateFlags::CLOEXEC)?);
        Ok(Readiness {
            epoll: AsyncFd::with_interest(epoll, Interest::READABLE)?,
            ready: Vec::with_capacity(SOCKETS_MAX),
        })
    }

    /// For the sockets of the call with that number in its thread.
    pub fn watch(&self, call: u32) -> Watch {
        let epoll = self.epoll.get_ref().clone();
        Watch { epoll, call }
    }

    /// Until a socket is ready.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(Ok(mut guard)) = self.epoll.poll_read_ready(context) {
            let mut room = [MaybeUninit::uninit(); SOCKETS_MAX];
            let told = epoll::wait(guard.get_inner(), &mut room, Some(&AT_ONCE));
            let told = told.map_or(&[][..], |(told, _)| told);
            self.ready.extend(told.iter().map(|event| {
                let token = event.data;
                token.u64()
            }));
            if !self.ready.is_empty() {
                return Poll::Ready(());
            }
            guard.clear_ready();
        }
        Poll::Pending
    }

    /// The next that is ready: the number of its call, and what can be read. It may be gone meanwhile.
    pub fn take(&mut self) -> Option<(u32, Readable)> {
        let token = self.ready.pop()?;
        let [call @ .., _, _, high, low] = token.to_be_bytes();
        let leg = LegId(u16::from_be_bytes([high, low]));
        let readable = match token & REPORTS {
            0 => Readable::Packets(leg),
            _ => Readable::Reports(leg),
        };
        Some((u32::from_be_bytes(call), readable))
    }
}

impl Watch {
    /// Watches a socket.
    pub fn add(&self, socket: &UdpSocket, readable: Readable) -> io::Result<()> {
        let (leg, reports) = match readable {
            Readable::Packets(leg) => (leg, 0),
            Readable::Reports(leg) => (leg, REPORTS),
        };
        let token = u64::from(self.call) << 32 | reports | u64::from(leg.0);
        let token = epoll::EventData::new_u64(token);
        Ok(epoll::add(
            &self.epoll,
            socket,
            token,
            epoll::EventFlags::IN,
        )?)
    }
}

/// A socket is told by a number: its call's, this if it is one of RTCP, and its leg's.
const REPORTS: u64 = 1 << 16;

const AT_ONCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[tokio::test]
    async fn a_socket_with_much_to_read_is_told_once_in_its_turn() {
        let mut readiness = Readiness::new().unwrap();
        let watch = readiness.watch(7);
        let [flooded, quiet, peer] = [0; 3].map(|_: u16| UdpSocket::bind("127.0.0.1:0").unwrap());
        watch.add(&flooded, Readable::Packets(LegId(0))).unwrap();
        watch.add(&quiet, Readable::Reports(LegId(0xffff))).unwrap();
        for to in [&flooded, &flooded, &quiet] {
            peer.send_to(b"once", to.local_addr().unwrap()).unwrap();
        }
        let mut told = Vec::new();
        loop {
            // The runtime has to look before there is something to take.
            tokio::task::yield_now().await;
            let mut context = Context::from_waker(Waker::noop());
            if readiness.poll(&mut context).is_pending() {
                if told.is_empty() {
                    continue;
                }
                break;
            }
            let mut round: Vec<_> = std::iter::from_fn(|| readiness.take()).collect();
            for (_, readable) in &round {
                let socket = match readable {
                    Readable::Packets(_) => &flooded,
                    Readable::Reports(_) => &quiet,
                };
                socket.recv(&mut [0; 16]).unwrap();
            }
            round.sort_by_key(|(_, readable)| matches!(readable, Readable::Reports(_)));
            told.push(round);
        }
        let packets = (7, Readable::Packets(LegId(0)));
        let reports = (7, Readable::Reports(LegId(0xffff)));
        assert_eq!(told, [vec![packets, reports], vec![packets]]);
    }
}
