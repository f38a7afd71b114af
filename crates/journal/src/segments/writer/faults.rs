//! A disk that is full, and one that fails: the first heals, after the second nothing is written any more.

use std::io;

use super::Writer;
use crate::Reason;
use crate::segments::directory;

impl Writer {
    /// A write went wrong before a sync: takes back what it may have left.
    pub(super) fn cut_back(&mut self, error: &io::Error) {
        if !directory::is_full(error) {
            return self.fail("write", error);
        }
        let whole = self.file.set_len(self.length);
        match whole.and_then(|()| directory::reserve(&self.file, self.space)) {
            Err(error) if !directory::is_full(&error) => self.fail("cut back", &error),
            _ => self.refuse(error),
        }
    }

    /// Nothing can be taken now; what is staged was not.
    pub(super) fn refuse(&mut self, error: &io::Error) {
        self.drop_staged();
        self.fault = Some(if directory::is_full(error) {
            Reason::Full(error.to_string())
        } else {
            Reason::Failed(error.to_string())
        });
    }

    /// The disk did something after which nobody knows what is on it.
    pub(super) fn fail(&mut self, action: &'static str, error: &io::Error) {
        self.drop_staged();
        self.fault = Some(Reason::Failed(format!("cannot {action}: {error}")));
        self.failed.clone_from(&self.fault);
    }

    fn drop_staged(&mut self) {
        self.buffer.clear();
        self.staged.clear();
        self.lanes.forget();
    }
}
