//! A bridged transfer: a new INVITE through a trunk, and both legs stay here.
//!
//! ```text
//!   agent            trunkline             target            caller
//!     │ REFER ──────────►│                    │                 │
//!     │◄──── 202, NOTIFY 100                  │                 │
//!     │                  │── hold ──────────────────────────────►│
//!     │                  │ INVITE, From: the caller ►│           │
//!     │◄──── NOTIFY 180 ─│◄────────────── 180 │                 │
//!     │                  │◄────────────── 200 │                 │
//!     │◄──── NOTIFY 200 ─│◄══════════════ audio ═══════════════►│
//!     │◄──── BYE         │                    │                 │
//! ```

use schemas::command::BridgeLegs;
use schemas::conclusion::{TransferCompleted, TransferMethod, TransferStarted};
use schemas::media::MediaTerms;
use schemas::{LegId, Personal};

use crate::call::{Call, Serving};
use crate::configuration::Destination;
use crate::decide::Draft;
use crate::outbound::Outbound;
use crate::route;
use crate::target::Target;
use crate::told::{self, Dialing};

/// Dials the target with the caller's own number; the caller waits.
pub(crate) fn begin(
    draft: &mut Draft,
    call: &Call,
    rules: &Outbound,
    target: Target,
    destination: Destination,
) {
    let leg = call
        .next_leg()
        .expect("a transfer is admitted when a leg is free");
    let invite = call
        .invite
        .as_ref()
        .expect("a call with an open caller has begun");
    let to = Personal::new(target.uri.clone());
    let dialing = Dialing {
        leg,
        trunk: Some(target.trunk),
        destination,
        target: target.uri,
        context: target.context,
        // Its trunk says so.
        media: MediaTerms::default(),
    };
    let dial = told::dial(invite, rules, dialing);
    draft.rule("transfer.bridged.started");
    draft.command(route::hold());
    draft.command(dial.expect("a transfer is admitted when hops are left"));
    draft.conclude(TransferStarted {
        target: to,
        method: TransferMethod::Bridged,
        leg,
    });
}

/// The target answered: the caller talks to it, and the agent is let go.
pub(crate) fn landed(draft: &mut Draft, call: &Call) {
    let Some(leg) = call.transfer().map(|transfer| transfer.leg) else {
        return;
    };
    draft.rule("transfer.bridged.answered");
    draft.command(BridgeLegs {
        leg: LegId::CALLER,
        with: leg,
    });
    super::report_end(draft, call, 200);
    if let Serving::Leg(agent) = call.serving
        && call.leg(agent).is_some_and(|agent| agent.is_open())
    {
        draft.hang_up(agent, None);
    }
    draft.conclude(TransferCompleted {
        method: TransferMethod::Bridged,
        leg,
    });
}
