//! Recorded calls, once more: the same rules give the same decisions, a changed rule shows as the first
//! divergence, and records that are not what was written are named.

use std::collections::BTreeMap;

use call::configuration::{Agent, Number};
use call::{Answer, Applied, Call, Configuration, take};
use schemas::command::BuiltInAgent;
use schemas::observation::{
    ByeReceived, Caller, EndedBy, Identity, IdentityHeader, InviteReceived, LegAnswered, LegEnded,
    TrunkMatch,
};
use schemas::{
    CallId, Chain, Decision, Draft, Event, Lane, LegId, NodeName, Observation, Personal, Record,
    Subject, Timestamp, Transport,
};
use trunkline_replay::re_decide::re_decide;
use trunkline_replay::{By, Damage, Incident};

#[test]
fn the_same_rules_decide_the_same() {
    let recorded = Recorder::new("echo").story();
    let outcome = re_decide(&incident(&recorded), By::Recorded);
    assert!(outcome.divergences.is_empty(), "{:#?}", outcome.divergences);
    assert!(outcome.impossible.is_empty(), "{:#?}", outcome.impossible);
    assert_eq!((outcome.calls, outcome.observations), (1, 4));
    assert!(outcome.decisions >= 2, "an answer and an end were decided");
}

#[test]
fn a_decision_that_today_s_rules_would_not_take_is_the_first_divergence() {
    let mut recorder = Recorder::new("echo");
    recorder.meddle = Some(|decision| {
        if decision.rule.starts_with("route") {
            decision.rule = "route.by.the.old.rule".into();
        }
    });
    let outcome = re_decide(&incident(&recorder.story()), By::Recorded);
    let [divergence] = &outcome.divergences[..] else {
        panic!("{outcome:#?}")
    };
    assert_eq!(divergence.observation, "InviteReceived");
    assert_eq!(
        divergence.recorded.as_ref().unwrap().rule,
        "route.by.the.old.rule"
    );
    assert!(divergence.today.as_ref().unwrap().rule.starts_with("route"));
}

#[test]
fn another_configuration_shows_what_it_would_have_changed() {
    let incident = incident(&Recorder::new("echo").story());
    let other = configuration("tone");
    let outcome = re_decide(&incident, By::Instead(&other));
    let [divergence] = &outcome.divergences[..] else {
        panic!("{outcome:#?}")
    };
    let today = format!("{:?}", divergence.today.as_ref().unwrap().commands);
    assert!(today.contains("Tone"), "{today}");
    let same = re_decide(&incident, By::Instead(&configuration("echo")));
    assert!(same.divergences.is_empty(), "{:#?}", same.divergences);
}

#[test]
fn a_call_whose_configuration_is_missing_cannot_be_replayed() {
    let recorded = Recorder::new("echo").story();
    let without: Vec<Record> = recorded
        .into_iter()
        .filter(|record| record.subject().call().is_some())
        .collect();
    let outcome = re_decide(&incident(&without), By::Recorded);
    assert_eq!(outcome.impossible.len(), 1);
    assert!(
        outcome.impossible[0].why.contains("is not known"),
        "{}",
        outcome.impossible[0].why
    );
}

#[test]
fn a_missing_record_is_named() {
    let mut recorded = Recorder::new("echo").story();
    let second = recorded
        .iter()
        .position(|record| record.lane() == Lane::Facts && record.header().sequence == 1)
        .unwrap();
    recorded.remove(second);
    let damages = incident(&recorded).damages();
    assert!(
        matches!(
            damages[..],
            [Damage::Chain {
                lane: Lane::Facts,
                sequence: 2,
                ..
            }]
        ),
        "{damages:?}"
    );
}

#[test]
fn a_lane_that_lost_its_beginning_is_told_as_that() {
    let mut recorded = Recorder::new("echo").story();
    recorded.retain(|record| record.lane() != Lane::Facts || record.header().sequence > 1);
    let damages = incident(&recorded).damages();
    assert!(
        matches!(
            damages[..],
            [Damage::Beginning {
                lane: Lane::Facts,
                sequence: 2,
                ..
            }]
        ),
        "{damages:?}"
    );
}

#[test]
fn a_fold_does_not_depend_on_how_often_events_come() {
    let incident = incident(&Recorder::new("echo").story());
    let rows = trunkline_replay::fold::fold(&incident).unwrap();
    assert_eq!(rows.len(), 1);
    assert!(rows[0].is_over());
}

// The script language: a control and an edge that write down what a call to an echo agent writes.

struct Recorder {
    applied: Applied,
    meddle: Option<fn(&mut Decision)>,
}

const CALL: CallId = CallId([7; 16]);

impl Recorder {
    fn new(agent: &str) -> Recorder {
        Recorder {
            applied: configuration(agent),
            meddle: None,
        }
    }

    fn story(&self) -> Vec<Record> {
        let mut call = Call::new();
        let mut facts = Chain::new(Subject::Call(CALL), Lane::Facts);
        let mut decisions = Chain::new(Subject::Call(CALL), Lane::Decisions);
        let node = NodeName::from("control");
        let mut configurations = Chain::new(Subject::Node(node.clone()), Lane::Facts);
        let mut records =
            vec![configurations.append(draft(&node, 0, None, self.applied.event().into()))];
        let steps: [Observation; 4] = [
            invite().into(),
            LegAnswered {
                leg: LegId::CALLER,
                after_ms: 12,
            }
            .into(),
            ByeReceived {
                leg: LegId::CALLER,
                reason: None,
                context: Vec::new(),
            }
            .into(),
            LegEnded {
                leg: LegId::CALLER,
                by: EndedBy::Peer,
                cause: "BYE".into(),
                talk_ms: 4_000,
            }
            .into(),
        ];
        for (index, step) in steps.into_iter().enumerate() {
            let seconds = i64::try_from(index).unwrap();
            let fact = facts.append(draft(&node, seconds, None, step.clone().into()));
            let at = fact.header().recorded_at;
            let because = fact.id();
            records.push(fact);
            if let Some(mut decision) = take(&mut call, at, &step, &Answer::Open, &self.applied) {
                if let Some(meddle) = self.meddle {
                    meddle(&mut decision);
                }
                let event = Event::Decision(decision);
                records.push(decisions.append(draft(&node, seconds, Some(because), event)));
            }
        }
        records
    }
}

fn draft(node: &NodeName, seconds: i64, because: Option<schemas::EventId>, event: Event) -> Draft {
    let recorded_at = Timestamp(1_790_000_000_000_000 + seconds * 1_000_000);
    Draft {
        because,
        producer: node.clone(),
        recorded_at,
        event,
    }
}

fn configuration(agent: &str) -> Applied {
    let tone = BuiltInAgent::Tone { frequency_hz: 440 };
    let any = Number {
        agent: agent.into(),
        trunk: None,
        fallback: Vec::new(),
        limit: Default::default(),
        recording: None,
    };
    let configuration = Configuration {
        agents: BTreeMap::from([
            ("echo".into(), Agent::BuiltIn(BuiltInAgent::Echo)),
            ("tone".into(), Agent::BuiltIn(tone)),
        ]),
        numbers: BTreeMap::from([("*".into(), any)]),
        ..Configuration::default()
    };
    Applied::new(configuration).unwrap()
}

fn invite() -> InviteReceived {
    InviteReceived {
        leg: LegId::CALLER,
        trunk: TrunkMatch {
            trunk: "pbx".into(),
            because: "source 127.0.0.1 is in 127.0.0.1/32".into(),
            tried: Vec::new(),
        },
        source: "127.0.0.1:5060".into(),
        local: "127.0.0.1:32681".into(),
        transport: Transport::Udp,
        sip_call_id: "a84b4c76e66710".into(),
        session: None,
        max_forwards: None,
        request_uri: Personal::from("sip:+14155550100@127.0.0.1"),
        called: Personal::from("+14155550100"),
        called_e164: None,
        caller: Caller {
            header: IdentityHeader::From,
            party: Personal::default(),
            withheld: false,
        },
        to: Personal::new(Identity::default()),
        from: Personal::new(Identity::default()),
        asserted: Vec::new(),
        remote_parties: Vec::new(),
        privacy: Vec::new(),
        diversions: Vec::new(),
        history: Vec::new(),
        user_to_user: Vec::new(),
        reasons: Vec::new(),
        external: None,
        context: Vec::new(),
        user_agent: None,
        offer: None,
        load: None,
    }
}

fn incident(records: &[Record]) -> Incident {
    let mut incident = Incident::default();
    for record in records {
        incident.add(record);
    }
    incident
}
