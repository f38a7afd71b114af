//! A DNS server of the proofs: it knows one service, with its servers in their order.

use std::net::{SocketAddr, UdpSocket};
use std::thread;

/// A running server; it ends with the test.
pub struct Names {
    /// Where it is asked.
    pub address: SocketAddr,
}

const A: u16 = 1;
const SRV: u16 = 33;

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
    let (name, kind, end) = question(query);
    let records: Vec<Vec<u8>> = match kind {
        SRV if name == service => (1_u16..)
            .zip(ports)
            .map(|(priority, port)| {
                let fields = [priority, 0, *port].map(u16::to_be_bytes);
                // The root's child `s`: every other name is at 127.0.0.1.
                [fields.as_flattened(), b"\x01s\x00"].concat()
            })
            .collect(),
        A if !name.starts_with('_') => vec![vec![127, 0, 0, 1]],
        _ => Vec::new(),
    };
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, 0x80, 0, 1, 0]);
    answer.push(u8::try_from(records.len()).expect("a few servers"));
    answer.extend([0, 0, 0, 0]);
    answer.extend(&query[12..end]);
    for record in records {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60]);
        let length = u16::try_from(record.len()).expect("a record is short");
        answer.extend(length.to_be_bytes());
        answer.extend(record);
    }
    answer
}

/// The name asked for in small letters, the type, and where the question ends.
fn question(query: &[u8]) -> (String, u16, usize) {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] > 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_ascii_lowercase());
        at = end;
    }
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    (labels.join("."), kind, at + 5)
}
