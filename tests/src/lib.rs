//! Proof: scenarios, real peers, faults, layers.
