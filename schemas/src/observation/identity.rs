//! Who calls, for whom, by whom he was forwarded and what rides along: what header fields say, in parts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Personal;

/// Who somebody says he is, as a header field tells it (RFC 3261, section 20.20; RFC 3325).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// The display name, without its quotes.
    pub display_name: String,
    /// The user part of the URI: a number most of the time. Empty for an anonymous caller.
    pub number: String,
    /// The URI as it was sent.
    pub uri: String,
}

/// A header field that says who calls.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum IdentityHeader {
    /// P-Asserted-Identity (RFC 3325).
    PAssertedIdentity,
    /// Remote-Party-ID, the vendors' older way.
    RemotePartyId,
    /// From (RFC 3261).
    From,
}

impl IdentityHeader {
    /// The header field's name.
    pub fn name(self) -> &'static str {
        match self {
            IdentityHeader::PAssertedIdentity => "P-Asserted-Identity",
            IdentityHeader::RemotePartyId => "Remote-Party-ID",
            IdentityHeader::From => "From",
        }
    }
}

/// Somebody whom a header field names, with his number in the form that is the same on every trunk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Party {
    /// What the header field says.
    pub identity: Identity,
    /// The number in E.164 form with its `+`, by the trunk's rules for numbers. Absent if they make none of what was
    /// sent: an extension, a name, an identifier of a platform, nobody.
    pub e164: Option<String>,
}

impl Party {
    /// The number as everybody here writes it: E.164 if there is that form of it, otherwise as it was sent.
    pub fn number(&self) -> &str {
        self.e164.as_deref().unwrap_or(&self.identity.number)
    }
}

/// A Remote-Party-ID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemoteParty {
    /// Whom it names.
    pub party: Personal<Party>,
    /// Which side he is on, as sent: `calling`, `called`; absent means the caller.
    pub side: Option<String>,
    /// Whether a trusted element checked the number (`screen=yes`).
    pub screened: bool,
    /// What shall be hidden, as sent: `off`, `full`, `name`, `uri`.
    pub privacy: Option<String>,
}

/// A Diversion (RFC 5806): somebody forwarded the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diversion {
    /// Who forwarded it.
    pub party: Personal<Party>,
    /// Why, as sent: `no-answer`, `user-busy`, `unconditional`.
    pub reason: Option<String>,
    /// How often, as sent.
    pub counter: Option<u32>,
    /// What shall be hidden, as sent: `off`, `full`, `name`, `uri`.
    pub privacy: Option<String>,
}

/// An entry of History-Info (RFC 7044): somebody whom the call was for on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryEntry {
    /// Whom it was for.
    pub party: Personal<Party>,
    /// Its place in the tree of the call's past: `1.2`.
    pub index: Option<String>,
    /// The status that made the call leave him (RFC 4458 `cause`, or the Reason that his URI carries).
    pub cause: Option<u16>,
    /// The Privacy that his URI carries: `history`, `none`.
    pub privacy: Option<String>,
}

/// A User-to-User (RFC 7433): data of the peer's application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserToUser {
    /// The data, in its encoding.
    pub content: Personal<String>,
    /// The encoding, as sent; absent means `hex`.
    pub encoding: Option<String>,
    /// What it is for, as sent: `isdn-uui`; some platforms write `app`.
    pub purpose: Option<String>,
    /// What it holds (the parameter `content`), as sent: `isdn-uui`.
    pub holds: Option<String>,
}

/// A Reason (RFC 3326).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The protocol, as sent: `SIP`, `Q.850`.
    pub protocol: String,
    /// The cause in that protocol.
    pub cause: Option<u16>,
    /// The text.
    pub text: Option<String>,
}

/// What the header field X-EI says: the call in the words of the platform that sent it here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExternalCall {
    /// The id that the call was announced under (`S`).
    pub announced: Option<String>,
    /// The platform's own id (`E`).
    pub external: Option<String>,
    /// The original caller, or who forwarded the call (`O`).
    pub original: Option<String>,
}

/// What the two ends call the session (Session-ID, RFC 7989): 32 hexadecimal digits each, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionId {
    /// The name that who sent the message gave.
    pub local: String,
    /// The name that its receiver gave; absent if the sender does not know it.
    pub remote: Option<String>,
}

/// Whether a list names a header field: in full, or with a `*` at its end for the rest of the name. Case does not matter.
pub fn is_listed(name: &str, list: &[String]) -> bool {
    list.iter().any(|listed| match listed.strip_suffix('*') {
        Some(start) => name
            .get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start)),
        None => name.eq_ignore_ascii_case(listed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_listed_in_full_or_by_the_beginning_of_its_name() {
        let list = [
            "Diversion".to_owned(),
            "x-queue".to_owned(),
            "X-CRM-*".to_owned(),
        ];
        for (name, listed) in [
            ("diversion", true),
            ("X-Queue", true),
            ("X-Queue-Time", false),
            ("x-crm-id", true),
            ("x-crm", false),
            ("History-Info", false),
            ("", false),
            ("x-cr\u{fc}-id", false),
        ] {
            assert_eq!(is_listed(name, &list), listed, "{name}");
        }
        assert!(!is_listed("X-Queue", &[]));
    }
}
