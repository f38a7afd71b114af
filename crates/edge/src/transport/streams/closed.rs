//! A connection that is closed: forgotten, and told to whom it concerns.

use sip::endpoint::keys::TransactionKey;

use super::{Streams, whose};
use crate::port::Input;
use crate::transport::event::ConnectionId;
use crate::transport::tls::{Failure, Opener, Refusal};

impl Streams {
    /// Forgets a connection; what the core has to know of it.
    pub(super) fn closed(
        &mut self,
        id: ConnectionId,
        unsent: Vec<TransactionKey>,
        error: Option<String>,
        refused: Option<Failure>,
    ) -> Vec<Input> {
        let Some(known) = self.open.remove(&id) else {
            return Vec::new();
        };
        let flow = known.flow;
        let ip = flow.remote.ip();
        if known.opener == Opener::Peer {
            self.crowd.leave(ip, whose(&known.trunk));
        }
        let mut inputs = Vec::new();
        if let Some(failure) = refused {
            inputs.push(Input::TlsRefused(Refusal {
                peer: ip,
                trunk: known.trunk,
                opener: known.opener,
                failure,
            }));
        }
        let error = error.unwrap_or_else(|| "the connection was closed".to_owned());
        if self
            .ways
            .get(&flow)
            .is_some_and(|(current, _)| *current == id)
        {
            self.ways.remove(&flow);
            let error = error.clone();
            inputs.push(Input::FlowLost { flow, error });
        }
        inputs.extend(unsent.into_iter().map(|transaction| Input::SendFailed {
            transaction,
            error: error.clone(),
        }));
        inputs
    }
}
