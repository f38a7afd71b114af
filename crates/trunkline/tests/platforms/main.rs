//! Every platform calls in its own way and is called in the way that it asks for: one service whose trunks say nothing but
//! their platform, what that needs and where it is; told apart by addresses of loopback. A scenario is a file
//! `NAME.platform`, with `{ip}`, `{port}`, `{here}` (the platform's address with its port), `{domain}` (its name, in DNS
//! and in its certificate), `{edge}` (our address) and `{number}`:
//!
//! ```text
//! # What is proven.
//! == number +12025550110      the number called
//! == trunk                    lines of [trunk.NAME] beside `platform`
//! == tls 1.2 asks             the versions of TLS that it speaks, no other, and whether it asks for our certificate
//! == registers USER PASSWORD  it registers here; a third word is the only algorithm that it answers
//! == register                 our REGISTER: its first line, then what its fields are
//! == invite                   the platform's INVITE; its Content-Length is counted here
//! == answer 200               what it gets, then what `trunkline calls --json` tells of the call
//! == found by id:77aa77c1     a search that finds its call and no other
//! == challenge                the field by which the platform asks our INVITE for a password
//! == refer                    our REFER for a transfer, if the platform takes them
//! == options                  its OPTIONS, which gets 200
//! == hangs up                 what its BYE says
//! == agent leaves             what the BYE of a SIP agent says that took the call
//! == bye                      our BYE because of it: its first line, then lines of its head
//! == out                      our INVITE: its first line, then lines of its head and of its description; `-Name` is not
//!                             there
//! == no out                   why no call of ours goes there, as whoever configures one is told
//! ```
//!
//! In what is expected `*` stands for any text. What its call comes in by is what Via says, what ours goes by is the
//! `;transport=` of the trunk.

mod agent;
mod authority;
mod bot;
mod line;
mod phone;
mod scenario;
#[path = "../serve/mod.rs"]
mod serve;
mod service;
mod zone;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::agent::Agent;
use crate::authority::Authority;
use crate::bot::Bot;
use crate::phone::Phone;
use crate::scenario::{Scenario, Transport, fact};
use crate::service::Service;
use crate::zone::Zone;

#[test]
fn every_platform_is_taken_as_it_calls_and_called_as_it_asks() {
    let (authority, scenarios, mut phones) = house();
    let mut agents: Vec<Agent> = (10..)
        .zip(&scenarios)
        .map(|(last, _)| Agent::plug_in([127, 0, 2, last]))
        .collect();
    let zone = zone(&scenarios, &phones);
    let parties = scenarios.iter().zip(&phones).zip(&agents);
    let text: String = parties
        .map(|((scenario, phone), agent)| scenario.trunk(phone.here(), agent.here()))
        .collect();
    let service = Service::start(&text, &authority, zone.serve());
    we_register(&scenarios, &mut phones, &service);
    for ((scenario, phone), agent) in scenarios.iter().zip(&mut phones).zip(&mut agents) {
        eprintln!("{}: {}", scenario.name, scenario.claim);
        play(scenario, (phone, agent), &service);
    }
    let calls = service.calls(scenarios.len());
    for scenario in &scenarios {
        let of_trunk = |call: &&serde_json::Value| call["trunk"] == *scenario.name;
        let call = calls.iter().find(of_trunk);
        let call = call.unwrap_or_else(|| panic!("no call of {}", scenario.name));
        for search in &scenario.found_by {
            let found = service.found_by(search);
            let trunks: Vec<_> = found.iter().map(|call| &call["trunk"]).collect();
            assert_eq!(trunks, [&scenario.name], "{search}");
        }
        for line in &scenario.facts {
            let told = fact(call, line);
            told.unwrap_or_else(|| panic!("{}: not so: {line}\n{call:#}", scenario.name));
        }
        let told = service.told_of(call["call"].as_str().unwrap());
        for line in scenario.facts.iter().filter(|line| line.contains(": ")) {
            assert!(
                told.contains(line),
                "{}: not told: {line}\n{told}",
                scenario.name
            );
        }
        let guide = service.guide(&scenario.name);
        assert_eq!(guide["platform"], *scenario.name, "{guide:#}");
        match &scenario.no_out {
            Some(why) => assert_eq!(guide["no_calls_out"], **why, "{guide:#}"),
            None => assert!(scenario.out.is_some(), "{} is not called", scenario.name),
        }
    }
    service.stop();
}

#[test]
fn every_platform_has_a_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("platforms");
    for profile in std::fs::read_dir(folder).unwrap() {
        let name = profile.unwrap().path();
        let name = name.file_stem().unwrap().to_owned();
        let scenario = |path: &PathBuf| path.file_stem() == Some(&name);
        assert!(files().iter().any(scenario), "{name:?}");
    }
}

#[test]
fn a_bot_written_for_twilio_takes_the_calls_of_every_platform() {
    let (authority, scenarios, mut phones) = house();
    let (bot, zone) = (Bot::plug_in(), zone(&scenarios, &phones));
    let text: String = scenarios
        .iter()
        .zip(&phones)
        .map(|(scenario, phone)| scenario.trunk_with_bot(phone.here(), bot.here()))
        .collect();
    let service = Service::start(&text, &authority, zone.serve());
    we_register(&scenarios, &mut phones, &service);
    for (scenario, phone) in scenarios.iter().zip(&mut phones) {
        eprintln!("{}", scenario.name);
        call(scenario, phone, &service);
        let mut talking = bot.takes_a_call();
        let answer = phone.final_answer("INVITE");
        assert!(
            answer.starts_with("SIP/2.0 200 "),
            "{}: {answer}",
            scenario.name
        );
        phone.acknowledge(&answer);
        let parameters = &talking.start["start"]["customParameters"];
        assert_eq!(parameters["trunk"], *scenario.name, "{}", talking.start);
        assert_eq!(
            parameters["to_number"], *scenario.number,
            "{}",
            talking.start
        );
        assert!(parameters["from_number"].is_string(), "{}", talking.start);
        talking.is_heard();
        talking.leaves();
        phone.is_hung_up();
    }
    let calls = service.calls(scenarios.len());
    let is_complete = |call: &&serde_json::Value| call["outcome"] == "completed";
    assert_eq!(calls.iter().filter(is_complete).count(), calls.len());
    service.stop();
}

/// The platforms, each with its phone.
fn house() -> (Authority, Vec<Scenario>, Vec<Phone>) {
    let authority = Authority::new();
    let scenarios: Vec<Scenario> = files().iter().map(|path| Scenario::read(path)).collect();
    let phones = (10..)
        .zip(&scenarios)
        .map(|(last, scenario)| Phone::plug_in([127, 0, 1, last], scenario, &authority))
        .collect();
    (authority, scenarios, phones)
}

/// What DNS knows of them.
fn zone(scenarios: &[Scenario], phones: &[Phone]) -> Zone {
    let mut zone = Zone::default();
    for (scenario, phone) in scenarios.iter().zip(phones) {
        let (name, here) = (scenario.domain(), phone.here());
        if let IpAddr::V4(ip) = here.ip() {
            zone.is_at(&name, ip);
        }
        let service = match scenario.is_called_by() {
            Transport::Udp => "_sip._udp",
            Transport::Tcp => "_sip._tcp",
            Transport::Tls => "_sips._tcp",
        };
        zone.is_served_by(&format!("{service}.{name}"), &name, here.port());
    }
    zone
}

/// The service registers where it has to, at once when it starts: nobody keeps it waiting until his call's turn comes.
fn we_register(scenarios: &[Scenario], phones: &mut [Phone], service: &Service) {
    for (scenario, phone) in scenarios.iter().zip(phones) {
        if let Some(expected) = &scenario.register {
            let register = phone.is_registered_at();
            let edge = service.sip(scenario.is_called_by());
            scenario.check(expected, &register, phone.here(), edge);
        }
    }
}

/// The platform's call, and its registration if its calls need one.
fn call(scenario: &Scenario, phone: &mut Phone, service: &Service) {
    if let Some((user, password)) = &scenario.registers {
        let login = (user.as_str(), password.as_str());
        phone.registers(service.sip(Transport::Udp), login, &scenario.domain());
        if let Some(only) = &scenario.answers_only {
            assert!(phone.was_asked_for(only), "{}", scenario.name);
        }
    }
    let by = service.sip(scenario.calls_by());
    phone.call(by, service.sip(Transport::Udp), scenario);
}

fn play(scenario: &Scenario, (phone, agent): (&mut Phone, &mut Agent), service: &Service) {
    let edge = service.sip(scenario.is_called_by());
    call(scenario, phone, service);
    if scenario.leaves.is_some() && !agent.takes_the_call() {
        panic!(
            "{}: no agent is called, but: {}",
            scenario.name,
            phone.final_answer("INVITE")
        );
    }
    let answer = phone.final_answer("INVITE");
    let status = format!("SIP/2.0 {} ", scenario.status);
    assert!(answer.starts_with(&status), "{}: {answer}", scenario.name);
    if scenario.status != 200 {
        phone.acknowledge_refusal(&answer);
        return;
    }
    phone.acknowledge(&answer);
    let described = scenario.described.iter().cloned();
    let expected: Vec<String> = std::iter::once("*".to_owned()).chain(described).collect();
    scenario.check(&expected, &answer, phone.here(), edge);
    if let Some(expected) = &scenario.out {
        let mut invite = phone.press_until('1', Phone::is_called_within);
        if let Some(challenge) = &scenario.challenge {
            phone.refuse(&invite, "407 Proxy Authentication Required", challenge);
            invite = phone.is_called_again(&invite);
        }
        scenario.check(expected, &invite, phone.here(), edge);
        phone.refuse(&invite, "603 Decline", "");
    }
    if let Some(expected) = &scenario.refer {
        let refer = phone.press_until('2', Phone::is_referred);
        scenario.check(expected, &refer, phone.here(), edge);
        phone.refuse_referral(&refer);
    }
    if let Some(lines) = &scenario.options {
        let options = scenario.message(lines, phone.here(), edge);
        let answer = phone.asks(&options);
        let is_there = answer.starts_with("SIP/2.0 200 ");
        assert!(is_there, "{}: {answer}", scenario.name);
    }
    let (Some(fields), Some(expected)) = (&scenario.leaves, &scenario.bye) else {
        return phone.hang_up(&scenario.hangs_up);
    };
    agent.leaves(fields);
    scenario.check(expected, &phone.is_hung_up(), phone.here(), edge);
}

/// The scenarios, in the order of their names.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "platform"));
    files.sort();
    files
}
