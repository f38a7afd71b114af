//! The generator: two sockets that stand for all phones, one for each side, and send what as many calls would.

use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use media::srtp::ROOM_BYTES;
use media::{Codec, Input, LegId, Negotiated, Suite};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg, setsockopt,
    sockopt,
};

use crate::Relay;
use crate::switch::keys;
use crate::voice::payloads;

/// Packets are sent in as many portions of 20 ms as a network would spread them over.
const SLOTS: u32 = 20;
const SLOT: Duration = Duration::from_millis(1);
const BATCH: usize = 64;
/// Octets of an RTP header, and of 20 ms of G.711.
const HEADER: usize = 12;
const FRAME: usize = 160;

/// Both sides of all calls.
pub struct Phones {
    sides: [UdpSocket; 2],
    legs: Vec<Leg>,
    /// Portions of a round, in each of which every leg sends a packet.
    slots: u32,
    slot: u32,
}

struct Leg {
    number: u32,
    side: usize,
    to: SocketAddr,
    sequence: u16,
    /// Of its clock, in 20 ms.
    ticks: u32,
    packet: Vec<u8>,
    /// What it says, packet by packet; without, the time at which it says it.
    says: Option<Rc<[Vec<u8>]>>,
    /// What makes SRTP of it.
    secure: Option<Box<media::Call>>,
    protected: Vec<u8>,
}

impl Leg {
    fn speak(&mut self, sent_at: u32) {
        self.sequence = self.sequence.wrapping_add(1);
        let timestamp = u32::from(self.sequence) * self.ticks;
        self.packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        self.packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
        match &self.says {
            Some(says) => {
                self.packet.truncate(HEADER);
                let next = usize::from(self.sequence) % says.len();
                self.packet.extend_from_slice(&says[next]);
            }
            None => self.packet[HEADER..][..4].copy_from_slice(&sent_at.to_be_bytes()),
        }
        self.protect();
    }

    fn protect(&mut self) {
        self.protected.clear();
        self.protected.extend_from_slice(&self.packet);
        let Some(call) = &mut self.secure else { return };
        let length = self.protected.len();
        self.protected.resize(length + ROOM_BYTES, 0);
        let datagram = media::Datagram {
            source: NOWHERE,
            buffer: &mut self.protected,
            length,
        };
        let sent = call.handle_packet(LegId(0), datagram, clock());
        let length = sent.map_or(0, |sent| sent.bytes.len());
        while call.poll().is_some() {}
        self.protected.truncate(length);
    }
}

/// A call that hears plain packets and sends SRTP.
fn secure(suite: Suite, seed: u32) -> media::Call {
    let now = clock();
    let mut call = media::Call::new(media::Settings::default(), seed.into());
    for number in [0, 1] {
        let leg = LegId(number);
        let mut negotiated = Negotiated::new(NOWHERE, Codec::Pcma);
        negotiated.security = (number == 1).then(|| keys(suite, [2, 1]));
        for input in [Input::Add { leg }, Input::Update { leg, negotiated }] {
            call.handle(input, now).expect("it is right");
        }
    }
    let (leg, with) = (LegId(0), LegId(1));
    call.handle(Input::Bridge { leg, with }, now)
        .expect("both are there");
    call
}

#[expect(clippy::disallowed_methods, reason = "phones have a clock")]
pub fn clock() -> Instant {
    Instant::now()
}

/// The time that stands in audio: that of this process.
pub fn now_us() -> u32 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let now = clock();
    let began = *BEGAN.get_or_init(|| now);
    let since = now.saturating_duration_since(began);
    u32::try_from(since.as_micros()).expect("less than an hour")
}

/// Where a packet comes from that was made here.
pub const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// What came back.
#[derive(Default)]
pub struct Heard {
    pub sent: u32,
    pub received: u32,
    delays_us: Vec<u32>,
}

impl Heard {
    pub fn came(&mut self, now_us: u32, sent_at: u32) {
        self.received += 1;
        self.delays_us.push(now_us.wrapping_sub(sent_at));
    }

    /// A percentile of the delays.
    pub fn delay_us(&self, percent: usize) -> u32 {
        let mut delays = self.delays_us.clone();
        delays.sort_unstable();
        let at = (delays.len() * percent / 100).min(delays.len().saturating_sub(1));
        delays.get(at).copied().unwrap_or(0)
    }
}

impl Phones {
    /// They send a packet every 20 ms, or so many times as slowly.
    pub fn new(slowness: u32) -> Phones {
        let open = |_| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
            socket.set_nonblocking(true).expect("it can");
            // As much as the system gives.
            let _ = setsockopt(&socket, sockopt::RcvBuf, &(8 << 20));
            socket
        };
        Phones {
            sides: [0, 1].map(open),
            legs: Vec::new(),
            slots: SLOTS * slowness,
            slot: 0,
        }
    }

    /// Where the two sides are.
    pub fn addresses(&self) -> [SocketAddr; 2] {
        [0, 1].map(|side| self.sides[side].local_addr().expect("it is bound"))
    }

    /// Takes the ports of the calls.
    pub fn call(&mut self, ports: &[Vec<u16>], relay: Relay) {
        let (codecs, suite) = match relay {
            Relay::Opus => ([Codec::Pcma, Codec::Opus], None),
            Relay::Agent => ([Codec::Pcmu; 2], None),
            Relay::Secured(suite) => ([Codec::Pcma; 2], Some(suite)),
            _ => ([Codec::Pcma; 2], None),
        };
        let says = codecs.map(|codec| (relay == Relay::Opus).then(|| payloads(codec).into()));
        for (number, of_call) in (0_u32..).zip(ports) {
            for (side, port) in of_call.iter().enumerate() {
                let mut packet = vec![0xd5; HEADER + FRAME];
                packet[0] = 0x80;
                packet[1] = Negotiated::new(NOWHERE, codecs[side]).payload_type;
                let ssrc = number * 2 + u32::try_from(side).expect("one of two");
                packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
                self.legs.push(Leg {
                    number,
                    side,
                    to: SocketAddr::from(([127, 0, 0, 1], *port)),
                    sequence: 0,
                    ticks: codecs[side].row().clock.0 / 50,
                    packet,
                    says: says[side].clone(),
                    secure: suite.map(|suite| Box::new(secure(suite, ssrc))),
                    protected: Vec::new(),
                });
            }
        }
    }

    /// Sends and hears for a while.
    pub fn talk(&mut self, time: Duration) -> Heard {
        let mut heard = Heard::default();
        let begin = clock();
        let mut due = begin;
        while begin.elapsed() < time {
            self.send(&mut heard);
            due += SLOT;
            self.hear_until(due, &mut heard);
        }
        // What is still under way.
        self.hear_until(clock() + 20 * SLOT, &mut heard);
        heard
    }

    fn send(&mut self, heard: &mut Heard) {
        let slot = self.slot;
        self.slot = (self.slot + 1) % self.slots;
        let (slots, sent_at) = (self.slots, now_us());
        let none: [ControlMessage<'_>; 0] = [];
        for side in [0, 1] {
            let mut due = Vec::new();
            for leg in self.legs.iter_mut().filter(|leg| leg.side == side) {
                if leg.number % slots == slot {
                    leg.speak(sent_at);
                    due.push(leg);
                }
            }
            let socket = self.sides[side].as_raw_fd();
            for portion in due.chunks(BATCH) {
                let mut headers = MultiHeaders::preallocate(BATCH, None);
                let slices: Vec<_> = portion
                    .iter()
                    .map(|leg| [IoSlice::new(&leg.protected)])
                    .collect();
                let addresses: Vec<_> = portion
                    .iter()
                    .map(|leg| Some(SockaddrStorage::from(leg.to)))
                    .collect();
                let flags = MsgFlags::empty();
                let sent = sendmmsg(socket, &mut headers, slices.iter(), addresses, none, flags);
                let sent = sent.map_or(0, Iterator::count);
                heard.sent += u32::try_from(sent).expect("a batch");
            }
        }
    }

    fn hear_until(&self, due: Instant, heard: &mut Heard) {
        loop {
            let left = due.saturating_duration_since(clock());
            if left.is_zero() {
                return;
            }
            let mut ready = self
                .sides
                .each_ref()
                .map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN));
            let wait = PollTimeout::try_from(left.as_millis().max(1)).expect("a millisecond");
            let _ = poll(&mut ready, wait);
            for socket in &self.sides {
                drain(socket, heard);
            }
        }
    }
}

fn drain(socket: &UdpSocket, heard: &mut Heard) {
    let mut buffers = [[0; 512]; BATCH];
    loop {
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
        let mut lengths = Vec::with_capacity(BATCH);
        {
            let mut room: Vec<[IoSliceMut<'_>; 1]> = buffers
                .iter_mut()
                .map(|buffer| [IoSliceMut::new(buffer)])
                .collect();
            let flags = MsgFlags::MSG_DONTWAIT;
            let fd = socket.as_raw_fd();
            if let Ok(came) = recvmmsg(fd, &mut headers, room.iter_mut(), flags, None) {
                lengths.extend(came.map(|message| message.bytes));
            }
        }
        let now = now_us();
        for (buffer, _) in buffers.iter().zip(&lengths) {
            let sent_at = u32::from_be_bytes([buffer[12], buffer[13], buffer[14], buffer[15]]);
            heard.came(now, sent_at);
        }
        if lengths.len() < BATCH {
            return;
        }
    }
}
