//! Registrar: where the trunks are that register to us (RFC 3261 §10.3).
//!
//! An account is what the edge has verified, not what To says: a trunk's number and its user name are seldom the same.
//! Each has few bindings, one by default, and a new one takes the place of the oldest. Calls go back the way that the
//! REGISTER came: whoever is behind a translation of addresses is nowhere else.
//!
//! `register` is called for each REGISTER that is verified; `handle(Input::Due)` at `deadline()`; `poll` tells changes.

pub mod binding;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::endpoint::extra::Extra;
use crate::endpoint::flow::Flow;
use crate::header::Name;
use crate::message::Message;
use crate::status::StatusCode;

pub use binding::Binding;

use self::binding::{Request, Wish};

/// The bindings of all trunks that register to us.
#[derive(Clone, Debug)]
pub struct Registrar {
    rules: Rules,
    accounts: BTreeMap<Box<str>, Vec<Binding>>,
    ends: BTreeSet<(Instant, Box<str>)>,
    outputs: VecDeque<Event>,
}

/// What a registrar grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The shortest binding, default 60 s: what asks for less gets 423.
    pub shortest: Duration,
    /// The longest binding, default an hour: what asks for more gets this.
    pub longest: Duration,
    /// The binding of whoever names no time, default an hour.
    pub usual: Duration,
    /// Bindings of one account, default 1: one more takes the place of the oldest.
    pub bindings_max: usize,
    /// Accounts with bindings, default 10,000: more get 503.
    pub accounts_max: usize,
}

/// What happens but for requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A connection is closed: who registered by it cannot be reached (RFC 5626 §4.2.2).
    FlowLost {
        /// Which.
        flow: Flow,
    },
    /// `deadline()` has passed.
    Due,
}

/// What has become of a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A trunk is there, anew or at another place.
    Bound {
        /// Which.
        account: Box<str>,
        /// Where.
        binding: Binding,
    },
    /// A trunk is still there.
    Refreshed {
        /// Which.
        account: Box<str>,
        /// Where, and until when.
        binding: Binding,
    },
    /// A trunk is no longer there.
    Unbound {
        /// Which.
        account: Box<str>,
        /// Where it was.
        binding: Binding,
        /// Why.
        why: Unbinding,
    },
}

/// Why a binding is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbinding {
    /// The trunk removed it.
    Removed,
    /// It was not refreshed in time.
    Expired,
    /// Another one of the same account has taken its place.
    Replaced,
    /// The connection that it came by is closed.
    FlowLost,
}

/// What to answer a REGISTER with: `Endpoint::answer_register` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The phrase; the usual one if none.
    pub phrase: Option<&'static str>,
    /// The bindings that stand, as values of Contact.
    pub contacts: Vec<Box<str>>,
    /// Further headers: challenges, Min-Expires, Retry-After.
    pub headers: Extra,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            shortest: Duration::from_secs(60),
            longest: Duration::from_secs(3600),
            usual: Duration::from_secs(3600),
            bindings_max: 1,
            accounts_max: 10_000,
        }
    }
}

impl Answer {
    /// A refusal with these headers: 401 with a challenge, for one.
    #[must_use]
    pub fn refused(status: StatusCode, headers: Extra) -> Self {
        Answer {
            status,
            phrase: None,
            contacts: Vec::new(),
            headers,
        }
    }

    fn because(status: StatusCode, phrase: &'static str) -> Self {
        Answer {
            phrase: Some(phrase),
            ..Answer::refused(status, Extra::none())
        }
    }
}

impl Registrar {
    /// A registrar without bindings.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Registrar {
            rules,
            accounts: BTreeMap::new(),
            ends: BTreeSet::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Does what a verified REGISTER of this account asks for, all of it or nothing.
    pub fn register(
        &mut self,
        account: &str,
        request: &Message,
        flow: Flow,
        now: Instant,
    ) -> Answer {
        self.expire(now);
        let read = Request::read(request, &self.rules);
        let asked = match read {
            Ok(asked) => asked,
            Err(refusal) => return refusal,
        };
        let bindings = self.accounts.get(account);
        let may_grow = bindings.is_none() && matches!(asked.wish, Wish::Change(_));
        if may_grow && self.accounts.len() >= self.rules.accounts_max {
            return Answer::because(StatusCode::SERVICE_UNAVAILABLE, "Too Many Bindings");
        }
        if bindings.is_some_and(|bindings| bindings.iter().any(|one| one.is_after(&asked))) {
            return Answer::because(StatusCode::SERVER_INTERNAL_ERROR, "CSeq Too Low");
        }
        match &asked.wish {
            Wish::Ask => {}
            Wish::RemoveAll => self.keep(account, Unbinding::Removed, |_| false),
            Wish::Change(wanted) => {
                for one in wanted {
                    if one.expires.is_zero() {
                        self.keep(account, Unbinding::Removed, |held| {
                            !held.is_at(&one.contact)
                        });
                    } else {
                        let binding = asked.binding(one, flow, now);
                        self.bind(account, binding);
                    }
                }
            }
        }
        Answer {
            contacts: self.contacts(account, now),
            ..Answer::refused(StatusCode::OK, Extra::none())
        }
    }

    /// Lets time pass.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::FlowLost { flow } => {
                let by_it = |bindings: &Vec<Binding>| bindings.iter().any(|one| one.flow == flow);
                let lost = self.accounts.iter().filter(|(_, bindings)| by_it(bindings));
                let lost: Vec<Box<str>> = lost.map(|(account, _)| account.clone()).collect();
                for account in lost {
                    self.keep(&account, Unbinding::FlowLost, |one| one.flow != flow);
                }
            }
            Input::Due => self.expire(now),
        }
    }

    /// What has changed; `None` until the next input.
    pub fn poll(&mut self) -> Option<Event> {
        self.outputs.pop_front()
    }

    /// When to call `handle(Input::Due)`.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// Where an account is, the newest binding first; empty if it is nowhere.
    pub fn bindings(&self, account: &str) -> impl Iterator<Item = &Binding> {
        self.accounts.get(account).into_iter().flatten().rev()
    }

    /// How many accounts have bindings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// True if none has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    fn bind(&mut self, account: &str, binding: Binding) {
        let bindings = self.accounts.entry(account.into()).or_default();
        let known = bindings.iter().position(|one| one.is_at(&binding.contact));
        let before = known.map(|at| bindings.remove(at));
        bindings.push(binding.clone());
        let surplus = bindings
            .len()
            .saturating_sub(self.rules.bindings_max.max(1));
        let replaced: Vec<Binding> = bindings.drain(..surplus).collect();
        let is_same = before.as_ref().is_some_and(|one| one.flow == binding.flow);
        for one in before.iter().chain(&replaced) {
            self.forget_end(account, one.until);
        }
        self.ends.insert((binding.until, account.into()));
        for binding in replaced {
            self.unbound(account, binding, Unbinding::Replaced);
        }
        let account = account.into();
        self.outputs.push_back(if is_same {
            Event::Refreshed { account, binding }
        } else {
            Event::Bound { account, binding }
        });
    }

    fn expire(&mut self, now: Instant) {
        while let Some((at, account)) = self.ends.first().cloned() {
            if at > now {
                return;
            }
            self.ends.pop_first();
            self.keep(&account, Unbinding::Expired, |one| one.until > now);
        }
    }

    /// Removes the bindings of an account that are not to stay.
    fn keep(&mut self, account: &str, why: Unbinding, stays: impl Fn(&Binding) -> bool) {
        let Some(bindings) = self.accounts.get_mut(account) else {
            return;
        };
        let gone: Vec<Binding> = bindings.extract_if(.., |one| !stays(one)).collect();
        if bindings.is_empty() {
            self.accounts.remove(account);
        }
        for binding in gone {
            self.forget_end(account, binding.until);
            self.unbound(account, binding, why);
        }
    }

    fn unbound(&mut self, account: &str, binding: Binding, why: Unbinding) {
        self.outputs.push_back(Event::Unbound {
            account: account.into(),
            binding,
            why,
        });
    }

    /// Forgets the end of a binding that is gone, unless another one of the account ends at the same moment.
    fn forget_end(&mut self, account: &str, until: Instant) {
        let others = self.accounts.get(account).into_iter().flatten();
        if !others.into_iter().any(|one| one.until == until) {
            self.ends.remove(&(until, account.into()));
        }
    }

    fn contacts(&self, account: &str, now: Instant) -> Vec<Box<str>> {
        let bindings = self.accounts.get(account).into_iter().flatten();
        bindings
            .map(|one| {
                let left = one.until.saturating_duration_since(now).as_secs();
                format!("<{}>;expires={left}", one.contact).into()
            })
            .collect()
    }
}

impl Rules {
    /// 423 with what would be long enough.
    fn too_brief(&self) -> Answer {
        let least = self.shortest.as_secs().to_string();
        let headers = Extra::none().with(Name::MinExpires.as_str(), &least);
        let headers = headers.expect("a number holds no control character");
        Answer::refused(StatusCode::INTERVAL_TOO_BRIEF, headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::flow::Transport;

    /// A registrar with a clock.
    struct Desk {
        registrar: Registrar,
        start: Instant,
        now: Instant,
        port: u16,
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test needs some instant to count from"
    )]
    fn desk(bindings_max: usize) -> Desk {
        let start = Instant::now();
        let rules = Rules {
            bindings_max,
            accounts_max: 3,
            ..Rules::default()
        };
        Desk {
            registrar: Registrar::new(rules),
            start,
            now: start,
            port: 5060,
        }
    }

    impl Desk {
        /// What becomes of a REGISTER of `pbx`: the status, the bindings listed, a word for each change.
        fn hears(&mut self, call_id: &str, cseq: u32, headers: &str) -> String {
            self.hears_of("pbx", call_id, cseq, headers)
        }

        fn hears_of(&mut self, account: &str, call_id: &str, cseq: u32, headers: &str) -> String {
            let text = format!(
                "REGISTER sip:edge SIP/2.0\r\nTo: <sip:100@edge>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n{}\r\n",
                headers.replace('\n', "\r\n")
            );
            let request = Message::parse(text.into()).unwrap();
            let local = "192.0.2.1:5060".parse().unwrap();
            let remote = format!("198.51.100.7:{}", self.port).parse().unwrap();
            let flow = Flow::new(Transport::Udp, local, remote);
            let answer = self.registrar.register(account, &request, flow, self.now);
            let mut words = vec![answer.status.to_string()];
            words.extend(answer.contacts.iter().map(|contact| contact.to_string()));
            words.extend(
                answer
                    .headers
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            );
            words.extend(self.changes());
            words.join(" ")
        }

        fn wait(&mut self, seconds: u64) -> String {
            self.now += Duration::from_secs(seconds);
            self.registrar.handle(Input::Due, self.now);
            self.changes().join(" ")
        }

        fn changes(&mut self) -> Vec<String> {
            let mut words = Vec::new();
            while let Some(event) = self.registrar.poll() {
                words.push(match event {
                    Event::Bound { binding, .. } => format!("Bound:{}", binding.contact),
                    Event::Refreshed { .. } => "Refreshed".to_owned(),
                    Event::Unbound { binding, why, .. } => format!("{why:?}:{}", binding.contact),
                });
            }
            words
        }

        fn deadline_s(&self) -> Option<u64> {
            let deadline = self.registrar.deadline()?;
            Some((deadline - self.start).as_secs())
        }
    }

    const A: &str = "Contact: <sip:a@10.0.0.1>;expires=100\n";
    const B: &str = "Contact: <sip:b@10.0.0.1>;expires=200\n";

    #[test]
    fn a_trunk_is_bound_refreshed_and_forgotten() {
        let mut desk = desk(1);
        assert_eq!(
            desk.hears("x", 1, A),
            "200 <sip:a@10.0.0.1>;expires=100 Bound:sip:a@10.0.0.1"
        );
        assert_eq!(desk.wait(60), "");
        assert_eq!(
            desk.hears("x", 2, A),
            "200 <sip:a@10.0.0.1>;expires=100 Refreshed"
        );
        assert_eq!(
            (desk.deadline_s(), desk.wait(60)),
            (Some(160), String::new())
        );
        assert_eq!(desk.hears("y", 1, ""), "200 <sip:a@10.0.0.1>;expires=40");
        assert_eq!(desk.wait(40), "Expired:sip:a@10.0.0.1");
        assert_eq!(desk.hears("x", 3, ""), "200");
        assert!(desk.registrar.is_empty() && desk.registrar.deadline().is_none());
    }

    #[test]
    fn the_way_back_is_the_way_that_it_came() {
        let mut desk = desk(1);
        desk.hears("x", 1, A);
        desk.port = 1024;
        // The same Contact by another way is another place.
        assert_eq!(
            desk.hears("x", 2, A),
            "200 <sip:a@10.0.0.1>;expires=100 Bound:sip:a@10.0.0.1"
        );
        let binding = desk.registrar.bindings("pbx").next().unwrap();
        assert_eq!(binding.flow.remote, "198.51.100.7:1024".parse().unwrap());
        assert_eq!(
            (&*binding.contact, &*binding.address),
            ("sip:a@10.0.0.1", "sip:100@edge")
        );
        assert_eq!(desk.registrar.bindings("other").count(), 0);
    }

    #[test]
    fn a_closed_connection_takes_its_bindings_along() {
        let mut desk = desk(1);
        desk.hears("x", 1, A);
        let flow = desk.registrar.bindings("pbx").next().unwrap().flow;
        let other = Flow {
            transport: Transport::Tcp,
            ..flow
        };
        desk.registrar
            .handle(Input::FlowLost { flow: other }, desk.now);
        assert_eq!(desk.changes().len(), 0);
        desk.registrar.handle(Input::FlowLost { flow }, desk.now);
        assert_eq!(desk.changes(), ["FlowLost:sip:a@10.0.0.1"]);
        assert!(desk.registrar.is_empty() && desk.registrar.deadline().is_none());
    }

    #[test]
    fn a_new_place_takes_that_of_the_old_one() {
        let mut desk = desk(1);
        desk.hears("x", 1, A);
        let moved = desk.hears("y", 1, B);
        assert_eq!(
            moved,
            "200 <sip:b@10.0.0.1>;expires=200 Replaced:sip:a@10.0.0.1 Bound:sip:b@10.0.0.1"
        );
        assert_eq!(desk.deadline_s(), Some(200));
        assert_eq!(desk.wait(100), "");
    }

    #[test]
    fn several_places_are_kept_where_they_are_allowed() {
        let mut desk = desk(2);
        desk.hears("x", 1, A);
        desk.hears("y", 1, B);
        let newest = desk.registrar.bindings("pbx").next().unwrap();
        assert_eq!(&*newest.contact, "sip:b@10.0.0.1");
        let third = desk.hears("z", 1, "Contact: sip:c@10.0.0.1\n");
        assert!(
            third.ends_with("Replaced:sip:a@10.0.0.1 Bound:sip:c@10.0.0.1"),
            "{third}"
        );
        assert_eq!(desk.deadline_s(), Some(200));
        let gone = desk.hears("y", 2, "Contact: <sip:b@10.0.0.1>;expires=0\n");
        assert_eq!(
            gone,
            "200 <sip:c@10.0.0.1>;expires=3600 Removed:sip:b@10.0.0.1"
        );
        assert_eq!(desk.deadline_s(), Some(3600));
    }

    #[test]
    fn bindings_that_end_at_one_moment_end_together() {
        let mut desk = desk(3);
        let both = "Contact: <sip:a@h>, <sip:b@h>\nExpires: 60\n";
        desk.hears("x", 1, both);
        desk.hears("x", 2, "Contact: <sip:a@h>\nExpires: 0\n");
        assert_eq!(desk.deadline_s(), Some(60));
        assert_eq!(desk.wait(60), "Expired:sip:b@h");
        assert_eq!(desk.deadline_s(), None);
    }

    #[test]
    fn a_wildcard_removes_all_and_stands_alone() {
        let mut desk = desk(2);
        desk.hears("x", 1, A);
        desk.hears("y", 7, B);
        for bad in [
            "Contact: *\n",
            "Contact: *\nExpires: 1\n",
            "Contact: *, <sip:a@h>\nExpires: 0\n",
        ] {
            assert_eq!(desk.hears("z", 1, bad), "400", "{bad}");
        }
        assert_eq!(desk.hears("y", 7, "Contact: *\nExpires: 0\n"), "500");
        let all = desk.hears("y", 8, "m: *\nExpires: 0\n");
        assert_eq!(all, "200 Removed:sip:a@10.0.0.1 Removed:sip:b@10.0.0.1");
        assert_eq!((desk.deadline_s(), desk.registrar.len()), (None, 0));
    }

    #[test]
    fn a_request_that_comes_too_late_changes_nothing() {
        let mut desk = desk(1);
        desk.hears("x", 5, A);
        assert_eq!(desk.hears("x", 4, B), "500");
        assert_eq!(
            desk.hears("x", 5, "Contact: <sip:a@10.0.0.1>;expires=0\n"),
            "500"
        );
        assert_eq!(desk.hears("x", 6, "Contact: <sip:z@h>, bad\n"), "400");
        assert_eq!(desk.registrar.bindings("pbx").count(), 1);
    }

    #[test]
    fn times_are_bounded_on_both_sides() {
        let mut desk = desk(1);
        assert_eq!(
            desk.hears("x", 1, "Contact: <sip:a@h>;expires=59\n"),
            "423 Min-Expires=60"
        );
        assert_eq!(
            desk.hears("x", 2, "Contact: <sip:a@h>\nExpires: 59\n"),
            "423 Min-Expires=60"
        );
        let long = desk.hears("x", 3, "Contact: <sip:a@h>\nExpires: 4294967295\n");
        assert!(long.starts_with("200 <sip:a@h>;expires=3600"), "{long}");
        let odd = desk.hears("x", 4, "Contact: <sip:a@h>;expires=soon\nExpires: later\n");
        assert!(odd.starts_with("200 <sip:a@h>;expires=3600"), "{odd}");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut desk = desk(1);
        for account in ["a", "b", "c"] {
            assert!(desk.hears_of(account, "x", 1, A).starts_with("200"));
        }
        assert_eq!(desk.hears_of("d", "x", 1, A), "503");
        assert_eq!(desk.hears_of("d", "x", 1, ""), "200");
        assert!(desk.hears_of("a", "x", 2, A).starts_with("200"));
        let many = format!("Contact: {}\n", ["<sip:a@h>"; 9].join(", "));
        assert_eq!(desk.hears_of("a", "x", 3, &many), "400");
        let long = format!("Contact: <sip:{}@h>\n", "a".repeat(1024));
        assert_eq!(desk.hears_of("a", "x", 4, &long), "400");
        assert_eq!(desk.hears_of("a", "x", 5, "Contact: <tel:123>\n"), "400");
    }
}
