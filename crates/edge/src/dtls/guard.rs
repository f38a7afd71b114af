//! What of a datagram of DTLS the engine is handed.
//!
//! `rtc-dtls` keeps what it cannot use yet: fragments of any message to come and records of the next epoch, without a
//! bound that holds. A peer that is nobody yet can make it look through all of them with each record (3 MB of fragments
//! took it 53 s), and one plaintext record of a kind that does not belong there ends a handshake. So it gets
//! records that a handshake of a phone has, and no more of them than it takes.

/// Records of a handshake without keys, and what a bad network repeats of them: a flight has up to 12, and is sent 8
/// times at most.
const PLAIN_MAX: u32 = 256;
/// Records under keys: a Finished, and what is repeated of it.
const SEALED_MAX: u32 = 64;
/// Octets of one message: a chain of certificates with large RSA keys.
const MESSAGE_BYTES_MAX: usize = 16_384;
/// The last message of a handshake with certificates on both sides, with a few to spare.
const SEQUENCE_MAX: u16 = 15;

const HEADER_BYTES: usize = 13;
const MESSAGE_HEADER_BYTES: usize = 12;
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// The records that went through, and the alert that did not.
#[derive(Debug, Default)]
pub(super) struct Guard {
    plain: u32,
    sealed: u32,
    /// The last fatal alert that came in the clear. Anybody can have sent it, so it ends nothing; it may be why nothing
    /// else comes.
    alert: Option<u8>,
}

impl Guard {
    /// The records of a datagram that may go on.
    pub(super) fn admit(&mut self, datagram: &[u8]) -> Vec<u8> {
        let mut admitted = Vec::with_capacity(datagram.len());
        let mut rest = datagram;
        while let Some((record, behind)) = split(rest) {
            if self.admits(record) {
                admitted.extend_from_slice(record);
            }
            rest = behind;
        }
        admitted
    }

    /// The alert that may be why nothing comes, in the words of RFC 5246.
    pub(super) fn alert(&self) -> Option<String> {
        self.alert.map(alert_name)
    }

    fn admits(&mut self, record: &[u8]) -> bool {
        let (header, body) = record.split_at(HEADER_BYTES);
        let (kind, epoch) = (header[0], [header[3], header[4]]);
        match (kind, epoch) {
            (HANDSHAKE, [0, 0]) => is_message(body) && take(&mut self.plain, PLAIN_MAX),
            (CHANGE_CIPHER_SPEC, [0, 0]) => body == [1] && take(&mut self.plain, PLAIN_MAX),
            (ALERT, [0, 0]) => {
                if let [2, description] = body {
                    self.alert = Some(*description);
                }
                false
            }
            (HANDSHAKE | ALERT, [0, 1]) => take(&mut self.sealed, SEALED_MAX),
            // Data has no business in this handshake, nor has another epoch.
            _ => false,
        }
    }
}

fn take(count: &mut u32, most: u32) -> bool {
    *count += 1;
    *count <= most
}

/// The first record, if it is whole and of DTLS 1.0 or 1.2.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let &[_, 0xfe, 0xff | 0xfd, _, _, _, _, _, _, _, _, high, low] =
        bytes.first_chunk::<HEADER_BYTES>()?
    else {
        return None;
    };
    let length = HEADER_BYTES + usize::from(u16::from_be_bytes([high, low]));
    // The engine has no use for a record without octets, and no good word either.
    let is_one = length > HEADER_BYTES;
    is_one.then(|| bytes.split_at_checked(length)).flatten()
}

/// Whether a record is one message, or one fragment of one, that can be of a handshake.
fn is_message(body: &[u8]) -> bool {
    let mut rest = body;
    while !rest.is_empty() {
        let Some((header, behind)) = rest.split_at_checked(MESSAGE_HEADER_BYTES) else {
            return false;
        };
        let &[_, a, b, c, s, t, d, e, f, g, h, i] = header else {
            return false;
        };
        let [length, offset, fragment] = [[a, b, c], [d, e, f], [g, h, i]].map(number);
        let is_possible = u16::from_be_bytes([s, t]) <= SEQUENCE_MAX
            && length <= MESSAGE_BYTES_MAX
            && offset + fragment <= length
            && (fragment > 0 || length == 0);
        let Some((_, behind)) = behind.split_at_checked(fragment).filter(|_| is_possible) else {
            return false;
        };
        // Several messages may share a record, a fragment has it for itself.
        if fragment < length && (rest.len(), 0) != (MESSAGE_HEADER_BYTES + fragment, behind.len()) {
            return false;
        }
        rest = behind;
    }
    !body.is_empty()
}

fn number([a, b, c]: [u8; 3]) -> usize {
    usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)
}

/// RFC 5246, section 7.2.
fn alert_name(description: u8) -> String {
    let name = match description {
        10 => "unexpected_message",
        20 => "bad_record_mac",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        other => return format!("alert {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        let header = [
            kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, length[0], length[1],
        ];
        [&header[..], body].concat()
    }

    fn fragment(sequence: u8, length: u8, offset: u8, octets: &[u8]) -> Vec<u8> {
        let count = u8::try_from(octets.len()).unwrap();
        let header = [1, 0, 0, length, 0, sequence, 0, 0, offset, 0, 0, count];
        [&header[..], octets].concat()
    }

    fn goes(datagram: &[u8]) -> bool {
        let admitted = Guard::default().admit(datagram);
        assert!(admitted == datagram || admitted.is_empty());
        !admitted.is_empty()
    }

    #[test]
    fn records_of_a_handshake_go_on() {
        let whole = fragment(0, 3, 0, &[1, 2, 3]);
        let empty = fragment(14, 0, 0, &[]);
        for body in [
            whole.clone(),
            empty.clone(),
            [whole, empty].concat(),
            fragment(3, 9, 4, &[1, 2]),
        ] {
            assert!(goes(&record(22, 0, &body)), "{body:?}");
        }
        assert!(goes(&record(20, 0, &[1])));
        assert!(goes(
            &[record(20, 0, &[1]), record(22, 1, &[7; 40])].concat()
        ));
        assert!(goes(&record(21, 1, &[7; 26])));
    }

    #[test]
    fn what_only_does_harm_does_not() {
        for body in [
            vec![],
            vec![1; 11],
            fragment(16, 3, 0, &[1, 2, 3]),
            // None of a message that has some, beyond its end, two fragments in one record, too long.
            fragment(1, 9, 5, &[]),
            fragment(1, 3, 2, &[1, 2]),
            [fragment(1, 9, 0, &[1]), fragment(1, 9, 1, &[1])].concat(),
            [&[1, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1][..], &[7]].concat(),
        ] {
            assert!(!goes(&record(22, 0, &body)), "{body:?}");
        }
        for (kind, epoch, body) in [
            (20, 0, &[2][..]),
            (23, 0, &[1]),
            (23, 1, &[1]),
            (24, 0, &[1]),
        ] {
            assert!(!goes(&record(kind, epoch, body)));
        }
        assert!(!goes(&record(22, 2, &[7; 40])));
        let mut other = record(22, 0, &fragment(0, 1, 0, &[1]));
        other[2] = 0xfc;
        assert!(!goes(&other) && !goes(&other[..12]) && !goes(&[]));
    }

    #[test]
    fn no_more_of_them_go_than_a_handshake_takes() {
        let mut guard = Guard::default();
        let plain = record(22, 0, &fragment(0, 9, 0, &[1]));
        let sealed = record(22, 1, &[7; 40]);
        let went = |guard: &mut Guard, record: &[u8]| {
            let tries = 0..1_000;
            tries.filter(|_| !guard.admit(record).is_empty()).count()
        };
        assert_eq!(went(&mut guard, &plain), 256);
        assert_eq!(went(&mut guard, &sealed), 64);
    }

    #[test]
    fn an_alert_of_nobody_is_remembered_and_ends_nothing() {
        let mut guard = Guard::default();
        assert!(guard.admit(&record(21, 0, &[2, 40])).is_empty());
        assert_eq!(guard.alert().as_deref(), Some("handshake_failure"));
        assert!(guard.admit(&record(21, 0, &[1, 0])).is_empty());
        assert_eq!(guard.alert().as_deref(), Some("handshake_failure"));
    }
}
