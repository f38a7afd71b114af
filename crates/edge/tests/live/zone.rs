//! A DNS server of the tests' own: it answers from a few lines, and knows nothing else.

#[path = "../../../../tests/src/dns.rs"]
mod dns;

use std::net::{IpAddr, SocketAddr};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// A running server.
pub struct Zone {
    /// Where it is asked.
    pub address: SocketAddr,
    running: JoinHandle<()>,
}

impl Drop for Zone {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Zone {
    /// Serves lines: `NAME naptr ORDER PREFERENCE SERVICE NAME`, `NAME srv PRIORITY WEIGHT PORT HOST`, `NAME a ADDRESS`.
    pub async fn serve(at: &str, lines: String) -> Zone {
        let socket = UdpSocket::bind((at, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let running = tokio::spawn(async move {
            let mut buffer = [0; 1_024];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let answer = answer(&buffer[..length], &lines);
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        Zone { address, running }
    }
}

/// The record type of RFC 3403.
const NAPTR: u16 = 35;

fn answer(query: &[u8], lines: &str) -> Vec<u8> {
    let asked = dns::question(query);
    let rows = lines
        .lines()
        .map(|row| row.split_whitespace().collect::<Vec<_>>())
        .filter(|row| row.first().is_some_and(|first| *first == asked.name));
    let rows: Vec<_> = rows.collect();
    let records: Vec<_> = rows
        .iter()
        .filter_map(|row| data(row, asked.kind))
        .collect();
    // A name that is in no line does not exist.
    dns::answer(query, &asked, !rows.is_empty(), &records)
}

fn data(row: &[&str], kind: u16) -> Option<Vec<u8>> {
    let number = |text: &str| text.parse::<u16>().unwrap();
    let mut data = Vec::new();
    match (kind, row[1]) {
        (dns::A, "a") => match row[2].parse().unwrap() {
            IpAddr::V4(ip) => data.extend(ip.octets()),
            IpAddr::V6(_) => return None,
        },
        (dns::SRV, "srv") => {
            let (priority, weight, port) = (number(row[2]), number(row[3]), number(row[4]));
            data.extend(dns::srv(priority, weight, port, row[5]));
        }
        (NAPTR, "naptr") => {
            data.extend(number(row[2]).to_be_bytes());
            data.extend(number(row[3]).to_be_bytes());
            for text in ["s", row[4], ""] {
                data.push(u8::try_from(text.len()).unwrap());
                data.extend(text.bytes());
            }
            data.extend(dns::name(row[5]));
        }
        _ => return None,
    }
    Some(data)
}
