//! The next hop of a dialog: where only a name is written, the owner of the sockets looks it up (RFC 3261 §8.1.2, §12.2.1.1).

use crate::dialog::Hop;
use crate::dialog::leg::Reach;

use super::event::Event;
use super::flow::Flow;
use super::keys::{Fork, LegKey};
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Answers `HopNamed`: requests of this dialog go this way from now on, as long as it keeps that next hop.
    pub fn found_hop(&mut self, leg: LegKey, fork: Fork, flow: Flow) -> Result<(), ActionError> {
        let peer = self.leg_mut(leg)?.peer_of(fork);
        let hop = peer.and_then(|peer| peer.dialog.hop.as_mut());
        hop.ok_or(ActionError::WrongState)?.flow = Some(flow);
        Ok(())
    }

    /// Asks where the next hop is, if its name is new. The way of the INVITE leads somewhere, so it is used until then.
    pub(super) fn note_hop(&mut self, key: LegKey, fork: Fork) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let (reach, transport) = (leg.reach, leg.flow.transport);
        let Some(peer) = leg.peer_of(fork) else {
            return;
        };
        let dialog = &mut peer.dialog;
        let Some(uri) = dialog
            .unresolved(transport)
            .filter(|_| reach == Reach::Direct)
        else {
            dialog.hop = None;
            return;
        };
        if dialog.hop.as_ref().is_some_and(|hop| *hop.uri == *uri) {
            return;
        }
        let uri: Box<str> = uri.into();
        let hop = uri.clone();
        dialog.hop = Some(Hop { uri, flow: None });
        self.event(Event::HopNamed {
            leg: key,
            fork,
            uri: hop,
        });
    }
}
