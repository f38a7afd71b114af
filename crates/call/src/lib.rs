//! Call control as a fold and a decision, with no socket and no clock.
