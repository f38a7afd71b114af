//! What an INVITE of ours tells of the caller and of the call: each header field is written here, from what control
//! decided; nothing of it is copied from another leg.

use schemas::command::{DialLeg, Told};
use schemas::observation::{Diversion, HistoryEntry, Identity, RemoteParty, UserToUser};
use sip::endpoint::extra::Extra;
use sip::escape::escape;
use sip::session_id::{SessionId, Uuid};
use sip::{name_addr, params};

use crate::configuration::{Group, Trunk};

/// Whose address has no number (RFC 3323, section 4.1.1.3).
const ANONYMOUS: &str = "sip:anonymous@anonymous.invalid";

/// Writes the header fields of one INVITE.
#[derive(Clone, Copy, Debug)]
pub struct Teller<'a> {
    command: &'a DialLeg,
    host: &'a str,
    group: Option<&'a Group>,
}

impl<'a> Teller<'a> {
    /// Of this command, through this trunk; `host` is our own.
    pub fn new(command: &'a DialLeg, host: &'a str, trunk: Option<&'a Trunk>) -> Teller<'a> {
        Teller {
            command,
            host: command.told.domain.as_deref().unwrap_or(host),
            group: trunk.map(|trunk| &trunk.group),
        }
    }

    /// The From header field, without its tag.
    pub fn from(&self) -> String {
        let caller = self.caller();
        name_addr::format(Some(&caller.display_name), &caller.uri, None)
    }

    /// Who is shown as the caller, with the URI as it is written.
    pub fn caller(&self) -> Identity {
        let caller = self.command.caller.reveal();
        let uri = self.uri(caller);
        Identity {
            uri: self.group.map_or(uri.clone(), |group| group.from(&uri)),
            ..caller.clone()
        }
    }

    /// The name of the session at the caller's end; none if control gave none, or one that is none.
    pub fn session(&self) -> Option<SessionId> {
        let local = Uuid::parse(self.command.told.session.as_deref()?)?;
        Some(SessionId {
            local,
            remote: None,
        })
    }

    /// Everything else that is told. A header field that cannot be written does not keep the others from crossing.
    pub fn headers(&self) -> Extra {
        let mut extra = Extra::none();
        let mut add = |name: &str, value: &str| {
            let _ = extra.add(name, value);
        };
        let Told {
            asserted,
            remote_parties,
            privacy,
            diversions,
            history,
            user_to_user,
            ..
        } = &self.command.told;
        for identity in asserted {
            add("P-Asserted-Identity", &self.address(identity.reveal()));
        }
        for remote in remote_parties {
            add("Remote-Party-ID", &self.remote_party(remote));
        }
        if !privacy.is_empty() {
            add("Privacy", &privacy.join(";"));
        }
        for diversion in diversions {
            add("Diversion", &self.diversion(diversion));
        }
        for entry in history {
            add("History-Info", &self.history(entry));
        }
        for data in user_to_user {
            add("User-to-User", &user_to_user_value(data));
        }
        for header in &self.command.context {
            add(&header.name, header.value.reveal());
        }
        extra
    }

    fn remote_party(&self, remote: &RemoteParty) -> String {
        let mut text = self.address(&remote.party.reveal().identity);
        params::write(
            &mut text,
            "party",
            remote.side.as_deref().unwrap_or("calling"),
        );
        params::write(
            &mut text,
            "screen",
            if remote.screened { "yes" } else { "no" },
        );
        write_some(&mut text, "privacy", remote.privacy.as_deref());
        text
    }

    fn diversion(&self, diversion: &Diversion) -> String {
        let mut text = self.address(&diversion.party.reveal().identity);
        write_some(&mut text, "reason", diversion.reason.as_deref());
        let counter = diversion.counter.map(|counter| counter.to_string());
        write_some(&mut text, "counter", counter.as_deref());
        write_some(&mut text, "privacy", diversion.privacy.as_deref());
        text
    }

    /// The cause stands in the URI (RFC 4458), the privacy in a header field that the URI carries (RFC 7044, 10.1).
    fn history(&self, entry: &HistoryEntry) -> String {
        let identity = &entry.party.reveal().identity;
        let mut uri = self.uri(identity);
        if let Some(cause) = entry.cause {
            uri.push_str(&format!(";cause={cause}"));
        }
        if let Some(privacy) = &entry.privacy {
            uri.push_str(&format!("?Privacy={}", escape(privacy)));
        }
        let mut text = name_addr::format(Some(&identity.display_name), &uri, None);
        write_some(&mut text, "index", entry.index.as_deref());
        text
    }

    fn address(&self, identity: &Identity) -> String {
        name_addr::format(Some(&identity.display_name), &self.uri(identity), None)
    }

    fn uri(&self, identity: &Identity) -> String {
        match (identity.uri.as_str(), identity.number.as_str()) {
            ("", "") => ANONYMOUS.to_owned(),
            ("", number) => format!("sip:{}@{}", escape(number), self.host),
            (uri, _) => uri.to_owned(),
        }
    }
}

fn user_to_user_value(data: &UserToUser) -> String {
    let content = data.content.reveal();
    let mut text = if content.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
        content.clone()
    } else {
        quoted(content)
    };
    write_some(&mut text, "encoding", data.encoding.as_deref());
    write_some(&mut text, "purpose", data.purpose.as_deref());
    write_some(&mut text, "content", data.holds.as_deref());
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn write_some(text: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        params::write(text, name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::observation::{ContextHeader, Party};
    use schemas::{LegId, Personal, Transport};

    fn identity(display_name: &str, number: &str) -> Identity {
        Identity {
            display_name: display_name.to_owned(),
            number: number.to_owned(),
            uri: String::new(),
        }
    }

    fn party(number: &str) -> Personal<Party> {
        Personal::new(Party {
            identity: identity("", number),
            e164: None,
        })
    }

    fn command(told: Told) -> DialLeg {
        let context = |name: &str, value: &str| ContextHeader {
            name: name.to_owned(),
            value: Personal::from(value),
        };
        DialLeg {
            leg: LegId(1),
            trunk: None,
            destination: "192.0.2.7:5060".to_owned(),
            transport: Transport::Udp,
            target: Personal::from("sip:3500@192.0.2.7"),
            caller: Personal::new(identity("Ann \"A\"", "+14155550100")),
            told,
            context: vec![
                context("X-Queue", "sales"),
                context("Via", "SIP/2.0/UDP evil"),
                context("X-Evil", "a\r\nVia: b"),
            ],
            codecs_of: None,
            media: schemas::media::MediaTerms::default(),
        }
    }

    #[test]
    fn every_header_is_written_from_what_was_decided() {
        let told = Told {
            asserted: vec![Personal::new(identity("Ann", "+14155550100"))],
            remote_parties: vec![RemoteParty {
                party: party("+14155550100"),
                side: None,
                screened: true,
                privacy: Some("full".to_owned()),
            }],
            privacy: vec!["id".to_owned(), "critical".to_owned()],
            diversions: vec![Diversion {
                party: party("3500 #1"),
                reason: Some("no answer".to_owned()),
                counter: Some(2),
                privacy: None,
            }],
            history: vec![
                HistoryEntry {
                    party: party("+14155550100"),
                    index: Some("1".to_owned()),
                    cause: Some(302),
                    privacy: Some("history".to_owned()),
                },
                HistoryEntry {
                    party: party(""),
                    index: Some("1.1".to_owned()),
                    cause: None,
                    privacy: None,
                },
            ],
            user_to_user: vec![UserToUser {
                content: Personal::from("a;\"b\""),
                encoding: Some("text".to_owned()),
                purpose: None,
                holds: Some("isdn-uui".to_owned()),
            }],
            ..Told::default()
        };
        let command = command(told);
        let teller = Teller::new(&command, "198.51.100.1", None);
        assert_eq!(
            teller.from(),
            r#""Ann \"A\"" <sip:+14155550100@198.51.100.1>"#
        );
        let headers = teller.headers();
        let written: Vec<_> = headers.iter().collect();
        assert_eq!(
            written,
            [
                (
                    "P-Asserted-Identity",
                    "\"Ann\" <sip:+14155550100@198.51.100.1>"
                ),
                (
                    "Remote-Party-ID",
                    "<sip:+14155550100@198.51.100.1>;party=calling;screen=yes;privacy=full"
                ),
                ("Privacy", "id;critical"),
                (
                    "Diversion",
                    "<sip:3500%20%231@198.51.100.1>;reason=\"no answer\";counter=2"
                ),
                (
                    "History-Info",
                    "<sip:+14155550100@198.51.100.1;cause=302?Privacy=history>;index=1"
                ),
                (
                    "History-Info",
                    "<sip:anonymous@anonymous.invalid>;index=1.1"
                ),
                (
                    "User-to-User",
                    r#""a;\"b\"";encoding=text;content=isdn-uui"#
                ),
                ("X-Queue", "sales"),
            ]
        );
    }

    #[test]
    fn the_trunk_group_stands_in_from_and_nowhere_else() {
        let command = command(Told {
            asserted: vec![Personal::new(identity("Ann", "+14155550100"))],
            ..Told::default()
        });
        let mut trunk = Trunk::new("webex", Vec::new());
        trunk.group.origin = Some("site1_lgu".into());
        let teller = Teller::new(&command, "198.51.100.1", Some(&trunk));
        let uri = "sip:+14155550100@198.51.100.1;otg=site1_lgu";
        assert_eq!(teller.from(), format!(r#""Ann \"A\"" <{uri}>"#));
        assert_eq!(teller.caller().uri, uri);
        let headers = teller.headers();
        let asserted = headers
            .iter()
            .find(|(name, _)| *name == "P-Asserted-Identity");
        let (_, asserted) = asserted.unwrap();
        assert_eq!(asserted, "\"Ann\" <sip:+14155550100@198.51.100.1>");
    }

    #[test]
    fn a_domain_stands_for_our_own_address_and_nobody_is_anonymous() {
        let mut command = command(Told {
            domain: Some("pbx.example.com".to_owned()),
            session: Some("AB30317F1A784DC48FF824D0D3715D86".to_owned()),
            ..Told::default()
        });
        let teller = Teller::new(&command, "198.51.100.1", None);
        assert_eq!(teller.caller().uri, "sip:+14155550100@pbx.example.com");
        let session = teller.session().unwrap();
        assert_eq!(
            session.local.to_string(),
            "ab30317f1a784dc48ff824d0d3715d86"
        );
        command.told.session = Some("no uuid".to_owned());
        command.caller = Personal::new(identity("Anonymous", ""));
        let teller = Teller::new(&command, "198.51.100.1", None);
        assert_eq!(teller.from(), format!("\"Anonymous\" <{ANONYMOUS}>"));
        assert_eq!(teller.session(), None);
    }
}
