//! A digit menu.
//!
//! ```text
//!             prompt over              no key in time, attempts left
//! Prompting --------------> Waiting ---------------------------------> Prompting
//!     |                        |  no key in time, none left
//!     | a choice, at any time  |------------------------------------> Over (NoChoice)
//!     +------------------------+ a choice ---------------------------> Over (Chosen)
//!       another key: as if the time had run out
//! ```

use std::time::{Duration, Instant};

use super::pattern::Pattern;
use super::recording::Recording;
use super::{Menu, Progress};
use crate::dtmf::{Digit, Digits};

/// A menu at work.
#[derive(Clone, Debug)]
pub(crate) struct Prompting {
    prompt: Prompt,
    choices: Digits,
    wait: Duration,
    attempts_left: u8,
    state: State,
}

#[derive(Clone, Debug)]
enum Prompt {
    Pattern(Pattern),
    Recording(Recording),
}

#[derive(Clone, Copy, Debug)]
enum State {
    Prompting,
    Waiting { until: Instant },
    Over,
}

impl Prompting {
    pub(crate) fn new(menu: Menu) -> Prompting {
        let prompt = match menu.prompt {
            Some(samples) => Prompt::Recording(Recording::new(samples, false)),
            None => Prompt::Pattern(Pattern::prompt()),
        };
        Prompting {
            prompt,
            choices: menu.choices,
            wait: menu.wait,
            attempts_left: menu.attempts.max(1) - 1,
            state: State::Prompting,
        }
    }

    /// The frame that stands for the time `at`. Silence is sent too: the peer's watch sees a live leg.
    pub(crate) fn fill(&mut self, frame: &mut [i16], at: Instant) -> Progress {
        if let State::Waiting { until } = self.state
            && until <= at
            && self.again() == Progress::NoChoice
        {
            frame.fill(0);
            return Progress::NoChoice;
        }
        match self.state {
            State::Prompting => {
                let goes = match &mut self.prompt {
                    Prompt::Pattern(pattern) => pattern.fill(frame),
                    Prompt::Recording(recording) => recording.fill(frame) == Progress::Goes,
                };
                if !goes {
                    self.state = State::Waiting {
                        until: at + self.wait,
                    };
                }
            }
            State::Waiting { .. } | State::Over => frame.fill(0),
        }
        Progress::Goes
    }

    pub(crate) fn press(&mut self, digit: Digit) -> Progress {
        match self.state {
            State::Over => Progress::Goes,
            State::Prompting | State::Waiting { .. } if self.choices.contains(digit) => {
                self.state = State::Over;
                Progress::Chosen(digit)
            }
            State::Prompting | State::Waiting { .. } => self.again(),
        }
    }

    fn again(&mut self) -> Progress {
        let Some(left) = self.attempts_left.checked_sub(1) else {
            self.state = State::Over;
            return Progress::NoChoice;
        };
        self.attempts_left = left;
        self.state = State::Prompting;
        match &mut self.prompt {
            Prompt::Pattern(pattern) => pattern.restart(),
            Prompt::Recording(recording) => recording.restart(),
        }
        Progress::Goes
    }
}
