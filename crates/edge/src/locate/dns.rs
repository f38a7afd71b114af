//! DNS, asked by hickory: it caches as long as the records say.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

use super::order::{Naptr, Srv};
use super::search::{Answer, Ask};

/// How long one server has to answer one question, and how often it is asked: a lost packet must not lose a call.
const QUESTION_PATIENCE: Duration = Duration::from_millis(1_500);
const ATTEMPTS: usize = 2;

/// The longest that an answer is kept, whatever it says of itself.
const KEEP_MAX: Duration = Duration::from_secs(24 * 3_600);

/// The way to DNS; none if the system names no server.
#[derive(Clone)]
pub(super) struct Dns(Result<TokioResolver, String>);

impl Dns {
    /// The servers of the system, or another one.
    pub(super) fn new(server: Option<SocketAddr>) -> Dns {
        let builder = match server {
            Some(server) => {
                let at = |mut connection: ConnectionConfig| {
                    connection.port = server.port();
                    connection
                };
                let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
                let mut named = NameServerConfig::udp_and_tcp(server.ip());
                named.connections = connections;
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![named]);
                let provider = TokioRuntimeProvider::default();
                Ok(TokioResolver::builder_with_config(config, provider))
            }
            None => TokioResolver::builder_tokio(),
        };
        let resolver = builder.and_then(|builder| builder.with_options(options()).build());
        Dns(resolver.map_err(|error| format!("this machine names no DNS server: {error}")))
    }

    /// Asks. What does not exist is an empty answer; an error is that nobody knows.
    pub(super) async fn ask(&self, ask: &Ask) -> Result<Answer, String> {
        let resolver = self.0.as_ref().map_err(Clone::clone)?;
        match ask {
            Ask::Naptr(name) => {
                let records = records(resolver, name, RecordType::NAPTR).await?;
                Ok(Answer::Naptr(records.iter().filter_map(naptr).collect()))
            }
            Ask::Srv(name) => {
                let records = records(resolver, name, RecordType::SRV).await?;
                Ok(Answer::Srv(records.iter().filter_map(srv).collect()))
            }
            Ask::Addresses(name) => {
                let found = resolver.lookup_ip(full(name)).await;
                let addresses: Vec<IpAddr> = match found {
                    Ok(found) => found.iter().collect(),
                    Err(error) if is_none(&error) => Vec::new(),
                    Err(error) => return Err(format!("{name} cannot be looked up: {error}")),
                };
                Ok(Answer::Addresses(addresses))
            }
        }
    }
}

async fn records(
    resolver: &TokioResolver,
    name: &str,
    kind: RecordType,
) -> Result<Vec<RData>, String> {
    match resolver.lookup(full(name), kind).await {
        Ok(found) => Ok(found
            .answers()
            .iter()
            .map(|record| record.data.clone())
            .collect()),
        Err(error) if is_none(&error) => Ok(Vec::new()),
        Err(error) => Err(format!("{name} cannot be looked up: {error}")),
    }
}

fn naptr(record: &RData) -> Option<Naptr> {
    let RData::NAPTR(record) = record else {
        return None;
    };
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Some(Naptr {
        order: record.order,
        preference: record.preference,
        flags: text(&record.flags),
        services: text(&record.services),
        replacement: record.replacement.to_string(),
    })
}

fn srv(record: &RData) -> Option<Srv> {
    let RData::SRV(record) = record else {
        return None;
    };
    Some(Srv {
        priority: record.priority,
        weight: record.weight,
        port: record.port,
        target: record.target.to_string(),
    })
}

/// A name with dots is complete; one without may be in the domain of the machine.
fn full(name: &str) -> String {
    if name.contains('.') && !name.ends_with('.') {
        format!("{name}.")
    } else {
        name.to_owned()
    }
}

fn is_none(error: &NetError) -> bool {
    error.is_no_records_found() || error.is_nx_domain()
}

fn options() -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = QUESTION_PATIENCE;
    options.attempts = ATTEMPTS;
    options.positive_max_ttl = Some(KEEP_MAX);
    options.negative_max_ttl = Some(KEEP_MAX);
    options
}
