//! The way from a question to targets, without DNS itself (RFC 3263 section 4). Drive it: [`Search::next`] says what to
//! ask, [`Search::heard`] takes the answer, until there are targets.
//!
//! ```text
//!            address, or port and name          transport known          name alone
//!                      |                              |                      v
//!                      |                              |                 +-------+
//!                      |                              |                 | NAPTR |
//!                      |                              v                 +-------+
//!                      |                          +-----+   services, or every transport  |
//!                      |                          | SRV |<--------------------------------+
//!                      v                          +-----+
//!                 +---------+   hosts and ports, or the name itself  |
//!                 | A, AAAA |<---------------------------------------+
//!                 +---------+
//!                      |
//!                      v  targets, in the order in which they are tried
//! ```

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use sip::endpoint::flow::Transport;

use super::order::{Dice, Naptr, Srv, servers, services};
use super::question::{Host, Question};

/// Targets that are kept: nobody waits for the seventeenth.
pub const TARGETS_MAX: usize = 16;

/// Where a request can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// How.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
}

/// What DNS has to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// For services.
    Naptr(String),
    /// For hosts of a service.
    Srv(String),
    /// For the addresses of a host.
    Addresses(String),
}

impl Ask {
    /// The answer that there is nothing.
    pub fn nothing(&self) -> Answer {
        match self {
            Ask::Naptr(_) => Answer::Naptr(Vec::new()),
            Ask::Srv(_) => Answer::Srv(Vec::new()),
            Ask::Addresses(_) => Answer::Addresses(Vec::new()),
        }
    }
}

/// What DNS says. An empty list is an answer, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Services.
    Naptr(Vec<Naptr>),
    /// Hosts.
    Srv(Vec<Srv>),
    /// Addresses.
    Addresses(Vec<IpAddr>),
}

/// A question on its way.
#[derive(Debug)]
pub struct Search {
    question: Question,
    stage: Stage,
    targets: Vec<Target>,
}

#[derive(Debug)]
enum Stage {
    Naptr,
    Srv {
        names: VecDeque<(Transport, String)>,
        /// Whether names of other transports are guesses, of which the first that has hosts is enough.
        guessed: bool,
        hosts: VecDeque<Server>,
    },
    Addresses(VecDeque<Server>),
}

#[derive(Debug)]
struct Server {
    transport: Transport,
    host: String,
    port: u16,
}

impl Search {
    /// Begins.
    pub fn new(question: Question) -> Search {
        let transport = question.transport_or_default();
        let port = question.port.unwrap_or(transport.default_port());
        let mut targets = Vec::new();
        let stage = match (&question.host, question.port, question.transport) {
            (Host::Address(ip), ..) => {
                let address = SocketAddr::new(*ip, port);
                targets.push(Target { transport, address });
                Stage::Addresses(VecDeque::new())
            }
            (Host::Name(name), Some(port), _) => Stage::Addresses(VecDeque::from([Server {
                transport,
                host: name.clone(),
                port,
            }])),
            (Host::Name(name), None, Some(transport)) => Stage::Srv {
                names: VecDeque::from([(transport, service(transport, name))]),
                guessed: true,
                hosts: VecDeque::new(),
            },
            (Host::Name(_), None, None) => Stage::Naptr,
        };
        Search {
            question,
            stage,
            targets,
        }
    }

    /// What to ask next; none when the search is over.
    pub fn next(&self) -> Option<Ask> {
        match &self.stage {
            Stage::Naptr => Some(Ask::Naptr(self.question.host())),
            Stage::Srv { names, .. } => names.front().map(|(_, name)| Ask::Srv(name.clone())),
            Stage::Addresses(_) if self.targets.len() >= TARGETS_MAX => None,
            Stage::Addresses(hosts) => {
                let host = hosts.front()?;
                Some(Ask::Addresses(host.host.clone()))
            }
        }
    }

    /// Takes the answer to what was asked last.
    pub fn heard(&mut self, answer: Answer, dice: &mut impl Dice) {
        match (&mut self.stage, answer) {
            (Stage::Naptr, Answer::Naptr(records)) => {
                let found = services(records, self.question.transport);
                let guessed = found.is_empty();
                let names = if guessed {
                    let name = self.question.host();
                    let guess = |transport| (transport, service(transport, &name));
                    [Transport::Udp, Transport::Tcp].map(guess).into()
                } else {
                    found.into()
                };
                self.stage = Stage::Srv {
                    names,
                    guessed,
                    hosts: VecDeque::new(),
                };
            }
            (
                Stage::Srv {
                    names,
                    guessed,
                    hosts,
                },
                Answer::Srv(records),
            ) => {
                let Some((transport, _)) = names.pop_front() else {
                    return;
                };
                hosts.extend(servers(records, dice).into_iter().map(|record| Server {
                    transport,
                    host: record.target,
                    port: record.port,
                }));
                if *guessed && !hosts.is_empty() {
                    names.clear();
                }
                if names.is_empty() {
                    let hosts = std::mem::take(hosts);
                    self.stage = Stage::Addresses(self.or_itself(hosts));
                }
            }
            (Stage::Addresses(hosts), Answer::Addresses(addresses)) => {
                let Some(Server {
                    transport, port, ..
                }) = hosts.pop_front()
                else {
                    return;
                };
                let target = |ip| Target {
                    transport,
                    address: SocketAddr::new(ip, port),
                };
                self.targets.extend(addresses.into_iter().map(target));
                self.targets.truncate(TARGETS_MAX);
            }
            // An answer to something else changes nothing.
            _ => {}
        }
    }

    /// The targets, in the order in which they are tried.
    pub fn into_targets(self) -> Vec<Target> {
        self.targets
    }

    /// Without SRV records the name itself is the host.
    fn or_itself(&self, hosts: VecDeque<Server>) -> VecDeque<Server> {
        if !hosts.is_empty() {
            return hosts;
        }
        let transport = self.question.transport_or_default();
        VecDeque::from([Server {
            transport,
            host: self.question.host(),
            port: transport.default_port(),
        }])
    }
}

/// The name of a service (RFC 3263 section 4.1).
fn service(transport: Transport, name: &str) -> String {
    let prefix = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    };
    format!("{prefix}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a search against a zone of lines: `NAME naptr ORDER PREFERENCE SERVICE NAME`, `NAME srv PRIORITY WEIGHT PORT
    /// HOST`, `NAME a ADDRESS`. What was asked, and what was found.
    fn check(uri: &str, zone: &str, asked: &str, found: &str) {
        let rows: Vec<Vec<&str>> = zone
            .lines()
            .map(|row| row.split_whitespace().collect())
            .collect();
        let of = |name: &str, kind: &str| {
            let fits = |row: &&Vec<&str>| row.first() == Some(&name) && row.get(1) == Some(&kind);
            rows.iter().filter(fits).cloned().collect::<Vec<_>>()
        };
        let number = |text: &str| text.parse().unwrap();
        let mut search = Search::new(Question::of_uri(uri).unwrap());
        let mut questions = Vec::new();
        while let Some(ask) = search.next() {
            let answer = match &ask {
                Ask::Naptr(name) => Answer::Naptr(
                    of(name, "naptr")
                        .iter()
                        .map(|row| Naptr {
                            order: number(row[2]),
                            preference: number(row[3]),
                            flags: "S".to_owned(),
                            services: row[4].to_owned(),
                            replacement: row[5].to_owned(),
                        })
                        .collect(),
                ),
                Ask::Srv(name) => Answer::Srv(
                    of(name, "srv")
                        .iter()
                        .map(|row| Srv {
                            priority: number(row[2]),
                            weight: number(row[3]),
                            port: number(row[4]),
                            target: row[5].to_owned(),
                        })
                        .collect(),
                ),
                Ask::Addresses(name) => Answer::Addresses(
                    of(name, "a")
                        .iter()
                        .map(|row| row[2].parse().unwrap())
                        .collect(),
                ),
            };
            questions.push(format!("{ask:?}"));
            search.heard(answer, &mut |_| 0);
        }
        let targets = search.into_targets();
        let show = |target: &Target| format!("{} {}", target.transport, target.address);
        assert_eq!(
            targets.iter().map(show).collect::<Vec<_>>().join(", "),
            found,
            "{uri}"
        );
        assert_eq!(questions.join(" "), asked, "{uri}");
    }

    const ZONE: &str = "\
        pbx naptr 50 10 SIPS+D2T _sips._tcp.pbx
        pbx naptr 50 20 SIP+D2U _sip._udp.pbx
        pbx naptr 90 50 SIP+D2T _sip._tcp.pbx
        _sips._tcp.pbx srv 10 0 5061 one
        _sips._tcp.pbx srv 20 0 5062 two
        _sip._udp.pbx srv 10 0 5060 one
        _sip._tcp.plain srv 1 0 5070 two
        one a 192.0.2.1
        two a 192.0.2.2
        two a 2001:db8::2
        host a 192.0.2.9";

    #[test]
    fn what_is_written_is_not_asked_for() {
        check("sip:192.0.2.7", ZONE, "", "UDP 192.0.2.7:5060");
        check("sips:192.0.2.7", ZONE, "", "TLS 192.0.2.7:5061");
        check(
            "sip:192.0.2.7:5070;transport=tcp",
            ZONE,
            "",
            "TCP 192.0.2.7:5070",
        );
        check(
            "sip:host:5080",
            ZONE,
            "Addresses(\"host\")",
            "UDP 192.0.2.9:5080",
        );
    }

    #[test]
    fn naptr_then_srv_then_addresses() {
        check(
            "sip:pbx",
            ZONE,
            "Naptr(\"pbx\") Srv(\"_sips._tcp.pbx\") Srv(\"_sip._udp.pbx\") Addresses(\"one\") Addresses(\"two\") \
             Addresses(\"one\")",
            "TLS 192.0.2.1:5061, TLS 192.0.2.2:5062, TLS [2001:db8::2]:5062, UDP 192.0.2.1:5060",
        );
        check(
            "sips:pbx",
            ZONE,
            "Srv(\"_sips._tcp.pbx\") Addresses(\"one\") Addresses(\"two\")",
            "TLS 192.0.2.1:5061, TLS 192.0.2.2:5062, TLS [2001:db8::2]:5062",
        );
    }

    #[test]
    fn without_naptr_every_transport_is_tried_and_without_srv_the_host_itself() {
        check(
            "sip:plain",
            ZONE,
            "Naptr(\"plain\") Srv(\"_sip._udp.plain\") Srv(\"_sip._tcp.plain\") Addresses(\"two\")",
            "TCP 192.0.2.2:5070, TCP [2001:db8::2]:5070",
        );
        check(
            "sip:host;transport=tls",
            ZONE,
            "Srv(\"_sips._tcp.host\") Addresses(\"host\")",
            "TLS 192.0.2.9:5061",
        );
        check("sip:nobody:1", ZONE, "Addresses(\"nobody\")", "");
    }
}
