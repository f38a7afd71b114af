//! What comes to a port of media, by its first octet (RFC 7983, section 7).
//!
//! ```text
//!   0 ..   3  STUN          64 ..  79  TURN channels
//!  16 ..  19  ZRTP         128 .. 191  RTP and RTCP
//!  20 ..  63  DTLS
//! ```

/// What a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A STUN message.
    Stun,
    /// Records of DTLS.
    Handshake,
    /// A packet, or a report where they share the port.
    Packet,
    /// Anything else, or nothing.
    Other,
}

impl Kind {
    /// What these octets are.
    pub fn of(datagram: &[u8]) -> Kind {
        match datagram.first() {
            Some(0..=3) => Kind::Stun,
            Some(20..=63) => Kind::Handshake,
            Some(128..=191) => Kind::Packet,
            Some(_) | None => Kind::Other,
        }
    }
}

/// Whether it is a STUN message by its header (RFC 8489, section 5): whole words behind it, as long as it says, and the
/// cookie that nothing else has there.
pub fn is_stun(datagram: &[u8]) -> bool {
    let Some(&[first, _, high, low, a, b, c, d]) = datagram.first_chunk() else {
        return false;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    first <= 3
        && [a, b, c, d] == STUN_COOKIE
        && length.is_multiple_of(4)
        && datagram.len() == STUN_HEADER_BYTES + length
}

/// RFC 8489, section 5.
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const STUN_HEADER_BYTES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stun_is_told_by_its_cookie_and_its_length() {
        let mut request = vec![0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42];
        request.resize(24, 7);
        assert!(is_stun(&request));
        assert!(!is_stun(&request[..20]) && !is_stun(&request[..7]) && !is_stun(&[]));
        for (place, value) in [(0, 4), (3, 3), (4, 0x20)] {
            let mut other = request.clone();
            other[place] = value;
            assert!(!is_stun(&other), "{place}");
        }
    }

    #[test]
    fn kinds_are_those_of_rfc_7983() {
        let count = |kind| {
            (0..=255)
                .filter(|first| Kind::of(&[*first]) == kind)
                .count()
        };
        assert_eq!(count(Kind::Stun), 4);
        assert_eq!(count(Kind::Handshake), 44);
        assert_eq!(count(Kind::Packet), 64);
        assert_eq!(Kind::of(&[]), Kind::Other);
        for (first, kind) in [
            (3, Kind::Stun),
            (4, Kind::Other),
            (16, Kind::Other),
            (20, Kind::Handshake),
            (63, Kind::Handshake),
            (64, Kind::Other),
            (127, Kind::Other),
            (128, Kind::Packet),
            (192, Kind::Other),
        ] {
            assert_eq!(Kind::of(&[first, 0]), kind, "{first}");
        }
    }
}
