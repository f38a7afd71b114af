//! How the two directions of a leg were, in a line each. What is not known is "cannot tell".

use schemas::media::{SpeechRating, StreamMeasure};

use super::leg::{Leg, Measure, Reported};

impl Leg {
    /// What was heard of the peer, and what the peer heard of us: a line each, once the leg was measured.
    pub fn quality(&self) -> Option<[String; 2]> {
        let measure = self.measure.as_ref()?;
        let role = self.role.word();
        let from = format!("{role} → edge: {}", received(&measure.received));
        let to = format!("edge → {role}: {}", self.heard_by_peer(measure));
        Some([from, to])
    }

    fn heard_by_peer(&self, measure: &Measure) -> String {
        let sent = measure.sent.packets;
        let level = level(&measure.sent);
        match (&self.reported, self.accounted) {
            (Some(reported), _) if reported.known_packets.is_some() => {
                by_reports(sent, reported) + &level
            }
            (_, Some(received)) => {
                format!("{sent} packets went, {received} arrived by its own account{level}")
            }
            (Some(_), None) => {
                format!("{sent} packets went; cannot tell, its reports do not speak of them{level}")
            }
            (None, None) => format!("{sent} packets went; cannot tell, it reported nothing{level}"),
        }
    }
}

/// An opinion score as people write it, or that it cannot be told.
pub(crate) fn opinion(rating: Option<&SpeechRating>) -> String {
    let Some(rating) = rating else {
        return "cannot tell".to_owned();
    };
    let mos = format!(
        "{}.{:02}",
        rating.mos_hundredths / 100,
        rating.mos_hundredths % 100
    );
    match rating.delay_ms {
        Some(_) => mos,
        None => format!("{mos} at best"),
    }
}

fn received(stream: &StreamMeasure) -> String {
    if stream.packets == 0 {
        return "not one packet came".to_owned();
    }
    let detail = stream.detail.as_ref();
    let rating = detail.and_then(|detail| detail.rating.as_ref());
    let mut words = format!(
        "MOS {}, {} lost",
        opinion(rating),
        percent(stream.lost, stream.packets + stream.lost)
    );
    match detail {
        Some(detail) => words.push_str(&format!(
            ", {} too late",
            percent(detail.out_of_buffer, stream.packets)
        )),
        None => words.push_str(", too late: cannot tell"),
    }
    words.push_str(&format!(
        ", jitter up to {}",
        milliseconds(stream.jitter_max_us)
    ));
    match rating.and_then(|rating| rating.delay_ms) {
        Some(delay) => words.push_str(&format!(", delay {delay} ms")),
        None => words.push_str(", delay: cannot tell"),
    }
    words + &level(stream)
}

fn by_reports(sent: u64, reported: &Reported) -> String {
    let known = reported.known_packets.unwrap_or(0);
    format!(
        "MOS {}, {} lost by its reports, jitter up to {}, {sent} packets went",
        opinion(reported.rating.as_ref()),
        percent(reported.lost, known),
        milliseconds(reported.jitter_max_us),
    )
}

fn level(stream: &StreamMeasure) -> String {
    let Some(detail) = stream.detail.as_ref() else {
        return String::new();
    };
    let silent = stream.silence_permille / 10;
    match detail.level_dbov {
        Some(level) => format!(", {level} dBov, {silent} % silence"),
        None if detail.idle_permille >= 980 => ", nothing but silence".to_owned(),
        None => String::new(),
    }
}

fn percent(part: u64, whole: u64) -> String {
    let permille = (part * 1_000).checked_div(whole).unwrap_or(0);
    format!("{}.{} %", permille / 10, permille % 10)
}

fn milliseconds(us: u32) -> String {
    format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
}
