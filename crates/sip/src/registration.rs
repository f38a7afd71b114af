//! Registration: our binding at a registrar, kept as long as it is wanted (RFC 3261 §10.2, RFC 5626 §4.5).
//!
//! ```text
//!            Start                     200: event Registered
//!   Idle ------------> Registering ---------------------------> Registered
//!    ^                  |  ^  |  ^                               |   |   |
//!    |     423: longer, |  |  |  +-------- Due (50 to 90 % ------+   |   |
//!    |     at once      +--+  |            of what was granted)      |   |
//!    |                        | refused, unanswered                  |   | Stop
//!    |                        v                                      |   |
//!    |                     Waiting <------------ FlowLost -----------+   |
//!    |                        |  Due: Registering again                  v
//!    +------- Stop -----------+                                   Unregistering
//!    +-------------------- answered or not: event Unregistered ----------+
//! ```
//!
//! Every wait is drawn at random from a range that doubles with each failure, so that trunks that fail together do not
//! come back together. A REGISTER is never sent before the one before it is answered (RFC 3261 §10.2); a Stop that
//! meets one waits for its answer. Challenges are answered by the endpoint.

pub mod account;
pub mod event;
pub mod grant;
pub mod wait;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::digest::Sessions;
use crate::endpoint::ids::Ids;
use crate::header::{HeaderError, Name};
use crate::message::Message;
use crate::status::StatusCode;

pub use account::{Account, Register};
pub use event::{Event, Farewell, Input, Output};
pub use grant::{Grant, Listing};

use self::account::EXPIRES_MAX_S;
use self::wait::Failures;

/// One registration. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Registration {
    account: Account,
    ids: Ids,
    call_id: Box<str>,
    tag: Box<str>,
    cseq: u32,
    /// What is asked for: the account's seconds, or more if the registrar said so.
    expires_s: u32,
    sessions: Sessions,
    state: State,
    failures: Failures,
    /// When the binding ends that was granted last.
    bound_until: Option<Instant>,
    outputs: VecDeque<Output>,
}

/// Where a registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody wants it, or not any more.
    Idle,
    /// A REGISTER is on its way.
    Registering {
        /// How often it was too brief (423).
        brief: u8,
        /// Whether it has been stopped meanwhile.
        wanted: Wanted,
    },
    /// The binding stands.
    Registered {
        /// When to refresh it.
        refresh_at: Instant,
    },
    /// The last try failed.
    Waiting {
        /// When to try again.
        retry_at: Instant,
    },
    /// The REGISTER that removes the binding is on its way.
    Unregistering {
        /// Whether it has been started again meanwhile.
        wanted: Wanted,
    },
}

/// Whether the binding shall stand when the REGISTER that is on its way has its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Yes: it stays, or is made again.
    Yes,
    /// No: it is removed.
    No,
}

impl Registration {
    /// A registration that waits for `Start`. Two must never share a seed.
    pub fn new(account: Account, seed: [u8; 32]) -> Result<Self, HeaderError> {
        account.check()?;
        let mut ids = Ids::new(seed);
        Ok(Registration {
            call_id: ids.call_id(),
            tag: ids.tag(),
            cseq: ids.cseq(),
            ids,
            expires_s: account.expires_s,
            sessions: Sessions::new(account.credentials.clone()),
            account,
            state: State::Idle,
            failures: Failures::default(),
            bound_until: None,
            outputs: VecDeque::new(),
        })
    }

    /// Moves.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match (self.state, input) {
            (State::Idle | State::Waiting { .. }, Input::Start) => self.register(0),
            (State::Registering { brief, .. }, Input::Start) => {
                let wanted = Wanted::Yes;
                self.state = State::Registering { brief, wanted };
            }
            (State::Registering { brief, .. }, Input::Stop) => {
                let wanted = Wanted::No;
                self.state = State::Registering { brief, wanted };
            }
            (State::Unregistering { .. }, Input::Start) => {
                let wanted = Wanted::Yes;
                self.state = State::Unregistering { wanted };
            }
            (State::Unregistering { .. }, Input::Stop) => {
                let wanted = Wanted::No;
                self.state = State::Unregistering { wanted };
            }
            (State::Registered { .. } | State::Waiting { .. }, Input::Stop) => self.leave(now),
            (State::Idle, Input::Stop) => self.over(Farewell::Confirmed),
            (
                State::Registering { brief, wanted },
                Input::Answered {
                    message,
                    contact,
                    sessions,
                },
            ) => {
                self.heard(&message, *sessions);
                self.answered(&message, &contact, brief, wanted, now);
            }
            (
                State::Unregistering { wanted },
                Input::Answered {
                    message, sessions, ..
                },
            ) => {
                self.heard(&message, *sessions);
                let confirmed = message.status().is_some_and(StatusCode::is_success);
                self.over(match confirmed {
                    true => Farewell::Confirmed,
                    false => Farewell::Unconfirmed,
                });
                self.begin_if(wanted);
            }
            (State::Registering { wanted, .. }, Input::Failed { failure, cseq }) => {
                self.unheard(cseq);
                let retry_in = self.try_later(wanted, None, now);
                self.event(Event::Unanswered { failure, retry_in });
                self.leave_unless(wanted, now);
            }
            (State::Unregistering { wanted }, Input::Failed { cseq, .. }) => {
                self.unheard(cseq);
                self.over(Farewell::Unconfirmed);
                self.begin_if(wanted);
            }
            (State::Registered { .. }, Input::FlowLost) => {
                let retry_in = wait::after_lost_flow(&mut self.ids);
                let retry_at = now + retry_in;
                self.state = State::Waiting { retry_at };
                self.event(Event::FlowLost { retry_in });
            }
            (
                State::Registered { refresh_at: at } | State::Waiting { retry_at: at },
                Input::Due,
            ) if at <= now => {
                self.register(0);
            }
            // A deadline that was moved meanwhile, an answer that nobody waits for, a second Start.
            _ => {}
        }
    }

    /// What to do next; `None` until the next input.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call `handle(Input::Due)`.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Registered { refresh_at } => Some(refresh_at),
            State::Waiting { retry_at } => Some(retry_at),
            State::Idle | State::Registering { .. } | State::Unregistering { .. } => None,
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// When the last binding that was granted ends, if it still stands.
    #[must_use]
    pub fn bound_until(&self, now: Instant) -> Option<Instant> {
        self.bound_until.filter(|until| *until > now)
    }

    /// The URI to resolve for the next REGISTER: the outbound proxy's or the registrar's.
    #[must_use]
    pub fn next_hop(&self) -> &str {
        self.account.next_hop()
    }

    fn register(&mut self, brief: u8) {
        let wanted = Wanted::Yes;
        self.state = State::Registering { brief, wanted };
        self.send(self.expires_s);
    }

    fn send(&mut self, expires_s: u32) {
        self.cseq = self.cseq.saturating_add(1);
        let register = Register {
            call_id: self.call_id.clone(),
            tag: self.tag.clone(),
            cseq: self.cseq,
            expires_s,
            sessions: self.sessions.clone(),
            account: self.account.clone(),
        };
        self.outputs.push_back(Output::Send(register.into()));
    }

    fn answered(
        &mut self,
        message: &Message,
        contact: &str,
        brief: u8,
        wanted: Wanted,
        now: Instant,
    ) {
        let status = message
            .status()
            .unwrap_or(StatusCode::SERVER_INTERNAL_ERROR);
        if status.is_success() {
            let grant = Grant::read(message, contact, self.expires_s);
            if !grant.expires.is_zero() {
                self.granted(grant, now);
                self.leave_unless(wanted, now);
                return;
            }
        }
        if wanted == Wanted::Yes
            && brief < BRIEF_MAX
            && let Some(longer) = self.longer(status, message)
        {
            self.expires_s = longer;
            self.register(brief + 1);
            return;
        }
        let retry_after = message.retry_after().ok().flatten();
        let retry_after = retry_after.map(|after| u64::from(after.seconds));
        let retry_in = self.try_later(wanted, retry_after.map(Duration::from_secs), now);
        let phrase = if status.is_success() {
            NOTHING_GRANTED
        } else {
            message.reason_phrase()
        };
        self.event(Event::Refused {
            status,
            phrase: phrase.into(),
            retry_in,
        });
        self.leave_unless(wanted, now);
    }

    fn granted(&mut self, grant: Grant, now: Instant) {
        self.failures = Failures::default();
        self.bound_until = Some(now + grant.expires);
        let refresh_in = self.account.refresh.wait(grant.expires, &mut self.ids);
        let refresh_at = now + refresh_in;
        self.state = State::Registered { refresh_at };
        self.event(Event::Registered { grant, refresh_in });
    }

    /// How long a binding the registrar wants at least, if that is why it refused.
    fn longer(&self, status: StatusCode, message: &Message) -> Option<u32> {
        let least = message.number(Name::MinExpires).ok().flatten()?;
        let helps = status == StatusCode::INTERVAL_TOO_BRIEF
            && least > self.expires_s
            && least <= EXPIRES_MAX_S;
        helps.then_some(least)
    }

    fn try_later(
        &mut self,
        wanted: Wanted,
        retry_after: Option<Duration>,
        now: Instant,
    ) -> Option<Duration> {
        let retry_in = self.failures.wait(retry_after, &mut self.ids);
        let retry_at = now + retry_in;
        self.state = State::Waiting { retry_at };
        (wanted == Wanted::Yes).then_some(retry_in)
    }

    /// Goes on with a Stop that had to wait.
    fn leave_unless(&mut self, wanted: Wanted, now: Instant) {
        if wanted == Wanted::No {
            self.leave(now);
        }
    }

    /// Removes the binding, if there still may be one.
    fn leave(&mut self, now: Instant) {
        if self.bound_until(now).is_none() {
            self.over(Farewell::Confirmed);
            return;
        }
        let wanted = Wanted::No;
        self.state = State::Unregistering { wanted };
        self.send(0);
    }

    /// Goes on with a Start that had to wait.
    fn begin_if(&mut self, wanted: Wanted) {
        if wanted == Wanted::Yes {
            self.register(0);
        }
    }

    fn over(&mut self, farewell: Farewell) {
        self.state = State::Idle;
        self.bound_until = None;
        self.failures = Failures::default();
        self.event(Event::Unregistered { farewell });
    }

    fn heard(&mut self, message: &Message, sessions: Sessions) {
        let number = message.cseq().map(|cseq| cseq.number).unwrap_or_default();
        self.cseq = self.cseq.max(number);
        self.sessions = sessions;
    }

    /// What the tries without an answer counted of a nonce is not known: the next one asks anew.
    fn unheard(&mut self, cseq: u32) {
        self.cseq = self.cseq.max(cseq);
        self.sessions = Sessions::new(self.account.credentials.clone());
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

/// How often one try asks for longer after 423; who refuses what it just asked for will go on to.
const BRIEF_MAX: u8 = 2;

/// The phrase of a 200 to a REGISTER that leaves no binding behind.
const NOTHING_GRANTED: &str = "the answer grants no binding";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Credential, Credentials, Secret};
    use crate::endpoint::event::Failure;
    use crate::timers::Timer;

    /// A registration, its clock, and the REGISTER that is on its way.
    struct Desk {
        registration: Registration,
        now: Instant,
        sent: Option<Register>,
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test needs some instant to count from"
    )]
    fn desk() -> Desk {
        let mut account = Account::new("sip:pbx.example", "<sip:me@pbx.example>");
        let secret = Secret::Password("hunter2".into());
        let one = Credential::new(None, "auth-me", secret).unwrap();
        account.credentials = Credentials::new(vec![one]).unwrap();
        Desk {
            registration: Registration::new(account, [9; 32]).unwrap(),
            now: Instant::now(),
            sent: None,
        }
    }

    impl Desk {
        /// What an input leads to, a word for each output.
        fn hears(&mut self, input: Input) -> String {
            self.registration.handle(input, self.now);
            let mut words = Vec::new();
            while let Some(output) = self.registration.poll() {
                words.push(match output {
                    Output::Send(register) => {
                        let word = format!("REGISTER:{}", register.expires_s);
                        self.sent = Some(*register);
                        word
                    }
                    Output::Event(Event::Registered { grant, .. }) => {
                        format!("Registered:{}", grant.expires.as_secs())
                    }
                    Output::Event(Event::Refused {
                        status, retry_in, ..
                    }) => {
                        format!("Refused:{status}{}", tail(retry_in))
                    }
                    Output::Event(Event::Unanswered { retry_in, .. }) => {
                        format!("Unanswered{}", tail(retry_in))
                    }
                    Output::Event(Event::FlowLost { .. }) => "FlowLost".to_owned(),
                    Output::Event(Event::Unregistered { farewell }) => {
                        format!("Unregistered:{farewell:?}")
                    }
                });
            }
            words.join(" ")
        }

        fn answered(&mut self, status: &str, headers: &str) -> String {
            let sent = self.sent.take().unwrap();
            let cseq = sent.cseq + 1;
            let text = format!("SIP/2.0 {status} Text\r\nCSeq: {cseq} REGISTER\r\n{headers}\r\n");
            self.hears(Input::Answered {
                message: Message::parse(text.into()).unwrap().into(),
                contact: "<sip:me@192.0.2.1>".into(),
                sessions: sent.sessions.into(),
            })
        }

        fn unanswered(&mut self) -> String {
            let cseq = self.sent.take().unwrap().cseq;
            let failure = Failure::TimedOut(Timer::F);
            self.hears(Input::Failed { failure, cseq })
        }

        fn due(&mut self) -> String {
            self.now = self.registration.deadline().unwrap();
            self.hears(Input::Due)
        }
    }

    fn tail(retry_in: Option<Duration>) -> &'static str {
        retry_in.map_or(":over", |_| "")
    }

    #[test]
    fn a_binding_is_made_refreshed_and_removed() {
        let mut desk = desk();
        assert_eq!(desk.hears(Input::Start), "REGISTER:300");
        let first = desk.sent.clone().unwrap();
        assert_eq!(desk.answered("200", "Expires: 100\r\n"), "Registered:100");
        assert_eq!(desk.hears(Input::Start), "");
        let began = desk.now;
        assert_eq!(desk.due(), "REGISTER:300");
        let waited = (desk.now - began).as_secs();
        assert!((50..=68).contains(&waited), "{waited}");
        let second = desk.sent.clone().unwrap();
        assert_eq!((&second.call_id, &second.tag), (&first.call_id, &first.tag));
        // The endpoint's own tries count.
        assert_eq!(second.cseq, first.cseq + 2);
        assert_eq!(desk.answered("200", ""), "Registered:300");
        assert_eq!(desk.hears(Input::Stop), "REGISTER:0");
        assert_eq!(desk.answered("200", ""), "Unregistered:Confirmed");
        assert_eq!(desk.registration.deadline(), None);
        assert_eq!(desk.registration.bound_until(desk.now), None);
        assert_eq!(desk.hears(Input::Start), "REGISTER:300");
    }

    #[test]
    fn a_refusal_is_tried_again_and_failures_are_forgotten_with_success() {
        let mut desk = desk();
        desk.hears(Input::Start);
        for status in ["302", "403", "404", "500", "603"] {
            assert_eq!(desk.answered(status, ""), format!("Refused:{status}"));
            assert_eq!(desk.due(), "REGISTER:300");
        }
        assert_eq!(desk.registration.failures, failures(5));
        assert_eq!(desk.unanswered(), "Unanswered");
        assert_eq!(desk.due(), "REGISTER:300");
        assert_eq!(desk.answered("200", ""), "Registered:300");
        assert_eq!(desk.registration.failures, Failures::default());
    }

    fn failures(count: usize) -> Failures {
        let mut failures = Failures::default();
        for _ in 0..count {
            failures.wait(None, &mut Ids::new([0; 32]));
        }
        failures
    }

    #[test]
    fn a_registrar_that_wants_longer_bindings_gets_them_but_not_for_ever() {
        let mut desk = desk();
        desk.hears(Input::Start);
        assert_eq!(desk.answered("423", "Min-Expires: 600\r\n"), "REGISTER:600");
        assert_eq!(desk.answered("423", "Min-Expires: 700\r\n"), "REGISTER:700");
        assert_eq!(desk.answered("423", "Min-Expires: 800\r\n"), "Refused:423");
        assert_eq!(desk.due(), "REGISTER:700");
        for senseless in [
            "",
            "Min-Expires: 10\r\n",
            "Min-Expires: 86401\r\n",
            "Min-Expires: x\r\n",
        ] {
            assert_eq!(
                desk.answered("423", senseless),
                "Refused:423",
                "{senseless}"
            );
            desk.due();
        }
    }

    #[test]
    fn retry_after_is_honoured() {
        let mut desk = desk();
        desk.hears(Input::Start);
        let began = desk.now;
        assert_eq!(
            desk.answered("503", "Retry-After: 600 (maintenance)\r\n"),
            "Refused:503"
        );
        desk.due();
        let waited = (desk.now - began).as_secs();
        assert!((600..=900).contains(&waited), "{waited}");
    }

    #[test]
    fn a_200_that_grants_nothing_is_a_refusal() {
        let mut desk = desk();
        desk.hears(Input::Start);
        let nothing = "Contact: <sip:me@192.0.2.1>;expires=0\r\n";
        assert_eq!(desk.answered("200", nothing), "Refused:200");
    }

    #[test]
    fn a_stop_waits_for_the_answer_that_is_on_its_way() {
        let mut granted = desk();
        granted.hears(Input::Start);
        assert_eq!(granted.hears(Input::Stop), "");
        assert_eq!(granted.answered("200", ""), "Registered:300 REGISTER:0");
        assert_eq!(granted.unanswered(), "Unregistered:Unconfirmed");
        let mut refused = desk();
        refused.hears(Input::Start);
        refused.hears(Input::Stop);
        assert_eq!(
            refused.answered("403", ""),
            "Refused:403:over Unregistered:Confirmed"
        );
        let mut lost = desk();
        lost.hears(Input::Start);
        lost.hears(Input::Stop);
        assert_eq!(lost.unanswered(), "Unanswered:over Unregistered:Confirmed");
        let mut regretted = desk();
        regretted.hears(Input::Start);
        regretted.hears(Input::Stop);
        regretted.hears(Input::Start);
        assert_eq!(regretted.answered("200", ""), "Registered:300");
    }

    #[test]
    fn a_start_waits_for_the_farewell() {
        let mut desk = desk();
        desk.hears(Input::Start);
        desk.answered("200", "");
        desk.hears(Input::Stop);
        assert_eq!(desk.hears(Input::Start), "");
        assert_eq!(
            desk.answered("200", ""),
            "Unregistered:Confirmed REGISTER:300"
        );
        desk.answered("200", "");
        desk.hears(Input::Stop);
        desk.hears(Input::Start);
        desk.hears(Input::Stop);
        assert_eq!(desk.answered("481", ""), "Unregistered:Unconfirmed");
    }

    #[test]
    fn a_lost_connection_is_made_again_soon() {
        let mut desk = desk();
        assert_eq!(desk.hears(Input::FlowLost), "");
        desk.hears(Input::Start);
        desk.answered("200", "");
        let began = desk.now;
        assert_eq!(desk.hears(Input::FlowLost), "FlowLost");
        assert!(desk.registration.bound_until(desk.now).is_some());
        assert_eq!(desk.due(), "REGISTER:300");
        assert!(desk.now - began <= Duration::from_secs(10));
        desk.answered("200", "");
        desk.hears(Input::FlowLost);
        // The binding may still stand, so it is removed.
        assert_eq!(desk.hears(Input::Stop), "REGISTER:0");
    }

    #[test]
    fn what_nobody_waits_for_changes_nothing() {
        let mut desk = desk();
        assert_eq!(desk.hears(Input::Due), "");
        assert_eq!(desk.hears(Input::Stop), "Unregistered:Confirmed");
        desk.hears(Input::Start);
        assert_eq!(desk.hears(Input::Due), "");
        let register = desk.sent.clone();
        desk.answered("200", "");
        assert_eq!(desk.hears(Input::Due), "");
        desk.sent = register;
        assert_eq!(desk.answered("403", ""), "");
        let text = format!("{:?}", desk.registration);
        assert!(
            !text.contains("hunter2") && !text.contains("auth-me"),
            "{text}"
        );
    }

    #[test]
    fn an_account_that_cannot_be_written_is_refused() {
        let wrong = |change: fn(&mut Account)| {
            let mut account = Account::new("sip:pbx.example", "<sip:me@pbx.example>");
            change(&mut account);
            let error = Registration::new(account, [0; 32]).unwrap_err();
            error.header
        };
        assert_eq!(
            wrong(|account| account.registrar = "pbx.example".into()),
            "Request-URI"
        );
        assert_eq!(
            wrong(|account| account.registrar = "tel:123".into()),
            "Request-URI"
        );
        assert_eq!(wrong(|account| account.address = "<me".into()), "From");
        assert_eq!(
            wrong(|account| account.outbound_proxy = Some("proxy".into())),
            "Route"
        );
        assert_eq!(
            wrong(|account| account.contact_user = Some("a@b".into())),
            "Contact"
        );
        assert_eq!(
            wrong(|account| account.contact_params = "\r\nX: y".into()),
            "Contact"
        );
        assert_eq!(
            wrong(|account| account.uri_params = ";a>".into()),
            "Contact"
        );
        assert_eq!(wrong(|account| account.uri_params = "a".into()), "Contact");
        let tags = |account: &mut Account| account.supported = vec!["a b".into()];
        assert_eq!(wrong(tags), "Supported");
        assert_eq!(wrong(|account| account.expires_s = 0), "Expires");
        let mut account = Account::new("sip:pbx.example", "<sip:me@pbx.example>");
        assert_eq!(
            (account.next_hop(), account.routes().len()),
            ("sip:pbx.example", 0)
        );
        account.outbound_proxy = Some("sip:out.example:5090;lr".into());
        assert_eq!(account.next_hop(), "sip:out.example:5090;lr");
        assert_eq!(account.routes(), ["<sip:out.example:5090;lr>".into()]);
    }
}
