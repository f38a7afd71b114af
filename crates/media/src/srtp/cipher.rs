//! The session keys of one direction and what is done with them (RFC 3711, sections 4.1 to 4.3; RFC 7714, sections 8
//! and 9).

use rtc_crypto::providers::RingProvider;
use rtc_crypto::{
    AeadAlgorithm, AeadCipher, HmacAlgorithm, Mac, RTCCrypto, RTCCryptoProvider, StreamCipher,
    StreamCipherAlgorithm, constant_time_eq,
};

use super::{MasterKey, ROOM_BYTES, Suite};

/// The transform of one direction.
pub(super) enum Cipher {
    /// Counter mode and HMAC-SHA1.
    Counter {
        stream: Box<dyn StreamCipher>,
        mac: Box<dyn Mac>,
        salt: [u8; COUNTER_SALT_BYTES],
        tag_bytes: usize,
    },
    /// GCM.
    Aead {
        aead: Box<dyn AeadCipher>,
        salt: [u8; AEAD_SALT_BYTES],
    },
}

/// Which packet of all that one key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub ssrc: u32,
    /// Rollover counter and sequence number, 48 bits; of a report, its own 31.
    pub index: u64,
}

/// What session keys are for: packets and reports have keys of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// SRTP.
    Packets,
    /// SRTCP.
    Reports,
}

/// The tag behind a packet, as long as the suite has it.
pub(super) type Tag = [u8; ROOM_BYTES];

impl Cipher {
    /// The session keys of a master key; no key derivation follows (its rate is 0).
    pub(super) fn new(master: &MasterKey, purpose: Use) -> Cipher {
        let provider = RingProvider::new();
        let crypto = provider.crypto();
        let derivation = Derivation::new(crypto, master, purpose);
        match master.suite() {
            suite @ (Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32) => {
                let key: [u8; 16] = derivation.derive(Label::Encryption);
                let authentication: [u8; 20] = derivation.derive(Label::Authentication);
                Cipher::Counter {
                    stream: crypto
                        .new_stream_cipher(StreamCipherAlgorithm::Aes128Ctr, &key)
                        .expect(LENGTHS),
                    mac: crypto
                        .new_hmac(HmacAlgorithm::Sha1, &authentication)
                        .expect(LENGTHS),
                    salt: derivation.derive(Label::Salt),
                    tag_bytes: match purpose {
                        Use::Packets => suite.tag_bytes(),
                        Use::Reports => suite.report_tag_bytes(),
                    },
                }
            }
            Suite::AeadAes128Gcm => {
                let key: [u8; 16] = derivation.derive(Label::Encryption);
                Cipher::Aead {
                    aead: crypto
                        .new_aead(AeadAlgorithm::Aes128Gcm, &key)
                        .expect(LENGTHS),
                    salt: derivation.derive(Label::Salt),
                }
            }
            Suite::AeadAes256Gcm => {
                let key: [u8; 32] = derivation.derive(Label::Encryption);
                Cipher::Aead {
                    aead: crypto
                        .new_aead(AeadAlgorithm::Aes256Gcm, &key)
                        .expect(LENGTHS),
                    salt: derivation.derive(Label::Salt),
                }
            }
        }
    }

    /// Encrypts what is behind the header of a report, in place, and makes the tag. `word` is its index, with the bit
    /// that says that it is encrypted; it is authenticated with the rest.
    pub(super) fn seal_report(&mut self, place: Place, word: u32, report: &mut [u8]) -> Tag {
        let mut tag = Tag::default();
        match self {
            Cipher::Counter {
                stream, mac, salt, ..
            } => {
                stream
                    .apply_keystream(&counter(salt, place), &mut report[REPORT_HEADER_BYTES..])
                    .expect(LENGTHS);
                tag.copy_from_slice(&sign(mac, report, word)[..ROOM_BYTES]);
            }
            Cipher::Aead { aead, salt } => {
                let (header, body) = report.split_at_mut(REPORT_HEADER_BYTES);
                let aside = beside(header, word);
                aead.seal_in_place(&nonce(salt, place), &aside, body, &mut tag)
                    .expect(LENGTHS);
            }
        }
        tag
    }

    /// Authenticates a report without its index and tag, and decrypts it in place. What is not authentic is not
    /// decrypted.
    pub(super) fn open_report(
        &mut self,
        place: Place,
        word: u32,
        report: &mut [u8],
        tag: &[u8],
    ) -> bool {
        match self {
            Cipher::Counter {
                stream, mac, salt, ..
            } => {
                let expected = sign(mac, report, word);
                if !constant_time_eq(&expected[..tag.len()], tag) {
                    return false;
                }
                stream
                    .apply_keystream(&counter(salt, place), &mut report[REPORT_HEADER_BYTES..])
                    .expect(LENGTHS);
                true
            }
            Cipher::Aead { aead, salt } => {
                let (header, body) = report.split_at_mut(REPORT_HEADER_BYTES);
                let aside = beside(header, word);
                aead.open_in_place(&nonce(salt, place), &aside, body, tag)
                    .is_ok()
            }
        }
    }

    /// Octets of its tag.
    pub(super) fn tag_bytes(&self) -> usize {
        match self {
            Cipher::Counter { tag_bytes, .. } => *tag_bytes,
            Cipher::Aead { .. } => Suite::AeadAes128Gcm.tag_bytes(),
        }
    }

    /// Whether a packet that is not authentic is spoiled by the attempt to open it.
    pub(super) fn spoils(&self) -> bool {
        matches!(self, Cipher::Aead { .. })
    }

    /// Encrypts what is behind the header, in place, and makes the tag.
    pub(super) fn seal(&mut self, place: Place, packet: &mut [u8], header_bytes: usize) -> Tag {
        let mut tag = Tag::default();
        match self {
            Cipher::Counter {
                stream, mac, salt, ..
            } => {
                stream
                    .apply_keystream(&counter(salt, place), &mut packet[header_bytes..])
                    .expect(LENGTHS);
                tag.copy_from_slice(&authenticate(mac, place, packet)[..ROOM_BYTES]);
            }
            Cipher::Aead { aead, salt } => {
                let (header, payload) = packet.split_at_mut(header_bytes);
                aead.seal_in_place(&nonce(salt, place), header, payload, &mut tag)
                    .expect(LENGTHS);
            }
        }
        tag
    }

    /// Authenticates a packet without its tag, and decrypts it in place. What is not authentic is not decrypted.
    pub(super) fn open(
        &mut self,
        place: Place,
        packet: &mut [u8],
        header_bytes: usize,
        tag: &[u8],
    ) -> bool {
        match self {
            Cipher::Counter {
                stream, mac, salt, ..
            } => {
                let expected = authenticate(mac, place, packet);
                if !constant_time_eq(&expected[..tag.len()], tag) {
                    return false;
                }
                stream
                    .apply_keystream(&counter(salt, place), &mut packet[header_bytes..])
                    .expect(LENGTHS);
                true
            }
            Cipher::Aead { aead, salt } => {
                let (header, payload) = packet.split_at_mut(header_bytes);
                aead.open_in_place(&nonce(salt, place), header, payload, tag)
                    .is_ok()
            }
        }
    }
}

/// HMAC-SHA1 over the packet and its rollover counter (RFC 3711, section 4.2).
fn authenticate(mac: &mut Box<dyn Mac>, place: Place, packet: &[u8]) -> [u8; 20] {
    sign(mac, packet, rollover(place))
}

fn rollover(place: Place) -> u32 {
    let [_, _, rollover @ .., _, _] = place.index.to_be_bytes();
    u32::from_be_bytes(rollover)
}

fn sign(mac: &mut Box<dyn Mac>, packet: &[u8], behind: u32) -> [u8; 20] {
    let mut whole = [0; 20];
    mac.sign(&[packet, &behind.to_be_bytes()], &mut whole)
        .expect(LENGTHS);
    whole
}

/// What is authenticated of a report and not encrypted (RFC 7714, section 9.2).
fn beside(header: &[u8], word: u32) -> [u8; REPORT_HEADER_BYTES + 4] {
    let mut aside = [0; REPORT_HEADER_BYTES + 4];
    aside[..REPORT_HEADER_BYTES].copy_from_slice(header);
    aside[REPORT_HEADER_BYTES..].copy_from_slice(&word.to_be_bytes());
    aside
}

/// The first block of the keystream (RFC 3711, section 4.1.1).
fn counter(salt: &[u8; COUNTER_SALT_BYTES], place: Place) -> [u8; 16] {
    let mut block = [0; 16];
    block[..COUNTER_SALT_BYTES].copy_from_slice(salt);
    mix(&mut block[4..COUNTER_SALT_BYTES], place);
    block
}

/// The initialisation vector (RFC 7714, section 8.1).
fn nonce(salt: &[u8; AEAD_SALT_BYTES], place: Place) -> [u8; AEAD_SALT_BYTES] {
    let mut nonce = *salt;
    mix(&mut nonce[2..], place);
    nonce
}

/// Mixes SSRC and index, ten octets, into a salt.
fn mix(salt: &mut [u8], place: Place) {
    let [_, _, index @ ..] = place.index.to_be_bytes();
    let ssrc = place.ssrc.to_be_bytes();
    for (octet, mixed) in salt.iter_mut().zip(ssrc.iter().chain(&index)) {
        *octet ^= mixed;
    }
}

/// What a session key is for (RFC 3711, section 4.3.2).
#[derive(Clone, Copy)]
enum Label {
    Encryption,
    Authentication,
    Salt,
}

/// Session keys from a master key (RFC 3711, section 4.3.3; RFC 7714, section 11): the keystream of counter mode.
struct Derivation<'a> {
    crypto: &'a dyn RTCCrypto,
    master: &'a MasterKey,
    purpose: Use,
}

impl<'a> Derivation<'a> {
    fn new(crypto: &'a dyn RTCCrypto, master: &'a MasterKey, purpose: Use) -> Derivation<'a> {
        Derivation {
            crypto,
            master,
            purpose,
        }
    }

    fn derive<const BYTES: usize>(&self, label: Label) -> [u8; BYTES] {
        let first = match self.purpose {
            Use::Packets => 0,
            Use::Reports => 3,
        };
        let label = first
            + match label {
                Label::Encryption => 0,
                Label::Authentication => 1,
                Label::Salt => 2,
            };
        let algorithm = match self.master.key().len() {
            16 => StreamCipherAlgorithm::Aes128Ctr,
            _ => StreamCipherAlgorithm::Aes256Ctr,
        };
        // A salt of 12 octets is followed by zeros.
        let mut block = [0; 16];
        block[..self.master.salt().len()].copy_from_slice(self.master.salt());
        block[7] ^= label;
        let mut key = [0; BYTES];
        self.crypto
            .new_stream_cipher(algorithm, self.master.key())
            .and_then(|mut stream| stream.apply_keystream(&block, &mut key))
            .expect(LENGTHS);
        key
    }
}

/// Octets at the head of a report that are never encrypted: the first header and the SSRC.
pub(super) const REPORT_HEADER_BYTES: usize = 8;
const COUNTER_SALT_BYTES: usize = 14;
const AEAD_SALT_BYTES: usize = 12;
const LENGTHS: &str = "keys, salts and tags have the lengths of their suite";

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hexadecimal: &str) -> Vec<u8> {
        let digits: Vec<u8> = hexadecimal
            .bytes()
            .filter(|digit| !digit.is_ascii_whitespace())
            .collect();
        let pairs = digits
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).unwrap());
        pairs
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    }

    fn master(suite: Suite, key: &str, salt: &str) -> MasterKey {
        MasterKey::new(suite, &octets(key), &octets(salt)).unwrap()
    }

    #[test]
    fn session_keys_are_those_of_rfc_3711_appendix_b_3() {
        let master = master(
            Suite::AesCm128HmacSha1_80,
            "E1F97A0D3E018BE0D64FA32C06DE4139",
            "0EC675AD498AFEEBB6960B3AABE6",
        );
        let provider = RingProvider::new();
        let derivation = Derivation::new(provider.crypto(), &master, Use::Packets);
        let key: [u8; 16] = derivation.derive(Label::Encryption);
        let salt: [u8; 14] = derivation.derive(Label::Salt);
        let authentication: [u8; 94] = derivation.derive(Label::Authentication);
        assert_eq!(key[..], octets("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(salt[..], octets("30CBBC08863D8C85D49DB34A9AE1"));
        let expected = "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578E\
             F72270986371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2";
        assert_eq!(authentication[..], octets(expected));
    }

    #[test]
    fn the_keystream_is_that_of_rfc_3711_appendix_b_2() {
        // SSRC, rollover counter and sequence number are zero there, and the salt is given as it is mixed.
        let mut salt = [0; COUNTER_SALT_BYTES];
        salt.copy_from_slice(&octets("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
        let key = octets("2B7E151628AED2A6ABF7158809CF4F3C");
        let mut stream = RingProvider::new()
            .crypto()
            .new_stream_cipher(StreamCipherAlgorithm::Aes128Ctr, &key)
            .unwrap();
        let mut keystream = [0; 48];
        let place = Place { ssrc: 0, index: 0 };
        stream
            .apply_keystream(&counter(&salt, place), &mut keystream)
            .unwrap();
        let expected = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(keystream[..], octets(expected));
    }

    /// RFC 7714, sections 16.1.1 and 16.2.1: session keys are given there, so that the derivation is not part of it.
    #[test]
    fn packets_are_those_of_rfc_7714_section_16() {
        const PACKET: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573";
        let place = Place {
            ssrc: 0x5501_a0b2,
            index: 0xf17b,
        };
        let cases = [
            (
                AeadAlgorithm::Aes128Gcm,
                "000102030405060708090a0b0c0d0e0f",
                "8040f17b8041f8d35501a0b2 f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833",
                "899d7f27beb16a9152cf765ee4390cce",
            ),
            (
                AeadAlgorithm::Aes256Gcm,
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                "8040f17b8041f8d35501a0b2 32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b",
                "7aa3db36dfffd6b0f9bb7878d7a76c13",
            ),
        ];
        for (algorithm, key, sealed, tag) in cases {
            let mut salt = [0; AEAD_SALT_BYTES];
            salt.copy_from_slice(&octets("517569642070726f2071756f"));
            let aead = RingProvider::new()
                .crypto()
                .new_aead(algorithm, &octets(key))
                .unwrap();
            let mut cipher = Cipher::Aead { aead, salt };
            let mut packet = octets(PACKET);
            let made = cipher.seal(place, &mut packet, 12);
            assert_eq!(
                (packet.clone(), made.to_vec()),
                (octets(sealed), octets(tag))
            );
            assert!(cipher.open(place, &mut packet, 12, &made));
            assert_eq!(packet, octets(PACKET));
        }
    }

    /// RFC 7714, section 17.1.
    #[test]
    fn a_report_is_that_of_rfc_7714_section_17() {
        let plain = octets(
            "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef",
        );
        let sealed = octets(
            "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b",
        );
        let place = Place {
            ssrc: 0x4d61_7273,
            index: 0x5d4,
        };
        let word = 0x8000_05d4;
        let key = octets("000102030405060708090a0b0c0d0e0f");
        let mut salt = [0; AEAD_SALT_BYTES];
        salt.copy_from_slice(&octets("517569642070726f2071756f"));
        let aead = RingProvider::new()
            .crypto()
            .new_aead(AeadAlgorithm::Aes128Gcm, &key)
            .unwrap();
        let mut cipher = Cipher::Aead { aead, salt };
        let mut report = plain.clone();
        let tag = cipher.seal_report(place, word, &mut report);
        assert_eq!(report, sealed);
        assert_eq!(tag[..], octets("c84aa45896cf4d2fc5abf87245d9eade"));
        assert!(!cipher.open_report(place, word + 1, &mut report.clone(), &tag));
        assert!(cipher.open_report(place, word, &mut report, &tag));
        assert_eq!(report, plain);
    }
}
