//! What the events mean: history, timeline, verification, live.
