//! What the agents of a call say, on their way into its media.

use std::task::{Context, Poll};

use media::Said;
use schemas::LegId;

use super::CallMedia;
use crate::voice::{FromVoice, Happened};
use crate::websocket::{self, Happened as LineHappened};

/// What is heard of the agents of a call before others get their turn.
const SAID_MAX: usize = 32;

impl CallMedia {
    /// Writes what agents shall hear, and hears them.
    pub fn look_at_lines(&mut self) {
        let bell = self.bell.clone();
        let mut context = Context::from_waker(&bell);
        for _ in 0..SAID_MAX {
            let mut lines = self.lines.iter_mut();
            let happened = lines.find_map(|line| match line.poll(&mut context) {
                Poll::Ready(happened) => Some((line.leg, happened)),
                Poll::Pending => None,
            });
            let Some((leg, happened)) = happened else {
                self.lines.retain(|line| !line.is_over());
                return;
            };
            self.line_happened(leg, happened);
        }
        bell.wake();
    }

    /// Whether it has an agent behind a WebSocket.
    pub fn has_lines(&self) -> bool {
        !self.lines.is_empty()
    }

    /// An agent said something, or something happened to its connection.
    fn line_happened(&mut self, leg: LegId, happened: LineHappened) {
        let said = match happened {
            LineHappened::Event(event) => return self.tell(leg, event),
            LineHappened::Said(said) => said,
        };
        let id = media::LegId(leg.0);
        match said {
            Said::Audio(audio) => self.input(media::Input::Say { leg: id, audio }),
            Said::Mark(name) => self.input(media::Input::Mark { leg: id, name }),
            Said::Clear => {
                self.input(media::Input::Clear { leg: id });
                if let Some(line) = self.lines.iter_mut().find(|line| line.leg == leg) {
                    line.cleared();
                }
            }
            Said::Other => {}
        }
    }

    pub(super) fn tell(&mut self, leg: LegId, event: websocket::Event) {
        let (call, event) = (self.call, Happened::Stream(event));
        self.told.push(FromVoice { call, leg, event });
    }
}
