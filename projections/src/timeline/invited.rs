//! What is told of an INVITE that began a call: who calls whom, and the evidence.

use schemas::observation::{IdentityHeader, InviteReceived};

use super::telling::{Telling, told};

/// The entry of the INVITE.
pub(super) fn invite_received(invite: &InviteReceived) -> Telling {
    let party = invite.caller.party.reveal();
    let caller = match (party.number(), party.identity.display_name.as_str()) {
        ("", "") => "an anonymous caller".to_owned(),
        ("", name) => name.to_owned(),
        (number, "") => number.to_owned(),
        (number, name) => format!("{number} ({name})"),
    };
    let fields = [
        ("caller", caller),
        ("called", invite.called_number().reveal().clone()),
        ("trunk", invite.trunk.trunk.to_string()),
    ];
    let mut telling = told("invite.received", &fields)
        .on(invite.leg)
        .with("trunk matched", invite.trunk.because.as_str())
        .with("from", format!("{} by {}", invite.source, invite.transport))
        .with("to", invite.local.as_str())
        .with("request URI", invite.request_uri.reveal().as_str())
        .with("Call-ID", invite.sip_call_id.as_str())
        .with("User-Agent", invite.user_agent.clone().unwrap_or_default())
        .with("Privacy", invite.privacy.join("; "));
    if invite.caller.header != IdentityHeader::From {
        telling = telling.with("caller named by", invite.caller.header.name());
    }
    if invite.called.reveal() != invite.called_number().reveal() {
        telling = telling.with("number as sent", invite.called.reveal().as_str());
    }
    if let Some(session) = &invite.session {
        telling = telling.with("Session-ID", session.local.as_str());
    }
    telling = match &invite.offer {
        Some(offer) => telling.with(
            "offer",
            format!(
                "{} ({}) at {}",
                offer.codecs.join(", "),
                offer.profile,
                offer.address
            ),
        ),
        None => telling.with("offer", "none: the answer carries it"),
    };
    for header in &invite.context {
        telling = telling.with(&header.name, header.value.reveal().as_str());
    }
    telling
}
