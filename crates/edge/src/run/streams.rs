//! What connections tell, handed to the core.

use super::Edge;
use crate::port::Input;
use crate::transport::event::FromStream;

/// Events of connections that are handled before their facts are given to the log together.
const EVENTS_MAX: usize = 64;

impl Edge {
    /// Handles what is there, so that many messages share one append.
    pub(super) fn streams(&mut self, first: FromStream) {
        let mut next = Some(first);
        for _ in 0..EVENTS_MAX {
            let Some(event) = next else { return };
            self.stream(event);
            next = self.transports.happened();
        }
        if let Some(event) = next {
            self.stream(event);
        }
    }

    fn stream(&mut self, event: FromStream) {
        match event {
            FromStream::Message { message, flow } => self.input(Input::Message { message, flow }),
            FromStream::Malformed { malformed, flow } => {
                self.input(Input::Malformed { malformed, flow });
            }
            FromStream::Idle { id, flow } => {
                if !self.core.is_used(flow) {
                    self.transports.close(id);
                }
            }
            event @ (FromStream::Accepted { .. }
            | FromStream::Open { .. }
            | FromStream::Closed { .. }
            | FromStream::Secured(_)
            | FromStream::Told(_)) => {
                for input in self.transports.note(event) {
                    self.input(input);
                }
            }
        }
    }
}
