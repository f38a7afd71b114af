//! Accounts and logins of a scenario, and phones that ask for credentials.

use std::time::{Duration, Instant};

use sip::Message;
use sip::dialog::timer::Side;
use sip::digest::{
    Algorithm, Asker, Asking, Credential, Credentials, Realm, Secret, Stale, Verification, Verifier,
};
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::Flow;
use sip::endpoint::terms::{Reliable, TimerMode};
use sip::registration::Account;
use trunkline_edge::configuration::{Asked, Login, Offer, Pace, RequestUri, Trunk};

/// A trunk with networks, separated by commas; `-` is none.
pub fn trunk(name: &str, networks: &str) -> Trunk {
    let networks = networks.split(',').filter_map(|text| text.parse().ok());
    Trunk::new(name, networks.collect())
}

/// Gives a trunk a login, an account, or terms.
pub fn give(trunk: &mut Trunk, what: &str, words: &[&str]) {
    match (what, words) {
        ("registers", []) => return trunk.registers = true,
        ("registers", ["number"]) => {
            trunk.registers = true;
            return trunk.request_uri = RequestUri::Number;
        }
        ("proxy", [uri]) => return trunk.proxy = Some((*uri).into()),
        ("register", [uri, _]) => {
            let account = Account {
                contact_user: Some("4930123".into()),
                credentials: trunk.credentials.clone(),
                ..Account::new(*uri, "<sip:4930123@carrier.example>")
            };
            return trunk.registration = Some(account);
        }
        ("100rel", [mode]) => {
            return trunk.reliable = match *mode {
                "off" => Reliable::Off,
                "required" => Reliable::Required,
                _ => Reliable::Supported,
            };
        }
        ("timer", [mode, seconds, refresher @ ..]) => {
            trunk.timer.mode = match *mode {
                "off" => TimerMode::Off,
                "want" => TimerMode::Want,
                _ => TimerMode::Accept,
            };
            trunk.timer.expires_s = seconds.parse().unwrap();
            trunk.timer.refresher = refresher.first().map(|side| match *side {
                "edge" => Side::We,
                _ => Side::Peer,
            });
            return;
        }
        ("srtp", [word, by @ ..]) => {
            trunk.srtp = super::srtp::policy(word);
            trunk.srtp_keying = super::srtp::ways(by);
            return;
        }
        ("pace", [calls_per_s, waiting_max, wait_s]) => {
            let pace = Pace {
                waiting_max: waiting_max.parse().unwrap(),
                wait_max: Duration::from_secs(wait_s.parse().unwrap()),
                ..Pace::new(calls_per_s.parse().unwrap())
            };
            return trunk.pace = Some(pace);
        }
        _ => {}
    }
    let [user, password, rest @ ..] = words else {
        panic!("{what} needs user and password")
    };
    match what {
        "login" => {
            trunk.login = Some(Login {
                user: (*user).to_owned(),
                secret: Secret::Password((*password).into()),
                asked: match rest {
                    ["always"] => Asked::Always,
                    _ => Asked::OfStrangers,
                },
                offer: match rest {
                    [algorithm, domain] => Some(Offer {
                        algorithms: vec![Algorithm::parse(algorithm).unwrap()],
                        domain: Some((*domain).to_owned()),
                    }),
                    _ => None,
                },
            });
        }
        _ => trunk.credentials = account(user, password),
    }
}

/// Credentials for any realm.
pub fn account(user: &str, password: &str) -> Credentials {
    let secret = Secret::Password(password.into());
    let one = Credential::new(None, user, secret).unwrap();
    Credentials::new(vec![one]).unwrap()
}

/// Credentials of a phone that keeps no password, only what MD5 makes of it in realm `trunkline`.
pub fn md5(user: &str, digits: &str) -> Credentials {
    let secret = Secret::Ha1 {
        algorithm: Algorithm::Md5,
        digits: digits.into(),
    };
    let one = Credential::new(Some("trunkline"), user, secret).unwrap();
    Credentials::new(vec![one]).unwrap()
}

/// A phone that lets in only who knows a password.
pub struct Door(Verifier);

impl Door {
    /// For this account.
    pub fn new(user: &str, password: &str, now: Instant) -> Door {
        let mut verifier = Verifier::new(&Realm::new("pbx.example"), [3; 32], now).unwrap();
        let secret = Secret::Password(password.into());
        verifier.admit(user, &[secret]).unwrap();
        Door(verifier)
    }

    /// The challenge for a request, unless it has proven the password.
    pub fn challenge(&mut self, request: &Message, flow: Flow, now: Instant) -> Option<Extra> {
        let asking = Asking::as_all(Asker::Proxy, flow);
        match self.0.verify(asking, request, now) {
            Verification::Verified { .. } => None,
            _ => Some(self.0.challenge(asking, Stale::No, now)),
        }
    }
}
