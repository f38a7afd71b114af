//! The columns of a ladder: the caller, the edge, and everybody else in the order of appearance.

use schemas::{Event, LegId, Observation, Record};

use super::Party;
use crate::history::{Role, Row};
use crate::plain;
use crate::timeline::Cast;

/// The most columns; further legs are drawn on the last one.
const PARTIES_MAX: usize = 6;

/// The edge's place among the parties.
pub(super) const EDGE: usize = 1;

pub(super) fn of(row: &Row, records: &[&Record]) -> Vec<Party> {
    let caller = row.leg(LegId::CALLER);
    let number = row
        .caller
        .as_ref()
        .map(|caller| caller.number.reveal().as_str());
    let name = match number {
        Some("") => "anonymous caller".to_owned(),
        Some(number) => plain(number).into_owned(),
        None => "caller".to_owned(),
    };
    let mut parties = vec![
        Party {
            name,
            address: caller
                .map(|leg| plain(&leg.address).into_owned())
                .unwrap_or_default(),
            role: Role::Caller.word().to_owned(),
            leg: Some(LegId::CALLER),
        },
        Party {
            name: edge_name(records),
            address: "Trunkline".to_owned(),
            role: "edge".to_owned(),
            leg: None,
        },
    ];
    if let Some((agent, kind)) = built_in(records) {
        parties.push(Party {
            name: plain(&agent).into_owned(),
            address: format!("built in: {}", plain(&kind)),
            role: "agent".to_owned(),
            leg: None,
        });
    }
    let cast = Cast::new(row);
    for leg in row.legs.iter().filter(|leg| leg.id != LegId::CALLER) {
        if parties.len() == PARTIES_MAX {
            break;
        }
        let name = cast.party(leg.id);
        let name = name
            .strip_prefix("the target ")
            .or(name.strip_prefix("agent "))
            .unwrap_or(&name);
        parties.push(Party {
            name: plain(name).into_owned(),
            address: plain(&leg.address).into_owned(),
            role: leg.role.word().to_owned(),
            leg: Some(leg.id),
        });
    }
    parties
}

/// The first agent without a leg that is more than the hold signal.
fn built_in(records: &[&Record]) -> Option<(String, String)> {
    records.iter().find_map(|record| match record.event() {
        Ok(Event::Observation(Observation::AgentConnected(agent))) if agent.kind != "hold" => {
            Some((agent.agent.to_string(), agent.kind))
        }
        _ => None,
    })
}

fn edge_name(records: &[&Record]) -> String {
    let fact = records
        .iter()
        .find(|record| record.lane() == schemas::Lane::Facts);
    fact.map_or_else(
        || "edge".to_owned(),
        |record| plain(record.header().producer.as_str()).into_owned(),
    )
}
