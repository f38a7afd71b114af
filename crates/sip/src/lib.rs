//! SIP without sockets: wire layer, transactions, dialogs (RFC 3261, 6026, 3515).
