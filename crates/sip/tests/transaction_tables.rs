//! The transition tables of the four transaction machines, every state against every input, as one snapshot.

use std::fmt::Write;
use std::time::{Duration, Instant};

use trunkline_sip::timers::{Reliability, Timers};
use trunkline_sip::transaction::client::Client;
use trunkline_sip::transaction::invite_client::InviteClient;
use trunkline_sip::transaction::invite_server::InviteServer;
use trunkline_sip::transaction::server::Server;
use trunkline_sip::transaction::{Action, ClientInput, ServerInput};

#[test]
fn every_state_meets_every_input() {
    let mut table = String::new();
    for reliability in [Reliability::Unreliable, Reliability::Reliable] {
        let timers = Timers::default();
        let start = start();
        client_table(&mut table, reliability, "INVITE client", |inputs| {
            let mut machine = InviteClient::new(timers, reliability, start);
            run(inputs, start, |input, now| {
                let actions = machine.handle(input, now);
                (state_name(&machine.state()), machine.deadline(), actions)
            })
        });
        client_table(&mut table, reliability, "client", |inputs| {
            let mut machine = Client::new(timers, reliability, start);
            run(inputs, start, |input, now| {
                let actions = machine.handle(input, now);
                (state_name(&machine.state()), machine.deadline(), actions)
            })
        });
        server_table(&mut table, reliability, "INVITE server", |inputs| {
            let mut machine = InviteServer::new(timers, reliability);
            run(inputs, start, |input, now| {
                let actions = machine.handle(input, now);
                (state_name(&machine.state()), machine.deadline(), actions)
            })
        });
        server_table(&mut table, reliability, "server", |inputs| {
            let mut machine = Server::new(timers, reliability, start);
            run(inputs, start, |input, now| {
                let actions = machine.handle(input, now);
                (state_name(&machine.state()), machine.deadline(), actions)
            })
        });
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_invite_without_answer_is_sent_seven_times_in_32_seconds() {
    let mut machine = InviteClient::new(Timers::default(), Reliability::Unreliable, start());
    let mut sent = vec![Duration::ZERO];
    while let Some(at) = machine.deadline() {
        match machine.handle(ClientInput::Due, at) {
            [Action::RepeatBy(_)] => sent.push(at - start()),
            [Action::TimedOut(_)] => sent.push(at - start()),
            other => panic!("{other:?}"),
        }
    }
    let millis: Vec<u128> = sent.iter().map(Duration::as_millis).collect();
    assert_eq!(millis, [0, 500, 1500, 3500, 7500, 15_500, 31_500, 32_000]);
}

#[test]
fn a_bye_without_answer_is_repeated_at_most_every_four_seconds() {
    let mut machine = Client::new(Timers::default(), Reliability::Unreliable, start());
    let mut sent = Vec::new();
    while let Some(at) = machine.deadline() {
        machine.handle(ClientInput::Due, at);
        sent.push((at - start()).as_millis());
    }
    assert_eq!(
        sent,
        [
            500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500, 32_000
        ]
    );
}

fn start() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "a test needs some instant to count from"
    )]
    *START.get_or_init(Instant::now)
}

fn state_name(state: &impl std::fmt::Debug) -> String {
    let text = format!("{state:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

type Step = (String, Option<Instant>, &'static [Action]);

fn run<I: Copy + PartialEq>(
    inputs: &[(I, bool)],
    start: Instant,
    mut step: impl FnMut(I, Instant) -> Step,
) -> (String, String) {
    let mut now = start;
    let mut deadline = None;
    let mut last = (String::new(), None, &[] as &[Action]);
    for (input, late) in inputs {
        if *late {
            now = deadline.map_or(now + Duration::from_secs(64), |at: Instant| at.max(now));
        }
        last = step(*input, now);
        deadline = last.1;
    }
    let wait = last.1.map_or(String::new(), |at| {
        format!(" wakes in {} ms", (at - now).as_millis())
    });
    (last.0.clone(), format!("{}{wait} {:?}", last.0, last.2))
}

fn client_table(
    table: &mut String,
    reliability: Reliability,
    name: &str,
    mut run: impl FnMut(&[(ClientInput, bool)]) -> (String, String),
) {
    use ClientInput::*;
    let ways: [&[ClientInput]; 4] = [&[], &[Provisional], &[Success], &[Failure]];
    for way in ways {
        for input in [Provisional, Success, Failure, Due, TransportFailed] {
            let mut path: Vec<_> = way.iter().map(|input| (*input, false)).collect();
            let from = if path.is_empty() {
                "(start)".into()
            } else {
                run(&path).0
            };
            path.push((input, input == Due));
            writeln!(
                table,
                "{name} {reliability:?}: {from} + {input:?} -> {}",
                run(&path).1
            )
            .unwrap();
        }
    }
}

fn server_table(
    table: &mut String,
    reliability: Reliability,
    name: &str,
    mut run: impl FnMut(&[(ServerInput, bool)]) -> (String, String),
) {
    use ServerInput::*;
    let ways: [&[ServerInput]; 5] = [&[], &[Provisional], &[Success], &[Failure], &[Failure, Ack]];
    for way in ways {
        for input in [
            Request,
            Provisional,
            Success,
            Failure,
            Ack,
            Due,
            TransportFailed,
        ] {
            let mut path: Vec<_> = way.iter().map(|input| (*input, false)).collect();
            let from = if path.is_empty() {
                "(start)".into()
            } else {
                run(&path).0
            };
            path.push((input, input == Due));
            writeln!(
                table,
                "{name} {reliability:?}: {from} + {input:?} -> {}",
                run(&path).1
            )
            .unwrap();
        }
    }
}
