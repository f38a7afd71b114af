//! What an INVITE that begins a call says, as the fact that control decides by.

use schemas::media::MediaOffer;
use schemas::observation::{InviteReceived, TrunkMatch};
use schemas::{LegId, Personal};
use sip::endpoint::flow::Flow;
use sip::{Message, Name};

use crate::identity;
use crate::observe::transport;

/// The fact of a call that came in.
pub fn invite_received(
    message: &Message,
    flow: Flow,
    trunk: TrunkMatch,
    offer: Option<MediaOffer>,
) -> InviteReceived {
    InviteReceived {
        leg: LegId::CALLER,
        trunk,
        source: flow.remote.to_string(),
        local: flow.local.to_string(),
        transport: transport(flow),
        sip_call_id: message.call_id().unwrap_or_default().to_owned(),
        session: identity::session(message),
        max_forwards: identity::max_forwards(message),
        request_uri: Personal::new(message.request_uri().to_owned()),
        called: identity::called(message),
        called_e164: None,
        caller: identity::caller(message),
        to: identity::of_header(message, Name::To),
        from: identity::of_header(message, Name::From),
        asserted: identity::asserted(message),
        remote_parties: identity::remote_parties(message),
        privacy: identity::privacy(message),
        diversions: identity::diversions(message),
        history: Vec::new(),
        user_to_user: identity::user_to_user(message),
        reasons: identity::reasons(message),
        external: None,
        context: identity::context(message),
        user_agent: message.header(Name::UserAgent).map(str::to_owned),
        offer,
        load: None,
    }
}
