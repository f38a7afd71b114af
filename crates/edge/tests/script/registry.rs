//! A phone that registers, or that others register at.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use sip::StatusCode;
use sip::digest::Credentials;
use sip::endpoint::Endpoint;
use sip::endpoint::event::Event;
use sip::endpoint::flow::Flow;
use sip::registrar::{Answer, Registrar, Rules};
use sip::registration::{Account, Input, Output, Registration};

use super::identity::Door;

/// Registrations of one phone, either way.
#[derive(Default)]
pub struct Registry {
    registrar: Option<Registrar>,
    registration: Option<Registration>,
}

impl Registry {
    /// Takes registrations for so many seconds.
    pub fn opens(&mut self, seconds: &str) {
        let longest = Duration::from_secs(seconds.parse().unwrap());
        self.registrar = Some(Registrar::new(Rules {
            longest,
            usual: longest,
            ..Rules::default()
        }));
    }

    /// Registers at the edge.
    pub fn begin(
        &mut self,
        (name, ip): (&str, IpAddr),
        seconds: &str,
        credentials: Credentials,
        now: Instant,
    ) {
        let account = Account {
            credentials,
            contact_user: Some(name.into()),
            expires_s: seconds.parse().unwrap(),
            ..Account::new("sip:edge.example", format!("<sip:{name}@edge.example>"))
        };
        let mut seed = [2; 32];
        seed[..name.len()].copy_from_slice(name.as_bytes());
        seed[31] = ip.to_string().len().try_into().unwrap();
        let mut registration = Registration::new(account, seed).unwrap();
        registration.handle(Input::Start, now);
        self.registration = Some(registration);
    }

    /// Removes its binding.
    pub fn end(&mut self, now: Instant) {
        self.hear(Input::Stop, now);
    }

    /// Its time has come.
    pub fn due(&mut self, now: Instant) {
        self.hear(Input::Due, now);
    }

    /// When its time comes.
    pub fn deadline(&self) -> Option<Instant> {
        self.registration.as_ref()?.deadline()
    }

    /// Sends what it has to send.
    pub fn drain(&mut self, endpoint: &mut Endpoint, flow: Flow, now: Instant) {
        while let Some(output) = self.registration.as_mut().and_then(Registration::poll) {
            if let Output::Send(register) = output {
                endpoint.register(*register, flow, now).unwrap();
            }
        }
    }

    /// Something became of a REGISTER.
    pub fn event(
        &mut self,
        event: Event,
        door: Option<&mut Door>,
        endpoint: &mut Endpoint,
        now: Instant,
    ) {
        match event {
            Event::RegisterReceived {
                transaction,
                message,
                flow,
            } => {
                let challenge = door.and_then(|door| door.challenge(&message, flow, now));
                let answer = match (challenge, &mut self.registrar) {
                    (Some(challenge), _) => {
                        Answer::refused(StatusCode::PROXY_AUTHENTICATION_REQUIRED, challenge)
                    }
                    (None, Some(registrar)) => registrar.register("all", &message, flow, now),
                    (None, None) => {
                        let none = sip::endpoint::extra::Extra::none();
                        Answer::refused(StatusCode::FORBIDDEN, none)
                    }
                };
                endpoint.answer_register(transaction, &answer, now).unwrap();
            }
            Event::RegisterAnswered {
                contact,
                sessions,
                message,
                ..
            } => {
                let answered = Input::Answered {
                    message,
                    contact,
                    sessions,
                };
                self.hear(answered, now);
            }
            Event::RegisterFailed { failure, cseq, .. } => {
                self.hear(Input::Failed { failure, cseq }, now);
            }
            _ => {}
        }
    }

    /// Where whoever registered here is: the URI of the Contact.
    pub fn contact(&self) -> Option<String> {
        let binding = self.registrar.as_ref()?.bindings("all").next()?;
        Some(binding.contact.to_string())
    }

    fn hear(&mut self, input: Input, now: Instant) {
        if let Some(registration) = &mut self.registration {
            registration.handle(input, now);
        }
    }
}
