//! What a phone does when it is told to.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, bail};
use media::Digit;
use sip::endpoint::InviteRequest;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::Transport;
use sip::{Uri, name_addr};

use super::Handset;
use crate::demo::phone::line::Line;
use crate::demo::phone::report::Happening;
use crate::demo::phone::{Order, Placed};

impl Handset {
    pub(super) fn obey(&mut self, order: Order, now: Instant) {
        match order {
            Order::Call(placed) => {
                let placed = self.place(&placed, now);
                self.tell_failure(placed);
            }
            Order::PickUp => self.pick_up(now),
            Order::Press(digit) => {
                let pressed = self.press(digit, now);
                self.tell_failure(pressed);
            }
            Order::HangUp => self.hang_up(now),
        }
    }

    fn place(&mut self, placed: &Placed, now: Instant) -> anyhow::Result<()> {
        if self.line.is_some() {
            bail!("the line is taken");
        }
        let uri = Uri::parse(&placed.to).map_err(anyhow::Error::msg)?;
        let host = uri
            .host()
            .ip()
            .context("the host of the URI is no address")?;
        let port = uri.port().unwrap_or_else(|| Transport::Udp.default_port());
        let flow = self.flow(SocketAddr::new(host, port));
        let identity = format!("sip:{}@{}", placed.number, self.sip_address);
        let mut headers = self.headers()?;
        let asserted = name_addr::format(Some(&placed.name), &identity, None);
        headers.add("P-Asserted-Identity", &asserted)?;
        for (name, value) in &placed.headers {
            headers.add(name, value)?;
        }
        let (local, mut session) = self.session();
        let request = InviteRequest {
            headers,
            sdp: Some(sdp::offer(&local, &mut session).into()),
            ..InviteRequest::new(placed.to.as_str(), flow, asserted)
        };
        let leg = self.endpoint.invite(request, now)?;
        let tone_hz = self.platform.tone_hz;
        self.line = Some(Line::new(leg, (local, session), tone_hz, self.seed, now)?);
        Ok(())
    }

    pub(super) fn pick_up(&mut self, now: Instant) {
        let done = self.answer(now);
        if done.is_ok() {
            self.reporter.tell(Happening::PickedUp);
        }
        self.tell_failure(done);
    }

    fn answer(&mut self, now: Instant) -> anyhow::Result<()> {
        let headers = self.headers()?;
        let line = self.line.as_mut().context("nobody calls")?;
        line.answer_at = None;
        let leg = line.leg;
        match line.describe(now) {
            Ok(sdp) => Ok(self.endpoint.answer(leg, Some(sdp.into()), headers, now)?),
            Err(error) => {
                self.refuse(leg, 488, now)?;
                Err(error)
            }
        }
    }

    fn press(&mut self, digit: Digit, now: Instant) -> anyhow::Result<()> {
        self.line
            .as_mut()
            .context("there is no call")?
            .press(digit, now)
    }

    pub(super) fn hang_up(&mut self, now: Instant) {
        if let Some(leg) = self.line.as_ref().map(|line| line.leg) {
            let done = self.endpoint.hang_up(leg, Extra::none(), now);
            self.tell_failure(done.map_err(anyhow::Error::from));
        }
    }
}
