//! Samples of what is told of the media of a leg.

use trunkline_schemas::media::*;
use trunkline_schemas::observation::*;
use trunkline_schemas::version::{
    CodecNegotiatedV1, DigitReceivedV1, MediaMeasuredV1, MediaMeasuredV2, MediaReportedV1,
    MediaResumedV1, MediaSilentV1, StreamMeasureV1,
};
use trunkline_schemas::{CallId, LegId};

use super::{Listed, observation, old};

pub fn samples() -> Vec<Listed> {
    let mut all = agreed();
    all.extend(faults());
    all.extend(heard());
    all.extend(measured());
    all.extend(told_by_peers());
    all.extend(digits());
    all
}

fn agreed() -> Vec<Listed> {
    let leg = LegId::CALLER;
    let today = |direction| CodecNegotiated {
        leg,
        codec: "PCMU/8000".into(),
        payload_type: 0,
        telephone_event: Some(101),
        local: "203.0.113.10:16384".into(),
        remote: "192.0.2.7:16512".into(),
        direction,
        packet_ms: 20,
        accepted: Vec::new(),
    };
    let first = |direction| {
        let before = CodecNegotiatedV1 {
            leg,
            codec: "PCMU/8000".into(),
            payload_type: 0,
            telephone_event: Some(101),
            local: "203.0.113.10:16384".into(),
            remote: "192.0.2.7:16512".into(),
            direction,
            packet_ms: 20,
        };
        old(1, &before, today(direction))
    };
    let format = |payload_type, format: &str| PayloadFormat {
        payload_type,
        format: format.into(),
    };
    let negotiated = |direction| {
        observation(CodecNegotiated {
            codec: "opus/48000/2".into(),
            payload_type: 111,
            accepted: vec![
                format(96, "opus/48000/2"),
                format(0, "PCMU/8000"),
                format(101, "telephone-event/8000"),
            ],
            ..today(direction)
        })
    };
    vec![
        first(MediaDirection::SendReceive),
        first(MediaDirection::SendOnly),
        first(MediaDirection::ReceiveOnly),
        first(MediaDirection::Inactive),
        negotiated(MediaDirection::SendReceive),
        negotiated(MediaDirection::SendOnly),
        negotiated(MediaDirection::ReceiveOnly),
        negotiated(MediaDirection::Inactive),
        observation(MediaStarted {
            leg,
            after_answer_ms: 38,
            source: "192.0.2.7:16512".into(),
            ssrc: 0x8c1f_20aa,
        }),
        observation(MediaStarted {
            leg,
            after_answer_ms: -1_250,
            source: "[2001:db8::7]:16512".into(),
            ssrc: 1,
        }),
        observation(MediaSecured {
            leg,
            keying: "SDES".into(),
            suite: "AES_CM_128_HMAC_SHA1_80".into(),
            profile: "RTP/SAVP".into(),
        }),
        observation(MediaUnsecured {
            leg,
            because: "the answer holds no key for SRTP".into(),
        }),
        observation(OfferRefused {
            leg,
            status: 488,
            because: "plain RTP offered, SRTP is required here".into(),
        }),
        observation(HandshakeCompleted {
            leg,
            begun_here: true,
            fingerprint_hash: "sha-256".into(),
            after_ms: 84,
        }),
        observation(HandshakeFailed {
            leg,
            begun_here: false,
            because: "the peer's certificate is not the one of its description".into(),
            agreed: vec!["sha-256 00:01:02".into()],
            shown: Some("sha-256 03:04:05".into()),
            after_ms: 91,
        }),
        observation(HandshakeFailed {
            leg,
            begun_here: true,
            because: "it was not over within 10 s".into(),
            agreed: vec![],
            shown: None,
            after_ms: 10_000,
        }),
        observation(HoldRequested {
            leg,
            direction: MediaDirection::SendOnly,
        }),
        observation(ResumeRequested { leg }),
    ]
}

fn faults() -> Vec<Listed> {
    let leg = LegId::CALLER;
    let doubled = |counted_as, method| {
        observation(DigitDoubled {
            leg,
            counted_as,
            method,
            apart_ms: 140,
        })
    };
    vec![
        observation(EchoHeard {
            leg,
            delay_ms: 240,
            correlation_permille: 962,
        }),
        observation(MediaContinued {
            call: CallId([7; 16]),
            leg,
            packets: 274,
            over_ms: 10_000,
            source: "192.0.2.7:16512".into(),
            ssrc: 0x8c1f_20aa,
        }),
        observation(DigitEarly {
            leg: LegId(1),
            after_answer_ms: 120,
            latched: false,
        }),
        doubled(DigitMethod::TelephoneEvent, DigitMethod::Info),
        doubled(DigitMethod::Info, DigitMethod::InBand),
        doubled(DigitMethod::InBand, DigitMethod::TelephoneEvent),
        observation(InfoNotAllowed {
            leg,
            allow: "INVITE, ACK, BYE, CANCEL, OPTIONS".into(),
        }),
    ]
}

fn heard() -> Vec<Listed> {
    let leg = LegId::CALLER;
    let silent = |silence, seen| {
        observation(MediaSilent {
            leg,
            for_ms: 5_000,
            silence,
            seen,
        })
    };
    let resumed = |silence| {
        observation(MediaResumed {
            leg,
            after_ms: 7_340,
            silence,
        })
    };
    let mut all = vec![
        old(
            1,
            &MediaSilentV1 { leg, for_ms: 5_000 },
            MediaSilent {
                leg,
                for_ms: 5_000,
                silence: MediaSilence::NoPackets,
                seen: None,
            },
        ),
        silent(
            MediaSilence::NoPackets,
            Some(MediaSeen {
                received: 512,
                sent: 760,
                sent_meanwhile: 250,
                refused_meanwhile: vec![RefusedPackets {
                    because: RefusedBecause::ForeignSource,
                    packets: 249,
                }],
                refused_source: Some("198.51.100.9:16512".into()),
            }),
        ),
        silent(MediaSilence::NoSound, None),
        old(
            1,
            &MediaResumedV1 {
                leg,
                after_ms: 7_340,
            },
            MediaResumed {
                leg,
                after_ms: 7_340,
                silence: MediaSilence::NoPackets,
            },
        ),
        resumed(MediaSilence::NoPackets),
        resumed(MediaSilence::NoSound),
        observation(MediaLatched {
            leg,
            source: "198.51.100.9:16512".into(),
            signalled: "10.0.0.7:16512".into(),
            ssrc: 0x8c1f_20aa,
        }),
    ];
    all.extend(REFUSALS.map(|because| {
        let is_rtp = !matches!(because, RefusedBecause::Malformed | RefusedBecause::Stun);
        observation(MediaRefused {
            leg,
            because,
            packets: 500,
            total: 1_500,
            source: "198.51.100.9:16512".into(),
            in_row: 499,
            ssrc: is_rtp.then_some(7),
            payload_type: is_rtp.then_some(120),
            payload_bytes: is_rtp.then_some(4),
            same_timestamp: 480,
        })
    }));
    all
}

const REFUSALS: [RefusedBecause; 14] = [
    RefusedBecause::Malformed,
    RefusedBecause::NotNegotiated,
    RefusedBecause::PayloadType,
    RefusedBecause::Direction,
    RefusedBecause::ForeignSource,
    RefusedBecause::Probation,
    RefusedBecause::ForeignSsrc,
    RefusedBecause::SequenceJump,
    RefusedBecause::Rtcp,
    RefusedBecause::Unauthenticated,
    RefusedBecause::Replayed,
    RefusedBecause::NoKeys,
    RefusedBecause::Stun,
    RefusedBecause::Handshake,
];

fn rating(delay_ms: Option<u32>) -> SpeechRating {
    SpeechRating {
        r_tenths: 908,
        mos_hundredths: 436,
        delay_ms,
        codec: "G.711 with concealment".into(),
        ie_tenths: 0,
        bpl_tenths: 251,
    }
}

fn measured() -> Vec<Listed> {
    let leg = LegId::CALLER;
    let received = StreamMeasureV1 {
        packets: 3_012,
        payload_bytes: 481_920,
        lost: 14,
        duplicates: 1,
        reordered: 2,
        jitter_us: 740,
        jitter_max_us: 18_200,
        longest_gap_ms: 61,
        silence_permille: 412,
    };
    let sent = StreamMeasureV1 {
        packets: 3_020,
        payload_bytes: 483_200,
        longest_gap_ms: 20,
        ..StreamMeasureV1::default()
    };
    let lifted = |unauthenticated_packets, replayed_packets| MediaMeasured {
        leg,
        received: received.clone().into(),
        sent: sent.clone().into(),
        refused_packets: 3,
        over_ms: 60_410,
        unauthenticated_packets,
        replayed_packets,
        occasion: MeasureOccasion::End,
        refused: Vec::new(),
        samples: Vec::new(),
        keys_doubled: 0,
    };
    let detail = StreamDetail {
        late: 1,
        out_of_buffer: 4,
        loss_runs: 9,
        comfort_noise: 2,
        restarts: 1,
        timestamp_jumps: 1,
        codec_changes: 2,
        payload_type: Some(8),
        packet_ms: Some(20),
        looped: 5,
        level_dbov: Some(-27),
        clipped_permille: 3,
        idle_permille: 310,
        rating: Some(rating(Some(112))),
        undecodable: 1,
        foreign_streams: 2,
        clock_skew: Some(ClockSkew {
            ppm: -212,
            over_s: 65,
        }),
    };
    let sample = MediaSample {
        over_ms: 5_000,
        received: 249,
        lost: 1,
        out_of_buffer: 0,
        jitter_max_us: 3_400,
        transit_us: Some(-120),
        round_trip_us: Some(41_300),
        mos_hundredths: Some(438),
        payload_type: Some(8),
        level_dbov: Some(-31),
        idle_permille: Some(40),
        restarts: 1,
    };
    let today = |occasion| {
        let mut measured = lifted(2, 1);
        measured.received.detail = Some(detail.clone());
        measured.sent.detail = Some(StreamDetail::default());
        measured.refused = vec![RefusedPackets {
            because: RefusedBecause::ForeignSsrc,
            packets: 3,
        }];
        measured.samples = vec![sample.clone(); 2];
        measured.keys_doubled = 1;
        observation(MediaMeasured {
            occasion,
            ..measured
        })
    };
    vec![
        old(
            1,
            &MediaMeasuredV1 {
                leg,
                received: received.clone(),
                sent: sent.clone(),
                refused_packets: 3,
                over_ms: 60_410,
            },
            lifted(0, 0),
        ),
        old(
            2,
            &MediaMeasuredV2 {
                leg,
                received: received.clone(),
                sent: sent.clone(),
                refused_packets: 3,
                over_ms: 60_410,
                unauthenticated_packets: 2,
                replayed_packets: 1,
            },
            lifted(2, 1),
        ),
        today(MeasureOccasion::End),
        today(MeasureOccasion::Interval),
        today(MeasureOccasion::Loss),
        today(MeasureOccasion::Silence),
        today(MeasureOccasion::Codec),
    ]
}

fn told_by_peers() -> Vec<Listed> {
    let leg = LegId(1);
    let known = MediaReported {
        leg,
        reports: 12,
        lost: 3,
        worst_loss_permille: 15,
        jitter_us: 1_250,
        jitter_max_us: 4_000,
        round_trip_us: Some(41_300),
        round_trip_max_us: Some(120_000),
        detail: None,
    };
    let unknown = MediaReported {
        leg: LegId::CALLER,
        reports: 1,
        lost: 0,
        worst_loss_permille: 0,
        jitter_us: 0,
        jitter_max_us: 0,
        round_trip_us: None,
        round_trip_max_us: None,
        detail: None,
    };
    let first = |today: &MediaReported| {
        let before = MediaReportedV1 {
            leg: today.leg,
            reports: today.reports,
            lost: today.lost,
            worst_loss_permille: today.worst_loss_permille,
            jitter_us: today.jitter_us,
            jitter_max_us: today.jitter_max_us,
            round_trip_us: today.round_trip_us,
            round_trip_max_us: today.round_trip_max_us,
        };
        old(1, &before, today.clone())
    };
    let detail = ReportDetail {
        about_us: 11,
        sender_reports: 12,
        known_packets: 3_020,
        rating: Some(rating(None)),
    };
    let accounted = |account, metrics| {
        observation(MediaAccounted {
            leg: LegId(1),
            account,
            packets_sent: Some(4_900),
            octets_sent: Some(784_000),
            packets_received: Some(0),
            octets_received: Some(0),
            packets_lost: Some(0),
            packets_late: None,
            jitter: Some(3),
            round_trip_ms: Some(41),
            duration_s: Some(98),
            metrics,
        })
    };
    let metrics = VoiceMetrics {
        lost_permille: 12,
        discarded_permille: 4,
        burst_ms: 120,
        gap_ms: 9_000,
        end_system_ms: 80,
        signal_dbm0: Some(-21),
        noise_dbm0: Some(-65),
        echo_return_loss_db: Some(55),
        r_factor: Some(88),
        mos_lq_tenths: Some(42),
        mos_cq_tenths: None,
        buffer_ms: 60,
        buffer_max_ms: 200,
    };
    vec![
        observation(MediaTranscoded {
            leg: LegId::CALLER,
            speaker: LegId::CALLER,
            from: "opus/48000/2".into(),
            to: "PCMU/8000".into(),
        }),
        first(&known),
        first(&unknown),
        observation(MediaReported {
            detail: Some(detail),
            ..known
        }),
        accounted(PeerAccount::PRtpStat, None),
        accounted(PeerAccount::XRtpStat, None),
        accounted(PeerAccount::RtpStat, None),
        accounted(PeerAccount::ExtendedReport, Some(metrics)),
    ]
}

fn digits() -> Vec<Listed> {
    let leg = LegId::CALLER;
    let first = |method, digit| {
        let before = DigitReceivedV1 {
            leg,
            method,
            duration_ms: 120,
            digit,
        };
        let today = DigitReceived {
            leg,
            method,
            duration_ms: 120,
            digit,
            seen: None,
        };
        old(1, &before, today)
    };
    let digit = |method, digit, seen| {
        observation(DigitReceived {
            leg,
            method,
            duration_ms: 120,
            digit,
            seen,
        })
    };
    let seen = |ended| {
        Some(KeySeen {
            ended,
            over_ms: 140,
        })
    };
    let lost = |because| observation(DigitLost { leg, because });
    vec![
        first(DigitMethod::TelephoneEvent, None),
        first(DigitMethod::Info, Some('#')),
        digit(DigitMethod::TelephoneEvent, None, seen(true)),
        digit(DigitMethod::TelephoneEvent, Some('5'), seen(false)),
        digit(DigitMethod::Info, Some('#'), None),
        digit(DigitMethod::InBand, None, None),
        lost(DigitLoss::NoWay),
        lost(DigitLoss::Refused { status: 415 }),
        lost(DigitLoss::Unanswered),
        lost(DigitLoss::TooMany),
    ]
}
