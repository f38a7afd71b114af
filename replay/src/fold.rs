//! Recorded events through today's projections: the same history gives the same views, byte for byte.

use projections::Row;
use schemas::CallId;

use crate::incident::Incident;

/// A call whose view depends on how often its events were delivered: a fault of the projections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unstable {
    /// The call.
    pub call: CallId,
}

/// Folds every call of an incident, and once more with every event delivered twice, as a log may.
pub fn fold(incident: &Incident) -> Result<Vec<Row>, Unstable> {
    let mut rows = Vec::new();
    for (call, recorded) in incident.calls() {
        let (mut once, mut twice) = (Row::new(call), Row::new(call));
        for record in &recorded.events {
            once.apply(record);
            twice.apply(record);
            twice.apply(record);
        }
        if once != twice {
            return Err(Unstable { call });
        }
        rows.push(once);
    }
    Ok(rows)
}
