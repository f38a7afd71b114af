//! Who and what a message names: identities, numbers and the header fields that carry context, as its trunk writes them.

use schemas::Personal;
use schemas::observation::{
    Caller, ContextHeader, Diversion, ExternalCall, HistoryEntry, Identity, IdentityHeader, Party,
    Reason, RemoteParty, SessionId, UserToUser, is_listed,
};
use sip::header::HeaderError;
use sip::session_id::Uuid;
use sip::{Message, Name, NameAddr, Uri};

use crate::configuration::Reading;

/// Context header fields that one event carries; more are left out.
const CONTEXT_MAX: usize = 32;

/// Values of one kind of header field that one event carries; more are left out, so that no INVITE fills an event.
const VALUES_MAX: usize = 16;

/// A message of a trunk, read by that trunk's rules.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    message: &'a Message,
    rules: &'a Reading,
}

impl<'a> Reader<'a> {
    /// Reads this message by these rules.
    pub fn new(message: &'a Message, rules: &'a Reading) -> Reader<'a> {
        Reader { message, rules }
    }

    /// What From or To says; empty if it cannot be read.
    pub fn identity(&self, name: Name<'_>) -> Personal<Identity> {
        let address = self.message.address(name);
        let identity = address.map(|address| of_address(&address));
        Personal::new(identity.unwrap_or_default())
    }

    /// The number called: the user part of the Request-URI without its parameters.
    pub fn called(&self) -> Personal<String> {
        let uri = self.message.uri();
        Personal::new(uri.map(|uri| number_of(&uri)).unwrap_or_default())
    }

    /// The number called, in E.164 form.
    pub fn called_e164(&self) -> Option<Personal<String>> {
        let uri = self.message.uri().ok()?;
        self.rules.called.normalise_uri(&uri).map(Personal::new)
    }

    /// Who calls: by the first header field, in the trunk's order of trust, that names somebody.
    pub fn caller(&self) -> Caller {
        let found = self.rules.caller_from.iter().find_map(|header| {
            let party = self.named_by(*header)?;
            Some((*header, party))
        });
        let nobody = || {
            let from = self.message.address(Name::From);
            let mut party = from.map(|from| self.party(&from)).unwrap_or_default();
            party.identity.number.clear();
            (IdentityHeader::From, party)
        };
        let (header, party) = found.unwrap_or_else(nobody);
        Caller {
            withheld: self.is_withheld(&party),
            header,
            party: Personal::new(party),
        }
    }

    /// The P-Asserted-Identity header fields (RFC 3325).
    pub fn asserted(&self) -> Vec<Personal<Party>> {
        readable(self.message.asserted_identities())
            .map(|address| Personal::new(self.party(&address)))
            .collect()
    }

    /// The Remote-Party-ID header fields.
    pub fn remote_parties(&self) -> Vec<RemoteParty> {
        readable(self.message.remote_party_ids())
            .map(|remote| RemoteParty {
                party: Personal::new(self.party(&remote.address)),
                side: remote.party().map(str::to_owned),
                screened: remote.is_screened(),
                privacy: remote.privacy().map(Into::into),
            })
            .collect()
    }

    /// What Privacy asks for (RFC 3323).
    pub fn privacy(&self) -> Vec<String> {
        let values = self.message.privacy().filter(|value| !value.is_empty());
        values.take(VALUES_MAX).map(str::to_owned).collect()
    }

    /// The Diversion header fields (RFC 5806).
    pub fn diversions(&self) -> Vec<Diversion> {
        self.listed(Name::Diversion, self.message.diversions())
            .map(|diversion| Diversion {
                party: Personal::new(self.party(&diversion.address)),
                reason: diversion.reason().map(Into::into),
                counter: diversion.counter(),
                privacy: diversion.privacy().map(Into::into),
            })
            .collect()
    }

    /// The entries of History-Info (RFC 7044).
    pub fn history(&self) -> Vec<HistoryEntry> {
        self.listed(Name::HistoryInfo, self.message.history())
            .map(|entry| HistoryEntry {
                party: Personal::new(self.party(&entry.address)),
                index: entry.index().map(str::to_owned),
                cause: entry.cause(),
                privacy: entry.privacy().map(Into::into),
            })
            .collect()
    }

    /// The User-to-User header fields (RFC 7433).
    pub fn user_to_user(&self) -> Vec<UserToUser> {
        self.listed(Name::UserToUser, self.message.user_to_user())
            .map(|data| UserToUser {
                content: Personal::new(data.content.into_owned()),
                encoding: data.encoding.map(str::to_owned),
                purpose: data.purpose.map(str::to_owned),
                holds: data.holds.map(str::to_owned),
            })
            .collect()
    }

    /// What X-EI says.
    pub fn external(&self) -> Option<Personal<ExternalCall>> {
        if !self.lets_in(sip::external_call::X_EI) {
            return None;
        }
        let said = self.message.external_call().ok()??;
        Some(Personal::new(ExternalCall {
            announced: said.announced.map(str::to_owned),
            external: said.external.map(str::to_owned),
            original: said.original.map(str::to_owned),
        }))
    }

    /// The Reason header fields (RFC 3326).
    pub fn reasons(&self) -> Vec<Reason> {
        let reasons = self.message.reasons().take(VALUES_MAX);
        reasons
            .map(|reason| Reason {
                protocol: reason.protocol.to_owned(),
                cause: reason.cause,
                text: reason.text.map(Into::into),
            })
            .collect()
    }

    /// The header fields of the call's past and context that the trunk lets in, in the order in which they were sent.
    pub fn context(&self) -> Vec<ContextHeader> {
        self.message
            .fields()
            // A compact form is let in under its full name.
            .filter(|field| self.lets_in(field.name.as_str()))
            .filter(|field| !field.value.chars().any(|c| c.is_control() && c != '\t'))
            .take(CONTEXT_MAX)
            .map(|field| ContextHeader {
                name: field.name_as_sent.to_owned(),
                value: Personal::new(field.value.to_owned()),
            })
            .collect()
    }

    fn lets_in(&self, name: &str) -> bool {
        is_listed(name, &self.rules.headers)
    }

    fn listed<T>(
        &self,
        name: Name<'_>,
        values: impl Iterator<Item = Result<T, HeaderError>>,
    ) -> impl Iterator<Item = T> {
        let bound = if self.lets_in(name.as_str()) {
            VALUES_MAX
        } else {
            0
        };
        values.filter_map(Result::ok).take(bound)
    }

    /// Whom a header field names as the caller, if it names somebody.
    fn named_by(&self, header: IdentityHeader) -> Option<Party> {
        let is_somebody = |party: &Party| !is_anonymous(&party.identity);
        match header {
            IdentityHeader::PAssertedIdentity => readable(self.message.asserted_identities())
                .map(|address| self.party(&address))
                .find(is_somebody),
            IdentityHeader::RemotePartyId => readable(self.message.remote_party_ids())
                .filter(|remote| remote.party().is_none_or(is_calling))
                .map(|remote| self.party(&remote.address))
                .find(is_somebody),
            IdentityHeader::From => {
                let from = self.message.address(Name::From).ok()?;
                Some(self.party(&from)).filter(is_somebody)
            }
        }
    }

    /// Whether the caller asked that he is not named: by Privacy (RFC 3323, RFC 3325), by the privacy of
    /// Remote-Party-ID, or by an anonymous From.
    fn is_withheld(&self, party: &Party) -> bool {
        let asks = |kind| self.message.asks_privacy(kind);
        if party.identity.number.is_empty() || asks("id") || asks("user") {
            return true;
        }
        let hides = |privacy: &str| {
            ["full", "uri"]
                .iter()
                .any(|it| it.eq_ignore_ascii_case(privacy))
        };
        let hidden = readable(self.message.remote_party_ids())
            .filter(|remote| remote.party().is_none_or(is_calling))
            .any(|remote| remote.privacy().is_some_and(|privacy| hides(&privacy)));
        let from = self.message.address(Name::From);
        hidden || from.is_ok_and(|from| is_anonymous(&of_address(&from)))
    }

    fn party(&self, address: &NameAddr<'_>) -> Party {
        Party {
            identity: of_address(address),
            e164: self.rules.numbers.normalise_uri(&address.uri()),
        }
    }
}

/// The Reason header field (RFC 3326), as it was sent.
pub fn reason(message: &Message) -> Option<String> {
    message.header(Name::Reason).map(str::to_owned)
}

/// The Session-ID header field (RFC 7989).
pub fn session(message: &Message) -> Option<SessionId> {
    let read = message.session_id().ok()??;
    let remote = read.remote.filter(|remote| *remote != Uuid::NIL);
    Some(SessionId {
        local: read.local.to_string(),
        remote: remote.map(|remote| remote.to_string()),
    })
}

/// The Max-Forwards header field; the greatest number that it may hold, 255, for a greater one.
pub fn max_forwards(message: &Message) -> Option<u8> {
    let hops = message.max_forwards().ok()??;
    Some(u8::try_from(hops).unwrap_or(u8::MAX))
}

fn of_address(address: &NameAddr<'_>) -> Identity {
    Identity {
        display_name: address.display_name().map(Into::into).unwrap_or_default(),
        number: number_of(&address.uri()),
        uri: address.uri().as_str().to_owned(),
    }
}

/// Whether an identity names nobody (RFC 3323, section 4.1.1.3).
fn is_anonymous(identity: &Identity) -> bool {
    identity.number.is_empty()
        || identity.number.eq_ignore_ascii_case("anonymous")
        || identity
            .uri
            .to_ascii_lowercase()
            .contains("@anonymous.invalid")
}

fn is_calling(side: &str) -> bool {
    side.eq_ignore_ascii_case("calling")
}

fn number_of(uri: &Uri<'_>) -> String {
    uri.number().map(Into::into).unwrap_or_default()
}

/// The values that can be read, up to the bound.
fn readable<T>(values: impl Iterator<Item = Result<T, HeaderError>>) -> impl Iterator<Item = T> {
    values.filter_map(Result::ok).take(VALUES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use sip::number::{DialingPlan, NumberForm};

    fn message(lines: &str) -> Message {
        let text = format!(
            "INVITE sip:+4930123456;npdi@edge SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\n{lines}\r\n"
        );
        Message::parse(Bytes::from(text)).unwrap()
    }

    const FORWARDED: &str = "From: \"Ann \\\"A\\\"\" <sip:%2B14155550100@pbx>;tag=f\r\n\
        To: <tel:+4930123>\r\nP-Asserted-Identity: \"Ann\" <sip:+14155550101@pbx>, <tel:+1>\r\n\
        x-queue: sales\r\nDiversion: <sip:+14155550102@pbx>;reason=user-busy;counter=2;privacy=full\r\n\
        User-to-User: 00ab;encoding=hex;content=isdn-uui\r\nServer: z\r\n\
        History-Info: <sip:+14155550103@pbx;cause=302>;index=1\r\nX-EI: E.crm-7781;O.+12025550188;\r\n\
        Reason: Q.850;cause=16\r\nCall-Info: <http://x>\r\n";

    #[test]
    fn an_invite_tells_who_calls_whom_and_its_past() {
        let (message, rules) = (message(FORWARDED), Reading::default());
        let reader = Reader::new(&message, &rules);
        let from = reader.identity(Name::From).into_inner();
        assert_eq!(
            (from.display_name.as_str(), from.number.as_str()),
            ("Ann \"A\"", "+14155550100")
        );
        assert_eq!(reader.identity(Name::To).reveal().number, "+4930123");
        assert_eq!(reader.called().reveal(), "+4930123456");
        assert_eq!(reader.called_e164().unwrap().reveal(), "+4930123456");
        assert_eq!(reader.asserted()[1].reveal().identity.uri, "tel:+1");
        let caller = reader.caller();
        assert_eq!(caller.header, IdentityHeader::PAssertedIdentity);
        assert_eq!(caller.party.reveal().number(), "+14155550101");
        assert!(!caller.withheld);
        let diversion = &reader.diversions()[0];
        assert_eq!(diversion.party.reveal().number(), "+14155550102");
        assert_eq!(
            (diversion.counter, diversion.privacy.as_deref()),
            (Some(2), Some("full"))
        );
        assert_eq!(reader.history()[0].cause, Some(302));
        assert_eq!(reader.user_to_user()[0].holds.as_deref(), Some("isdn-uui"));
        let external = reader.external().unwrap();
        assert_eq!(external.reveal().external.as_deref(), Some("crm-7781"));
        assert_eq!(reader.reasons()[0].cause, Some(16));
        assert_eq!(reason(&message).unwrap(), "Q.850;cause=16");
        let names: Vec<_> = reader.context().into_iter().map(|it| it.name).collect();
        assert_eq!(
            names,
            [
                "x-queue",
                "Diversion",
                "User-to-User",
                "History-Info",
                "X-EI"
            ]
        );
    }

    #[test]
    fn what_is_not_listed_does_not_come_in() {
        let message = message(FORWARDED);
        let rules = Reading {
            headers: vec!["Call-Info".to_owned(), "x-q*".to_owned()],
            ..Reading::default()
        };
        let reader = Reader::new(&message, &rules);
        let names: Vec<_> = reader.context().into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["x-queue", "Call-Info"]);
        assert!(reader.diversions().is_empty() && reader.history().is_empty());
        assert!(reader.user_to_user().is_empty() && reader.external().is_none());
    }

    #[test]
    fn the_order_of_trust_says_who_calls_and_what_hides_him() {
        use IdentityHeader::{From, PAssertedIdentity, RemotePartyId};
        let all = [PAssertedIdentity, RemotePartyId, From];
        let pai = "P-Asserted-Identity: <sip:+14155550101@pbx>\r\n";
        let rpid = "Remote-Party-ID: <sip:+14155550102@pbx>;party=calling;privacy=off\r\n";
        let named = "From: <sip:+14155550100@pbx>;tag=f\r\n";
        let anonymous = "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=f\r\n";
        let cases: [(&[IdentityHeader], String, _); 9] = [
            (
                &all,
                format!("{named}{rpid}{pai}"),
                (PAssertedIdentity, "+14155550101", false),
            ),
            (
                &all,
                format!("{named}{rpid}"),
                (RemotePartyId, "+14155550102", false),
            ),
            (&all, named.to_owned(), (From, "+14155550100", false)),
            (
                &[From],
                format!("{named}{rpid}{pai}"),
                (From, "+14155550100", false),
            ),
            (
                &all,
                format!("{anonymous}{pai}"),
                (PAssertedIdentity, "+14155550101", true),
            ),
            (&all, anonymous.to_owned(), (From, "", true)),
            (&[From], format!("{anonymous}{pai}"), (From, "", true)),
            (
                &all,
                format!("{named}Privacy: id\r\n"),
                (From, "+14155550100", true),
            ),
            (
                &all,
                format!("{named}Remote-Party-ID: <sip:1@h>;party=called;privacy=full\r\n"),
                (From, "+14155550100", false),
            ),
        ];
        for (order, lines, (header, number, withheld)) in cases {
            let message = message(&lines);
            let rules = Reading {
                caller_from: order.to_vec(),
                ..Reading::default()
            };
            let caller = Reader::new(&message, &rules).caller();
            let party = caller.party.reveal();
            assert_eq!(
                (caller.header, party.number(), caller.withheld),
                (header, number, withheld),
                "{order:?} {lines}"
            );
        }
    }

    #[test]
    fn numbers_are_read_in_the_trunks_form_and_identifiers_stay() {
        let message = message("From: <sip:020-7183-8750@pbx>;tag=f\r\n");
        let rules = Reading {
            numbers: NumberForm::National(DialingPlan {
                country_code: "44".into(),
                trunk_prefix: "0".into(),
                international_prefix: "00".into(),
            }),
            called: NumberForm::Identifier,
            ..Reading::default()
        };
        let reader = Reader::new(&message, &rules);
        let party = reader.caller().party.into_inner();
        assert_eq!(party.identity.number, "020-7183-8750");
        assert_eq!(party.e164.as_deref(), Some("+442071838750"));
        assert_eq!(reader.called_e164(), None);
    }
}
