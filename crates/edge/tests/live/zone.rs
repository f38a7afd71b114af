//! A DNS server of the tests' own: it answers from a few lines, and knows nothing else.

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

const A: u16 = 1;
const SRV: u16 = 33;
const NAPTR: u16 = 35;

fn answer(query: &[u8], lines: &str) -> Vec<u8> {
    let (name, kind, end) = question(query);
    let rows = lines
        .lines()
        .map(|row| row.split_whitespace().collect::<Vec<_>>())
        .filter(|row| row.first().is_some_and(|first| *first == name));
    let rows: Vec<_> = rows.collect();
    let records: Vec<_> = rows.iter().filter_map(|row| data(row, kind)).collect();
    let mut answer = query[..2].to_vec();
    // A name that is in no line does not exist.
    let code = if rows.is_empty() { 3 } else { 0 };
    answer.extend([0x81, 0x80 | code, 0, 1, 0]);
    answer.push(u8::try_from(records.len()).unwrap());
    answer.extend([0, 0, 0, 0]);
    answer.extend(&query[12..end]);
    for record in records {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60]);
        answer.extend(u16::try_from(record.len()).unwrap().to_be_bytes());
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
        let label = String::from_utf8_lossy(&query[at + 1..end]);
        labels.push(label.to_ascii_lowercase());
        at = end;
    }
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    (labels.join("."), kind, at + 5)
}

fn data(row: &[&str], kind: u16) -> Option<Vec<u8>> {
    let number = |text: &str| text.parse::<u16>().unwrap().to_be_bytes();
    let mut data = Vec::new();
    match (kind, row[1]) {
        (A, "a") => match row[2].parse().unwrap() {
            IpAddr::V4(ip) => data.extend(ip.octets()),
            IpAddr::V6(_) => return None,
        },
        (SRV, "srv") => {
            for field in &row[2..5] {
                data.extend(number(field));
            }
            data.extend(name(row[5]));
        }
        (NAPTR, "naptr") => {
            data.extend(number(row[2]));
            data.extend(number(row[3]));
            for text in ["s", row[4], ""] {
                data.push(u8::try_from(text.len()).unwrap());
                data.extend(text.bytes());
            }
            data.extend(name(row[5]));
        }
        _ => return None,
    }
    Some(data)
}

fn name(text: &str) -> Vec<u8> {
    let mut name = Vec::new();
    for label in text.split('.') {
        name.push(u8::try_from(label.len()).unwrap());
        name.extend(label.bytes());
    }
    name.push(0);
    name
}
