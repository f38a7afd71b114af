//! What the agents of a call say, on their way into its media.

use media::Said;
use schemas::LegId;

use super::CallMedia;
use crate::voice::{FromVoice, Happened};
use crate::websocket::{self, Happened as LineHappened};

impl CallMedia {
    /// An agent said something, or something happened to its connection.
    pub(super) fn line_happened(&mut self, leg: LegId, happened: LineHappened) {
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
