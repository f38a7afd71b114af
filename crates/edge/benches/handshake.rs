//! What a DTLS handshake costs each side, both of which are ours here: `cargo bench -p trunkline-edge --bench handshake`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench measures time and prints it"
)]

use std::time::{Duration, Instant};

use sdp::{Handshake, Profile, Role};
use trunkline_edge::dtls::Certificate;
use trunkline_edge::dtls::association::Association;

const HANDSHAKES: u32 = 200;

fn main() {
    let (one, other) = (certificate(), certificate());
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..HANDSHAKES {
        let now = Instant::now();
        let mut client = timed(&mut ours, || {
            Association::new(&one, terms(Role::Client, &other), now)
        });
        let mut server = timed(&mut theirs, || {
            Association::new(&other, terms(Role::Server, &one), now)
        });
        loop {
            let up = timed(&mut ours, || client.poll_datagram());
            let down = timed(&mut theirs, || server.poll_datagram());
            if up.is_none() && down.is_none() {
                break;
            }
            if let Some(word) = up {
                timed(&mut theirs, || server.take(&word, now));
            }
            if let Some(word) = down {
                timed(&mut ours, || client.take(&word, now));
            }
        }
        let made = [client.poll_made(), server.poll_made()];
        assert!(
            made.iter()
                .flatten()
                .filter(|made| made.keys.is_some())
                .count()
                == 2
        );
    }
    let each = |sum: Duration| sum.as_secs_f64() * 1_000.0 / f64::from(HANDSHAKES);
    println!("handshake, as client: {:.3} ms of CPU", each(ours));
    println!("handshake, as server: {:.3} ms of CPU", each(theirs));
}

fn timed<T>(sum: &mut Duration, what: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = what();
    *sum += began.elapsed();
    done
}

fn certificate() -> Certificate {
    Certificate::generate().expect("a certificate")
}

fn terms(role: Role, peer: &Certificate) -> Handshake {
    Handshake {
        profile: Profile::TlsSavp,
        role,
        fingerprints: vec![peer.fingerprint().clone()],
        tls_id: None,
    }
}
