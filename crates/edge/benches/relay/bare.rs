//! The limit: loops that do nothing but receive and send.

use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::num::NonZero;
use std::os::fd::AsRawFd;
use std::thread;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg,
};

/// Sockets that are looked at in one round.
const EVENTS: usize = 256;

/// Datagrams of one socket that are taken at once.
const BATCH: usize = 8;

/// Two sockets a call, the ones of a call side by side.
fn sockets(calls: usize) -> (Vec<UdpSocket>, Epoll) {
    let epoll = Epoll::new(EpollCreateFlags::empty()).expect("epoll");
    let open = |number: usize| {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_nonblocking(true).expect("it can");
        let event = EpollEvent::new(EpollFlags::EPOLLIN, number.try_into().expect("it fits"));
        epoll.add(&socket, event).expect("it can");
        socket
    };
    let sockets: Vec<UdpSocket> = (0..calls * 2).map(open).collect();
    let ports: Vec<u16> = sockets
        .iter()
        .map(|socket| socket.local_addr().unwrap().port())
        .collect();
    ports.chunks(2).for_each(say);
    (sockets, epoll)
}

/// Says the ports of a call.
#[expect(clippy::print_stdout, reason = "the generator reads it")]
pub fn say(ports: &[u16]) {
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    println!("{}", ports.join(" "));
}

fn ready(epoll: &Epoll, events: &mut [EpollEvent]) -> Vec<usize> {
    let count = epoll.wait(events, EpollTimeout::NONE).expect("it waits");
    let number = |event: &EpollEvent| usize::try_from(event.data()).expect("it fits");
    events[..count].iter().map(number).collect()
}

/// As many loops as the machine has cores, each with calls of its own.
pub fn in_threads(calls: usize, phones: [SocketAddr; 2]) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let loops = (0..threads).map(|number| {
        let calls = calls / threads + usize::from(number < calls % threads);
        thread::spawn(move || one_by_one(calls, phones))
    });
    for ended in loops.collect::<Vec<_>>() {
        let _ = ended.join();
    }
}

/// A `recvfrom` and a `sendto` for each packet.
pub fn one_by_one(calls: usize, phones: [SocketAddr; 2]) {
    let (sockets, epoll) = sockets(calls);
    let mut events = [EpollEvent::empty(); EVENTS];
    let mut buffer = [0; 2_048];
    loop {
        for number in ready(&epoll, &mut events) {
            // Level-triggered: what is left is told again.
            if let Ok((length, _)) = sockets[number].recv_from(&mut buffer) {
                let _ = sockets[number ^ 1].send_to(&buffer[..length], phones[1 - number % 2]);
            }
        }
    }
}

/// A `recvmmsg` and a `sendmmsg` for what a socket has.
pub fn in_batches(calls: usize, phones: [SocketAddr; 2]) {
    let (sockets, epoll) = sockets(calls);
    let to = phones.map(|at| vec![Some(SockaddrStorage::from(at)); BATCH]);
    let mut events = [EpollEvent::empty(); EVENTS];
    let mut came = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
    let mut goes = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
    let mut buffers = vec![[0; 2_048]; BATCH];
    let none: [ControlMessage<'_>; 0] = [];
    loop {
        for number in ready(&epoll, &mut events) {
            let mut lengths = [0; BATCH];
            let mut count = 0;
            {
                let mut room: Vec<[IoSliceMut<'_>; 1]> = buffers
                    .iter_mut()
                    .map(|buffer| [IoSliceMut::new(buffer)])
                    .collect();
                let socket = sockets[number].as_raw_fd();
                let flags = MsgFlags::MSG_DONTWAIT;
                if let Ok(messages) = recvmmsg(socket, &mut came, room.iter_mut(), flags, None) {
                    for message in messages {
                        lengths[count] = message.bytes;
                        count += 1;
                    }
                }
            }
            let slices: Vec<[IoSlice<'_>; 1]> = buffers[..count]
                .iter()
                .zip(lengths)
                .map(|(buffer, length)| [IoSlice::new(&buffer[..length])])
                .collect();
            let socket = sockets[number ^ 1].as_raw_fd();
            let addresses = &to[1 - number % 2][..count];
            let flags = MsgFlags::MSG_DONTWAIT;
            let _ = sendmmsg(socket, &mut goes, slices.iter(), addresses, none, flags);
        }
    }
}
