//! Follows the journal, decides, appends the decision.
