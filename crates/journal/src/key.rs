//! A subject as a key of fixed size: for indexes, for lanes and for names that a peer must not choose.

use schemas::{CallId, Hash, Lane, Subject};

/// A subject in 17 bytes: a call by its id, a trunk or a node by the hash of its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Key {
    /// `c`, `t` or `n`.
    pub(crate) kind: u8,
    /// The call's id, or the first half of the hash of the name.
    pub(crate) id: [u8; 16],
}

impl Key {
    pub(crate) fn of(subject: &Subject) -> Key {
        match subject {
            Subject::Call(call) => Key::of_call(*call),
            Subject::Trunk(name) => Key::of_name(b't', name.as_str()),
            Subject::Node(name) => Key::of_name(b'n', name.as_str()),
        }
    }

    pub(crate) fn of_call(call: CallId) -> Key {
        Key {
            kind: b'c',
            id: call.0,
        }
    }

    /// The call, if the key is one's.
    pub(crate) fn call(&self) -> Option<CallId> {
        (self.kind == b'c').then_some(CallId(self.id))
    }

    fn of_name(kind: u8, name: &str) -> Key {
        let hash = Hash::of(name.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        Key { kind, id }
    }
}

/// One lane of one subject.
pub(crate) type LaneKey = (Key, Lane);
