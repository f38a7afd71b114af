//! The command to send an INVITE as it was.

use serde::{Deserialize, Serialize};

use super::Lift;
use crate::command::{DialLeg, Told};
use crate::media::{MediaTerms, SrtpPolicy};
use crate::observation::{ContextHeader, Identity};
use crate::{LegId, Personal, Transport, TrunkName};

/// `DialLeg` as it was when the far side was told nothing of the call but header fields as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialLegV1 {
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
    /// The From header field.
    pub caller: Personal<Identity>,
    /// Header fields to send along.
    pub context: Vec<ContextHeader>,
    /// The leg whose codecs come first in the offer, so that nothing needs transcoding.
    pub codecs_of: Option<LegId>,
}

/// `DialLeg` as it was before it said whether its media is SRTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialLegV2 {
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
    /// The From header field.
    pub caller: Personal<Identity>,
    /// What else the far side is told of the caller and of the call.
    pub told: Told,
    /// Other header fields to send along.
    pub context: Vec<ContextHeader>,
    /// The leg whose codecs come first in the offer, so that nothing needs transcoding.
    pub codecs_of: Option<LegId>,
}

/// `DialLeg` as it was before it said what is offered where there is no trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialLegV3 {
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
    /// The From header field.
    pub caller: Personal<Identity>,
    /// What else the far side is told of the caller and of the call.
    pub told: Told,
    /// Other header fields to send along.
    pub context: Vec<ContextHeader>,
    /// The leg whose codecs come first in the offer, so that nothing needs transcoding.
    pub codecs_of: Option<LegId>,
    /// Whether its media is SRTP.
    pub srtp: SrtpPolicy,
}

impl Lift for DialLeg {
    fn lift(version: u16, payload: &[u8]) -> Option<DialLeg> {
        let old = match version {
            1 => DialLegV3::of(DialLegV2::of(crate::event::exact(payload)?)),
            2 => DialLegV3::of(crate::event::exact(payload)?),
            3 => crate::event::exact(payload)?,
            _ => return None,
        };
        Some(DialLeg {
            leg: old.leg,
            trunk: old.trunk,
            destination: old.destination,
            transport: old.transport,
            target: old.target,
            caller: old.caller,
            told: old.told,
            context: old.context,
            codecs_of: old.codecs_of,
            // Who wrote version 3 exchanged keys in descriptions, and offered what everybody knows.
            media: MediaTerms {
                srtp: old.srtp,
                ..MediaTerms::default()
            },
        })
    }
}

impl DialLegV3 {
    fn of(old: DialLegV2) -> DialLegV3 {
        DialLegV3 {
            leg: old.leg,
            trunk: old.trunk,
            destination: old.destination,
            transport: old.transport,
            target: old.target,
            caller: old.caller,
            told: old.told,
            context: old.context,
            codecs_of: old.codecs_of,
            // Who wrote version 2 knew nothing else.
            srtp: SrtpPolicy::Off,
        }
    }
}

impl DialLegV2 {
    fn of(old: DialLegV1) -> DialLegV2 {
        let mut caller = old.caller.into_inner();
        if caller.uri.is_empty() {
            // Without a URI the edge wrote this one; today it would write one for the number.
            caller.uri = "sip:anonymous@anonymous.invalid".to_owned();
        }
        DialLegV2 {
            leg: old.leg,
            trunk: old.trunk,
            destination: old.destination,
            transport: old.transport,
            target: old.target,
            caller: Personal::new(caller),
            told: Told::default(),
            context: old.context,
            codecs_of: old.codecs_of,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_without_uri_stays_anonymous() {
        let old = DialLegV1 {
            leg: LegId(1),
            trunk: None,
            destination: "192.0.2.7:5060".to_owned(),
            transport: Transport::Udp,
            target: Personal::from("sip:3500@192.0.2.7"),
            caller: Personal::new(Identity {
                display_name: "Ada".to_owned(),
                number: "+442071838750".to_owned(),
                uri: String::new(),
            }),
            context: Vec::new(),
            codecs_of: None,
        };
        let payload = postcard::to_allocvec(&old).expect("a command encodes");
        let lifted = DialLeg::lift(1, &payload).expect("it was written by version 1");
        assert_eq!(
            lifted.caller.reveal().uri,
            "sip:anonymous@anonymous.invalid"
        );
        assert_eq!(DialLeg::lift(1, &payload[1..]), None);
    }
}
