//! An INVITE that the edge shall send, and what it tells of the call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::media::MediaTerms;
use crate::observation::{
    ContextHeader, Diversion, HistoryEntry, Identity, RemoteParty, UserToUser,
};
use crate::{LegId, Personal, Transport, TrunkName};

/// Send an INVITE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DialLeg {
    /// The new leg's id.
    pub leg: LegId,
    /// The trunk that it goes through, if it is a trunk's.
    pub trunk: Option<TrunkName>,
    /// Where to send it: `host:port`, or a SIP URI such as `sip:pbx.example.com` that is looked up (RFC 3263).
    pub destination: String,
    /// How it travels, where the destination is no URI.
    pub transport: Transport,
    /// The Request-URI.
    pub target: Personal<String>,
    /// The From header field. Without a URI the edge writes one for the number; without a number the caller is anonymous
    /// (RFC 3323, section 4.1.1.3).
    pub caller: Personal<Identity>,
    /// What else the far side is told of the caller and of the call.
    pub told: Told,
    /// Other header fields to send along, each as it is.
    pub context: Vec<ContextHeader>,
    /// The leg whose codecs come first in the offer, so that nothing needs transcoding.
    pub codecs_of: Option<LegId>,
    /// What it is offered, if it goes through no trunk.
    pub media: MediaTerms,
}

/// What a far side is told beside From. The edge writes the header fields of it; an identity in it without a URI gets one
/// like that of From.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// The host of the URIs that the edge writes; its own address if absent.
    pub domain: Option<String>,
    /// P-Asserted-Identity (RFC 3325).
    pub asserted: Vec<Personal<Identity>>,
    /// Remote-Party-ID.
    pub remote_parties: Vec<RemoteParty>,
    /// Privacy (RFC 3323).
    pub privacy: Vec<String>,
    /// Diversion (RFC 5806), the latest first.
    pub diversions: Vec<Diversion>,
    /// History-Info (RFC 7044).
    pub history: Vec<HistoryEntry>,
    /// User-to-User (RFC 7433).
    pub user_to_user: Vec<UserToUser>,
    /// What the caller's end calls the session (Session-ID, RFC 7989): 32 hexadecimal digits.
    pub session: Option<String>,
    /// Max-Forwards: the hops that are left for the call; 70 if absent.
    pub max_forwards: Option<u8>,
}
