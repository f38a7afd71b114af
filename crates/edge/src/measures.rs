//! What media counted, as events tell it.

use std::net::SocketAddr;
use std::time::Duration;

use media::{Occasion, Reason};
use schemas::LegId;
use schemas::media::{
    ClockSkew, MeasureOccasion, MediaSample, MediaSeen, MediaSilence, PeerAccount, RefusedBecause,
    RefusedPackets, SpeechRating, StreamDetail, StreamMeasure,
};
use schemas::observation::{
    MediaAccounted, MediaMeasured, MediaRefused, MediaReported, ReportDetail, VoiceMetrics,
};

use crate::tally::milliseconds;

/// A leg in numbers.
pub fn media_measured(leg: LegId, measured: &media::Measured) -> MediaMeasured {
    MediaMeasured {
        leg,
        received: measure(&measured.received),
        sent: measure(&measured.sent),
        refused_packets: measured.refused,
        over_ms: milliseconds(measured.over),
        unauthenticated_packets: measured.refused_for(Reason::Unauthenticated),
        replayed_packets: measured.refused_for(Reason::Replayed),
        occasion: match measured.occasion {
            Occasion::End => MeasureOccasion::End,
            Occasion::Interval => MeasureOccasion::Interval,
            Occasion::Loss => MeasureOccasion::Loss,
            Occasion::Silence => MeasureOccasion::Silence,
            Occasion::Codec => MeasureOccasion::Codec,
        },
        refused: refused(&measured.refused_by_reason),
        samples: measured
            .samples
            .iter()
            .zip(&measured.opinions)
            .map(|(sample, opinion)| self::sample(sample, opinion.as_ref()))
            .collect(),
        keys_doubled: measured.keys_doubled,
    }
}

/// What the peer of a leg said of our packets, by RTCP.
pub fn media_reported(leg: LegId, reported: &media::Reported) -> MediaReported {
    MediaReported {
        leg,
        reports: reported.reports,
        lost: reported.lost,
        worst_loss_permille: reported.worst_loss_permille,
        jitter_us: reported.jitter_us,
        jitter_max_us: reported.jitter_max_us,
        round_trip_us: reported.round_trip.map(microseconds),
        round_trip_max_us: reported.round_trip_max.map(microseconds),
        detail: Some(ReportDetail {
            about_us: reported.about_us,
            sender_reports: reported.sender_reports,
            known_packets: reported.known_packets,
            rating: reported.rating.as_ref().map(rating),
        }),
    }
}

/// What the peer of a leg said of our packets, by extended reports.
pub fn media_accounted(leg: LegId, metrics: &media::Metrics) -> MediaAccounted {
    MediaAccounted {
        leg,
        account: PeerAccount::ExtendedReport,
        packets_sent: None,
        octets_sent: None,
        packets_received: None,
        octets_received: None,
        packets_lost: None,
        packets_late: None,
        jitter: None,
        round_trip_ms: Some(u32::from(metrics.round_trip_ms)).filter(|ms| *ms > 0),
        duration_s: None,
        metrics: Some(VoiceMetrics {
            lost_permille: metrics.lost_permille,
            discarded_permille: metrics.discarded_permille,
            burst_ms: metrics.burst_ms,
            gap_ms: metrics.gap_ms,
            end_system_ms: metrics.end_system_ms,
            signal_dbm0: metrics.signal_dbm0,
            noise_dbm0: metrics.noise_dbm0,
            echo_return_loss_db: metrics.echo_return_loss_db,
            r_factor: metrics.r_factor,
            mos_lq_tenths: metrics.mos_lq_tenths,
            mos_cq_tenths: metrics.mos_cq_tenths,
            buffer_ms: metrics.buffer_ms,
            buffer_max_ms: metrics.buffer_max_ms,
        }),
    }
}

/// Packets that were not let in.
pub fn media_refused(leg: LegId, refused: &media::Refused) -> MediaRefused {
    let rtp = refused.last.rtp;
    MediaRefused {
        leg,
        because: because(refused.reason),
        packets: refused.packets.into(),
        total: refused.total.into(),
        source: refused.last.source.to_string(),
        in_row: refused.in_row.into(),
        ssrc: rtp.map(|rtp| rtp.ssrc),
        payload_type: rtp.map(|rtp| rtp.payload_type),
        payload_bytes: rtp.map(|rtp| rtp.payload_bytes),
        same_timestamp: refused.same_timestamp.into(),
    }
}

/// What is not heard.
pub fn silence(silence: media::Silence) -> MediaSilence {
    match silence {
        media::Silence::NoPackets => MediaSilence::NoPackets,
        media::Silence::NoSound => MediaSilence::NoSound,
    }
}

/// What was seen instead.
pub fn seen(seen: &media::Seen) -> MediaSeen {
    MediaSeen {
        received: seen.received,
        sent: seen.sent,
        sent_meanwhile: seen.sent_meanwhile,
        refused_meanwhile: refused(&seen.refused_meanwhile),
        refused_source: seen.refused_source.as_ref().map(SocketAddr::to_string),
    }
}

fn measure(stream: &media::Stream) -> StreamMeasure {
    StreamMeasure {
        packets: stream.packets,
        payload_bytes: stream.payload_bytes,
        lost: stream.lost,
        duplicates: stream.duplicates,
        reordered: stream.reordered,
        jitter_us: stream.jitter_us,
        jitter_max_us: stream.jitter_max_us,
        longest_gap_ms: stream.longest_gap_ms,
        silence_permille: stream.silence_permille,
        detail: Some(StreamDetail {
            late: stream.late,
            out_of_buffer: stream.out_of_buffer,
            loss_runs: stream.loss_runs,
            comfort_noise: stream.comfort_noise,
            restarts: stream.restarts,
            timestamp_jumps: stream.timestamp_jumps,
            codec_changes: stream.codec_changes,
            payload_type: stream.payload_type,
            packet_ms: stream.packet_ms,
            looped: stream.looped,
            level_dbov: stream.level_dbov,
            clipped_permille: stream.clipped_permille,
            idle_permille: stream.idle_permille,
            rating: stream.rating.as_ref().map(rating),
            undecodable: stream.undecodable,
            foreign_streams: stream.foreign_streams,
            clock_skew: stream.clock_skew.map(|skew| ClockSkew {
                ppm: skew.ppm,
                over_s: skew.over_s,
            }),
        }),
    }
}

fn sample(sample: &media::Sample, opinion: Option<&media::Rating>) -> MediaSample {
    MediaSample {
        over_ms: sample.over_ms,
        received: sample.received,
        lost: sample.lost,
        out_of_buffer: sample.out_of_buffer,
        jitter_max_us: sample.jitter_max_us,
        transit_us: sample.transit_us,
        round_trip_us: sample.round_trip_us,
        mos_hundredths: opinion.map(|opinion| opinion.mos_hundredths),
        payload_type: sample.payload_type,
        level_dbov: sample.level_dbov,
        idle_permille: sample.idle_permille,
        restarts: sample.restarts,
    }
}

fn rating(rating: &media::Rating) -> SpeechRating {
    SpeechRating {
        r_tenths: rating.r_tenths,
        mos_hundredths: rating.mos_hundredths,
        delay_ms: rating.delay_ms,
        codec: rating.pin.name().to_owned(),
        ie_tenths: rating.pin.ie_tenths(),
        bpl_tenths: rating.pin.bpl_tenths(),
    }
}

fn refused(counts: &[u32; Reason::ALL.len()]) -> Vec<RefusedPackets> {
    let counted = Reason::ALL
        .iter()
        .zip(counts)
        .filter(|(_, count)| **count > 0);
    let packets = counted.map(|(reason, count)| RefusedPackets {
        because: because(*reason),
        packets: u64::from(*count),
    });
    packets.collect()
}

fn because(reason: Reason) -> RefusedBecause {
    match reason {
        Reason::Malformed => RefusedBecause::Malformed,
        Reason::NotNegotiated => RefusedBecause::NotNegotiated,
        Reason::PayloadType => RefusedBecause::PayloadType,
        Reason::Direction => RefusedBecause::Direction,
        Reason::ForeignSource => RefusedBecause::ForeignSource,
        Reason::Probation => RefusedBecause::Probation,
        Reason::ForeignSsrc => RefusedBecause::ForeignSsrc,
        Reason::SequenceJump => RefusedBecause::SequenceJump,
        Reason::Rtcp => RefusedBecause::Rtcp,
        Reason::Unauthenticated => RefusedBecause::Unauthenticated,
        Reason::Replayed => RefusedBecause::Replayed,
        Reason::Stun => RefusedBecause::Stun,
        Reason::NoKeys => RefusedBecause::NoKeys,
        Reason::Handshake => RefusedBecause::Handshake,
    }
}

fn microseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}
