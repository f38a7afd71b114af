//! An INVITE that began a call: where it came from, whom it names, what it carries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ContextHeader, Diversion, ExternalCall, HistoryEntry, Identity, IdentityHeader, Party, Reason,
    RemoteParty, SessionId, TrunkMatch, UserToUser,
};
use crate::media::MediaOffer;
use crate::{LegId, Personal, Transport};

/// An INVITE began a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InviteReceived {
    /// The leg that it began: [`LegId::CALLER`].
    pub leg: LegId,
    /// The trunk that it came through, and how that was recognised.
    pub trunk: TrunkMatch,
    /// Where it came from, `ip:port`.
    pub source: String,
    /// The edge's address that it came to, `ip:port`.
    pub local: String,
    /// How it travelled.
    pub transport: Transport,
    /// The Call-ID header field.
    pub sip_call_id: String,
    /// The Session-ID header field, if there is one that can be read.
    pub session: Option<SessionId>,
    /// The Max-Forwards header field, if there is one.
    pub max_forwards: Option<u8>,
    /// The Request-URI.
    pub request_uri: Personal<String>,
    /// The number called as it was received: the user part of the Request-URI.
    pub called: Personal<String>,
    /// The number called in E.164 form with its `+`, by the trunk's rules for numbers; absent if they make none of it.
    pub called_e164: Option<Personal<String>>,
    /// Who calls, by the header field that the trunk's order of trust puts first.
    pub caller: Caller,
    /// The To header field.
    pub to: Personal<Identity>,
    /// The From header field.
    pub from: Personal<Identity>,
    /// The P-Asserted-Identity header fields (RFC 3325): a SIP URI, a TEL URI or both.
    pub asserted: Vec<Personal<Party>>,
    /// The Remote-Party-ID header fields.
    pub remote_parties: Vec<RemoteParty>,
    /// What Privacy asks for (RFC 3323), as sent: `id`, `user`, `header`, `session`, `critical`, `none`.
    pub privacy: Vec<String>,
    /// The Diversion header fields, the latest first.
    pub diversions: Vec<Diversion>,
    /// The entries of History-Info.
    pub history: Vec<HistoryEntry>,
    /// The User-to-User header fields.
    pub user_to_user: Vec<UserToUser>,
    /// The Reason header fields.
    pub reasons: Vec<Reason>,
    /// What X-EI says, if it is there and can be read.
    pub external: Option<Personal<ExternalCall>>,
    /// The header fields of the call's past and context that the trunk lets in, as they were sent: Diversion,
    /// History-Info, User-to-User, X-*. What of them can be read in parts stands above as well.
    pub context: Vec<ContextHeader>,
    /// The User-Agent header field.
    pub user_agent: Option<String>,
    /// The offer, if the INVITE carried one.
    pub offer: Option<MediaOffer>,
    /// How much the edge had to do when it came; absent if nobody counted.
    pub load: Option<Load>,
}

impl InviteReceived {
    /// The number called as everybody here writes it: E.164 if there is that form of it, otherwise as it was received.
    pub fn called_number(&self) -> &Personal<String> {
        self.called_e164.as_ref().unwrap_or(&self.called)
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caller {
    /// The header field that he was taken from.
    pub header: IdentityHeader,
    /// Who it is.
    pub party: Personal<Party>,
    /// Whether he asked that those whom this trunk does not trust are not told who he is: by Privacy, by the privacy of
    /// Remote-Party-ID, or by calling anonymously.
    pub withheld: bool,
}

/// How much an edge had to do when a call came in. The call itself does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Load {
    /// Of the trunk that it came through.
    pub trunk: Occupancy,
    /// Of the number called.
    pub number: Occupancy,
    /// Of the edge.
    pub total: Occupancy,
}

/// Calls of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Occupancy {
    /// Calls in progress.
    pub calls: u32,
    /// New calls within the second before.
    pub new_calls: u32,
}
