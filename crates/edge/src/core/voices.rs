//! What happens in the media of calls, and what becomes of their recordings.

use super::Core;
use crate::clock::Moment;
use crate::recorder::FromRecorder;
use crate::voice::FromVoice;

impl Core {
    pub(super) fn voice(&mut self, from: FromVoice, moment: Moment) {
        self.with_call(from.call, moment, |call, step| call.happened(step, from));
    }

    pub(super) fn recorded(&mut self, from: FromRecorder, moment: Moment) {
        self.with_call(from.call, moment, |call, step| {
            call.recorded(step, from.told);
        });
    }
}
