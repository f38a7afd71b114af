//! A thousand trunks that fail together do not come back together, and all of them come back (RFC 5626 §4.5).

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use trunkline_sip::endpoint::event::Failure;
use trunkline_sip::registration::{Account, Event, Input, Output, Register, Registration};
use trunkline_sip::timers::Timer;
use trunkline_sip::{Message, Name};

const TRUNKS: u64 = 1000;

/// Of all trunks those that may send within one second, once they have failed together.
const PER_SECOND_MAX: usize = 100;

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn trunks_that_fail_together_do_not_come_back_together(
        seed in any::<[u8; 24]>(),
        how in prop_oneof![
            Just(Fault::Silence),
            Just(Fault::Refusal("503", "")),
            Just(Fault::Refusal("503", "Retry-After: 1\r\n")),
            Just(Fault::Refusal("503", "Retry-After: 120\r\n")),
            Just(Fault::Refusal("403", "")),
            Just(Fault::LostFlow),
        ],
        minutes in 1u64..90,
    ) {
        let mut trunks = Trunks::new(seed);
        trunks.run(Duration::from_secs(1), None);
        prop_assert_eq!(trunks.registered(), 1000);
        // All connections break at one moment, or all refreshes of the next minutes fail.
        trunks.sent.clear();
        if how == Fault::LostFlow {
            trunks.lose_flows();
        }
        let outage = Duration::from_secs(60 * minutes);
        trunks.run(outage, Some(how));
        let most = trunks.sent.values().max().copied().unwrap_or_default();
        let bound = match how {
            // Ten seconds for all of them: calls cannot come in meanwhile.
            Fault::LostFlow => 2 * PER_SECOND_MAX,
            Fault::Silence | Fault::Refusal(..) => PER_SECOND_MAX,
        };
        prop_assert!(most <= bound, "{} at once", most);
        // A trunk tries every half minute at first, every quarter of an hour at last.
        let tries: usize = trunks.sent.values().sum();
        let tries_max = 1000 * usize::try_from(4 + minutes.min(8) + minutes / 12).unwrap();
        prop_assert!(tries <= tries_max, "{} tries in {} minutes", tries, minutes);
        // The registrar is back: so is everybody, after the last try in vain and the longest wait.
        trunks.sent.clear();
        trunks.run(Duration::from_secs(32 + 1800 + 1), None);
        prop_assert_eq!(trunks.registered(), 1000);
        let most = trunks.sent.values().max().copied().unwrap_or_default();
        prop_assert!(most <= PER_SECOND_MAX, "{} at once", most);
    }
}

/// What the registrar does to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It says nothing.
    Silence,
    /// It refuses, with this header.
    Refusal(&'static str, &'static str),
    /// Its connections are closed, and none is accepted.
    LostFlow,
}

struct Trunks {
    all: Vec<Registration>,
    now: Instant,
    /// What happens next: to which trunk, with what.
    agenda: BTreeMap<(Instant, usize), Option<Input>>,
    /// REGISTER requests by second.
    sent: BTreeMap<u64, usize>,
    fault: Option<Fault>,
}

impl Trunks {
    fn new(seed: [u8; 24]) -> Self {
        let mut all = Vec::new();
        for number in 0..TRUNKS {
            let mut octets = [0; 32];
            octets[..24].copy_from_slice(&seed);
            octets[24..].copy_from_slice(&number.to_be_bytes());
            let account = Account::new("sip:pbx.example", format!("<sip:{number}@pbx.example>"));
            all.push(Registration::new(account, octets).unwrap());
        }
        let mut trunks = Trunks {
            all,
            now: start(),
            agenda: BTreeMap::new(),
            sent: BTreeMap::new(),
            fault: None,
        };
        for at in 0..trunks.all.len() {
            trunks.tell(at, Input::Start);
        }
        trunks
    }

    fn registered(&self) -> usize {
        let bound = self
            .all
            .iter()
            .filter(|one| one.bound_until(self.now).is_some());
        bound.count()
    }

    fn lose_flows(&mut self) {
        for at in 0..self.all.len() {
            self.tell(at, Input::FlowLost);
        }
    }

    fn run(&mut self, time: Duration, fault: Option<Fault>) {
        self.fault = fault;
        let limit = self.now + time;
        while let Some(entry) = self.agenda.first_entry() {
            let (at, trunk) = *entry.key();
            if at > limit {
                break;
            }
            let input = entry.remove().unwrap_or(Input::Due);
            self.now = at;
            self.tell(trunk, input);
        }
        self.now = limit;
    }

    fn tell(&mut self, at: usize, input: Input) {
        self.all[at].handle(input, self.now);
        while let Some(output) = self.all[at].poll() {
            match output {
                Output::Send(register) => {
                    let second = (self.now - start()).as_secs();
                    *self.sent.entry(second).or_default() += 1;
                    let (wait, answer) = self.answer(*register);
                    self.agenda.insert((self.now + wait, at), Some(answer));
                }
                Output::Event(Event::Registered { refresh_in, .. }) => {
                    assert!(refresh_in >= Duration::from_secs(150));
                }
                Output::Event(_) => {}
            }
        }
        if let Some(deadline) = self.all[at].deadline() {
            self.agenda.insert((deadline, at), None);
        }
    }

    fn answer(&self, register: Register) -> (Duration, Input) {
        let failed = |failure| Input::Failed {
            failure,
            cseq: register.cseq,
        };
        let (status, headers) = match self.fault {
            Some(Fault::Silence) => {
                let failure = Failure::TimedOut(Timer::F);
                return (Duration::from_secs(32), failed(failure));
            }
            Some(Fault::LostFlow) => {
                return (Duration::from_millis(50), failed(Failure::Transport));
            }
            Some(Fault::Refusal(status, headers)) => (status, headers),
            None => ("200", "Expires: 300\r\n"),
        };
        let cseq = register.cseq;
        let text = format!("SIP/2.0 {status} X\r\nCSeq: {cseq} REGISTER\r\n{headers}\r\n");
        let message = Arc::new(Message::parse(text.into()).unwrap());
        assert!(message.header(Name::CSeq).is_some());
        let answered = Input::Answered {
            message,
            contact: "<sip:trunk@192.0.2.1>".into(),
            sessions: register.sessions.into(),
        };
        (Duration::from_millis(50), answered)
    }
}

fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "a test needs some instant to count from"
    )]
    *START.get_or_init(Instant::now)
}
