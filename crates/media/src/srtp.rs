//! SRTP and SRTCP of one leg (RFC 3711, RFC 7714): what is sent is protected in the buffer that it stands in, what comes
//! is authenticated before anything is believed of it, and nothing is taken twice.
//!
//! The primitives are those of `rtc-crypto`. `rtc-srtp`, which stands on the same ones, is the oracle of the tests and
//! not used here: it keeps state for an SSRC, and moves its replay window, before a packet is authenticated; it finds
//! the payload by a reading of header extensions that can be led astray; it allocates for each packet; and it takes a
//! report that says of itself that it is not encrypted without a look at its tag.

mod cipher;
mod inbound;
mod outbound;
mod report;
mod rollover;

use std::fmt;

use crate::packet::Packet;
use crate::refusal::Reason;
use inbound::Receiver;
use outbound::Sender;

/// Octets that a packet may grow by when it is protected: room for them has to stand behind it.
pub const ROOM_BYTES: usize = 16;
/// The same for a report: a tag, and the index before it.
pub(crate) const REPORT_ROOM_BYTES: usize = ROOM_BYTES + report::WORD_BYTES;

/// A suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// AES in counter mode, 128 bits, tags of 80 bits.
    AesCm128HmacSha1_80,
    /// AES in counter mode, 128 bits, tags of 32 bits.
    AesCm128HmacSha1_32,
    /// AES-GCM, 128 bits.
    AeadAes128Gcm,
    /// AES-GCM, 256 bits.
    AeadAes256Gcm,
}

/// What both sides of a leg send with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secured {
    /// What we send with.
    pub ours: MasterKey,
    /// What the peer sends with.
    pub theirs: MasterKey,
    /// What the peer's packets name its key by, if they do. Ours name none.
    pub mki: Option<Mki>,
}

/// A master key and its salt. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    octets: [u8; MASTER_BYTES_MAX],
}

/// A master key identifier: octets in every packet (RFC 3711, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mki {
    /// Its value.
    pub value: u64,
    /// How many octets it takes, 1 to 8.
    pub octets: u8,
}

/// Octets of the longest master key with its salt.
const MASTER_BYTES_MAX: usize = 44;

/// The contexts of a leg. They live as long as its session, so that no rollover and no replay window is forgotten.
pub(crate) struct Secure {
    sender: Sender,
    receiver: Receiver,
}

impl Suite {
    /// Its name, as it is registered (RFC 4568, RFC 7714).
    pub fn name(self) -> &'static str {
        match self {
            Suite::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Suite::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Suite::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// Octets of the master key.
    pub fn key_bytes(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 | Suite::AeadAes128Gcm => 16,
            Suite::AeadAes256Gcm => 32,
        }
    }

    /// Octets of the master salt.
    pub fn salt_bytes(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => 14,
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 12,
        }
    }

    /// Octets that are behind each packet.
    pub fn tag_bytes(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 => 10,
            Suite::AesCm128HmacSha1_32 => 4,
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 16,
        }
    }

    /// Octets of the tag of a report: the short one is for packets only (RFC 4568, section 6.2).
    pub fn report_tag_bytes(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => 10,
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 16,
        }
    }
}

impl MasterKey {
    /// The key of a suite; `None` if key or salt has another length.
    pub fn new(suite: Suite, key: &[u8], salt: &[u8]) -> Option<MasterKey> {
        if key.len() != suite.key_bytes() || salt.len() != suite.salt_bytes() {
            return None;
        }
        let mut octets = [0; MASTER_BYTES_MAX];
        octets[..key.len()].copy_from_slice(key);
        octets[key.len()..][..salt.len()].copy_from_slice(salt);
        Some(MasterKey { suite, octets })
    }

    /// The suite that it is for.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    fn key(&self) -> &[u8] {
        &self.octets[..self.suite.key_bytes()]
    }

    fn salt(&self) -> &[u8] {
        &self.octets[self.suite.key_bytes()..][..self.suite.salt_bytes()]
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({:?}, hidden)", self.suite)
    }
}

impl Secure {
    pub(crate) fn new(keys: &Secured) -> Secure {
        Secure {
            sender: Sender::new(&keys.ours),
            receiver: Receiver::new(&keys.theirs, keys.mki),
        }
    }

    /// Offer and answer agreed again. A key that stays what it was keeps its context; a new one begins at rollover 0
    /// (RFC 4568, section 7.1.4).
    pub(crate) fn update(&mut self, keys: &Secured) {
        self.sender.rekey(&keys.ours);
        self.receiver.rekey(&keys.theirs, keys.mki);
    }

    /// Protects the packet that the first `length` octets are; says how long it is now. `None` if there is no room
    /// behind it, or if its number was used before.
    pub(crate) fn protect(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        self.sender.protect(buffer, length)
    }

    /// Authenticates and decrypts a packet; says how long it is without what SRTP added.
    pub(crate) fn unprotect(&mut self, packet: &Packet, bytes: &mut [u8]) -> Result<usize, Reason> {
        self.receiver.unprotect(packet, bytes)
    }

    /// Protects the report that the first `length` octets are; says how long it is now.
    pub(crate) fn protect_report(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        self.sender.protect_report(buffer, length)
    }

    /// Authenticates and decrypts a report; says how long it is without what SRTCP added.
    pub(crate) fn unprotect_report(&mut self, bytes: &mut [u8]) -> Result<usize, Reason> {
        self.receiver.unprotect_report(bytes)
    }
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secure(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::cipher::{Cipher, Place, Use};
    use super::*;

    /// Why the header's length is found by arithmetic: its extension may hold what nobody can take apart.
    #[test]
    fn an_extension_cannot_move_what_is_decrypted() {
        use rtc_crypto::RTCCryptoProvider;
        use rtc_srtp::protection_profile::ProtectionProfile;
        let suite = Suite::AesCm128HmacSha1_80;
        let key = MasterKey::new(suite, &[7; 16], &[9; 14]).unwrap();
        // RFC 8285, section 4.2: element 15 ends the reading of the extension, not the extension.
        let header = [
            0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 2, 0xf0, 1, 2, 3, 4, 5, 6, 7,
        ];
        let mut packet = [&header[..], &[0xaa; 20]].concat();
        let place = Place { ssrc: 1, index: 1 };
        let tag = Cipher::new(&key, Use::Packets).seal(place, &mut packet, header.len());
        packet.extend(&tag[..suite.tag_bytes()]);

        let mut ours = packet.clone();
        let head = Packet::head(&ours).unwrap();
        let length = Receiver::new(&key, None)
            .unprotect(&head, &mut ours)
            .unwrap();
        assert_eq!(ours[header.len()..length], [0xaa; 20]);
        let mut oracle = rtc_srtp::context::Context::new(
            &[7; 16],
            &[9; 14],
            ProtectionProfile::Aes128CmHmacSha1_80,
            None,
            None,
            rtc_crypto::providers::RingProvider::new().crypto(),
        )
        .unwrap();
        let theirs = oracle.decrypt_rtp(&packet).unwrap();
        assert_ne!(
            theirs[header.len()..],
            [0xaa; 20],
            "rtc-srtp has learned it"
        );
    }

    #[test]
    fn a_number_is_not_used_twice() {
        let key = MasterKey::new(Suite::AeadAes128Gcm, &[7; 16], &[9; 12]).unwrap();
        let mut sender = Sender::new(&key);
        let mut buffer = [0x80; 60];
        assert_eq!(sender.protect(&mut buffer, 40), Some(56));
        assert_eq!(sender.protect(&mut [0x80; 60], 40), None);
        sender.rekey(&key);
        assert_eq!(sender.protect(&mut [0x80; 60], 40), None);
        assert_eq!(sender.protect(&mut [0x81; 60], 50), None, "no room");
    }

    #[test]
    fn a_key_that_comes_back_has_its_numbers_behind_it() {
        let one = MasterKey::new(Suite::AeadAes128Gcm, &[7; 16], &[9; 12]).unwrap();
        let other = MasterKey::new(Suite::AeadAes256Gcm, &[7; 32], &[9; 12]).unwrap();
        let mut sender = Sender::new(&one);
        let mut report = [[0x80; 60]; 3];
        assert_eq!(sender.protect(&mut [0x80; 60], 40), Some(56));
        assert_eq!(sender.protect_report(&mut report[0], 40), Some(60));
        sender.rekey(&other);
        assert_eq!(sender.protect(&mut [0x80; 60], 40), Some(56));
        assert_eq!(sender.protect_report(&mut report[1], 40), Some(60));
        sender.rekey(&one);
        assert_eq!(sender.protect(&mut [0x80; 60], 40), None, "used before");
        assert_eq!(sender.protect_report(&mut report[2], 40), Some(60));
        assert_eq!(report.map(|report| report[59]), [1, 1, 2]);
    }
}
