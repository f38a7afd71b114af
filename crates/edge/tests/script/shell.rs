//! The shell of a scenario: what the core says is written down and carried out among the phones.

use std::fmt::Write as _;
use std::net::SocketAddr;

use sip::endpoint::flow::Flow;
use trunkline_edge::port::{Input, Opened, Output, Toward};
use trunkline_edge::voice::{FromVoice, Happened};

use super::{EDGE, Scene, control, flow, phone, srtp};

impl Scene {
    /// Carries out what the core says.
    pub(super) fn output(&mut self, output: Output) {
        let moment = self.moment();
        match output {
            Output::Send { bytes, flow, .. } => {
                let to = self
                    .phones
                    .values_mut()
                    .find(|phone| phone.address == flow.remote);
                let name = to.as_ref().map_or("?", |phone| &phone.name);
                writeln!(self.out, "  {name} < {}", phone::first_line(&bytes)).unwrap();
                for line in srtp::lines(&bytes) {
                    writeln!(self.out, "      {line}").unwrap();
                }
                if let Some(phone) = to {
                    phone.receive(bytes, flow.local, moment.now);
                }
            }
            Output::Open { call, leg, toward } => {
                let result = self.open(toward);
                self.core()
                    .handle(Input::Opened { call, leg, result }, moment);
            }
            Output::Voice(to) => {
                writeln!(self.out, "  media {}", control::describe(&to.input)).unwrap();
                if let media::Input::Remove { leg } = to.input
                    && !self.media_is_dead
                {
                    let (call, leg) = (to.call, schemas::LegId(leg.0));
                    let event = Happened::Media(control::measured());
                    let told = Input::Voice(FromVoice { call, leg, event });
                    self.core().handle(told, moment);
                }
            }
            Output::Shake(to) => {
                let (role, wanted) = (to.terms.role.as_str(), &to.terms.fingerprints);
                let wanted: Vec<String> = wanted.iter().map(super::srtp::short).collect();
                let (leg, wanted) = (to.leg, wanted.join(" or "));
                writeln!(self.out, "  handshake {leg}, {role}, with {wanted}").unwrap();
            }
            Output::Record { file, to } => {
                let what = control::describe(&to.input);
                writeln!(self.out, "  media {what}, to {}", file.display()).unwrap();
            }
            Output::Connect(to) => {
                writeln!(self.out, "  (connects leg {} to {})", to.leg, to.url).unwrap();
            }
            Output::Avoid { flow, asked } => {
                let time = asked.map_or(String::new(), |time| format!(" for {time:?}"));
                writeln!(self.out, "  (avoids {}{time})", flow.remote).unwrap();
            }
            Output::Look { trunk, destination } => {
                let ways = ways(&destination.address);
                self.core().handle(Input::Ways { trunk, ways }, moment);
            }
            Output::Reached { flow, is_down } => {
                let word = if is_down { "avoids" } else { "takes" };
                writeln!(self.out, "  ({word} {})", flow.remote).unwrap();
            }
            Output::Registrar { trunk, uri } => {
                writeln!(self.out, "  (looks for {uri})").unwrap();
                let ways = ways(&self.registrars[trunk.as_str()]);
                self.core().handle(Input::Registrar { trunk, ways }, moment);
            }
            Output::Hop { uri, .. } => writeln!(self.out, "  (looks for {uri})").unwrap(),
            Output::Forget(_) => writeln!(self.out, "  (forgotten)").unwrap(),
        }
    }

    /// Several destinations are targets that are tried one after the other.
    fn open(&mut self, toward: Toward) -> Result<Opened, String> {
        if self.next_port == 0 {
            return Err("no RTP port of 16384 to 32767 is free".to_owned());
        }
        let mut others = Vec::new();
        let flow = match toward {
            Toward::Flow(flow) => flow,
            Toward::Destination(to) => {
                for text in to.address.split('|') {
                    let remote = text.parse();
                    let mut flow = flow(remote.map_err(|_| format!("{text} has no address"))?);
                    flow.transport = to.transport;
                    others.push(flow);
                }
                others.remove(0)
            }
        };
        let edge: SocketAddr = EDGE.parse().unwrap();
        let rtp = SocketAddr::new(edge.ip(), self.next_port);
        self.next_port += 2;
        Ok(Opened { flow, others, rtp })
    }
}

/// Targets that are tried one after the other.
fn ways(text: &str) -> Result<Vec<Flow>, String> {
    let ways = text.split('|').map(|one| one.parse().map(flow));
    ways.collect::<Result<_, _>>()
        .map_err(|_| format!("{text} has no address"))
}
