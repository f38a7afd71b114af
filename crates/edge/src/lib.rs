//! Sockets on one side, the journal on the other, sip and media between.
