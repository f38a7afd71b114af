//! The rungs of requests inside a dialog: a REFER with what comes of it, a refresh of the session.

use schemas::Record;
use schemas::observation::{LegSide, SessionRefreshed, TransferProgress, TransferProgressed};

use super::rungs::Drawing;
use crate::Mark;

impl Drawing<'_> {
    pub(super) fn transfer(&mut self, record: &Record, progressed: &TransferProgressed) {
        let leg = progressed.leg;
        match &progressed.progress {
            TransferProgress::Sent => self.told(record, leg, Mark::Transfer, "REFER"),
            TransferProgress::Accepted => {
                self.heard(record, leg, Mark::Ok, "202 Accepted (REFER)");
            }
            TransferProgress::Refused { status, phrase } => {
                let label = format!("{status} {phrase} (REFER)");
                self.heard(record, leg, Mark::Warn, &label);
            }
            TransferProgress::Notified { status, phrase, .. } => {
                let label = format!("NOTIFY ({status} {phrase})");
                self.heard(record, leg, Mark::Transfer, &label);
            }
            TransferProgress::TimedOut => self.note(record, Mark::Bad, "REFER: no answer"),
        }
    }

    pub(super) fn refreshed(&mut self, record: &Record, refreshed: &SessionRefreshed) {
        let label = format!("{} (session timer)", refreshed.method);
        match refreshed.by {
            LegSide::Edge => self.told(record, refreshed.leg, Mark::Mute, &label),
            LegSide::Peer => self.heard(record, refreshed.leg, Mark::Mute, &label),
        }
    }
}
