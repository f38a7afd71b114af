//! A DNS server that knows the platforms: where each is (A), and by which port it is called (SRV).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

const A: u16 = 1;
const SRV: u16 = 33;

/// What it knows: name and type, and the data of the one record.
#[derive(Default)]
pub struct Zone(BTreeMap<(String, u16), Vec<u8>>);

impl Zone {
    /// That a name is at an address.
    pub fn is_at(&mut self, name: &str, ip: Ipv4Addr) {
        self.0.insert((name.to_owned(), A), ip.octets().to_vec());
    }

    /// That a service is at a name and a port: `_sips._tcp.NAME`.
    pub fn is_served_by(&mut self, service: &str, name: &str, port: u16) {
        let mut data = vec![0, 0, 0, 0];
        data.extend(port.to_be_bytes());
        for label in name.split('.') {
            data.push(u8::try_from(label.len()).unwrap());
            data.extend(label.bytes());
        }
        data.push(0);
        self.0.insert((service.to_owned(), SRV), data);
    }

    /// Serves until the test is over; where.
    pub fn serve(self) -> SocketAddr {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 1_024];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let answer = self.answer(&buffer[..length]);
                socket.send_to(&answer, from).unwrap();
            }
        });
        address
    }

    fn answer(&self, query: &[u8]) -> Vec<u8> {
        let (name, kind, end) = question(query);
        let is_known = self.0.keys().any(|(known, _)| *known == name);
        let data = self.0.get(&(name, kind));
        let mut answer = query[..2].to_vec();
        let code = if is_known { 0 } else { 3 };
        answer.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(data.is_some())]);
        answer.extend([0, 0, 0, 0]);
        answer.extend(&query[12..end]);
        if let Some(data) = data {
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 60]);
            answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            answer.extend(data);
        }
        answer
    }
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
