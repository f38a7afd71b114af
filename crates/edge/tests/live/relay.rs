//! A network that loses, delays and reorders datagrams, each by a dice of its own seed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Datagrams of a hundred that are lost, each way.
const LOST_PERCENT: u64 = 10;

/// The longest that a datagram takes, in milliseconds; the shortest is 0, so datagrams overtake each other.
const DELAY_MAX_MS: u64 = 60;

/// A way between one peer and the edge.
pub struct Relay {
    /// Where the peer sends to.
    pub address: SocketAddr,
    /// Where the edge sends to.
    pub outside: SocketAddr,
    tasks: [JoinHandle<()>; 2],
}

impl Relay {
    /// A way of that peer to the edge, which sees it at `ip`. `lost` counts what is lost.
    pub async fn start(
        (ip, peer): (IpAddr, SocketAddr),
        edge: SocketAddr,
        seed: u64,
        lost: &Arc<AtomicU64>,
    ) -> Relay {
        let inside = Arc::new(UdpSocket::bind((ip, 0)).await.unwrap());
        let outside = Arc::new(UdpSocket::bind((ip, 0)).await.unwrap());
        let address = inside.local_addr().unwrap();
        let outside_address = outside.local_addr().unwrap();
        let dice = Dice(seed);
        let (from, to) = (inside.clone(), outside.clone());
        let (lost_up, lost_down) = (lost.clone(), lost.clone());
        let up = tokio::spawn(async move {
            let mut dice = Dice(dice.0 ^ 0x5555);
            loop {
                let (bytes, _) = receive(&from).await;
                pass(&mut dice, &to, bytes, edge, &lost_up);
            }
        });
        let down = tokio::spawn(async move {
            let mut dice = dice;
            loop {
                let (bytes, _) = receive(&outside).await;
                pass(&mut dice, &inside, bytes, peer, &lost_down);
            }
        });
        let tasks = [up, down];
        Relay {
            address,
            outside: outside_address,
            tasks,
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 4_096];
    let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
    (buffer[..length].to_vec(), from)
}

fn pass(
    dice: &mut Dice,
    socket: &Arc<UdpSocket>,
    bytes: Vec<u8>,
    to: SocketAddr,
    lost: &AtomicU64,
) {
    if dice.below(100) < LOST_PERCENT {
        lost.fetch_add(1, Ordering::Relaxed);
        return;
    }
    let delay = Duration::from_millis(dice.below(DELAY_MAX_MS));
    let socket = socket.clone();
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        let _ = socket.send_to(&bytes, to).await;
    });
}

/// Chance that follows from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
