//! The built-in agents: echo, tone, announcement, digit menu, hold. They make the demo, the test
//! calls and the tests work without any outside service.

mod menu;
mod pace;
mod pattern;
mod recording;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dtmf::{Digit, Digits};
use crate::tone::Sine;
use menu::Prompting;
pub(crate) use pace::Pace;
use pattern::Pattern;
use recording::Recording;

/// What a leg hears when no other leg speaks.
#[derive(Clone, Debug, PartialEq)]
pub enum Agent {
    /// Sends back what it hears, at once, telephone events too.
    Echo,
    /// A tone that does not end.
    Tone {
        /// 100 to 3,400 Hz are heard in G.711.
        frequency_hz: u16,
        /// The peak below full scale, 0 to −60; −10 is usual.
        level_db: i8,
    },
    /// A recording.
    Announcement {
        /// 8 kHz, 16 bit, mono; shared between calls.
        samples: Arc<[i16]>,
        /// Whether it begins again at its end; otherwise the agent leaves.
        repeat: bool,
    },
    /// Plays a prompt and waits for a key.
    Menu(Menu),
    /// Two soft beeps every three seconds: what somebody hears who waits.
    Hold,
}

/// A digit menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Menu {
    /// 8 kHz, 16 bit, mono; three rising tones if absent.
    pub prompt: Option<Arc<[i16]>>,
    /// The keys that are choices. Another key plays the prompt again.
    pub choices: Digits,
    /// How long it waits for a key after the prompt.
    pub wait: Duration,
    /// How often the prompt is played before the agent leaves, 1 or more.
    pub attempts: u8,
}

impl Menu {
    /// The synthesised prompt, five seconds to choose, three attempts.
    pub fn new(choices: Digits) -> Menu {
        Menu {
            prompt: None,
            choices,
            wait: Duration::from_secs(5),
            attempts: 3,
        }
    }
}

impl Agent {
    /// Its kind in a word, as events name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Agent::Echo => "echo",
            Agent::Tone { .. } => "tone",
            Agent::Announcement { .. } => "announcement",
            Agent::Menu(_) => "menu",
            Agent::Hold => "hold",
        }
    }
}

/// An agent at work on a leg.
#[derive(Clone, Debug)]
pub(crate) struct Playing {
    voice: Voice,
    /// Absent while nothing can be sent, and for an agent that only answers.
    pace: Option<Pace>,
}

#[derive(Clone, Debug)]
enum Voice {
    Echo,
    Tone(Sine),
    Recording(Recording),
    Menu(Prompting),
    Pattern(Pattern),
}

/// What came of a frame or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Goes,
    Chosen(Digit),
    /// The recording is over.
    Played,
    /// Nobody chose.
    NoChoice,
}

impl Playing {
    pub(crate) fn new(agent: Agent) -> Playing {
        let voice = match agent {
            Agent::Echo => Voice::Echo,
            Agent::Tone {
                frequency_hz,
                level_db,
            } => Voice::Tone(Sine::new(frequency_hz, level_db)),
            Agent::Announcement { samples, repeat } => {
                Voice::Recording(Recording::new(samples, repeat))
            }
            Agent::Menu(menu) => Voice::Menu(Prompting::new(menu)),
            Agent::Hold => Voice::Pattern(Pattern::hold()),
        };
        Playing { voice, pace: None }
    }

    pub(crate) fn is_echo(&self) -> bool {
        matches!(self.voice, Voice::Echo)
    }

    /// It can be heard from `at` on, in packets of `packet_ms`.
    pub(crate) fn start(&mut self, packet_ms: u16, at: Instant) {
        self.pace = (!self.is_echo()).then(|| Pace::new(packet_ms, at));
    }

    /// It cannot be heard: it waits where it is.
    pub(crate) fn pause(&mut self) {
        self.pace = None;
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.pace.as_ref().map(Pace::deadline)
    }

    /// Fills the frame that is due and gives the time that it stands for.
    pub(crate) fn next(&mut self, frame: &mut [i16], now: Instant) -> Option<(Instant, Progress)> {
        let at = self.pace.as_mut()?.next(now)?;
        let progress = match &mut self.voice {
            Voice::Echo => Progress::Goes,
            Voice::Tone(sine) => {
                sine.fill(frame);
                Progress::Goes
            }
            Voice::Recording(recording) => recording.fill(frame),
            Voice::Menu(menu) => menu.fill(frame, at),
            Voice::Pattern(pattern) => {
                pattern.fill(frame);
                Progress::Goes
            }
        };
        Some((at, progress))
    }

    /// The leg pressed a key.
    pub(crate) fn press(&mut self, digit: Digit) -> Progress {
        match &mut self.voice {
            Voice::Menu(menu) => menu.press(digit),
            Voice::Echo | Voice::Tone(_) | Voice::Recording(_) | Voice::Pattern(_) => {
                Progress::Goes
            }
        }
    }
}
