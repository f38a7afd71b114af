//! The fold of transfers: who asked for one, and what the far side says of it.

use schemas::conclusion::TransferMethod;
use schemas::observation::{
    TransferProgress, TransferProgressed, TransferRequested, TransferSource,
};
use schemas::{EventId, LegId};

use super::fold::Moment;
use super::row::Row;
use super::transfer::{Acceptance, Transfer};

/// The most transfers that a row tells of.
pub(super) const TRANSFERS_MAX: usize = 32;

impl Row {
    pub(super) fn transfer_requested(&mut self, moment: Moment, request: TransferRequested) {
        if self.transfers.len() >= TRANSFERS_MAX {
            return;
        }
        let mut transfer = Transfer::new(moment.at, request.target);
        transfer.by = Some(request.leg);
        transfer.source = match request.source {
            TransferSource::Refer if request.replaces => "REFER with Replaces".to_owned(),
            TransferSource::Refer => "REFER".to_owned(),
            TransferSource::Agent { agent, choice } => format!("agent {agent}: {choice}"),
        };
        transfer.requested_event = Some(moment.id);
        self.transfers.push(transfer);
    }

    pub(super) fn transfer_progressed(&mut self, moment: Moment, progressed: TransferProgressed) {
        let acceptance = match progressed.progress {
            TransferProgress::Sent => return,
            TransferProgress::Accepted => Acceptance::Accepted,
            TransferProgress::Refused { status, phrase } => Acceptance::Refused { status, phrase },
            TransferProgress::Notified { .. } => Acceptance::Accepted,
            TransferProgress::TimedOut => Acceptance::TimedOut,
        };
        if let Some(transfer) = self.transfer_mut() {
            transfer.accept(acceptance, moment.id);
        }
    }

    pub(super) fn accept_bridged(&mut self, id: LegId, event: EventId) {
        let transfer = self.transfers.iter_mut().rev().find(|transfer| {
            !transfer.is_over()
                && transfer.leg == Some(id)
                && transfer.method == Some(TransferMethod::Bridged)
        });
        if let Some(transfer) = transfer {
            transfer.accept(Acceptance::Accepted, event);
        }
    }

    pub(super) fn transfer_mut(&mut self) -> Option<&mut Transfer> {
        self.transfers
            .iter_mut()
            .rev()
            .find(|transfer| !transfer.is_over())
    }
}
