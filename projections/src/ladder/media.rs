//! The rungs for media: what came, what did not, what was counted, and keys.

use schemas::media::{MeasureOccasion, MediaSilence};
use schemas::{Observation, Record};

use super::RungKind;
use super::parties::EDGE;
use super::rungs::Drawing;
use crate::Mark;
use crate::history::opinion;

impl Drawing<'_> {
    /// Draws what tells of media, and nothing else.
    pub(super) fn media(&mut self, record: &Record, observation: &Observation) {
        match observation {
            Observation::MediaStarted(started) => {
                let codec = self.row.leg(started.leg).and_then(|leg| leg.codec.as_ref());
                let codec = codec.map_or("", |codec| codec.name.split('/').next().unwrap_or(""));
                let label = format!("RTP {codec}");
                let from = self.column(started.leg);
                self.push(
                    record,
                    RungKind::Media,
                    (from, EDGE),
                    Mark::Media,
                    label.trim().to_owned(),
                );
            }
            Observation::MediaSilent(silent) => {
                let from = self.column(silent.leg);
                let what = match silent.silence {
                    MediaSilence::NoPackets => "RTP",
                    MediaSilence::NoSound => "sound",
                };
                let label = format!("no {what} for {} ms", silent.for_ms);
                self.push(record, RungKind::Media, (from, EDGE), Mark::Warn, label);
            }
            Observation::MediaMeasured(measured) if measured.occasion != MeasureOccasion::End => {
                let from = self.column(measured.leg);
                let rating = measured
                    .received
                    .detail
                    .as_ref()
                    .and_then(|detail| detail.rating.as_ref());
                let label = format!("{} lost, MOS {}", measured.received.lost, opinion(rating));
                self.push(record, RungKind::Media, (from, EDGE), Mark::Media, label);
            }
            Observation::MediaMeasured(measured) => {
                let (received, sent) = (measured.received.packets, measured.sent.packets);
                let mark = if received == 0 {
                    Mark::Bad
                } else {
                    Mark::Media
                };
                let from = self.column(measured.leg);
                let label = format!("{received} in, {sent} out");
                self.push(record, RungKind::Media, (from, EDGE), mark, label);
            }
            Observation::MediaReported(reported) => {
                let from = self.column(reported.leg);
                let label = format!("RTCP: {} lost", reported.lost);
                self.push(record, RungKind::Media, (from, EDGE), Mark::Media, label);
            }
            Observation::MediaLatched(latched) if latched.source == latched.signalled => {}
            Observation::MediaLatched(latched) => {
                let from = self.column(latched.leg);
                let label = format!("RTP from {}", latched.source);
                self.push(record, RungKind::Media, (from, EDGE), Mark::Warn, label);
            }
            Observation::MediaRefused(refused) => {
                let from = self.column(refused.leg);
                let label = format!("{} packets not let in", refused.packets);
                self.push(record, RungKind::Media, (from, EDGE), Mark::Warn, label);
            }
            Observation::MediaAccounted(accounted) => {
                let from = self.column(accounted.leg);
                let (label, mark) = match accounted.packets_received {
                    Some(0) => ("received nothing of us".to_owned(), Mark::Bad),
                    Some(received) => (format!("received {received} of us"), Mark::Media),
                    None => ("told how it heard us".to_owned(), Mark::Media),
                };
                self.push(record, RungKind::Media, (from, EDGE), mark, label);
            }
            Observation::DigitLost(lost) => {
                let to = self.column(lost.leg);
                let label = "digit could not be sent".to_owned();
                self.push(record, RungKind::Media, (EDGE, to), Mark::Warn, label);
            }
            Observation::EchoHeard(echo) => {
                let from = self.column(echo.leg);
                let label = format!("what we send, {} ms later", echo.delay_ms);
                self.push(record, RungKind::Media, (from, EDGE), Mark::Warn, label);
            }
            Observation::DigitEarly(early) => {
                let to = self.column(early.leg);
                let label = "digit too early".to_owned();
                self.push(record, RungKind::Media, (EDGE, to), Mark::Warn, label);
            }
            Observation::DigitReceived(digit) => {
                let key = digit
                    .digit
                    .map_or("digit".to_owned(), |key| format!("digit {key}"));
                let from = self.column(digit.leg);
                self.push(record, RungKind::Media, (from, EDGE), Mark::Media, key);
            }
            _ => {}
        }
    }
}
