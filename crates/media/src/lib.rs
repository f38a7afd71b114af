//! RTP without sockets: sessions, relay, G.711, DTMF, built-in agents, quality (RFC 3550, 4733).
