//! Trunk: the caller registers at the callee, for scripts. The callee answers by itself as it was told.

use std::time::Instant;

use trunkline_sip::digest::Asker;
use trunkline_sip::digest::Stale;
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::registrar::{self, Answer, Registrar, Rules};
use trunkline_sip::registration::{self, Account, Input, Output, Registration};
use trunkline_sip::{Name, StatusCode};

use crate::gate::Gate;
use crate::link::{End, Link, address};

/// Both sides of a registration, and what they have to tell.
pub struct Trunk {
    registration: Option<Registration>,
    registrar: Registrar,
    rule: Rule,
    words: [Vec<String>; 2],
}

/// What the callee does with a REGISTER.
pub enum Rule {
    /// Nothing.
    Silent,
    /// Asks who it is, and keeps the binding of whoever proves it.
    Keeps,
    /// Refuses.
    Refuses(StatusCode, Extra),
}

impl Trunk {
    pub fn new() -> Self {
        Trunk {
            registration: None,
            registrar: Registrar::new(Rules::default()),
            rule: Rule::Keeps,
            words: Default::default(),
        }
    }

    pub fn set_rule(&mut self, words: &[&str]) {
        self.rule = match words {
            ["silent"] => Rule::Silent,
            [status, headers @ ..] => {
                let mut extra = Extra::none();
                for header in headers {
                    let (name, value) = header.split_once('=').unwrap();
                    extra.add(name, value).unwrap();
                }
                Rule::Refuses(StatusCode::new(status.parse().unwrap()).unwrap(), extra)
            }
            [] => Rule::Keeps,
        };
    }

    /// The caller wants a binding, for this time if it says one, or does not want it any more.
    pub fn wants(&mut self, input: Input, seconds: Option<u32>, link: &mut Link) {
        let registration = self.registration.get_or_insert_with(|| {
            let registrar = format!("sip:{}", address(End::Callee));
            let mut account = Account::new(registrar, "<sip:100@pbx.example>");
            account.contact_user = Some("trunk-1".into());
            account.credentials = link.credentials.clone();
            account.expires_s = seconds.unwrap_or(account.expires_s);
            Registration::new(account, [6; 32]).unwrap()
        });
        registration.handle(input, link.now);
    }

    pub fn words(&mut self, end: End) -> Vec<String> {
        std::mem::take(&mut self.words[end as usize])
    }

    pub fn deadline(&self) -> Option<Instant> {
        let registration = self.registration.as_ref();
        let own = registration.and_then(Registration::deadline);
        own.into_iter().chain(self.registrar.deadline()).min()
    }

    pub fn due(&mut self, now: Instant) {
        if let Some(registration) = &mut self.registration {
            registration.handle(Input::Due, now);
        }
        self.registrar.handle(registrar::Input::Due, now);
    }

    /// Carries what one side has to the other; true if there was something.
    pub fn pump(&mut self, link: &mut Link, gate: &mut Gate) -> bool {
        let mut moved = false;
        for end in [End::Caller, End::Callee] {
            let events = std::mem::take(&mut link.events[end as usize]);
            for event in events {
                match self.take(event, link, gate) {
                    Some(other) => link.events[end as usize].push_back(other),
                    None => moved = true,
                }
            }
        }
        while let Some(event) = self.registrar.poll() {
            self.words[End::Callee as usize].push(registrar_word(&event));
        }
        while let Some(output) = self.registration.as_mut().and_then(Registration::poll) {
            moved = true;
            match output {
                Output::Event(event) => {
                    self.words[End::Caller as usize].push(registration_word(&event));
                }
                Output::Send(register) => {
                    let (flow, now) = (link.flow(End::Caller), link.now);
                    link.end(End::Caller)
                        .register(*register, flow, now)
                        .unwrap();
                }
            }
        }
        link.drain();
        moved
    }

    fn take(&mut self, event: Event, link: &mut Link, gate: &mut Gate) -> Option<Event> {
        let now = link.now;
        match event {
            Event::RegisterAnswered {
                contact,
                sessions,
                message,
                ..
            } => {
                let input = Input::Answered {
                    message,
                    contact,
                    sessions,
                };
                self.registration.as_mut().unwrap().handle(input, now);
            }
            Event::RegisterFailed { failure, cseq, .. } => {
                let input = Input::Failed { failure, cseq };
                self.registration.as_mut().unwrap().handle(input, now);
            }
            Event::RegisterReceived {
                transaction,
                message,
                flow,
            } => {
                assert_eq!(message.contact().unwrap().uri().user(), Some("trunk-1"));
                gate.note(&message, flow);
                let answer = match &self.rule {
                    Rule::Silent => return None,
                    Rule::Refuses(status, headers) => Answer::refused(*status, headers.clone()),
                    Rule::Keeps => {
                        let judged = gate.at(now).judge(Asker::Server);
                        let expires = message.header(Name::Expires).unwrap_or_default();
                        self.words[End::Callee as usize].push(format!("{judged}:{expires}"));
                        let mut ask = |stale| {
                            let headers = gate.challenge(Asker::Server, stale);
                            Answer::refused(StatusCode::UNAUTHORIZED, headers)
                        };
                        match &*judged {
                            "trunk" => self.registrar.register("trunk", &message, flow, now),
                            "stale" => ask(Stale::Yes),
                            _ => ask(Stale::No),
                        }
                    }
                };
                link.end(End::Callee)
                    .answer_register(transaction, &answer, now)
                    .unwrap();
            }
            other => return Some(other),
        }
        None
    }
}

fn registration_word(event: &registration::Event) -> String {
    use registration::Event;
    match event {
        Event::Registered { grant, .. } => format!("Registered:{}", grant.expires.as_secs()),
        Event::Refused { status, .. } => format!("Refused:{status}"),
        Event::Unanswered { .. } => "Unanswered".to_owned(),
        Event::FlowLost { .. } => "FlowLost".to_owned(),
        Event::Unregistered { farewell } => format!("Unregistered:{farewell:?}"),
    }
}

fn registrar_word(event: &registrar::Event) -> String {
    use registrar::Event;
    match event {
        Event::Bound { .. } => "Bound".to_owned(),
        Event::Refreshed { .. } => "Refreshed".to_owned(),
        Event::Unbound { why, .. } => format!("Unbound:{why:?}"),
    }
}
