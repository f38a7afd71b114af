//! What the edge saw of media: codecs, keys, packets, quality and digits.

use schemas::media::*;
use schemas::observation::*;

use super::line::Line;

/// A fact about media, if the line tells one.
pub fn observation(line: &Line) -> Option<Observation> {
    let observation = match line.word(0) {
        "codec" => CodecNegotiated {
            leg: line.leg(1),
            codec: line.word(2).to_owned(),
            payload_type: 0,
            telephone_event: line
                .find("digits")
                .map(|text| text.parse().expect("payload type")),
            local: "192.0.2.1:20000".to_owned(),
            remote: line.find("at").unwrap_or("192.0.2.7:30000").to_owned(),
            direction: MediaDirection::SendReceive,
            packet_ms: 20,
            accepted: line.find("takes").map_or_else(Vec::new, |number| {
                vec![PayloadFormat {
                    payload_type: number.parse().expect("payload type"),
                    format: line.word(2).to_owned(),
                }]
            }),
        }
        .into(),
        "echo" => EchoHeard {
            leg: line.leg(1),
            delay_ms: line.number("delay", 240),
            correlation_permille: 962,
        }
        .into(),
        "digit-early" => DigitEarly {
            leg: line.leg(1),
            after_answer_ms: line.number("after", 120),
            latched: line.find("latched").is_some(),
        }
        .into(),
        "digit-doubled" => DigitDoubled {
            leg: line.leg(1),
            counted_as: DigitMethod::TelephoneEvent,
            method: DigitMethod::Info,
            apart_ms: line.number("apart", 140),
        }
        .into(),
        "info-not-allowed" => InfoNotAllowed {
            leg: line.leg(1),
            allow: line.words[2..].join(" "),
        }
        .into(),
        "media" => MediaStarted {
            leg: line.leg(1),
            after_answer_ms: line.number("after", 0),
            source: "192.0.2.7:30000".to_owned(),
            ssrc: 0x1234_5678,
        }
        .into(),
        "transcoded" => MediaTranscoded {
            leg: line.leg(1),
            speaker: line.leg(2),
            from: line.word(3).to_owned(),
            to: line.word(4).to_owned(),
        }
        .into(),
        "secured" => MediaSecured {
            leg: line.leg(1),
            keying: "SDES".to_owned(),
            suite: line.word(2).to_owned(),
            profile: line.find("profile").unwrap_or("RTP/SAVP").to_owned(),
        }
        .into(),
        "shaken" => HandshakeCompleted {
            leg: line.leg(1),
            begun_here: true,
            fingerprint_hash: "sha-256".to_owned(),
            after_ms: line.number("after", 80),
        }
        .into(),
        "unshaken" => HandshakeFailed {
            leg: line.leg(1),
            begun_here: false,
            because: line.words[2..].join(" "),
            agreed: vec!["sha-256 00:01".to_owned()],
            shown: Some("sha-256 02:03".to_owned()),
            after_ms: 90,
        }
        .into(),
        "unsecured" => MediaUnsecured {
            leg: line.leg(1),
            because: line.words[2..].join(" "),
        }
        .into(),
        "offer-refused" => OfferRefused {
            leg: line.leg(1),
            status: 488,
            because: line.words[2..].join(" "),
        }
        .into(),
        "silent" => MediaSilent {
            leg: line.leg(1),
            for_ms: line.number("for", 5_000),
            silence: match line.find("no") {
                Some("sound") => MediaSilence::NoSound,
                _ => MediaSilence::NoPackets,
            },
            seen: line.find("elsewhere").map(|source| MediaSeen {
                received: 0,
                sent: 250,
                sent_meanwhile: 250,
                refused_meanwhile: vec![RefusedPackets {
                    because: RefusedBecause::ForeignSource,
                    packets: 248,
                }],
                refused_source: Some(source.to_owned()),
            }),
        }
        .into(),
        "resumed" => MediaResumed {
            leg: line.leg(1),
            after_ms: line.number("after", 6_000),
            silence: MediaSilence::NoPackets,
        }
        .into(),
        "measured" => measured(line).into(),
        "reported" => MediaReported {
            leg: line.leg(1),
            reports: 3,
            lost: line.number("lost", 0),
            worst_loss_permille: line.number("worst", 0),
            jitter_us: 250,
            jitter_max_us: line.number("jitter", 1_500),
            round_trip_us: line.find("round-trip").and_then(|text| text.parse().ok()),
            round_trip_max_us: line.find("round-trip").and_then(|text| text.parse().ok()),
            detail: line.find("known").map(|known| ReportDetail {
                about_us: 3,
                sender_reports: 3,
                known_packets: known.parse().expect("a number"),
                rating: Some(rating(line)),
            }),
        }
        .into(),
        "latched" => MediaLatched {
            leg: line.leg(1),
            source: line.word(2).to_owned(),
            signalled: line.word(3).to_owned(),
            ssrc: 0x1234_5678,
        }
        .into(),
        "refused-packets" => MediaRefused {
            leg: line.leg(1),
            because: RefusedBecause::ForeignSource,
            packets: line.number("packets", 500),
            total: line.number("total", 1_500),
            source: line.word(2).to_owned(),
            in_row: line.number("row", 500),
            ssrc: Some(7),
            payload_type: Some(0),
            payload_bytes: Some(160),
            same_timestamp: 0,
        }
        .into(),
        "accounted" => MediaAccounted {
            leg: line.leg(1),
            account: PeerAccount::PRtpStat,
            packets_sent: Some(line.number("sent", 4_900)),
            octets_sent: None,
            packets_received: Some(line.number("received", 0)),
            octets_received: None,
            packets_lost: Some(0),
            packets_late: None,
            jitter: Some(0),
            round_trip_ms: None,
            duration_s: Some(98),
            metrics: None,
        }
        .into(),
        "digit-lost" => DigitLost {
            leg: line.leg(1),
            because: match line.find("status") {
                Some(status) => DigitLoss::Refused {
                    status: status.parse().expect("a status"),
                },
                None => DigitLoss::NoWay,
            },
        }
        .into(),
        "digit" => DigitReceived {
            leg: line.leg(1),
            method: if line.find("info").is_some() {
                DigitMethod::Info
            } else if line.find("tones").is_some() {
                DigitMethod::InBand
            } else {
                DigitMethod::TelephoneEvent
            },
            duration_ms: line.number("for", 120),
            digit: line.find("key").and_then(|text| text.chars().next()),
            seen: line.find("seen").map(|over| KeySeen {
                ended: line.find("endless").is_none(),
                over_ms: over.parse().expect("a number"),
            }),
        }
        .into(),
        _ => return None,
    };
    Some(observation)
}

fn measured(line: &Line) -> MediaMeasured {
    let received: u64 = line.number("in", 500);
    let sent: u64 = line.number("out", 500);
    let stream = |packets: u64, lost: u64| StreamMeasure {
        packets,
        payload_bytes: packets * 160,
        lost,
        jitter_us: if packets > 0 { 350 } else { 0 },
        jitter_max_us: if packets > 0 {
            line.number("jitter", 2_400)
        } else {
            0
        },
        longest_gap_ms: if packets > 0 { 41 } else { 0 },
        detail: line.find("mos").map(|_| StreamDetail {
            out_of_buffer: line.number("late", 0),
            level_dbov: Some(-24),
            rating: Some(rating(line)).filter(|_| packets > 0),
            ..StreamDetail::default()
        }),
        ..StreamMeasure::default()
    };
    MediaMeasured {
        leg: line.leg(1),
        received: stream(received, line.number("lost", 0)),
        sent: stream(sent, 0),
        refused_packets: line.number("refused", 0),
        over_ms: line.number("over", 10_000),
        unauthenticated_packets: line.number("forged", 0),
        replayed_packets: line.number("replayed", 0),
        occasion: match line.find("because") {
            Some("interval") => MeasureOccasion::Interval,
            Some("loss") => MeasureOccasion::Loss,
            Some(other) => panic!("no occasion {other:?}"),
            None => MeasureOccasion::End,
        },
        refused: Vec::new(),
        samples: Vec::new(),
        keys_doubled: 0,
    }
}

fn rating(line: &Line) -> SpeechRating {
    SpeechRating {
        r_tenths: 900,
        mos_hundredths: line.number("mos", 434),
        delay_ms: line
            .find("delay")
            .map(|delay| delay.parse().expect("a number")),
        codec: "G.711 with concealment".to_owned(),
        ie_tenths: 0,
        bpl_tenths: 251,
    }
}
