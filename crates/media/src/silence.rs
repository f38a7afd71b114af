//! The watch for a peer that is not heard: no packets, or packets without sound.

use std::time::{Duration, Instant};

/// What kind of silence it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// No packet came.
    NoPackets,
    /// Packets came, but no sound in them.
    NoSound,
}

/// How long each kind may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Without a packet. Usually two seconds.
    pub no_packets: Duration,
    /// Without sound; nobody watches for it if absent, for people do listen.
    pub no_sound: Option<Duration>,
}

/// The watch of one leg. It looks at its own times only, so that a packet moves no timer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    packets: Option<Quiet>,
    sound: Option<Quiet>,
    look_at: Option<Instant>,
    on: bool,
}

#[derive(Clone, Copy, Debug)]
struct Quiet {
    last: Instant,
    told: bool,
}

impl Watch {
    /// Packets are due from now on.
    pub(crate) fn start(&mut self, bounds: &Bounds, now: Instant) {
        if self.on {
            return;
        }
        self.on = true;
        for quiet in [&mut self.packets, &mut self.sound] {
            match quiet {
                Some(quiet) if quiet.told => {}
                Some(_) | None => {
                    *quiet = Some(Quiet {
                        last: now,
                        told: false,
                    })
                }
            }
        }
        self.arm(bounds);
    }

    /// Nothing is due: the leg is held, or not answered yet.
    pub(crate) fn stop(&mut self) {
        self.on = false;
        self.look_at = None;
    }

    /// A packet was let in, with sound, without, or not looked at. Calls back for each silence that it ends.
    pub(crate) fn heard(
        &mut self,
        audible: Option<bool>,
        bounds: &Bounds,
        now: Instant,
        mut resumed: impl FnMut(Silence, Duration),
    ) {
        let mut ended = false;
        if let Some(after) = Quiet::sign(&mut self.packets, now) {
            ended = true;
            resumed(Silence::NoPackets, after);
            // Without packets there was nothing to listen to.
            self.sound = Some(Quiet {
                last: now,
                told: false,
            });
        }
        if audible == Some(true)
            && let Some(after) = Quiet::sign(&mut self.sound, now)
        {
            ended = true;
            resumed(Silence::NoSound, after);
        }
        if ended && self.on {
            self.arm(bounds);
        }
    }

    /// Calls back for each silence that has lasted too long.
    pub(crate) fn look(
        &mut self,
        bounds: &Bounds,
        now: Instant,
        mut silent: impl FnMut(Silence, Duration),
    ) {
        if self.look_at.is_none_or(|at| now < at) {
            return;
        }
        let packets_told = self.packets.is_some_and(|quiet| quiet.told);
        if let Some(lasted) = Quiet::exceeds(&mut self.packets, bounds.no_packets, now) {
            silent(Silence::NoPackets, lasted);
        } else if let (Some(bound), false) = (bounds.no_sound, packets_told)
            && let Some(lasted) = Quiet::exceeds(&mut self.sound, bound, now)
        {
            silent(Silence::NoSound, lasted);
        }
        self.arm(bounds);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.look_at
    }

    fn arm(&mut self, bounds: &Bounds) {
        let due = |quiet: Option<Quiet>, bound: Duration| {
            quiet
                .filter(|quiet| !quiet.told)
                .map(|quiet| quiet.last + bound)
        };
        let packets = due(self.packets, bounds.no_packets);
        // While no packet comes, only a packet can change anything.
        let sound = bounds
            .no_sound
            .filter(|_| packets.is_some())
            .and_then(|bound| due(self.sound, bound));
        self.look_at = [packets, sound].into_iter().flatten().min();
    }
}

impl Quiet {
    fn sign(quiet: &mut Option<Quiet>, now: Instant) -> Option<Duration> {
        let before = quiet.replace(Quiet {
            last: now,
            told: false,
        })?;
        before
            .told
            .then(|| now.saturating_duration_since(before.last))
    }

    fn exceeds(quiet: &mut Option<Quiet>, bound: Duration, now: Instant) -> Option<Duration> {
        let quiet = quiet.as_mut().filter(|quiet| !quiet.told)?;
        let lasted = now.saturating_duration_since(quiet.last);
        if lasted < bound {
            return None;
        }
        quiet.told = true;
        Some(lasted)
    }
}
