//! The little of DNS's message form (RFC 1035) that the name servers of the proofs speak.

/// The record type of an IPv4 address.
pub const A: u16 = 1;
/// The record type of a service's server (RFC 2782).
pub const SRV: u16 = 33;

/// The one question of a query.
pub struct Question {
    /// The name, in small letters.
    pub name: String,
    /// The record type.
    pub kind: u16,
    /// Where it ends.
    end: usize,
}

/// Reads it.
pub fn question(query: &[u8]) -> Question {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] > 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_ascii_lowercase());
        at = end;
    }
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    Question {
        name: labels.join("."),
        kind,
        end: at + 5,
    }
}

/// The answer with these records, each its data; whether the name exists matters if there are none.
pub fn answer(query: &[u8], asked: &Question, exists: bool, records: &[Vec<u8>]) -> Vec<u8> {
    let mut answer = query[..2].to_vec();
    let code = if exists { 0 } else { 3 };
    answer.extend([0x81, 0x80 | code, 0, 1, 0]);
    answer.push(u8::try_from(records.len()).expect("a few records"));
    answer.extend([0, 0, 0, 0]);
    answer.extend(&query[12..asked.end]);
    for record in records {
        answer.extend([0xc0, 12]);
        answer.extend(asked.kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60]);
        let length = u16::try_from(record.len()).expect("a record is short");
        answer.extend(length.to_be_bytes());
        answer.extend(record);
    }
    answer
}

/// The data of an SRV record.
pub fn srv(priority: u16, weight: u16, port: u16, host: &str) -> Vec<u8> {
    let fields = [priority, weight, port].map(u16::to_be_bytes);
    [fields.as_flattened(), &name(host)].concat()
}

/// A name, as records hold it.
pub fn name(text: &str) -> Vec<u8> {
    let mut name = Vec::new();
    for label in text.split('.') {
        name.push(u8::try_from(label.len()).expect("a label is short"));
        name.extend(label.bytes());
    }
    name.push(0);
    name
}
