//! Reports of a leg, both ways: whose they are, and where they go.

use std::net::SocketAddr;
use std::time::Instant;

use super::session::Through;
use super::{Buffer, Leg};
use crate::refusal::{Reason, Stranger};
use crate::rtcp::{COMPOUND_BYTES_MAX, Told};

impl Leg {
    /// Takes a datagram of the leg's socket of RTCP. It is believed only from where its packets come from, and under
    /// SRTP only if it is authentic.
    pub(crate) fn take_report(
        &mut self,
        source: SocketAddr,
        bytes: &mut [u8],
        now: Instant,
    ) -> bool {
        let runs = self.reports.deadline().is_some();
        let Some(session) = self.session.as_mut().filter(|_| runs) else {
            return false;
        };
        if session.latch.destination().ip() != source.ip() {
            return false;
        }
        let opened = match session.through() {
            Through::Plain => Ok(bytes.len()),
            Through::Keys(secure) => secure.unprotect_report(bytes),
            Through::Closed => Err(Reason::NoKeys),
        };
        let report = match opened {
            Ok(length) => &bytes[..length],
            Err(reason) => {
                let stranger = Stranger { source, rtp: None };
                self.refusals.count(reason, stranger, now);
                return false;
            }
        };
        let theirs = self.incoming.ssrc();
        let ours = self
            .outgoing
            .newest()
            .map(|newest| (newest, self.sent.packets()));
        self.reports.take(report, (source, theirs), ours, now)
    }

    /// Whether reports share the port of RTP.
    pub(crate) fn muxes_reports(&self) -> bool {
        let negotiated = self.session.as_ref().map(|session| &session.negotiated);
        negotiated.is_some_and(|negotiated| negotiated.reports_muxed)
    }

    /// The report that is due, and where it goes.
    pub(crate) fn report(
        &mut self,
        buffer: &mut Buffer,
        now: Instant,
    ) -> Option<(SocketAddr, usize)> {
        let session = self
            .session
            .as_ref()
            .filter(|session| !session.is_closed())?;
        let heard = self.reports.source();
        let usual = session.negotiated.reports?;
        let packets = session.latch.destination();
        let destination = match session.negotiated.reports_muxed {
            true => packets,
            false => heard
                .filter(|heard| heard.ip() == packets.ip())
                .unwrap_or(usual),
        };
        if destination.ip().is_unspecified() || destination.port() == 0 {
            return None;
        }
        let sent = self.sent.stream();
        let told = Told {
            reception: self.incoming.reception(),
            sent: self
                .outgoing
                .timestamp_at(now)
                .map(|timestamp| (timestamp, sent.packets, sent.payload_bytes)),
        };
        let plain = buffer.first_chunk_mut::<COMPOUND_BYTES_MAX>()?;
        let length = self.reports.write(plain, &told, now)?;
        let length = match self.session.as_mut()?.through() {
            Through::Plain => length,
            Through::Keys(secure) => secure.protect_report(buffer, length)?,
            Through::Closed => return None,
        };
        Some((destination, length))
    }
}
