//! The one call of a phone: offer and answer, the tone that it plays, the ear that listens.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::{Agent, Call, Datagram, Digit, Event, Hears, Input, LegId, Output};
use sdp::{LocalMedia, LocalSession, SessionDescription};
use sip::endpoint::keys::LegKey;

use super::ear::Ear;
use super::report::Happening;

/// The other side, in the phone's media.
const PEER: LegId = LegId(0);

/// The ear is a leg that hears the other side: so it gets what the media let in, in the codec that it asks for,
/// and nothing else. Its packets are listened to and not sent.
const EAR: LegId = LegId(1);

/// How long a key is down.
const PRESS: Duration = Duration::from_millis(120);

/// How loud the tone is: its peak, below full scale.
const TONE_DB: i8 = -10;

/// A call.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) leg: LegKey,
    /// When it is answered by itself.
    pub(super) answer_at: Option<Instant>,
    /// The status that it is or was refused with.
    pub(super) refused: Option<u16>,
    local: LocalMedia,
    session: LocalSession,
    /// The peer's offer that waits for our answer.
    offered: Option<SessionDescription>,
    call: Call,
    ear: Ear,
}

impl Line {
    /// A call whose RTP comes in at `local`; `session` names its descriptions.
    pub(super) fn new(
        leg: LegKey,
        (local, session): (LocalMedia, LocalSession),
        tone_hz: u16,
        seed: u64,
        now: Instant,
    ) -> anyhow::Result<Line> {
        let mut call = Call::new(media::Settings::default(), seed);
        call.handle(Input::Add { leg: PEER }, now)?;
        call.handle(Input::Add { leg: EAR }, now)?;
        let tone = Agent::Tone {
            frequency_hz: tone_hz,
            level_db: TONE_DB,
        };
        call.handle(
            Input::Connect {
                leg: PEER,
                hears: Hears::Agent(tone),
            },
            now,
        )?;
        call.handle(
            Input::Connect {
                leg: EAR,
                hears: Hears::Leg(PEER),
            },
            now,
        )?;
        call.handle(
            Input::Update {
                leg: EAR,
                negotiated: ear_terms(),
            },
            now,
        )?;
        Ok(Line {
            leg,
            answer_at: None,
            refused: None,
            local,
            session,
            offered: None,
            call,
            ear: Ear::default(),
        })
    }

    /// Keeps the peer's offer; without one, ours goes out with the answer to its request.
    pub(super) fn take_offer(&mut self, sdp: Option<&[u8]>) -> anyhow::Result<()> {
        self.offered = sdp.map(SessionDescription::parse).transpose()?;
        Ok(())
    }

    /// Our description: the answer to the offer that was taken, or an offer.
    pub(super) fn describe(&mut self, now: Instant) -> anyhow::Result<String> {
        let Some(offer) = self.offered.take() else {
            return Ok(sdp::offer(&self.local, &mut self.session));
        };
        let answer = sdp::answer(&offer, &self.local, &mut self.session)?;
        self.agree(&answer.negotiated, now)?;
        Ok(answer.description)
    }

    /// Takes the answer to our offer.
    pub(super) fn take_answer(&mut self, sdp: &[u8], now: Instant) -> anyhow::Result<()> {
        let answer = SessionDescription::parse(sdp)?;
        let agreed = sdp::accept(&self.local, &answer)?;
        self.agree(&agreed, now)
    }

    fn agree(&mut self, agreed: &sdp::Negotiated, now: Instant) -> anyhow::Result<()> {
        let negotiated = terms(agreed);
        Ok(self.call.handle(
            Input::Update {
                leg: PEER,
                negotiated,
            },
            now,
        )?)
    }

    /// Presses a key.
    pub(super) fn press(&mut self, digit: Digit, now: Instant) -> anyhow::Result<()> {
        let input = Input::SendDigit {
            leg: PEER,
            digit,
            duration: PRESS,
        };
        Ok(self.call.handle(input, now)?)
    }

    /// Takes an RTP packet and listens to it.
    pub(super) fn hear(
        &mut self,
        source: SocketAddr,
        packet: &mut [u8],
        now: Instant,
    ) -> Option<Happening> {
        let heard = self
            .call
            .handle_packet(PEER, Datagram::without_room(source, packet), now)?;
        self.ear.listen(heard.bytes)
    }

    /// When [`Line::wake`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.answer_at.into_iter().chain(self.call.deadline()).min()
    }

    /// The time of the media has come.
    pub(super) fn wake(&mut self, now: Instant) {
        // A wake cannot fail: it names no leg.
        let _ = self.call.handle(Input::Wake, now);
    }

    /// Sends what is to be sent and gives what happened.
    pub(super) fn drain(&mut self, mut send: impl FnMut(&[u8], SocketAddr)) -> Vec<Happening> {
        let mut happened = Vec::new();
        while let Some(output) = self.call.poll() {
            match output {
                Output::Send(packet) if packet.leg == PEER => {
                    send(packet.bytes, packet.destination)
                }
                Output::Event {
                    leg: PEER,
                    event: Event::Digit { press, .. },
                } => {
                    happened.push(Happening::Digit(press.digit.key()));
                }
                Output::Event {
                    leg: PEER,
                    event: Event::Silent { .. },
                } => {
                    happened.extend(self.ear.nothing_comes());
                }
                // It agreed on no reports, so it makes none, and it records nothing.
                Output::Send(_)
                | Output::Report(_)
                | Output::Frame { .. }
                | Output::Key { .. }
                | Output::Reached { .. }
                | Output::Recorded { .. }
                | Output::RecordingOver { .. }
                | Output::Event { .. } => {}
            }
        }
        happened
    }
}

/// What SDP agreed on, in the words of media.
fn terms(agreed: &sdp::Negotiated) -> media::Negotiated {
    let codec = match agreed.codec {
        sdp::Codec::Pcmu => media::Codec::Pcmu,
        sdp::Codec::Pcma => media::Codec::Pcma,
        sdp::Codec::G722 => media::Codec::G722,
        sdp::Codec::Opus => media::Codec::Opus,
    };
    let mut terms = media::Negotiated::new(agreed.remote, codec);
    terms.payload_type = agreed.payload_type_send;
    terms.accepted[0] = Some((agreed.payload_type_receive, codec));
    terms.telephone_event = agreed.dtmf.map(|dtmf| dtmf.send);
    terms.telephone_event_accepted = agreed.dtmf.map(|dtmf| dtmf.receive);
    terms.packet_ms = agreed.ptime_ms;
    terms.direction = match agreed.direction {
        sdp::Direction::SendRecv => media::Direction::SendReceive,
        sdp::Direction::SendOnly => media::Direction::SendOnly,
        sdp::Direction::RecvOnly => media::Direction::ReceiveOnly,
        sdp::Direction::Inactive => media::Direction::Inactive,
    };
    terms
}

/// The ear wants µ-law and sends nothing. Its address is never used: its packets go nowhere.
fn ear_terms() -> media::Negotiated {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let mut terms = media::Negotiated::new(nowhere, media::Codec::Pcmu);
    terms.direction = media::Direction::SendOnly;
    terms.watched = false;
    terms
}
