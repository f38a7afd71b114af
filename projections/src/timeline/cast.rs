//! Who is who in a call: names for its legs, known from decisions and never guessed.

use schemas::LegId;

use crate::history::{Role, Row};
use crate::plain;

/// The names of a call's parties.
pub(crate) struct Cast {
    names: Vec<(LegId, String, String)>,
}

impl Cast {
    /// The cast of a call whose history is folded.
    pub(crate) fn new(row: &Row) -> Cast {
        let names = row.legs.iter().map(|leg| {
            let (name, side) = match leg.role {
                Role::Caller => ("the caller".to_owned(), "caller".to_owned()),
                Role::Agent => {
                    let routed = row.routed.as_ref().map(|routed| &routed.agent);
                    let name = leg.agent.as_ref().or(routed);
                    let name = name.map(|agent| format!("agent {agent}"));
                    (
                        name.unwrap_or_else(|| "the agent".to_owned()),
                        "agent".to_owned(),
                    )
                }
                Role::Target => {
                    let name = format!("the target {}", short_uri(leg.party.reveal()));
                    (name, "target".to_owned())
                }
                Role::Dialed => (format!("leg {}", leg.id), format!("leg {}", leg.id)),
            };
            (leg.id, name, side)
        });
        Cast {
            names: names.collect(),
        }
    }

    /// The party as it stands in a sentence: `agent greeter`.
    pub(crate) fn party(&self, id: LegId) -> String {
        self.find(id)
            .map_or_else(|| format!("leg {id}"), |(_, name, _)| name.clone())
    }

    /// The side that an event happened on: `agent`.
    pub(crate) fn side(&self, id: LegId) -> String {
        self.find(id)
            .map_or_else(|| format!("leg {id}"), |(_, _, side)| side.clone())
    }

    fn find(&self, id: LegId) -> Option<&(LegId, String, String)> {
        self.names.iter().find(|(leg, _, _)| *leg == id)
    }
}

/// A URI without its scheme and parameters: what people recognise.
pub(crate) fn short_uri(uri: &str) -> String {
    let uri = uri.trim_start_matches('<');
    let rest = ["sips:", "sip:", "tel:"]
        .into_iter()
        .find_map(|scheme| uri.strip_prefix(scheme))
        .unwrap_or(uri);
    let end = rest.find([';', '?', '>']).unwrap_or(rest.len());
    plain(&rest[..end]).into_owned()
}
