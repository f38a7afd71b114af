//! What waits to be written to an agent. Audio that is too old is dropped; of what is not audio nothing may be, so that an
//! agent for which too much of it waits is one that reads nothing.

use std::collections::VecDeque;

use tokio_tungstenite::tungstenite::Message;

use super::MESSAGE_BYTES_MAX;

/// Messages of audio that wait for an agent that does not read: a second of it. Beyond it the oldest is dropped, so that
/// what the agent hears stays new.
pub const AUDIO_MAX: usize = 50;

/// Octets that wait for it at most, as much as one message of its own may have: the marks of two minutes, each word's, come
/// back together at a clear and are an eighth of it.
pub const WAITING_BYTES_MAX: usize = MESSAGE_BYTES_MAX;

/// Messages in the order in which they are written.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    /// How many of them are audio.
    audio: usize,
    /// What they take in memory.
    bytes: usize,
}

#[derive(Debug)]
enum Waiting {
    Audio(Message),
    Other(Message),
}

/// More waits than may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Queue {
    /// Audio behind everything else. Whether the oldest was dropped for it.
    pub(super) fn push_audio(&mut self, message: Message) -> Result<bool, Full> {
        self.put(Waiting::Audio(message))?;
        Ok(self.audio > AUDIO_MAX && self.drop_oldest_audio())
    }

    /// What must not be dropped.
    pub(super) fn push(&mut self, message: Message) -> Result<(), Full> {
        self.put(Waiting::Other(message))
    }

    /// What is written next.
    pub(super) fn pop(&mut self) -> Option<Message> {
        let waiting = self.waiting.pop_front()?;
        self.forget(&waiting);
        Some(waiting.message())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Lets go of all audio.
    pub(super) fn drop_audio(&mut self) {
        while self.drop_oldest_audio() {}
    }

    pub(super) fn clear(&mut self) {
        *self = Queue::default();
    }

    fn put(&mut self, waiting: Waiting) -> Result<(), Full> {
        let bytes = self.bytes + waiting.bytes();
        if bytes > WAITING_BYTES_MAX {
            return Err(Full);
        }
        self.bytes = bytes;
        self.audio += usize::from(waiting.is_audio());
        self.waiting.push_back(waiting);
        Ok(())
    }

    fn drop_oldest_audio(&mut self) -> bool {
        let oldest = self.waiting.iter().position(Waiting::is_audio);
        let dropped = oldest.and_then(|oldest| self.waiting.remove(oldest));
        dropped.is_some_and(|dropped| {
            self.forget(&dropped);
            true
        })
    }

    fn forget(&mut self, waiting: &Waiting) {
        self.bytes -= waiting.bytes();
        self.audio -= usize::from(waiting.is_audio());
    }
}

impl Waiting {
    fn is_audio(&self) -> bool {
        matches!(self, Waiting::Audio(_))
    }

    /// An empty one, as a ping is, takes room as well.
    fn bytes(&self) -> usize {
        let (Waiting::Audio(message) | Waiting::Other(message)) = self;
        message.len() + size_of::<Waiting>()
    }

    fn message(self) -> Message {
        let (Waiting::Audio(message) | Waiting::Other(message)) = self;
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(octets: usize) -> Message {
        Message::text("x".repeat(octets))
    }

    #[test]
    fn the_oldest_audio_makes_room_and_nothing_else_does() {
        let mut queue = Queue::default();
        queue.push(text(1)).unwrap();
        for octets in 2..2 + AUDIO_MAX {
            assert_eq!(queue.push_audio(text(octets)), Ok(false));
        }
        queue.push(text(100)).unwrap();
        assert_eq!(queue.push_audio(text(101)), Ok(true));
        let order: Vec<usize> = std::iter::from_fn(|| queue.pop().map(|next| next.len())).collect();
        let expected: Vec<usize> = [1].into_iter().chain(3..52).chain([100, 101]).collect();
        assert_eq!(order, expected);
        assert!(queue.is_empty());
        assert_eq!((queue.audio, queue.bytes), (0, 0));
    }

    #[test]
    fn what_waits_is_bounded_in_octets_also_where_messages_are_empty() {
        for octets in [0, 1, 1_000, WAITING_BYTES_MAX] {
            let mut queue = Queue::default();
            let taken = (0..).take_while(|_| queue.push(text(octets)).is_ok());
            assert_eq!(
                taken.count(),
                WAITING_BYTES_MAX / (octets + size_of::<Waiting>())
            );
            assert_eq!(queue.push(text(octets)), Err(Full));
            if queue.pop().is_some() {
                assert_eq!(queue.push(text(octets)), Ok(()));
            }
        }
    }

    #[test]
    fn audio_goes_and_the_rest_stays() {
        let mut queue = Queue::default();
        for octets in 0..10 {
            queue.push_audio(text(octets)).unwrap();
            queue.push(text(octets)).unwrap();
        }
        queue.drop_audio();
        assert_eq!((queue.audio, queue.waiting.len()), (0, 10));
        queue.clear();
        assert_eq!(queue.bytes, 0);
    }
}
