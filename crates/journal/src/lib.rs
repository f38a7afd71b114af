//! The log: segment files and NATS JetStream behind one contract.
