//! The facts of the edge itself: its start and stop, and what it refused, counted so that a flood of packets is no
//! flood of events.

mod limits;

use std::fmt;
use std::net::IpAddr;
use std::time::Instant;

use schemas::observation::{
    CallsTurnedAway, ConnectionOpener, ConnectionsRefused, EdgeStarted, EdgeStopped,
    MessagesMalformed, SourceRefused, TlsRefused, Tried,
};
use schemas::{Chain, Event, Observation, TrunkName};

pub use self::limits::{Limited, Refused};
use crate::clock::Moment;
use crate::ledger::Ledger;
use crate::tally::{Tally, Told};
use crate::transport::tls::{Opener, Refusal};

/// The facts of one edge.
#[derive(Debug)]
pub struct Node {
    chain: Chain,
    strangers: Tally<Source, Stranger>,
    challenged: Tally<Source, Stranger>,
    malformed: Tally<Source, String>,
    turned_away: Tally<&'static str, u16>,
    handshakes: Tally<Handshakes, Refusal>,
    connections: Tally<Source, Crowd>,
    limits: Tally<Limited, Refused>,
}

/// Handshakes that are counted together: two trunks may have one address.
type Handshakes = (Source, Option<TrunkName>, Opener);

/// Why connections of one address were closed at once.
#[derive(Clone, Debug)]
struct Crowd {
    trunk: Option<TrunkName>,
    why: &'static str,
}

/// Where messages came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// One address.
    Address(IpAddr),
    /// More addresses than are counted one by one.
    Others,
}

/// What is told of a stranger's first request.
#[derive(Clone, Debug)]
pub struct Stranger {
    /// Its method.
    pub method: String,
    /// The answer, if there was one.
    pub status: Option<u16>,
    /// The trunks that were tried.
    pub tried: Vec<Tried>,
}

impl Node {
    /// The node whose facts go on behind this chain.
    pub fn new(chain: Chain) -> Node {
        Node {
            chain,
            strangers: Tally::default(),
            challenged: Tally::default(),
            malformed: Tally::default(),
            turned_away: Tally::default(),
            handshakes: Tally::default(),
            connections: Tally::default(),
            limits: Tally::default(),
        }
    }

    /// The edge began.
    pub fn started(&mut self, ledger: &mut Ledger, started: EdgeStarted, moment: Moment) {
        self.fact(ledger, started, moment);
    }

    /// The edge ends: what was counted is told, then the end.
    pub fn stopped(&mut self, ledger: &mut Ledger, stopped: EdgeStopped, moment: Moment) {
        let mut strangers = self.strangers.finish(moment.now);
        strangers.extend(self.challenged.finish(moment.now));
        let malformed = self.malformed.finish(moment.now);
        let turned_away = self.turned_away.finish(moment.now);
        let handshakes = self.handshakes.finish(moment.now);
        let connections = self.connections.finish(moment.now);
        let limits = self.limits.finish(moment.now);
        self.tell_limits(ledger, limits, moment);
        self.tell_handshakes(ledger, handshakes, moment);
        self.tell_connections(ledger, connections, moment);
        self.tell(ledger, (strangers, malformed, turned_away), moment);
        self.fact(ledger, stopped, moment);
    }

    /// A request of a stranger was refused.
    pub fn stranger(
        &mut self,
        ledger: &mut Ledger,
        source: IpAddr,
        first: impl FnOnce() -> Stranger,
        moment: Moment,
    ) {
        let source = Source::Address(source);
        let told = self
            .strangers
            .count(source, Source::Others, moment.now, first);
        self.tell(ledger, (told, None, None), moment);
    }

    /// A request of a stranger was challenged. It is told of only if he shows no credentials before its window is over.
    pub fn challenged(&mut self, source: IpAddr, first: impl FnOnce() -> Stranger, now: Instant) {
        let source = Source::Address(source);
        self.challenged.suspect(source, Source::Others, now, first);
    }

    /// Who was challenged showed credentials: what they were is told elsewhere.
    pub fn answered_challenge(&mut self, source: IpAddr) {
        self.challenged.forgive(&Source::Address(source));
    }

    /// A message was no SIP.
    pub fn malformed(
        &mut self,
        ledger: &mut Ledger,
        source: IpAddr,
        error: impl FnOnce() -> String,
        moment: Moment,
    ) {
        let source = Source::Address(source);
        let told = self
            .malformed
            .count(source, Source::Others, moment.now, error);
        self.tell(ledger, (None, told, None), moment);
    }

    /// A new call was turned away.
    pub fn turned_away(
        &mut self,
        ledger: &mut Ledger,
        cause: &'static str,
        status: u16,
        moment: Moment,
    ) {
        let told = self.turned_away.count(cause, cause, moment.now, || status);
        self.tell(ledger, (None, None, told), moment);
    }

    /// A TLS handshake came to nothing.
    pub fn tls_refused(&mut self, ledger: &mut Ledger, refusal: Refusal, moment: Moment) {
        let opener = refusal.opener;
        let source = Source::Address(refusal.peer);
        let key = (source, refusal.trunk.clone(), opener);
        let others = (Source::Others, None, opener);
        let told = self.handshakes.count(key, others, moment.now, || refusal);
        self.tell_handshakes(ledger, told, moment);
    }

    /// A connection was closed because there were too many.
    pub fn connection_refused(
        &mut self,
        ledger: &mut Ledger,
        (source, trunk): (IpAddr, Option<TrunkName>),
        why: &'static str,
        moment: Moment,
    ) {
        let source = Source::Address(source);
        let first = || Crowd { trunk, why };
        let told = self
            .connections
            .count(source, Source::Others, moment.now, first);
        self.tell_connections(ledger, told, moment);
    }

    /// What is counted elsewhere: probes of a trunk, how many calls there are.
    pub fn told(&mut self, ledger: &mut Ledger, told: Observation, moment: Moment) {
        self.fact(ledger, told, moment);
    }

    /// When [`Node::due`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let strangers = self.strangers.deadline().into_iter();
        strangers
            .chain(self.challenged.deadline())
            .chain(self.malformed.deadline())
            .chain(self.turned_away.deadline())
            .chain(self.handshakes.deadline())
            .chain(self.connections.deadline())
            .chain(self.limits.deadline())
            .min()
    }

    /// Tells what was counted in windows that are over.
    pub fn due(&mut self, ledger: &mut Ledger, moment: Moment) {
        let mut strangers = self.strangers.due(moment.now);
        strangers.extend(self.challenged.due(moment.now));
        let malformed = self.malformed.due(moment.now);
        let turned_away = self.turned_away.due(moment.now);
        let handshakes = self.handshakes.due(moment.now);
        let connections = self.connections.due(moment.now);
        let limits = self.limits.due(moment.now);
        self.tell_limits(ledger, limits, moment);
        self.tell_handshakes(ledger, handshakes, moment);
        self.tell_connections(ledger, connections, moment);
        self.tell(ledger, (strangers, malformed, turned_away), moment);
    }

    fn tell(
        &mut self,
        ledger: &mut Ledger,
        (strangers, malformed, turned_away): (
            impl IntoIterator<Item = Told<Source, Stranger>>,
            impl IntoIterator<Item = Told<Source, String>>,
            impl IntoIterator<Item = Told<&'static str, u16>>,
        ),
        moment: Moment,
    ) {
        for Told {
            key,
            count,
            first,
            over_ms,
        } in strangers
        {
            let Stranger {
                method,
                status,
                tried,
            } = first;
            let source = key.to_string();
            let refused = SourceRefused {
                source,
                requests: count,
                method,
                status,
                over_ms,
                tried,
            };
            self.fact(ledger, refused, moment);
        }
        for Told {
            key,
            count,
            first: error,
            over_ms,
        } in malformed
        {
            let source = key.to_string();
            self.fact(
                ledger,
                MessagesMalformed {
                    source,
                    messages: count,
                    error,
                    over_ms,
                },
                moment,
            );
        }
        for Told {
            key,
            count,
            first: status,
            over_ms,
        } in turned_away
        {
            let cause = key.to_owned();
            self.fact(
                ledger,
                CallsTurnedAway {
                    calls: count,
                    cause,
                    status,
                    over_ms,
                },
                moment,
            );
        }
    }

    fn tell_handshakes(
        &mut self,
        ledger: &mut Ledger,
        told: impl IntoIterator<Item = Told<Handshakes, Refusal>>,
        moment: Moment,
    ) {
        for Told {
            key: (source, trunk, opener),
            count,
            first: Refusal { failure, .. },
            over_ms,
        } in told
        {
            let (alert, alert_by) = failure.alert.map(|alert| (alert.name, alert.by)).unzip();
            let refused = TlsRefused {
                peer: source.to_string(),
                trunk,
                opened_by: match opener {
                    Opener::Peer => ConnectionOpener::Peer,
                    Opener::Edge => ConnectionOpener::Edge,
                },
                handshakes: count,
                fault: failure.fault,
                error: failure.error,
                alert,
                alert_by,
                versions_ours: failure.ours.to_owned(),
                versions_theirs: failure.theirs,
                over_ms,
            };
            self.fact(ledger, refused, moment);
        }
    }

    fn tell_connections(
        &mut self,
        ledger: &mut Ledger,
        told: impl IntoIterator<Item = Told<Source, Crowd>>,
        moment: Moment,
    ) {
        for Told {
            key,
            count,
            first: Crowd { trunk, why },
            over_ms,
        } in told
        {
            let refused = ConnectionsRefused {
                source: key.to_string(),
                trunk,
                connections: count,
                cause: why.to_owned(),
                over_ms,
            };
            self.fact(ledger, refused, moment);
        }
    }

    /// Writes a fact of the edge itself.
    pub(crate) fn fact(&mut self, ledger: &mut Ledger, event: impl Into<Event>, moment: Moment) {
        ledger.fact(&mut self.chain, None, event, moment.wall);
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Address(address) => fmt::Display::fmt(address, f),
            Source::Others => f.write_str("other addresses"),
        }
    }
}
