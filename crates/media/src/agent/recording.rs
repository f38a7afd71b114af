//! A recording at the place where it is.

use std::sync::Arc;

use super::Progress;

/// 8 kHz, 16 bit, mono.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    samples: Arc<[i16]>,
    position: usize,
    repeat: bool,
}

impl Recording {
    pub(crate) fn new(samples: Arc<[i16]>, repeat: bool) -> Recording {
        // A recording without a sample cannot be repeated.
        let repeat = repeat && !samples.is_empty();
        Recording {
            samples,
            position: 0,
            repeat,
        }
    }

    pub(crate) fn restart(&mut self) {
        self.position = 0;
    }

    pub(crate) fn fill(&mut self, frame: &mut [i16]) -> Progress {
        let mut rest = frame;
        loop {
            let left = &self.samples[self.position..];
            let count = left.len().min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(&left[..count]);
            self.position += count;
            rest = later;
            if self.position == self.samples.len() {
                if !self.repeat {
                    rest.fill(0);
                    return Progress::Played;
                }
                self.position = 0;
            }
            if rest.is_empty() {
                return Progress::Goes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_with_silence_or_begins_again() {
        let samples: Arc<[i16]> = (1..=5).collect();
        let mut once = Recording::new(Arc::clone(&samples), false);
        let mut frame = [9; 4];
        assert_eq!(
            (once.fill(&mut frame), frame),
            (Progress::Goes, [1, 2, 3, 4])
        );
        assert_eq!(
            (once.fill(&mut frame), frame),
            (Progress::Played, [5, 0, 0, 0])
        );
        let mut repeated = Recording::new(samples, true);
        let mut frame = [0; 12];
        assert_eq!(repeated.fill(&mut frame), Progress::Goes);
        assert_eq!(frame, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]);
        let mut empty = Recording::new(Arc::from([]), true);
        assert_eq!((empty.fill(&mut frame), frame), (Progress::Played, [0; 12]));
    }
}
