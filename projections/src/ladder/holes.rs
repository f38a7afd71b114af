//! Where events are missing.

use schemas::Record;

use super::RungKind;
use super::rungs::Drawing;
use crate::Mark;

impl Drawing<'_> {
    pub(super) fn holes_before(&mut self, record: &Record) {
        let header = record.header();
        let Some(lane) = self.row.lanes.of(header.lane) else {
            return;
        };
        let hole = lane
            .missing
            .iter()
            .find(|hole| hole.last + 1 == header.sequence);
        if let Some(hole) = hole {
            let label = format!("{:?} {hole} missing", header.lane).to_lowercase();
            let all = (0, self.parties.len() - 1);
            self.push(record, RungKind::Hole, all, Mark::Bad, label);
        }
    }
}
