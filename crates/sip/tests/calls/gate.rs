//! Gate: a realm that asks who calls, for scripts.

use std::sync::Arc;
use std::time::Instant;

use trunkline_sip::Message;
use trunkline_sip::digest::{
    Asker, Asking, Credential, Credentials, Realm, Secret, Stale, Verification, Verifier,
};
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::flow::Flow;

use crate::link::start;

pub struct Gate {
    verifier: Verifier,
    /// The request to judge.
    request: Option<(Arc<Message>, Flow)>,
    now: Instant,
}

/// The account `trunk` with this password, in any realm.
pub fn credentials(password: &str) -> Credentials {
    let secret = Secret::Password(password.into());
    let account = Credential::new(None, "trunk", secret).unwrap();
    Credentials::new(vec![account]).unwrap()
}

impl Gate {
    /// A realm whose account `trunk` has the password `secret`.
    pub fn new() -> Self {
        let realm = Realm::new("gate.example");
        let mut verifier = Verifier::new(&realm, [5; 32], start()).unwrap();
        let secret = Secret::Password("secret".into());
        verifier.admit("trunk", &[secret]).unwrap();
        Gate {
            verifier,
            request: None,
            now: start(),
        }
    }

    pub fn note(&mut self, request: &Arc<Message>, flow: Flow) {
        self.request = Some((request.clone(), flow));
    }

    pub fn at(&mut self, now: Instant) -> &mut Self {
        self.now = now;
        self
    }

    pub fn challenge(&mut self, asker: Asker, stale: Stale) -> Extra {
        let (_, flow) = self.request.as_ref().unwrap();
        self.verifier
            .challenge(Asking::as_all(asker, *flow), stale, self.now)
    }

    /// What the last request has proven: `nothing`, `stale`, the account, or why not.
    pub fn judge(&mut self, asker: Asker) -> String {
        let (request, flow) = self.request.as_ref().unwrap();
        match self
            .verifier
            .verify(Asking::as_all(asker, *flow), request, self.now)
        {
            Verification::Verified { user } => user.into(),
            Verification::Challenge { stale: Stale::No } => "nothing".to_owned(),
            Verification::Challenge { stale: Stale::Yes } => "stale".to_owned(),
            Verification::Refused { why } => format!("{why:?}").to_lowercase(),
        }
    }
}
