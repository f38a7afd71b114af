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
