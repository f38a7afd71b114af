//! Old versions of the vocabulary and how they are lifted to today's.
//!
//! To change a type: copy its struct here under its old version's name, change the one in its own
//! file, give it the next number in the table there, write the [`Lift`], and let the example
//! `write_schemas` write the new golden bytes. Those of the old version stay and must still read.
//!
//! What cannot be lifted without inventing something is not a new version but a new type.

mod dial;
mod media;
mod requests;

use serde::{Deserialize, Serialize};

use crate::command::{HangUpLeg, RefuseLeg};
use crate::media::MediaOffer;
use crate::observation::{
    Caller, ConnectionOpener, ContextHeader, Identity, IdentityHeader, InviteReceived, LegDialed,
    LegFailed, LegFailure, Party, TlsFault, TlsRefused, TrunkMatch,
};
use crate::{LegId, Personal, Transport, TrunkName};

pub use self::dial::{DialLegV1, DialLegV2, DialLegV3};
pub use self::media::{
    CodecNegotiatedV1, DigitReceivedV1, MediaMeasuredV1, MediaMeasuredV2, MediaReportedV1,
    MediaResumedV1, MediaSilentV1, StreamMeasureV1,
};
pub use self::requests::{HangUpRequestedV1, HangUpRequestedV2};

/// Reads an old version of a type as today's.
pub trait Lift: Sized {
    /// The value that `payload`, of `version`, means today; `None` if it is damaged.
    fn lift(version: u16, payload: &[u8]) -> Option<Self>;
}

/// `LegFailed` as it was before the Retry-After header field and the time were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegFailedV1 {
    /// The leg.
    pub leg: LegId,
    /// Why.
    pub failure: LegFailure,
    /// The Reason header field, if there was one.
    pub reason: Option<String>,
}

impl Lift for LegFailed {
    fn lift(version: u16, payload: &[u8]) -> Option<LegFailed> {
        let 1 = version else { return None };
        let old: LegFailedV1 = crate::event::exact(payload)?;
        // Version 1 did not say how long it took: 0, as for a failure that was seen at once.
        Some(LegFailed {
            leg: old.leg,
            failure: old.failure,
            reason: old.reason,
            retry_after_s: None,
            after_ms: 0,
        })
    }
}

/// `LegDialed` as it was before the offer was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegDialedV1 {
    /// The new leg.
    pub leg: LegId,
    /// The trunk that it went through, if it is a trunk's.
    pub trunk: Option<TrunkName>,
    /// Where the INVITE went, `ip:port`.
    pub destination: String,
    /// How it travelled.
    pub transport: Transport,
    /// The Request-URI.
    pub target: Personal<String>,
    /// The From header field as it was sent.
    pub caller: Personal<Identity>,
    /// The Call-ID header field.
    pub sip_call_id: String,
}

impl Lift for LegDialed {
    fn lift(version: u16, payload: &[u8]) -> Option<LegDialed> {
        let 1 = version else { return None };
        let old: LegDialedV1 = crate::event::exact(payload)?;
        Some(LegDialed {
            leg: old.leg,
            trunk: old.trunk,
            destination: old.destination,
            transport: old.transport,
            target: old.target,
            caller: old.caller,
            sip_call_id: old.sip_call_id,
            offer: None,
        })
    }
}

/// `InviteReceived` as it was before what it names was kept in parts and numbers were normalised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteReceivedV1 {
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
    /// The Request-URI.
    pub request_uri: Personal<String>,
    /// The number called: the user part of the Request-URI.
    pub called: Personal<String>,
    /// The To header field.
    pub to: Personal<Identity>,
    /// The From header field.
    pub from: Personal<Identity>,
    /// The P-Asserted-Identity header field (RFC 3325), if there is one.
    pub asserted: Option<Personal<Identity>>,
    /// Header fields that tell of the call's past and context: Diversion, User-to-User, X-*.
    pub context: Vec<ContextHeader>,
    /// The User-Agent header field.
    pub user_agent: Option<String>,
    /// The offer, if the INVITE carried one.
    pub offer: Option<MediaOffer>,
}

impl Lift for InviteReceived {
    fn lift(version: u16, payload: &[u8]) -> Option<InviteReceived> {
        let 1 = version else { return None };
        let old: InviteReceivedV1 = crate::event::exact(payload)?;
        let named = |identity: &Personal<Identity>| {
            Personal::new(Party {
                identity: identity.reveal().clone(),
                e164: None,
            })
        };
        // Whoever read version 1 took the asserted identity where it had a number.
        let asserted = old.asserted.as_ref();
        let trusted = asserted.filter(|asserted| !asserted.reveal().number.is_empty());
        let (header, caller) = match trusted {
            Some(asserted) => (IdentityHeader::PAssertedIdentity, asserted),
            None => (IdentityHeader::From, &old.from),
        };
        Some(InviteReceived {
            caller: Caller {
                header,
                party: named(caller),
                // Version 1 did not keep Privacy: all that it can tell is that nobody was named.
                withheld: caller.reveal().number.is_empty(),
            },
            asserted: old.asserted.iter().map(named).collect(),
            leg: old.leg,
            trunk: old.trunk,
            source: old.source,
            local: old.local,
            transport: old.transport,
            sip_call_id: old.sip_call_id,
            session: None,
            max_forwards: None,
            request_uri: old.request_uri,
            called: old.called,
            called_e164: None,
            to: old.to,
            from: old.from,
            remote_parties: Vec::new(),
            privacy: Vec::new(),
            diversions: Vec::new(),
            history: Vec::new(),
            user_to_user: Vec::new(),
            reasons: Vec::new(),
            external: None,
            context: old.context,
            user_agent: old.user_agent,
            offer: old.offer,
            load: None,
        })
    }
}

/// `RefuseLeg` as it was before a callee's Reason reached the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefuseLegV1 {
    /// The caller's leg.
    pub leg: LegId,
    /// 400 to 699.
    pub status: u16,
    /// The reason phrase.
    pub phrase: String,
    /// The Retry-After header field, in seconds.
    pub retry_after_s: Option<u32>,
}

impl Lift for RefuseLeg {
    fn lift(version: u16, payload: &[u8]) -> Option<RefuseLeg> {
        let 1 = version else { return None };
        let old: RefuseLegV1 = crate::event::exact(payload)?;
        Some(RefuseLeg {
            leg: old.leg,
            status: old.status,
            phrase: old.phrase,
            reason: None,
            retry_after_s: old.retry_after_s,
        })
    }
}

/// `HangUpLeg` as it was when a BYE handed nothing on but its Reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HangUpLegV1 {
    /// The leg.
    pub leg: LegId,
    /// The Reason header field (RFC 3326) to send, if any.
    pub reason: Option<String>,
}

impl Lift for HangUpLeg {
    fn lift(version: u16, payload: &[u8]) -> Option<HangUpLeg> {
        let 1 = version else { return None };
        let old: HangUpLegV1 = crate::event::exact(payload)?;
        Some(HangUpLeg {
            leg: old.leg,
            reason: old.reason,
            context: Vec::new(),
        })
    }
}

/// `TlsRefused` as it was before the kind of failure and the direction of the alert were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsRefusedV1 {
    /// The peer, without the port.
    pub peer: String,
    /// The trunk that it belongs to; absent for addresses of no trunk.
    pub trunk: Option<TrunkName>,
    /// Who opened the connection.
    pub opened_by: ConnectionOpener,
    /// How many handshakes.
    pub handshakes: u64,
    /// Why the first of them came to nothing, in words.
    pub error: String,
    /// The alert that ended it, as RFC 8446 names it.
    pub alert: Option<String>,
    /// Our versions.
    pub versions_ours: String,
    /// The peer's versions.
    pub versions_theirs: Option<String>,
    /// Over how many milliseconds.
    pub over_ms: u32,
}

impl Lift for TlsRefused {
    fn lift(version: u16, payload: &[u8]) -> Option<TlsRefused> {
        let 1 = version else { return None };
        let old: TlsRefusedV1 = crate::event::exact(payload)?;
        // Version 1 told the kind in words only, and nobody can tell who sent the alert.
        Some(TlsRefused {
            peer: old.peer,
            trunk: old.trunk,
            opened_by: old.opened_by,
            handshakes: old.handshakes,
            fault: TlsFault::Other,
            error: old.error,
            alert: old.alert,
            alert_by: None,
            versions_ours: old.versions_ours,
            versions_theirs: old.versions_theirs,
            over_ms: old.over_ms,
        })
    }
}
