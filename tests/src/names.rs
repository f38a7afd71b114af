//! A DNS server of the proofs: it knows one service, with its servers in their order.

use std::net::{SocketAddr, UdpSocket};
use std::thread;

use crate::dns;

/// A running server; it ends with the test.
pub struct Names {
    /// Where it is asked.
    pub address: SocketAddr,
}

impl Names {
    /// Serves `SERVICE` with a server at each of these ports of 127.0.0.1, the first to be tried first.
    pub fn serve(service: &str, ports: &[u16]) -> Names {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("there is a port");
        let address = socket.local_addr().expect("it is bound");
        let (service, ports) = (service.to_owned(), ports.to_vec());
        thread::spawn(move || {
            let mut buffer = [0; 1_024];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let answer = answer(&buffer[..length], &service, &ports);
                // Who asked may be gone.
                let _ = socket.send_to(&answer, from);
            }
        });
        Names { address }
    }
}

fn answer(query: &[u8], service: &str, ports: &[u16]) -> Vec<u8> {
    let asked = dns::question(query);
    let records: Vec<Vec<u8>> = match asked.kind {
        dns::SRV if asked.name == service => (1_u16..)
            .zip(ports)
            // Every name but the service's is at 127.0.0.1.
            .map(|(priority, port)| dns::srv(priority, 0, *port, "s"))
            .collect(),
        dns::A if !asked.name.starts_with('_') => vec![vec![127, 0, 0, 1]],
        _ => Vec::new(),
    };
    dns::answer(query, &asked, true, &records)
}
