//! The rules: what must be seen for a cause to be named, and what to do about it.

use schemas::conclusion::CallEndedBy;
use schemas::{EventId, LegId};

use crate::history::{Leg, Outcome, Row, TransferState};
use crate::sentences::span;

/// A rule.
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) version: u32,
    pub(super) title: &'static str,
    pub(super) fix: &'static str,
    pub(super) binds: fn(&Row) -> Vec<Binding>,
}

/// What a rule found, and the events that show it.
pub(super) struct Binding {
    pub(super) text: String,
    pub(super) events: Vec<Option<EventId>>,
}

/// Audio that did not come within less talk than this is no finding: 3 s.
const AUDIO_MIN_MS: u64 = 3_000;

/// Loss that people hear: 5 %.
const LOSS_BAD_PERMILLE: u64 = 50;

/// The rule that speaks only when no other does.
pub(super) const LAST_RESORT: &str = "call.broken";

/// The rules, the gravest first.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "refused.codec",
        version: 1,
        title: "No common codec",
        fix: "Enable G.711 (PCMU or PCMA) on the trunk of the phone system.",
        binds: |row| refused(row, |status| matches!(status, 415 | 488 | 606)),
    },
    Rule {
        id: "refused.route",
        version: 1,
        title: "No route for the number",
        fix: "Add the number to the configuration, or let the phone system send it as it is written there.",
        binds: |row| refused(row, |status| matches!(status, 404 | 484 | 604)),
    },
    Rule {
        id: "refused.other",
        version: 1,
        title: "The call was refused",
        fix: "The reason says which trunk, rule or limit stood in the way.",
        binds: |row| {
            refused(row, |status| {
                !matches!(status, 404 | 415 | 484 | 488 | 604 | 606)
            })
        },
    },
    Rule {
        id: "leg.busy",
        version: 1,
        title: "Busy",
        fix: "Give the far side more lines, or the call another way to go.",
        binds: |row| failed(row, |leg| matches!(leg.status, Some(486 | 600))),
    },
    Rule {
        id: "leg.codec",
        version: 1,
        title: "The far side refused the codecs",
        fix: "Enable G.711 (PCMU or PCMA) at the far side.",
        binds: |row| failed(row, |leg| matches!(leg.status, Some(415 | 488 | 606))),
    },
    Rule {
        id: "leg.rang",
        version: 1,
        title: "Nobody answered",
        fix: "Look whether the far side is manned, or let it ring for longer.",
        binds: |row| {
            failed(row, |leg| {
                leg.evidence.ringing.is_some() && leg.status.is_none() && leg.cause == RANG_TOO_LONG
                    || matches!(leg.status, Some(408 | 480))
            })
        },
    },
    Rule {
        id: "leg.silent",
        version: 1,
        title: "No answer of any kind",
        fix: "Check address, port and firewall: nothing came back from there.",
        binds: |row| {
            failed(row, |leg| {
                leg.status.is_none() && leg.cause.starts_with("no answer of any kind")
            })
        },
    },
    Rule {
        id: "leg.unreachable",
        version: 1,
        title: "The far side cannot be reached",
        fix: "Check the address in the configuration and the network between.",
        binds: |row| {
            failed(row, |leg| {
                leg.status.is_none()
                    && (leg.cause.starts_with("it could not be reached")
                        || leg.cause.starts_with("it could not be done"))
            })
        },
    },
    Rule {
        id: "leg.refused",
        version: 1,
        title: "The far side refused",
        fix: "Ask the far side why; its status and phrase are the answer that it gave.",
        binds: |row| {
            failed(row, |leg| {
                leg.status.is_some_and(|status| {
                    !matches!(status, 408 | 415 | 480 | 486 | 487 | 488 | 600 | 606)
                })
            })
        },
    },
    Rule {
        id: "transfer.failed",
        version: 1,
        title: "The transfer failed",
        fix: "The reason tells whether the number, the target or the trunk stood in the way.",
        binds: transfer_failed,
    },
    Rule {
        id: "dialog.no-ack",
        version: 1,
        title: "The answer was not acknowledged",
        fix: "The ACK did not arrive: check the address in our Contact header field and the way back to it.",
        binds: |row| ended(row, |leg| leg.cause.to_ascii_lowercase().contains("no ack")),
    },
    Rule {
        id: "audio.none",
        version: 1,
        title: "No audio at all",
        fix: "Open the RTP ports in both directions and check the address in the session descriptions.",
        binds: |row| {
            let legs = deaf_legs(row);
            let answered = row.legs.iter().filter(|leg| leg.answered.is_some()).count();
            if legs.is_empty() || legs.len() < answered {
                Vec::new()
            } else {
                vec![silent(&legs)]
            }
        },
    },
    Rule {
        id: "audio.one-way",
        version: 1,
        title: "One-way audio",
        fix: "Open the RTP ports towards the edge for the silent side, and check the address that it was told.",
        binds: |row| {
            let legs = deaf_legs(row);
            let answered = row.legs.iter().filter(|leg| leg.answered.is_some()).count();
            if legs.len() < answered && !legs.is_empty() {
                vec![silent(&legs)]
            } else {
                Vec::new()
            }
        },
    },
    Rule {
        id: "audio.loss",
        version: 1,
        title: "Packets were lost",
        fix: "Look at the network between the peer and the edge.",
        binds: lossy,
    },
    Rule {
        id: "agent.lost",
        version: 1,
        title: "The agent left the line",
        fix: "Look at the agent's own log at this time.",
        binds: |row| troubles(row, |what| what.starts_with("agent ")),
    },
    Rule {
        id: "command.failed",
        version: 1,
        title: "The edge could not do what was decided",
        fix: "The reason is the edge's own.",
        binds: |row| troubles(row, |what| what.contains(" could not be done: ")),
    },
    Rule {
        id: "caller.abandoned",
        version: 1,
        title: "The caller gave up",
        fix: "See how long it rang, and what it waited for.",
        binds: abandoned,
    },
    Rule {
        id: LAST_RESORT,
        version: 1,
        title: "The call broke off",
        fix: "The cause is what the edge or control said last.",
        binds: broken,
    },
];

/// The cause that the fold writes for a leg whose ring timer ran out.
const RANG_TOO_LONG: &str = "it rang for too long";

fn refused(row: &Row, which: fn(u16) -> bool) -> Vec<Binding> {
    let refusal = row.refused.iter().filter(|refusal| which(refusal.status));
    refusal
        .map(|refusal| {
            let mut text = format!("{}: {}", refusal.status, refusal.why);
            for tried in &refusal.tried {
                text.push_str(&format!("; {}: {}", tried.candidate, tried.failed));
            }
            let began = row.leg(LegId::CALLER).and_then(|leg| leg.evidence.began);
            Binding {
                text,
                events: vec![began, Some(refusal.event)],
            }
        })
        .collect()
}

fn failed(row: &Row, which: fn(&Leg) -> bool) -> Vec<Binding> {
    let legs = row
        .legs
        .iter()
        .filter(|leg| leg.evidence.failed.is_some() && which(leg));
    legs.map(|leg| {
        let after = leg.setup_ms.map_or(String::new(), |ms| {
            format!(" after {}", span(u64::from(ms)))
        });
        Binding {
            text: format!(
                "the {} at {}: {}{after}",
                leg.role.word(),
                leg.address,
                leg.cause
            ),
            events: vec![leg.evidence.began, leg.evidence.failed],
        }
    })
    .collect()
}

fn ended(row: &Row, which: fn(&Leg) -> bool) -> Vec<Binding> {
    let legs = row
        .legs
        .iter()
        .filter(|leg| leg.evidence.ended.is_some() && which(leg));
    legs.map(|leg| Binding {
        text: format!("the leg of the {}: {}", leg.role.word(), leg.cause),
        events: vec![leg.evidence.answered, leg.evidence.ended],
    })
    .collect()
}

fn transfer_failed(row: &Row) -> Vec<Binding> {
    let transfers = row
        .transfers
        .iter()
        .filter(|one| one.state == TransferState::Failed);
    transfers
        .map(|transfer| {
            let status = transfer
                .status
                .map_or(String::new(), |status| format!(" ({status})"));
            Binding {
                text: format!(
                    "the transfer to {}: {}{status}",
                    transfer.target.reveal(),
                    transfer.why
                ),
                events: vec![
                    transfer.requested_event,
                    transfer.acceptance_event,
                    transfer.ended_event,
                ],
            }
        })
        .collect()
}

/// The legs that were up for long enough, not on hold, and from which nothing came.
fn deaf_legs(row: &Row) -> Vec<&Leg> {
    let deaf = |leg: &&Leg| {
        leg.holds == 0
            && leg.answered.is_some()
            && leg.talk_ms.unwrap_or_default() >= AUDIO_MIN_MS
            && leg
                .measure
                .as_ref()
                .is_some_and(|measure| measure.received.packets == 0)
    };
    row.legs.iter().filter(deaf).collect()
}

fn silent(legs: &[&Leg]) -> Binding {
    let who: Vec<&str> = legs.iter().map(|leg| leg.role.word()).collect();
    let foreign: u64 = legs
        .iter()
        .filter_map(|leg| leg.measure.as_ref())
        .map(|measure| measure.refused_packets)
        .sum();
    let hint = match foreign {
        0 => String::new(),
        count => format!("; {count} packets came from elsewhere and were not let in"),
    };
    Binding {
        text: format!(
            "not one packet came from the {}{hint}",
            who.join(" and the ")
        ),
        events: legs.iter().map(|leg| leg.evidence.measured).collect(),
    }
}

fn lossy(row: &Row) -> Vec<Binding> {
    let lossy = |leg: &&Leg| {
        leg.measure.as_ref().is_some_and(|measure| {
            measure.received.packets > 0 && measure.lost_permille() >= LOSS_BAD_PERMILLE
        })
    };
    let legs = row.legs.iter().filter(lossy);
    legs.map(|leg| {
        let permille = leg
            .measure
            .as_ref()
            .map_or(0, crate::history::Measure::lost_permille);
        Binding {
            text: format!(
                "{}.{} % of the {}'s packets",
                permille / 10,
                permille % 10,
                leg.role.word()
            ),
            events: vec![leg.evidence.measured],
        }
    })
    .collect()
}

fn troubles(row: &Row, which: fn(&str) -> bool) -> Vec<Binding> {
    let troubles = row.troubles.iter().filter(|trouble| which(&trouble.what));
    troubles
        .map(|trouble| Binding {
            text: trouble.what.clone(),
            events: vec![Some(trouble.event)],
        })
        .collect()
}

fn abandoned(row: &Row) -> Vec<Binding> {
    let Some(end) = row
        .end
        .as_ref()
        .filter(|_| row.outcome == Outcome::Abandoned)
    else {
        return Vec::new();
    };
    let ring = row
        .ring_ms
        .map_or("a time that is not known".to_owned(), span);
    let began = row.leg(LegId::CALLER).and_then(|leg| leg.evidence.began);
    vec![Binding {
        text: format!("the caller waited for {ring}"),
        events: vec![began, Some(end.event)],
    }]
}

fn broken(row: &Row) -> Vec<Binding> {
    let Some(end) = row.end.as_ref().filter(|_| row.outcome == Outcome::Failed) else {
        return Vec::new();
    };
    let who = match end.by {
        CallEndedBy::Edge => "the edge",
        CallEndedBy::Control => "control",
        CallEndedBy::Caller | CallEndedBy::Agent | CallEndedBy::Target => "a peer",
        CallEndedBy::Operator => "an operator",
    };
    vec![Binding {
        text: format!("{who}: {}", end.cause),
        events: vec![Some(end.event)],
    }]
}
