//! What a far side is told of the caller and of the call's past: by what the INVITE said, what the caller wants and what
//! the far side may know. Everything is decided here; the edge only writes it.
//!
//! ```text
//!   caller            far side      From          P-Asserted-Identity, Remote-Party-ID   Privacy
//!   shows himself     any           he            he, where the far side is told so      -
//!   does not          trusted       (*)           he, where the far side is told so      what he asked for
//!   does not          not trusted   anonymous     -                                      -
//! ```
//! (*) he if From is what named him, otherwise anonymous: he hides there from the one who reads the display.

use schemas::command::{DialLeg, Told};
use schemas::conclusion::TransferFailure;
use schemas::media::MediaTerms;
use schemas::observation::{
    ContextHeader, Diversion, HistoryEntry, Identity, IdentityHeader, Party, RemoteParty, is_listed,
};
use schemas::{LegId, Personal, TrunkName};

use crate::call::Invite;
use crate::configuration::Destination;
use crate::failure::Setback;
use crate::outbound::Outbound;

/// Header fields that are told in parts, and so never as they were received.
const IN_PARTS: [&str; 3] = [DIVERSION, HISTORY_INFO, USER_TO_USER];
pub(crate) const DIVERSION: &str = "Diversion";
pub(crate) const HISTORY_INFO: &str = "History-Info";
const USER_TO_USER: &str = "User-to-User";

/// What one shows who does not want to be named (RFC 3323, section 4.1.1.3).
const ANONYMOUS: &str = "Anonymous";

/// Who is dialed.
#[derive(Clone, Debug)]
pub(crate) struct Dialing {
    pub(crate) leg: LegId,
    pub(crate) trunk: Option<TrunkName>,
    pub(crate) destination: Destination,
    pub(crate) target: String,
    /// What whoever asked for it wants to be sent along, in place of what came under the same names.
    pub(crate) context: Vec<ContextHeader>,
    /// What it is offered, if it goes through no trunk.
    pub(crate) media: MediaTerms,
}

/// How many hops a new INVITE may take: one less than the caller's had left, so that no loop through us is endless
/// (RFC 3261, section 16.6).
pub(crate) fn hops(invite: &Invite) -> Result<Option<u8>, Setback> {
    match invite.max_forwards {
        Some(0) => Err(Setback {
            status: Some(483),
            failure: TransferFailure::RoutingLoop,
            why: "the caller's INVITE may take no more hops (Max-Forwards 0)".to_owned(),
            retry_after_s: None,
        }),
        Some(left) => Ok(Some(left - 1)),
        None => Ok(None),
    }
}

/// The command to dial.
pub(crate) fn dial(
    invite: &Invite,
    rules: &Outbound,
    dialing: Dialing,
) -> Result<DialLeg, Setback> {
    let teller = Teller { invite, rules };
    let mut asked = dialing.context;
    asked.retain(|header| is_listed(&header.name, &rules.headers));
    let is_asked = |name: &str| asked.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    let told = Told {
        domain: rules.domain.clone(),
        asserted: teller.asserted(),
        remote_parties: teller.remote_parties(),
        privacy: teller.privacy(),
        diversions: teller.diversions(),
        history: teller.history(&dialing.target),
        user_to_user: if is_asked(USER_TO_USER) {
            Vec::new()
        } else {
            teller.listed(USER_TO_USER, &invite.user_to_user).to_vec()
        },
        session: invite.session.as_ref().map(|session| session.local.clone()),
        max_forwards: hops(invite)?,
    };
    let is_sent_on = |header: &&ContextHeader| {
        is_listed(&header.name, &rules.headers)
            && !is_in_parts(&header.name)
            && !is_asked(&header.name)
    };
    let mut context: Vec<_> = invite.context.iter().filter(is_sent_on).cloned().collect();
    context.extend(asked);
    Ok(DialLeg {
        leg: dialing.leg,
        trunk: dialing.trunk,
        destination: dialing.destination.address,
        transport: dialing.destination.transport,
        target: Personal::new(dialing.target),
        caller: Personal::new(teller.from()),
        told,
        context,
        codecs_of: Some(LegId::CALLER),
        media: dialing.media,
    })
}

/// Who tells.
pub(crate) struct Teller<'a> {
    pub(crate) invite: &'a Invite,
    pub(crate) rules: &'a Outbound,
}

/// Whether a header field is told in parts, and so never as it was received.
pub(crate) fn is_in_parts(name: &str) -> bool {
    IN_PARTS.iter().any(|it| it.eq_ignore_ascii_case(name))
}

impl Teller<'_> {
    /// The far side may not be told who calls.
    fn is_hidden(&self) -> bool {
        self.invite.caller.withheld && !self.rules.trusted
    }

    /// Who calls, as the far side is told.
    pub(crate) fn from(&self) -> Identity {
        let caller = &self.invite.caller;
        let wrote_nobody = caller.withheld && caller.header != IdentityHeader::From;
        if self.is_hidden() || wrote_nobody {
            return nobody();
        }
        self.written(caller.party.reveal())
    }

    fn asserted(&self) -> Vec<Personal<Identity>> {
        let caller = self.told_by(IdentityHeader::PAssertedIdentity);
        caller.map(Personal::new).into_iter().collect()
    }

    fn remote_parties(&self) -> Vec<RemoteParty> {
        let Some(identity) = self.told_by(IdentityHeader::RemotePartyId) else {
            return Vec::new();
        };
        let caller = &self.invite.caller;
        let privacy = if caller.withheld { "full" } else { "off" };
        vec![RemoteParty {
            party: Personal::new(Party {
                identity,
                e164: caller.party.reveal().e164.clone(),
            }),
            side: Some("calling".to_owned()),
            // Only what somebody vouched for is passed on as vouched for.
            screened: caller.header == IdentityHeader::PAssertedIdentity,
            privacy: Some(privacy.to_owned()),
        }]
    }

    /// The caller, for one of the header fields that the far side gets.
    fn told_by(&self, header: IdentityHeader) -> Option<Identity> {
        let party = self.invite.caller.party.reveal();
        let is_told = self.rules.identity.contains(&header) && !self.is_hidden();
        (is_told && !party.number().is_empty()).then(|| self.written(party))
    }

    fn privacy(&self) -> Vec<String> {
        if !self.invite.caller.withheld || self.is_hidden() {
            return Vec::new();
        }
        let asked = self.invite.privacy.iter();
        let asked: Vec<String> = asked
            .filter(|value| !value.eq_ignore_ascii_case("none"))
            .cloned()
            .collect();
        if asked.is_empty() {
            vec!["id".to_owned()]
        } else {
            asked
        }
    }

    /// Who redirected the call, as far as the far side may know.
    pub(crate) fn diversions(&self) -> Vec<Diversion> {
        if self.hides_headers() {
            return Vec::new();
        }
        self.listed(DIVERSION, &self.invite.diversions)
            .iter()
            .filter(|diversion| self.may_know(diversion.privacy.as_deref()))
            .filter(|diversion| !diversion.party.reveal().number().is_empty())
            .map(|diversion| Diversion {
                party: self.party(&diversion.party),
                ..diversion.clone()
            })
            .collect()
    }

    /// The call's past, and that it goes on to the new target. An entry that may not be known keeps its place in the tree
    /// without a name (RFC 7044, section 10.1).
    fn history(&self, target: &str) -> Vec<HistoryEntry> {
        if self.hides_headers() {
            return Vec::new();
        }
        let past = self.listed(HISTORY_INFO, &self.invite.history);
        let mut history: Vec<_> = past
            .iter()
            .map(|entry| {
                let may_know = self.may_know(entry.privacy.as_deref());
                HistoryEntry {
                    party: if may_know {
                        self.party(&entry.party)
                    } else {
                        Personal::default()
                    },
                    ..entry.clone()
                }
            })
            .collect();
        if let Some(index) = past.last().and_then(|last| last.index.as_ref()) {
            history.push(HistoryEntry {
                party: Personal::new(Party {
                    identity: Identity {
                        uri: target.to_owned(),
                        ..Identity::default()
                    },
                    e164: None,
                }),
                index: Some(format!("{index}.1")),
                cause: None,
                privacy: None,
            });
        }
        history
    }

    /// Who asked that header fields tell nothing of him to those who are not trusted (RFC 3323, section 4.2).
    fn hides_headers(&self) -> bool {
        let asks = |value: &String| {
            ["header", "history"]
                .iter()
                .any(|kind| kind.eq_ignore_ascii_case(value))
        };
        !self.rules.trusted && self.invite.privacy.iter().any(asks)
    }

    fn may_know(&self, privacy: Option<&str>) -> bool {
        let open = |privacy: &str| {
            ["off", "none"]
                .iter()
                .any(|kind| kind.eq_ignore_ascii_case(privacy))
        };
        self.rules.trusted || privacy.is_none_or(open)
    }

    fn listed<'a, T>(&self, name: &str, values: &'a [T]) -> &'a [T] {
        if is_listed(name, &self.rules.headers) {
            values
        } else {
            &[]
        }
    }

    fn party(&self, party: &Personal<Party>) -> Personal<Party> {
        let party = party.reveal();
        Personal::new(Party {
            identity: self.written(party),
            e164: party.e164.clone(),
        })
    }

    /// A number in the far side's form. The URI is the edge's to write: none of another leg crosses.
    fn written(&self, party: &Party) -> Identity {
        Identity {
            display_name: party.identity.display_name.clone(),
            number: self.rules.numbers.write(party.number()),
            uri: String::new(),
        }
    }
}

fn nobody() -> Identity {
    Identity {
        display_name: ANONYMOUS.to_owned(),
        ..Identity::default()
    }
}
