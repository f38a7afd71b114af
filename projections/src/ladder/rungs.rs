//! The rungs of a ladder, from facts, decisions and the wire capture.

use schemas::{Direction, Event, Lane, LegId, Observation, Record};

use super::line::heading;
use super::parties::EDGE;
use super::{Party, Rung, RungKind};
use crate::history::Row;
use crate::{Mark, plain};

pub(super) struct Drawing<'a> {
    pub(super) row: &'a Row,
    pub(super) parties: &'a [Party],
    from_wire: bool,
    rungs: Vec<Rung>,
}

pub(super) fn of(
    row: &Row,
    parties: &[Party],
    records: &[&Record],
    wire: &[Record],
    from_wire: bool,
) -> Vec<Rung> {
    let mut drawing = Drawing {
        row,
        parties,
        from_wire,
        rungs: Vec::with_capacity(records.len() + wire.len()),
    };
    let mut wire: Vec<&Record> = wire
        .iter()
        .filter(|record| record.lane() == Lane::Wire && record.subject().call() == Some(row.call))
        .collect();
    wire.sort_by_key(|record| (record.header().recorded_at, record.header().sequence));
    wire.dedup_by_key(|record| record.id());
    let mut wire = wire.into_iter().peekable();
    for record in records {
        let at = record.header().recorded_at;
        while let Some(message) = wire.next_if(|message| message.header().recorded_at <= at) {
            drawing.message(message);
        }
        drawing.holes_before(record);
        match record.event() {
            Ok(Event::Observation(observation)) => drawing.observation(record, &observation),
            Ok(Event::Decision(decision)) => drawing.decision(record, &decision),
            Ok(Event::Wire(_)) => {}
            Ok(Event::Unknown(unknown)) => {
                drawing.note(
                    record,
                    Mark::Warn,
                    &format!("unknown event, type {}", unknown.kind),
                );
            }
            Err(_) => drawing.note(record, Mark::Bad, "an event that cannot be read"),
        }
    }
    for message in wire {
        drawing.message(message);
    }
    drawing.rungs
}

impl Drawing<'_> {
    fn message(&mut self, record: &Record) {
        let Ok(Event::Wire(message)) = record.event() else {
            return;
        };
        let peer = match message.leg {
            Some(leg) => self.column(leg),
            None => self
                .parties
                .iter()
                .position(|party| party.address == message.peer)
                .unwrap_or(0),
        };
        let (from, to) = match message.direction {
            Direction::Received => (peer, EDGE),
            Direction::Sent => (EDGE, peer),
        };
        let heading = heading(&message.bytes);
        if message.retransmission {
            let first = self.rungs.iter_mut().rev().find(|rung| {
                rung.kind == RungKind::Message
                    && (rung.from, rung.to) == (from, to)
                    && rung.label == heading.label
            });
            if let Some(first) = first {
                first.repeats += 1;
                return;
            }
        }
        self.push(
            record,
            RungKind::Message,
            (from, to),
            heading.mark,
            heading.label,
        );
    }

    fn observation(&mut self, record: &Record, observation: &Observation) {
        match observation {
            Observation::InviteReceived(invite) => {
                let sdp = if invite.offer.is_some() {
                    "INVITE (SDP)"
                } else {
                    "INVITE"
                };
                self.heard(record, invite.leg, Mark::Info, sdp);
            }
            Observation::LegRedialed(next) => {
                self.told(record, next.leg, Mark::Warn, "INVITE again")
            }
            Observation::LegDialed(dialed) => {
                self.told(record, dialed.leg, Mark::Info, "INVITE (SDP)")
            }
            Observation::LegRinging(ringing) => {
                let label = format!("{} (INVITE)", ringing.status);
                self.answer(record, ringing.leg, Mark::Mute, &label);
            }
            Observation::EarlyMediaStarted(early) => {
                let label = format!("{} (INVITE, SDP)", early.status);
                self.answer(record, early.leg, Mark::Mute, &label);
            }
            Observation::EarlyMediaPassed(passed) => {
                if let Some(status) = passed.status {
                    let label = format!("{status} (INVITE, SDP)");
                    self.answer(record, passed.leg, Mark::Mute, &label);
                }
            }
            Observation::LegAnswered(answered) => {
                if !self.is_stream(answered.leg) {
                    self.answer(record, answered.leg, Mark::Ok, "200 OK (INVITE, SDP)");
                }
            }
            Observation::StreamDialed(_)
            | Observation::StreamOpened(_)
            | Observation::StreamClosed(_)
            | Observation::StreamMeasured(_)
            | Observation::AgentSilent(_)
            | Observation::AgentOverrun(_) => self.stream(record, observation),
            Observation::LegFailed(failed) => self.leg_failed(record, failed),
            Observation::CodecNegotiated(_)
            | Observation::MediaResumed(_)
            | Observation::MediaTranscoded(_)
            | Observation::MediaSecured(_)
            | Observation::MediaUnsecured(_)
            | Observation::HandshakeCompleted(_) => {}
            Observation::HandshakeFailed(failed) => {
                let text = format!("leg {}: no DTLS keys: {}", failed.leg, failed.because);
                self.note(record, Mark::Bad, &text);
            }
            Observation::OfferRefused(refused) => {
                let (leg, why) = (refused.leg, &refused.because);
                self.note(
                    record,
                    Mark::Warn,
                    &format!("leg {leg}: offer refused: {why}"),
                );
            }
            Observation::MediaStarted(_)
            | Observation::MediaSilent(_)
            | Observation::MediaMeasured(_)
            | Observation::MediaReported(_)
            | Observation::MediaLatched(_)
            | Observation::MediaRefused(_)
            | Observation::MediaAccounted(_)
            | Observation::DigitLost(_)
            | Observation::DigitEarly(_)
            | Observation::DigitDoubled(_)
            | Observation::EchoHeard(_)
            | Observation::InfoNotAllowed(_)
            | Observation::DigitReceived(_) => {
                self.media(record, observation);
            }
            Observation::HoldRequested(hold) => {
                self.heard(record, hold.leg, Mark::Info, "re-INVITE (hold)")
            }
            Observation::ResumeRequested(resume) => {
                self.heard(record, resume.leg, Mark::Info, "re-INVITE (resume)");
            }
            Observation::TransferRequested(request) => match request.source {
                schemas::observation::TransferSource::Refer => {
                    self.heard(record, request.leg, Mark::Transfer, "REFER");
                }
                schemas::observation::TransferSource::Agent { .. } => {
                    let agent = self.agent_column();
                    let to = ("asks for a transfer".to_owned(), Mark::Transfer);
                    self.push(record, RungKind::Note, (agent, agent), to.1, to.0);
                }
            },
            Observation::LegsBridged(bridged) => {
                let ends = (self.column(bridged.leg), self.column(bridged.with));
                let label = "hear each other".to_owned();
                self.push(record, RungKind::Media, ends, Mark::Ok, label);
            }
            Observation::TransferAnswered(answered) => {
                let label = answered.status.to_string();
                self.told(record, answered.leg, Mark::Transfer, &label);
            }
            Observation::TransferReported(reported) => {
                let label = format!("NOTIFY ({})", reported.status);
                self.told(record, reported.leg, Mark::Transfer, &label);
            }
            Observation::TransferProgressed(progress) => self.transfer(record, progress),
            Observation::ByeReceived(bye) => self.heard(record, bye.leg, Mark::Info, "BYE"),
            Observation::CancelReceived(cancel) => {
                self.heard(record, cancel.leg, Mark::Info, "CANCEL")
            }
            Observation::LegEnded(ended) => {
                if ended.by == schemas::observation::EndedBy::Edge {
                    self.note(
                        record,
                        Mark::Bad,
                        &format!("leg {} ended: {}", ended.leg, ended.cause),
                    );
                } else if ended.by == schemas::observation::EndedBy::Control {
                    let label = match self
                        .row
                        .leg(ended.leg)
                        .is_some_and(|leg| leg.answered.is_some())
                    {
                        true => "BYE",
                        false => ended.cause.as_str(),
                    };
                    self.told(record, ended.leg, Mark::Info, label);
                }
            }
            Observation::AgentConnected(connected) if connected.kind == "hold" => {
                self.note(record, Mark::Mute, "hold signal");
            }
            Observation::AgentConnected(_) => {
                let agent = self.agent_column();
                self.push(
                    record,
                    RungKind::Media,
                    (EDGE, agent),
                    Mark::Ok,
                    "connected".to_owned(),
                );
            }
            Observation::AgentLost(lost) => {
                let left = format!("agent {} left: {}", lost.agent, lost.cause);
                self.note(record, Mark::Warn, &left);
            }
            Observation::CommandFailed(failed) => {
                let came_to_nothing = format!("{}: {}", failed.command, failed.error);
                self.note(record, Mark::Bad, &came_to_nothing);
            }
            Observation::TimerFired(fired) => {
                self.note(record, Mark::Warn, &format!("timer: {:?}", fired.timer));
            }
            Observation::HangUpRequested(request) => {
                self.note(
                    record,
                    Mark::Warn,
                    &format!("{} asks to hang up", request.by),
                );
            }
            Observation::RecordingRequested(_)
            | Observation::RecordingStarted(_)
            | Observation::RecordingPaused(_)
            | Observation::RecordingResumed(_)
            | Observation::RecordingEnded(_)
            | Observation::RecordingFailed(_) => self.recording(record, observation),
            Observation::SessionRefreshed(refreshed) => self.refreshed(record, refreshed),
            Observation::SessionExpired(expired) => {
                let text = format!("the session was not refreshed in {} s", expired.interval_s);
                self.note(record, Mark::Bad, &text);
            }
            Observation::ChallengeUnanswered(challenge) => {
                let text = format!("{} stays unanswered: {}", challenge.status, challenge.why);
                self.note(record, Mark::Bad, &text);
            }
            Observation::JournalGapFound(gap) => self.note(record, Mark::Bad, &gap.missing),
            schemas::of_an_edge!() => {}
        }
    }

    /// A SIP request of the peer that a fact tells of, unless the wire capture shows it.
    pub(super) fn heard(&mut self, record: &Record, leg: LegId, mark: Mark, label: &str) {
        let from = self.column(leg);
        self.sip(record, (from, EDGE), mark, label);
    }

    /// A SIP message of the edge that a fact tells of.
    pub(super) fn told(&mut self, record: &Record, leg: LegId, mark: Mark, label: &str) {
        let to = self.column(leg);
        self.sip(record, (EDGE, to), mark, label);
    }

    /// An answer to the INVITE of a leg: the edge's on the caller's leg, the peer's on the others.
    fn answer(&mut self, record: &Record, leg: LegId, mark: Mark, label: &str) {
        match leg {
            LegId::CALLER => self.told(record, leg, mark, label),
            _ => self.heard(record, leg, mark, label),
        }
    }

    fn sip(&mut self, record: &Record, ends: (usize, usize), mark: Mark, label: &str) {
        if !self.from_wire {
            self.push(
                record,
                RungKind::Told,
                ends,
                mark,
                plain(label).into_owned(),
            );
        }
    }

    pub(super) fn note(&mut self, record: &Record, mark: Mark, label: &str) {
        self.push(
            record,
            RungKind::Note,
            (EDGE, EDGE),
            mark,
            plain(label).into_owned(),
        );
    }

    pub(super) fn push(
        &mut self,
        record: &Record,
        kind: RungKind,
        (from, to): (usize, usize),
        mark: Mark,
        label: String,
    ) {
        let at = record.header().recorded_at;
        self.rungs.push(Rung {
            kind,
            at,
            offset_us: at.since(self.row.began),
            from,
            to,
            label,
            mark,
            repeats: 0,
            event: Some(record.id()),
        });
    }

    pub(super) fn column(&self, leg: LegId) -> usize {
        let own = self.parties.iter().position(|party| party.leg == Some(leg));
        own.unwrap_or(self.parties.len() - 1)
    }

    fn agent_column(&self) -> usize {
        self.parties
            .iter()
            .position(|party| party.role == "agent")
            .unwrap_or(EDGE)
    }
}
