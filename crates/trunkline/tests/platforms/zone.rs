//! A DNS server that knows the platforms: where each is (A), and by which port it is called (SRV).

#[path = "../../../../tests/src/dns.rs"]
mod dns;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// What it knows: name and type, and the data of the one record.
#[derive(Default)]
pub struct Zone(BTreeMap<(String, u16), Vec<u8>>);

impl Zone {
    /// That a name is at an address.
    pub fn is_at(&mut self, name: &str, ip: Ipv4Addr) {
        self.0
            .insert((name.to_owned(), dns::A), ip.octets().to_vec());
    }

    /// That a service is at a name and a port: `_sips._tcp.NAME`.
    pub fn is_served_by(&mut self, service: &str, name: &str, port: u16) {
        let data = dns::srv(0, 0, port, name);
        self.0.insert((service.to_owned(), dns::SRV), data);
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
        let asked = dns::question(query);
        let is_known = self.0.keys().any(|(known, _)| *known == asked.name);
        let data = self.0.get(&(asked.name.clone(), asked.kind));
        let records: Vec<_> = data.into_iter().cloned().collect();
        dns::answer(query, &asked, is_known, &records)
    }
}
