//! The sentences for media: what came, what did not, what it is worth, and keys.

use schemas::media::{
    MeasureOccasion, MediaSilence, PeerAccount, RefusedBecause, RefusedPackets, SpeechRating,
    StreamMeasure,
};
use schemas::observation::{
    DigitLoss, DigitLost, DigitReceived, MediaAccounted, MediaLatched, MediaMeasured, MediaRefused,
    MediaReported, MediaResumed, MediaSilent, MediaStarted,
};

use super::cast::Cast;
use super::faults;
use super::telling::{Telling, told};
use crate::history::opinion;
use crate::sentences::span;

/// Loss from here on is worth a look: 1 %.
const LOSS_WARN_PERMILLE: u64 = 10;

pub(super) fn started(started: &MediaStarted, cast: &Cast) -> Telling {
    let party = ("party", cast.party(started.leg));
    let telling = match u64::try_from(started.after_answer_ms) {
        Ok(after) => told("media.started", &[party, ("after", span(after))]),
        Err(_) => told("media.started.early", &[party]),
    };
    telling
        .on(started.leg)
        .with("from", started.source.as_str())
        .with("SSRC", format!("{:08x}", started.ssrc))
}

pub(super) fn latched(latched: &MediaLatched, cast: &Cast) -> Telling {
    let id = match latched.source == latched.signalled {
        true => "media.latched",
        false => "media.latched.elsewhere",
    };
    let fields = [
        ("party", cast.party(latched.leg)),
        ("source", latched.source.clone()),
        ("signalled", latched.signalled.clone()),
    ];
    told(id, &fields)
        .on(latched.leg)
        .with("SSRC", format!("{:08x}", latched.ssrc))
}

pub(super) fn refused(refused: &MediaRefused, cast: &Cast) -> Telling {
    let fields = [
        ("party", cast.party(refused.leg)),
        ("packets", refused.packets.to_string()),
        ("why", reason(refused.because).to_owned()),
        ("source", refused.source.clone()),
    ];
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    told("media.refused", &fields)
        .on(refused.leg)
        .with("in all", refused.total.to_string())
        .with("in a row from there", refused.in_row.to_string())
        .with(
            "of one moment as the one before",
            some(refused.same_timestamp),
        )
        .with(
            "SSRC",
            refused
                .ssrc
                .map(|ssrc| format!("{ssrc:08x}"))
                .unwrap_or_default(),
        )
        .with("payload type", number(refused.payload_type.map(u32::from)))
        .with(
            "octets behind its header",
            number(refused.payload_bytes.map(u32::from)),
        )
}

pub(super) fn silent(silent: &MediaSilent, cast: &Cast) -> Telling {
    let elsewhere = silent.seen.as_ref().and_then(|seen| {
        let foreign = |refused: &&RefusedPackets| refused.because == RefusedBecause::ForeignSource;
        let refused = seen.refused_meanwhile.iter().find(foreign)?;
        Some((refused.packets, seen.refused_source.clone()?))
    });
    let party = ("party", cast.party(silent.leg));
    let time = ("time", span(u64::from(silent.for_ms)));
    let telling = match (silent.silence, elsewhere) {
        (MediaSilence::NoPackets, Some((packets, source))) => told(
            "media.silent.elsewhere",
            &[
                party,
                time,
                ("packets", packets.to_string()),
                ("source", source),
            ],
        ),
        (MediaSilence::NoPackets, None) => told("media.silent", &[party, time]),
        (MediaSilence::NoSound, _) => told("media.silent.sound", &[party, time]),
    };
    let telling = telling.on(silent.leg);
    let Some(seen) = &silent.seen else {
        return telling;
    };
    telling
        .with("received so far", seen.received.to_string())
        .with("sent so far", seen.sent.to_string())
        .with("sent meanwhile", seen.sent_meanwhile.to_string())
        .with("not let in meanwhile", reasons(&seen.refused_meanwhile))
        .with("from", seen.refused_source.clone().unwrap_or_default())
}

pub(super) fn resumed(resumed: &MediaResumed, cast: &Cast) -> Telling {
    let time = ("time", span(u64::from(resumed.after_ms)));
    told("media.resumed", &[("party", cast.party(resumed.leg)), time]).on(resumed.leg)
}

pub(super) fn measured(measured: &MediaMeasured, cast: &Cast) -> Telling {
    let received = &measured.received;
    let expected = received.packets + received.lost;
    let is_last = measured.occasion == MeasureOccasion::End;
    let id = match (received.packets, received.lost * 1_000) {
        (0, _) if is_last => "media.measured.nothing",
        (_, lost) if is_last && lost >= expected * LOSS_WARN_PERMILLE => "media.measured.lossy",
        _ if is_last => "media.measured",
        _ if measured.occasion == MeasureOccasion::Loss => "media.measured.worse",
        _ => "media.measured.meanwhile",
    };
    let detail = received.detail.clone().unwrap_or_default();
    let fields = [
        ("party", cast.party(measured.leg)),
        ("received", received.packets.to_string()),
        ("sent", measured.sent.packets.to_string()),
        ("lost", received.lost.to_string()),
        ("refused", measured.refused_packets.to_string()),
        ("jitter", microseconds(received.jitter_max_us)),
        ("opinion", opinion(detail.rating.as_ref())),
    ];
    let last = measured.samples.last();
    told(id, &fields)
        .on(measured.leg)
        .with("received", measure_words(received))
        .with("sent", measure_words(&measured.sent))
        .with(
            "rated",
            detail.rating.as_ref().map(rating_words).unwrap_or_default(),
        )
        .with(
            "last seconds",
            last.map(|last| {
                format!(
                    "{} came, {} lost, {} too late",
                    last.received, last.lost, last.out_of_buffer
                )
            })
            .unwrap_or_default(),
        )
        .with("not let in", measured.refused_packets.to_string())
        .with("by reason", reasons(&measured.refused))
        .with("not authentic", some(measured.unauthenticated_packets))
        .with("replayed", some(measured.replayed_packets))
        .with("keys that came twice", some(measured.keys_doubled.into()))
        .with("over", span(u64::from(measured.over_ms)))
}

pub(super) fn reported(reported: &MediaReported, cast: &Cast) -> Telling {
    let is_lossy = u64::from(reported.worst_loss_permille) >= LOSS_WARN_PERMILLE;
    let id = match (is_lossy, reported.round_trip_us) {
        (true, _) => "media.reported.lossy",
        (false, Some(_)) => "media.reported",
        (false, None) => "media.reported.short",
    };
    let round_trip = reported
        .round_trip_us
        .map_or_else(|| "cannot tell".to_owned(), microseconds);
    let worst = reported.worst_loss_permille;
    let fields = [
        ("party", cast.party(reported.leg)),
        ("lost", reported.lost.to_string()),
        ("worst", format!("{}.{} %", worst / 10, worst % 10)),
        ("jitter", microseconds(reported.jitter_max_us)),
        ("round_trip", round_trip),
    ];
    let longest = reported.round_trip_max_us.map(microseconds);
    let detail = reported.detail.clone().unwrap_or_default();
    told(id, &fields)
        .on(reported.leg)
        .with("reports", reported.reports.to_string())
        .with("of them on our packets", some(detail.about_us.into()))
        .with("packets it knows of", some(detail.known_packets))
        .with(
            "rated",
            detail.rating.as_ref().map(rating_words).unwrap_or_default(),
        )
        .with(
            "longest round trip",
            longest.unwrap_or_else(|| "cannot tell".to_owned()),
        )
}

pub(super) fn accounted(accounted: &MediaAccounted, cast: &Cast) -> Telling {
    let id = match accounted.packets_received {
        Some(0) => "media.accounted.nothing",
        Some(_) => "media.accounted",
        None => "media.accounted.other",
    };
    let account = match accounted.account {
        PeerAccount::PRtpStat => "P-RTP-Stat",
        PeerAccount::XRtpStat => "X-RTP-Stat",
        PeerAccount::RtpStat => "RTP-RxStat",
        PeerAccount::ExtendedReport => "an extended report",
    };
    let count = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
    let fields = [
        ("party", cast.party(accounted.leg)),
        ("account", account.to_owned()),
        ("received", count(accounted.packets_received)),
        ("sent", count(accounted.packets_sent)),
    ];
    let mut telling = told(id, &fields)
        .on(accounted.leg)
        .with("lost", count(accounted.packets_lost))
        .with("too late", count(accounted.packets_late))
        .with("jitter", count(accounted.jitter))
        .with("round trip", count(accounted.round_trip_ms.map(u64::from)))
        .with("seconds", count(accounted.duration_s.map(u64::from)));
    if let Some(metrics) = &accounted.metrics {
        let small = |value: Option<u8>| value.map(|value| value.to_string()).unwrap_or_default();
        let permille = |permille: u16| format!("{}.{} %", permille / 10, permille % 10);
        telling = telling
            .with("lost on the way", permille(metrics.lost_permille))
            .with("thrown away", permille(metrics.discarded_permille))
            .with("R", small(metrics.r_factor))
            .with("MOS-LQ in tenths", small(metrics.mos_lq_tenths))
            .with("MOS-CQ in tenths", small(metrics.mos_cq_tenths));
    }
    telling
}

pub(super) fn digit(digit: &DigitReceived, cast: &Cast) -> Telling {
    let mut fields = vec![
        ("party", cast.party(digit.leg)),
        ("method", faults::method(digit.method).to_owned()),
        ("time", span(u64::from(digit.duration_ms))),
    ];
    let id = match digit.digit {
        Some(key) => {
            fields.push(("digit", key.to_string()));
            "digit.known"
        }
        None => "digit.received",
    };
    let seen = digit.seen;
    told(id, &fields)
        .on(digit.leg)
        .with(
            "by our clock",
            seen.map(|seen| span(u64::from(seen.over_ms)))
                .unwrap_or_default(),
        )
        .with(
            "its end",
            match seen {
                Some(seen) if !seen.ended => "did not come",
                Some(_) | None => "",
            },
        )
}

pub(super) fn digit_lost(lost: &DigitLost, cast: &Cast) -> Telling {
    let why = match &lost.because {
        DigitLoss::NoWay => {
            "it takes no telephone events, and nothing else is agreed on".to_owned()
        }
        DigitLoss::Refused { status } => format!("it answered the INFO with {status}"),
        DigitLoss::Unanswered => "it did not answer the INFO".to_owned(),
        DigitLoss::TooMany => "too many wait already".to_owned(),
    };
    told(
        "digit.lost",
        &[("party", cast.party(lost.leg)), ("why", why)],
    )
    .on(lost.leg)
}

/// A count that is worth a word only if there is any.
fn some(count: u64) -> String {
    match count {
        0 => String::new(),
        some => some.to_string(),
    }
}

fn measure_words(measure: &StreamMeasure) -> String {
    let mut words = format!(
        "{} packets, {} bytes, {} twice, {} out of order, longest gap {} ms, {}.{} % silence",
        measure.packets,
        measure.payload_bytes,
        measure.duplicates,
        measure.reordered,
        measure.longest_gap_ms,
        measure.silence_permille / 10,
        measure.silence_permille % 10,
    );
    let Some(detail) = &measure.detail else {
        return words;
    };
    if let Some(level) = detail.level_dbov {
        words.push_str(&format!(", {level} dBov"));
    }
    let counts = [
        (detail.out_of_buffer, "too late for a buffer of 60 ms"),
        (detail.restarts.into(), "restarts"),
        (detail.timestamp_jumps.into(), "jumps of the timestamp"),
        (detail.codec_changes.into(), "changes of the codec"),
        (detail.comfort_noise, "of comfort noise"),
        (detail.looped, "with our own SSRC"),
        (detail.undecodable, "that nobody could decode"),
        (detail.foreign_streams.into(), "streams with a foreign SSRC"),
    ];
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        words.push_str(&format!(", {count} {what}"));
    }
    if let Some(skew) = &detail.clock_skew {
        words.push_str(&format!(", clock {} ppm behind ours", skew.ppm));
    }
    words
}

fn rating_words(rating: &SpeechRating) -> String {
    let delay = match rating.delay_ms {
        Some(ms) => format!("with {ms} ms of delay"),
        None => "delay cannot be told, so at best".to_owned(),
    };
    format!(
        "R {}.{}, {delay}, {}: Ie {}.{}, Bpl {}.{}",
        rating.r_tenths / 10,
        rating.r_tenths % 10,
        rating.codec,
        rating.ie_tenths / 10,
        rating.ie_tenths % 10,
        rating.bpl_tenths / 10,
        rating.bpl_tenths % 10,
    )
}

fn reasons(refused: &[RefusedPackets]) -> String {
    let words = refused
        .iter()
        .map(|refused| format!("{} {}", refused.packets, reason(refused.because)));
    words.collect::<Vec<_>>().join(", ")
}

fn reason(because: RefusedBecause) -> &'static str {
    match because {
        RefusedBecause::Malformed => "not RTP",
        RefusedBecause::NotNegotiated => "before a session was agreed on",
        RefusedBecause::PayloadType => "with a payload type that was not agreed on",
        RefusedBecause::Direction => "against the direction that was agreed on",
        RefusedBecause::ForeignSource => "from a foreign address",
        RefusedBecause::Probation => "from an address that was not learned yet",
        RefusedBecause::ForeignSsrc => "with a foreign SSRC",
        RefusedBecause::SequenceJump => "with a number far from all others",
        RefusedBecause::Rtcp => "RTCP",
        RefusedBecause::Unauthenticated => "not authentic",
        RefusedBecause::Replayed => "replayed",
        RefusedBecause::Stun => "STUN",
        RefusedBecause::NoKeys => "before the keys of SRTP were made",
        RefusedBecause::Handshake => "DTLS that nobody agreed to",
    }
}

fn microseconds(us: u32) -> String {
    format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
}
