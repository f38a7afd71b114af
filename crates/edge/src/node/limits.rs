//! Calls that were refused because there were too many: counted, so that they are one event.

use schemas::observation::{LimitOf, LimitReached};
use schemas::{Personal, TrunkName};

use super::Node;
use crate::clock::Moment;
use crate::ledger::Ledger;
use crate::tally::Told;

/// Whose limit refused calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limited {
    /// Whose limit it was.
    pub limit: LimitOf,
    /// The trunk of the calls.
    pub trunk: Option<TrunkName>,
    /// The number, if it was the number's.
    pub number: Option<String>,
}

/// The first of the calls.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The status that it got; none for calls of ours.
    pub status: Option<u16>,
    /// Why, in words.
    pub why: String,
}

impl Node {
    /// A call was refused because a limit was reached.
    pub fn limit_reached(
        &mut self,
        ledger: &mut Ledger,
        limited: Limited,
        refused: Refused,
        moment: Moment,
    ) {
        let others = Limited {
            limit: limited.limit,
            trunk: None,
            number: None,
        };
        let told = self.limits.count(limited, others, moment.now, || refused);
        self.tell_limits(ledger, told, moment);
    }

    pub(super) fn tell_limits(
        &mut self,
        ledger: &mut Ledger,
        told: impl IntoIterator<Item = Told<Limited, Refused>>,
        moment: Moment,
    ) {
        for Told {
            key:
                Limited {
                    limit,
                    trunk,
                    number,
                },
            count,
            first: Refused { status, why },
            over_ms,
        } in told
        {
            let reached = LimitReached {
                limit,
                trunk,
                number: number.map(Personal::new),
                calls: count,
                status,
                why,
                over_ms,
            };
            self.fact(ledger, reached, moment);
        }
    }
}
