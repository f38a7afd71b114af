//! From media to facts: packets that begin, stop and come again, keys, and agents that come to their end.

use std::time::Duration;

use media::{Digit, Event, Finished, Method, Occasion, Press};
use schemas::media::DigitMethod;
use schemas::observation::{
    AgentLost, DigitDoubled, DigitLoss, DigitLost, DigitReceived, EchoHeard, KeySeen, MediaLatched,
    MediaResumed, MediaSilent, MediaStarted, MediaTranscoded, TransferRequested, TransferSource,
};
use schemas::{LegId, Personal};
use sip::Message;

use crate::call::Call;
use crate::configuration::Digits;
use crate::leg::{Leg, Socket};
use crate::measures;
use crate::step::Step;
use crate::tally::milliseconds;
use crate::voice::{FromVoice, Happened, Hears, leg_id};

/// How long a key is down if the INFO that tells it does not say: what RFC 4733 senders use.
const INFO_DIGIT: Duration = Duration::from_millis(160);

impl Call {
    /// Something happened in the media of a leg, or in the handshake that makes its keys.
    pub fn happened(&mut self, step: &mut Step<'_>, from: FromVoice) {
        match from.event {
            Happened::Media(event) => self.heard(step, from.leg, event),
            Happened::Handshake(outcome) => self.shaken(step, from.leg, outcome),
            Happened::Stream(event) => self.stream_happened(step, from.leg, event),
        }
    }

    /// Something happened in the media of a leg.
    pub fn heard(&mut self, step: &mut Step<'_>, leg: LegId, event: Event) {
        if let Event::Measured(measured) = event {
            match measured.occasion {
                Occasion::End => self.measured(step, leg, &measured),
                Occasion::Interval | Occasion::Loss | Occasion::Silence | Occasion::Codec => {
                    self.measured_meanwhile(step, leg, &measured);
                }
            }
            return;
        }
        // What happened before the measures belongs to the leg, also when its dialog is over already.
        let Some(state) = self.legs.get_mut(&leg).filter(|leg| !leg.is_over()) else {
            return;
        };
        if state.stream.is_some() {
            return self.stream_heard(step, leg, &event);
        }
        match event {
            Event::Started { source, ssrc, .. } => {
                let after_answer_ms = after_answer_ms(state, step);
                let source = source.to_string();
                self.fact(
                    step,
                    MediaStarted {
                        leg,
                        after_answer_ms,
                        source,
                        ssrc,
                    },
                );
            }
            Event::Transcoded { speaker, from, to } => {
                let fact = MediaTranscoded {
                    leg,
                    speaker: LegId(speaker.0),
                    from: from.to_string(),
                    to: to.to_string(),
                };
                self.fact(step, fact);
            }
            Event::Latched {
                source,
                signalled,
                ssrc,
            } => {
                // That the first one comes from where it should tells nothing beyond `MediaStarted`.
                let is_news = std::mem::replace(&mut state.latched, true) || source != signalled;
                if !is_news {
                    return;
                }
                let (source, signalled) = (source.to_string(), signalled.to_string());
                self.fact(
                    step,
                    MediaLatched {
                        leg,
                        source,
                        signalled,
                        ssrc,
                    },
                );
            }
            Event::Refused(refused) => {
                self.fact(step, measures::media_refused(leg, &refused));
            }
            Event::Silent {
                silence,
                lasted,
                seen,
            } => {
                self.fact(
                    step,
                    MediaSilent {
                        leg,
                        for_ms: milliseconds(lasted),
                        silence: measures::silence(silence),
                        seen: Some(measures::seen(&seen)),
                    },
                );
            }
            Event::Resumed { silence, after } => {
                self.fact(
                    step,
                    MediaResumed {
                        leg,
                        after_ms: milliseconds(after),
                        silence: measures::silence(silence),
                    },
                );
            }
            Event::Digit {
                press,
                method,
                seen,
            } => {
                self.digit(step, leg, digit_method(method), &press, seen);
                self.note_early_key(step, leg, seen.map_or(press.duration, |seen| seen.over));
                self.pass_key(step, leg, press.digit, press.duration);
            }
            Event::DigitDoubled(doubled) => {
                let fact = DigitDoubled {
                    leg,
                    counted_as: digit_method(doubled.counted_as),
                    method: digit_method(doubled.method),
                    apart_ms: milliseconds(doubled.apart),
                };
                self.fact(step, fact);
            }
            Event::Echo(echoed) => {
                let fact = EchoHeard {
                    leg,
                    delay_ms: milliseconds(echoed.delay),
                    correlation_permille: echoed.correlation_permille,
                };
                self.fact(step, fact);
            }
            Event::DigitLost(loss) => self.digit_lost(step, leg, loss),
            Event::AgentChoice { digit } => self.agent_chose(step, leg, digit),
            Event::AgentFinished { finished } => self.agent_finished(step, leg, finished),
            Event::RecordingPaused { at, digits } => self.recording_paused(step, at, digits),
            Event::RecordingResumed { at, digits } => self.recording_resumed(step, at, digits),
            // Counted: it stands in the measures of the leg.
            Event::Overflowed | Event::Measured(_) => {}
        }
    }

    /// What an agent says and does not say is told in words of its own.
    fn stream_heard(&mut self, step: &mut Step<'_>, leg: LegId, event: &Event) {
        match event {
            Event::Silent { lasted, .. } => self.stream_silent(step, leg, *lasted),
            Event::Overflowed => self.stream_overflowed(step, leg),
            // Its measures tell how much it said; the others are of RTP.
            _ => {}
        }
    }

    /// An INFO that tells a key (application/dtmf-relay, application/dtmf). The media passes it on and tells of it.
    pub fn info(&mut self, step: &mut Step<'_>, leg: LegId, message: &Message) {
        let Some((digit, duration)) = digit_of(message) else {
            return;
        };
        let Some(state) = self.legs.get(&leg).filter(|leg| leg.is_live()) else {
            return;
        };
        if state.socket == Socket::Open {
            self.voice(
                step,
                media::Input::DigitSignalled {
                    leg: leg_id(leg),
                    digit,
                    duration,
                },
            );
        } else {
            let press = Press {
                digit,
                duration,
                volume: 0,
            };
            self.digit(step, leg, DigitMethod::Info, &press, None);
        }
    }

    /// A leg that is up was measured: what it is worth is told, what its peer says of it where something is wrong.
    fn measured_meanwhile(&mut self, step: &mut Step<'_>, leg: LegId, measured: &media::Measured) {
        if self.legs.get(&leg).is_none_or(|leg| leg.is_over()) {
            return;
        }
        self.fact(step, measures::media_measured(leg, measured));
        let is_wrong = measured.occasion != Occasion::Interval;
        if let Some(reported) = measured.reported.as_ref().filter(|_| is_wrong) {
            self.fact(step, measures::media_reported(leg, reported));
        }
    }

    fn digit(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        method: DigitMethod,
        press: &Press,
        seen: Option<media::KeySeen>,
    ) {
        let Some(state) = self.legs.get(&leg) else {
            return;
        };
        let digit = (state.digits == Digits::Stored).then(|| press.digit.key());
        let duration_ms = milliseconds(press.duration);
        let seen = seen.map(|seen| KeySeen {
            ended: seen.ended,
            over_ms: milliseconds(seen.over),
        });
        self.fact(
            step,
            DigitReceived {
                leg,
                method,
                duration_ms,
                digit,
                seen,
            },
        );
    }

    /// The media of a leg could not send a key: unless it gets keys by INFO, it is lost.
    fn digit_lost(&mut self, step: &mut Step<'_>, leg: LegId, loss: media::DigitLoss) {
        let by_info = self.legs.get(&leg).is_some_and(|leg| leg.keys.is_some());
        let because = match loss {
            media::DigitLoss::NoWay if by_info => return,
            media::DigitLoss::NoWay => DigitLoss::NoWay,
            media::DigitLoss::TooMany => DigitLoss::TooMany,
        };
        self.fact(step, DigitLost { leg, because });
    }

    /// A menu's choice: where it leads is what control decides on; the key itself stays here.
    fn agent_chose(&mut self, step: &mut Step<'_>, leg: LegId, digit: Digit) {
        let agent = self.legs.get(&leg).and_then(|leg| leg.agent.as_ref());
        let Some(agent) = agent else { return };
        let chosen = agent
            .choices
            .iter()
            .find(|choice| Digit::new(choice.digit) == Some(digit));
        let Some(choice) = chosen else { return };
        let requested = TransferRequested {
            leg,
            target: Personal::new(choice.target.clone()),
            source: TransferSource::Agent {
                agent: agent.name.clone(),
                choice: "menu choice".to_owned(),
            },
            referred_by: None,
            replaces: false,
        };
        self.fact(step, requested);
    }

    fn agent_finished(&mut self, step: &mut Step<'_>, leg: LegId, finished: Finished) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let Some(agent) = state.agent.take() else {
            return;
        };
        state.hears = Hears::Nothing;
        // Its media has let go of the agent already.
        state.tuned = Hears::Nothing;
        let cause = match finished {
            Finished::Played => "finished",
            Finished::NoChoice => "nobody chose",
        };
        self.fact(
            step,
            AgentLost {
                leg,
                agent: agent.name,
                cause: cause.to_owned(),
            },
        );
    }
}

fn digit_method(method: Method) -> DigitMethod {
    match method {
        Method::TelephoneEvent => DigitMethod::TelephoneEvent,
        Method::Signalled => DigitMethod::Info,
        Method::InBand => DigitMethod::InBand,
    }
}

/// Negative for media before the answer; how much earlier is known only when the answer comes, so it says 1 ms.
fn after_answer_ms(leg: &Leg, step: &Step<'_>) -> i32 {
    let now = step.moment.now;
    match leg.answered {
        Some(_) => i32::try_from(leg.talk_ms(now)).unwrap_or(i32::MAX),
        None => -1,
    }
}

fn digit_of(message: &Message) -> Option<(Digit, Duration)> {
    let body = std::str::from_utf8(message.body()).ok()?;
    if !message.has_body_of("application/dtmf-relay") {
        return key(body.trim()).map(|digit| (digit, INFO_DIGIT));
    }
    let value = |name: &str| {
        body.lines().find_map(|line| {
            let (found, value) = line.split_once('=')?;
            found
                .trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim())
        })
    };
    let digit = key(value("Signal")?)?;
    let duration_ms = value("Duration").and_then(|text| text.parse().ok());
    Some((digit, duration_ms.map_or(INFO_DIGIT, Duration::from_millis)))
}

/// The key, also as the number of its event (RFC 4733, section 3.2).
fn key(text: &str) -> Option<Digit> {
    match text {
        "10" => Digit::new('*'),
        "11" => Digit::new('#'),
        _ => {
            let mut letters = text.chars();
            let (Some(letter), None) = (letters.next(), letters.next()) else {
                return None;
            };
            Digit::new(letter)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_both_forms_of_info() {
        let read = |kind: &str, body: &str| {
            let text = format!(
                "INFO sip:a SIP/2.0\r\nContent-Type: application/{kind}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            digit_of(&Message::parse(text.into()).unwrap())
                .map(|(digit, down)| (digit.key(), down.as_millis()))
        };
        assert_eq!(
            read("dtmf-relay", "Signal=5\r\nDuration=200\r\n"),
            Some(('5', 200))
        );
        assert_eq!(read("dtmf-relay", "signal= 10 \n"), Some(('*', 160)));
        assert_eq!(read("dtmf", "#"), Some(('#', 160)));
        assert_eq!(read("dtmf", "55"), None);
        assert_eq!(read("dtmf-relay", "Duration=3"), None);
    }
}
