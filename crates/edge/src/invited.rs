//! What an INVITE that begins a call says, as the fact that control decides by.

use schemas::media::MediaOffer;
use schemas::observation::{InviteReceived, TrunkMatch};
use schemas::{LegId, Personal};
use sip::endpoint::flow::Flow;
use sip::{Message, Name};

use crate::configuration::Reading;
use crate::identity::{self, Reader};
use crate::observe::transport;

/// The fact of a call that came in.
pub fn invite_received(
    message: &Message,
    flow: Flow,
    (trunk, rules): (TrunkMatch, &Reading),
    offer: Option<MediaOffer>,
) -> InviteReceived {
    let reader = Reader::new(message, rules);
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
        called: reader.called(),
        called_e164: reader.called_e164(),
        caller: reader.caller(),
        to: reader.identity(Name::To),
        from: reader.identity(Name::From),
        asserted: reader.asserted(),
        remote_parties: reader.remote_parties(),
        privacy: reader.privacy(),
        diversions: reader.diversions(),
        history: reader.history(),
        user_to_user: reader.user_to_user(),
        reasons: reader.reasons(),
        external: reader.external(),
        context: reader.context(),
        user_agent: message.header(Name::UserAgent).map(str::to_owned),
        offer,
        load: None,
    }
}
