//! The event vocabulary: what happened on a call, a trunk or a node.
