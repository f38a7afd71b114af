//! What was counted of a leg's media, by the edge and by its peer: the last word counts.

use schemas::observation::{MediaAccounted, MediaMeasured, MediaReported};

use super::Measure;
use super::fold::Moment;
use super::row::Row;

impl Row {
    pub(super) fn measured(&mut self, moment: Moment, measured: MediaMeasured) {
        let leg = self.leg_mut(measured.leg);
        leg.measure = Some(Measure {
            received: measured.received,
            sent: measured.sent,
            refused_packets: measured.refused_packets,
            over_ms: measured.over_ms,
        });
        leg.evidence.measured = Some(moment.id);
    }

    pub(super) fn reported(&mut self, moment: Moment, reported: &MediaReported) {
        let leg = self.leg_mut(reported.leg);
        leg.reported = Some(reported.into());
        leg.evidence.reported = Some(moment.id);
    }

    pub(super) fn accounted(&mut self, moment: Moment, accounted: &MediaAccounted) {
        let leg = self.leg_mut(accounted.leg);
        if accounted.packets_received.is_some() {
            leg.accounted = accounted.packets_received;
            leg.evidence.accounted = Some(moment.id);
        }
    }
}
