//! Bounds of what one peer may make us read. Each is a named constant so that a report can say which was met.

/// Octets of one message, start line to last body octet. A UDP datagram cannot carry more.
pub const MESSAGE_BYTES_MAX: usize = 65_535;

/// Octets of one header field after unfolding, name included, and of the start line.
pub const LINE_BYTES_MAX: usize = 8_192;

/// Header fields of one message. Real trunk messages have 15 to 60.
pub const HEADERS_MAX: usize = 256;

/// Values of Via, and of Route, in one message: Max-Forwards starts at 70, so no honest path is longer.
pub const HOPS_MAX: usize = 70;
