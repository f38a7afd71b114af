//! The way to an agent behind a WebSocket: whom to believe, where to look, and onto the thread of its call.

use media::Opening;
use rustls::pki_types::ServerName;
use schemas::observation::LegFailure;
use sip::endpoint::flow::Transport;

use super::Edge;
use crate::call_media::Order;
use crate::clock::moment;
use crate::locate::question::Question;
use crate::port::Input;
use crate::stream::Connect;
use crate::voice::{FromVoice, Happened};
use crate::websocket::{Event, Line, Place, Secure, Target};

impl Edge {
    /// Connects to an agent.
    pub(super) fn connect(&mut self, to: Connect) {
        let (call, leg) = (to.call, to.leg);
        let target = self.target(&to);
        let taken = target.and_then(|target| {
            let opening = Opening {
                codec: to.dialect.codec(),
                silence: Some(to.silence),
            };
            let taken = self.switchboard.connect(call, || {
                let line = Box::new(Line::new(leg, to.dialect, target));
                Order::Connect { line, opening }
            });
            taken
                .then_some(())
                .ok_or_else(|| "the media of the call takes no orders".to_owned())
        });
        if let Err(error) = taken {
            let failed = Event::Failed(LegFailure::Unreachable { error });
            let event = Happened::Stream(failed);
            let told = FromVoice { call, leg, event };
            self.core.handle(Input::Voice(told), moment());
        }
    }

    fn target(&mut self, to: &Connect) -> Result<Target, String> {
        let place = Place::of(&to.url)?;
        let transport = if place.is_secure {
            Transport::Tls
        } else {
            Transport::Tcp
        };
        let question = Question::of_address(&format!("{}:{}", place.host, place.port), transport)?;
        let secure = if place.is_secure {
            Some(self.secure(to, &place.host)?)
        } else {
            None
        };
        let looking = self.locator.locate(question);
        let headers = self.agents.iter().find(|agent| agent.name == to.agent);
        let headers = headers.map(|agent| agent.headers.as_slice());
        Target::new(&to.url, headers.unwrap_or_default(), looking, secure)
    }

    fn secure(&self, to: &Connect, host: &str) -> Result<Secure, String> {
        let (config, name): (_, ServerName<'static>) = self.transports.agent(&to.agent).to(host)?;
        Ok((config, name))
    }
}
