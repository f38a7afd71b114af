//! The keys of a call: told once each, and passed on to who hears the leg that pressed them.

use std::time::Instant;

use super::Call;
use crate::dtmf::{Came, Press};
use crate::event::{Event, Method};
use crate::leg::Pressed;

impl Call {
    pub(super) fn press_event(&mut self, from: usize, pressed: &Pressed, now: Instant) {
        self.legs[from].told_by_event(pressed.press.digit, now, &mut self.events);
        self.press(from, pressed, Method::TelephoneEvent, now);
    }

    /// A key came otherwise: it counts now, later, or not at all.
    pub(super) fn press_came(&mut self, from: usize, press: Press, method: Method, now: Instant) {
        match self.legs[from].came(press, method, now) {
            Came::Told(press, method) => self.press_otherwise(from, press, method, now),
            Came::Waits => {}
            Came::Doubled(doubled) => {
                let id = self.legs[from].id;
                self.events.push(id, Event::DigitDoubled(doubled));
            }
        }
    }

    pub(super) fn press_otherwise(
        &mut self,
        from: usize,
        press: Press,
        method: Method,
        now: Instant,
    ) {
        let pressed = Pressed {
            press,
            from: None,
            seen: None,
        };
        self.press(from, &pressed, method, now);
    }

    /// A leg pressed a key: for the log, its agent, and the leg that hears it.
    fn press(&mut self, from: usize, pressed: &Pressed, method: Method, now: Instant) {
        let leg = &mut self.legs[from];
        let id = leg.id;
        self.events.push(
            id,
            Event::Digit {
                press: pressed.press,
                method,
                seen: pressed.seen,
            },
        );
        leg.tell_agent(pressed.press.digit, &mut self.events);
        if let Some(listener) = self.listener(id) {
            match &mut self.legs[listener].stream {
                Some(stream) => stream.press(pressed.press),
                None => self.legs[listener].pass_on(pressed, method, now, &mut self.events),
            }
        }
    }
}
