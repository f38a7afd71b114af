//! IP packets around SIP messages: what the wire carried below the message is made anew, so that stock
//! tools decode it (RFC 791, RFC 8200, RFC 768, RFC 9293).

use std::net::{IpAddr, SocketAddr};

/// Time to live of the packets, as most hosts send it.
const TTL: u8 = 64;

const PROTOCOL_TCP: u8 = 6;
const PROTOCOL_UDP: u8 = 17;

/// The most octets that an IPv4 packet may have.
pub const PACKET_MAX_BYTES: usize = 65_535;

/// Where a segment stands in its TCP connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpNumbers {
    /// The number of the segment's first octet.
    pub sequence: u32,
    /// The number of the octet that is expected from the other side.
    pub acknowledgement: u32,
}

/// A UDP datagram in an IP packet; `None` if the addresses are of two families or it is too long.
pub fn udp(source: SocketAddr, target: SocketAddr, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.len() + 8).ok()?;
    let mut datagram = Vec::with_capacity(payload.len() + 8);
    datagram.extend(source.port().to_be_bytes());
    datagram.extend(target.port().to_be_bytes());
    datagram.extend(length.to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend_from_slice(payload);
    let checksum = match transport_checksum(source.ip(), target.ip(), PROTOCOL_UDP, &datagram) {
        // RFC 768: zero means "no checksum", so a computed zero is sent as all ones.
        0 => 0xffff,
        other => other,
    };
    datagram[6..8].copy_from_slice(&checksum.to_be_bytes());
    ip(source.ip(), target.ip(), PROTOCOL_UDP, &datagram)
}

/// A TCP segment (PSH, ACK) in an IP packet; `None` as for [`udp`].
pub fn tcp(
    source: SocketAddr,
    target: SocketAddr,
    numbers: TcpNumbers,
    payload: &[u8],
) -> Option<Vec<u8>> {
    const HEADER_WORDS: u8 = 5;
    const PUSH_AND_ACKNOWLEDGE: u8 = 0x18;
    let mut segment = Vec::with_capacity(payload.len() + 20);
    segment.extend(source.port().to_be_bytes());
    segment.extend(target.port().to_be_bytes());
    segment.extend(numbers.sequence.to_be_bytes());
    segment.extend(numbers.acknowledgement.to_be_bytes());
    segment.extend([
        HEADER_WORDS << 4,
        PUSH_AND_ACKNOWLEDGE,
        0xff,
        0xff,
        0,
        0,
        0,
        0,
    ]);
    segment.extend_from_slice(payload);
    let checksum = transport_checksum(source.ip(), target.ip(), PROTOCOL_TCP, &segment);
    segment[16..18].copy_from_slice(&checksum.to_be_bytes());
    ip(source.ip(), target.ip(), PROTOCOL_TCP, &segment)
}

fn ip(source: IpAddr, target: IpAddr, protocol: u8, payload: &[u8]) -> Option<Vec<u8>> {
    match (source, target) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            let length = u16::try_from(payload.len() + 20).ok()?;
            let mut packet = vec![0x45, 0];
            packet.extend(length.to_be_bytes());
            packet.extend([0, 0, 0x40, 0, TTL, protocol, 0, 0]);
            packet.extend(source.octets());
            packet.extend(target.octets());
            let checksum = fold(sum(&packet, 0));
            packet[10..12].copy_from_slice(&checksum.to_be_bytes());
            packet.extend_from_slice(payload);
            Some(packet)
        }
        (IpAddr::V6(source), IpAddr::V6(target)) => {
            let length = u16::try_from(payload.len()).ok()?;
            let mut packet = vec![0x60, 0, 0, 0];
            packet.extend(length.to_be_bytes());
            packet.extend([protocol, TTL]);
            packet.extend(source.octets());
            packet.extend(target.octets());
            packet.extend_from_slice(payload);
            Some(packet)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

/// The checksum over the pseudo header and the segment (RFC 9293 section 3.1, RFC 8200 section 8.1).
fn transport_checksum(source: IpAddr, target: IpAddr, protocol: u8, segment: &[u8]) -> u16 {
    let mut total = u64::from(protocol) + u64::try_from(segment.len()).unwrap_or(u64::MAX);
    for address in [source, target] {
        total = match address {
            IpAddr::V4(address) => sum(&address.octets(), total),
            IpAddr::V6(address) => sum(&address.octets(), total),
        };
    }
    fold(sum(segment, total))
}

/// The sum of the 16-bit words of some octets (RFC 1071), an odd last octet padded with zero.
fn sum(octets: &[u8], start: u64) -> u64 {
    let words = octets.chunks(2).map(|pair| {
        u64::from(u16::from_be_bytes([
            pair[0],
            pair.get(1).copied().unwrap_or(0),
        ]))
    });
    start + words.sum::<u64>()
}

fn fold(mut total: u64) -> u16 {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    !u16::try_from(total).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_sums_to_zero_with_its_checksums() {
        let cases = [
            ("192.0.2.1:5060", "198.51.100.7:32681"),
            ("[2001:db8::1]:5060", "[2001:db8::2]:9"),
        ];
        for (source, target) in cases {
            let (source, target): (SocketAddr, SocketAddr) =
                (source.parse().unwrap(), target.parse().unwrap());
            let header = if source.is_ipv4() { 20 } else { 40 };
            for (packet, protocol) in [
                (udp(source, target, b"odd").unwrap(), PROTOCOL_UDP),
                (
                    tcp(source, target, TcpNumbers::default(), b"even").unwrap(),
                    PROTOCOL_TCP,
                ),
            ] {
                if source.is_ipv4() {
                    assert_eq!(fold(sum(&packet[..20], 0)), 0, "IPv4 header");
                }
                let segment = &packet[header..];
                assert_eq!(
                    transport_checksum(source.ip(), target.ip(), protocol, segment),
                    0
                );
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let address = "192.0.2.1:5060".parse().unwrap();
        assert!(udp(address, address, &[0; PACKET_MAX_BYTES]).is_none());
        assert!(udp(address, "[::1]:5060".parse().unwrap(), b"").is_none());
    }
}
