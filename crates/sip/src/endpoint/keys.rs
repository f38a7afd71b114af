//! Keys: how the user and the endpoint name legs, transactions and questions to each other.

use std::fmt;

macro_rules! key {
    ($(#[$doc:meta])* $name:ident $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) u64);

        impl $name {
            /// The number, unique in one endpoint's life and never used again.
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

key! {
    /// A leg: one INVITE, incoming or outgoing, and the dialog that grows from it.
    LegKey "leg-"
}

key! {
    /// A transaction, ours or the peer's; an OPTIONS of either side is named by it as well.
    TransactionKey "tx-"
}

/// Which callee of an INVITE of ours: a forked one may ring several, numbered in the order in which they are heard.
/// A leg that the peer started has the first only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fork(pub(crate) u8);

impl Fork {
    /// The first that was heard.
    pub const FIRST: Fork = Fork(0);

    /// The number, from 0.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fork-{}", self.0)
    }
}
