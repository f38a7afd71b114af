//! Why there can be no session, in words (RFC 3261 section 21.4.26: a 488 says what).

use crate::description::SessionDescription;
use crate::dtls::Offered;
use crate::media::{Media, Profile};
use crate::negotiate::is_open_audio;
use crate::security::{FellBack, Security};

/// Why there can be no session: as an answer to an offer it becomes a 488.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no audio, or its port is 0.
    #[error("no audio")]
    NoAudio,
    /// There is audio, but only over transports that we do not speak.
    #[error("no common transport: {} offered", .offered.join(", "))]
    NoCommonTransport {
        /// What was offered.
        offered: Vec<String>,
    },
    /// There is audio, but only in codecs that we do not speak.
    #[error("no common codec: {} offered", .offered.join(", "))]
    NoCommonCodec {
        /// What was offered.
        offered: Vec<String>,
    },
    /// It is not said where to send, or only by a name.
    #[error("no media address")]
    NoAddress,
    /// There is SRTP only, and we do not want it.
    #[error("only SRTP offered ({}), which is off here", .offered.join(", "))]
    SecurityOff {
        /// The profiles that were offered.
        offered: Vec<String>,
    },
    /// There is plain RTP only, and we insist on SRTP.
    #[error("plain RTP offered, SRTP is required here")]
    PlainOffered,
    /// The answer to our SRTP is plain RTP.
    #[error("plain RTP answered, SRTP is required here")]
    PlainAnswered,
    /// There is SRTP only by a way to exchange keys that we leave out.
    #[error("SRTP with keys by {offered} offered, which is not allowed here")]
    KeyingNotAllowed {
        /// The way.
        offered: &'static str,
    },
    /// There is SRTP by a handshake, and no fingerprint that we can check.
    #[error("no fingerprint that can be used: {} offered", list(.offered))]
    NoFingerprint {
        /// The hash functions that were offered.
        offered: Vec<String>,
    },
    /// There is SRTP without a key that we can use.
    #[error("no common SRTP suite: {} offered", list(.offered))]
    NoCommonSuite {
        /// What was offered, and why it cannot be used.
        offered: Vec<String>,
    },
    /// The answer's key is not one of a suite that we offered, under its tag.
    #[error("the answer's SRTP key fits no offered one: {} answered", list(.answered))]
    KeyNotOffered {
        /// What was answered, and why it cannot be used.
        answered: Vec<String>,
    },
}

/// Why nothing of an offer could be taken.
pub(crate) fn rejection(description: &SessionDescription, security: &Security) -> Rejection {
    let media = description.media().iter();
    let audio: Vec<_> = media.filter(|medium| is_open_audio(medium)).collect();
    let rtp = audio.iter().copied().filter(|m| m.profile().is_some());
    let answers = |m: &&Media| security.answers(m, &description.handshake_of(m));
    let usable = rtp.clone().filter(|m| !answers(m).is_empty());
    let usable: Vec<_> = usable.collect();
    if !usable.is_empty() {
        return no_common_codec(usable);
    }
    let offered = |media: &[&Media]| media.iter().map(|m| m.protocol.clone()).collect();
    let rtp: Vec<_> = rtp.collect();
    match security {
        _ if audio.is_empty() => Rejection::NoAudio,
        _ if rtp.is_empty() => Rejection::NoCommonTransport {
            offered: offered(&audio),
        },
        Security::Off => Rejection::SecurityOff {
            offered: offered(&rtp),
        },
        Security::Required(_)
            if rtp
                .iter()
                .all(|m| is_plain(m, &description.handshake_of(m))) =>
        {
            Rejection::PlainOffered
        }
        Security::Preferred(_) | Security::Required(_) => {
            let mut reasons = rtp.iter().map(|m| {
                let why = security.fell_back(m, &description.handshake_of(m));
                (m.profile().is_some_and(Profile::is_secure), why)
            });
            // A plain one that cannot be taken is not why: a secure one is.
            match reasons.find(|(is_secure, _)| *is_secure) {
                Some((_, Some(FellBack::NotAllowed(offered)))) => {
                    Rejection::KeyingNotAllowed { offered }
                }
                Some((_, Some(FellBack::NoFingerprint { offered }))) => {
                    Rejection::NoFingerprint { offered }
                }
                _ => Rejection::NoCommonSuite {
                    offered: rtp.iter().flat_map(|medium| medium.suites()).collect(),
                },
            }
        }
    }
}

/// Why the medium of an answer could not be taken, whatever codecs it has.
pub(crate) fn unprotected(medium: &Media, handshake: &Offered, security: &Security) -> Rejection {
    let offered = vec![medium.protocol.clone()];
    match security {
        _ if medium.profile().is_none() => Rejection::NoCommonTransport { offered },
        Security::Off => Rejection::SecurityOff { offered },
        Security::Required(_) if is_plain(medium, handshake) => Rejection::PlainAnswered,
        Security::Preferred(_) | Security::Required(_) => Rejection::KeyNotOffered {
            answered: medium.suites(),
        },
    }
}

pub(crate) fn no_common_codec<'m>(media: impl IntoIterator<Item = &'m Media>) -> Rejection {
    let media = media.into_iter();
    let offered = media.flat_map(|medium| medium.format_names().collect::<Vec<_>>());
    Rejection::NoCommonCodec {
        offered: offered.collect(),
    }
}

fn list(suites: &[String]) -> String {
    match suites {
        [] => "no key".to_owned(),
        suites => suites.join(", "),
    }
}

/// Whether nothing of it is SRTP.
fn is_plain(medium: &Media, handshake: &Offered) -> bool {
    let has_keys = !medium.cryptos.is_empty() || handshake.is_some();
    !has_keys && medium.profile().is_some_and(|profile| !profile.is_secure())
}
