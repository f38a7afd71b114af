//! TLS of connections (RFC 3261 section 26, RFC 5922): who we are and whom we believe, per trunk.
//!
//! Everything is read from files at once, and read again when one of them changes: connections that begin later use the
//! new one, those that are open go on. A trunk is recognised by its source address before the handshake, so that its
//! lowest version and its demand for a certificate hold from the first octet; whoever has no trunk's address may prove by
//! his certificate which trunk he is, if that trunk needs one.

mod hello;
mod material;
mod overheard;
mod proof;
mod refusal;
mod validity;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::server::NoServerSessionStorage;
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use schemas::observation::TlsFile;
use schemas::{AgentName, Timestamp, TrunkName};

use crate::configuration::{Agent, Configuration, Security, TlsVersion, Trunk, TrunkSecurity};

pub use self::material::Fault;
pub(super) use self::overheard::Overheard;
pub(super) use self::proof::Proof;
pub(super) use self::refusal::{Failure, tls_on_plain};
pub use self::refusal::{Opener, Refusal};

/// How connections that begin now are secured.
#[derive(Debug)]
pub struct Tls {
    servers: BTreeMap<TrunkName, Arc<Server>>,
    /// For addresses of no trunk; none without a certificate of ours.
    server: Option<Arc<Server>>,
    clients: BTreeMap<TrunkName, Arc<Client>>,
    /// For peers of no trunk.
    client: Arc<Client>,
    /// For agents behind a WebSocket.
    agents: BTreeMap<AgentName, Arc<Client>>,
    /// When the certificates that were read end.
    pub(super) ends: Vec<End>,
}

/// When what a file holds ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// The trunk that names the file; none for the edge's own.
    pub trunk: Option<TrunkName>,
    pub file: PathBuf,
    pub holds: TlsFile,
    pub at: Timestamp,
}

/// What is wrong, and the trunk that names the file.
pub(super) type Broken = (Option<TrunkName>, Fault);

/// How a peer's connection is secured.
#[derive(Debug)]
pub(super) struct Server {
    pub config: Arc<ServerConfig>,
    /// What a certificate of the peer's is measured by, and whose it is then; none if it is not asked for one.
    pub proofs: Vec<(TrunkName, Arc<Proof>)>,
    pub version_min: TlsVersion,
}

/// How a connection of ours is secured.
#[derive(Debug)]
pub struct Client {
    config: Result<Arc<ClientConfig>, String>,
    /// The name in the peer's certificate, where it is not the host that was asked for.
    name: Option<String>,
    pub(super) version_min: TlsVersion,
}

/// What TLS is made from.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    security: Security,
    trunks: Vec<(TrunkName, TrunkSecurity)>,
    /// The authorities that agents name.
    agents: Vec<(AgentName, PathBuf)>,
}

impl Sources {
    pub(super) fn of(configuration: &Configuration) -> Sources {
        let of_trunk = |trunk: &Trunk| (trunk.name.clone(), trunk.security.clone());
        let of_agent = |agent: &Agent| Some((agent.name.clone(), agent.authorities.clone()?));
        Sources {
            security: configuration.security.clone(),
            trunks: configuration.trunks.iter().map(of_trunk).collect(),
            agents: configuration.agents.iter().filter_map(of_agent).collect(),
        }
    }

    /// How often to look at them.
    pub(super) fn reload_every(&self) -> Duration {
        self.security.reload_every
    }

    /// Every file that is read.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let trunks = self.trunks.iter().map(|(_, security)| security);
        let identities = trunks.clone().filter_map(|trunk| trunk.identity.as_ref());
        let identities = self.security.identity.iter().chain(identities);
        identities
            .flat_map(|identity| [identity.certificate.clone(), identity.key.clone()])
            .chain(trunks.filter_map(|trunk| trunk.authorities.clone()))
            .chain(
                self.agents
                    .iter()
                    .map(|(_, authorities)| authorities.clone()),
            )
            .collect()
    }
}

impl Tls {
    /// Reads the files. What is wrong names the file.
    pub(super) fn read(sources: &Sources) -> Result<Tls, Broken> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut ends = Vec::new();
        let own = sources.security.identity.as_ref();
        let ours =
            material::ours(own, &provider, None, &mut ends).map_err(|fault| (None, fault))?;
        let mut tls = Tls {
            servers: BTreeMap::new(),
            agents: BTreeMap::new(),
            server: None,
            clients: BTreeMap::new(),
            client: Arc::new(client(
                &TrunkSecurity::default(),
                ours.clone(),
                &material::system(),
                &provider,
            )),
            ends,
        };
        let mut certified = Vec::new();
        let mut version_min = TlsVersion::default();
        for (name, trunk) in &sources.trunks {
            let broken = |fault| (Some(name.clone()), fault);
            let roots = trunk.authorities.as_ref();
            let roots = material::whom(roots, Some(name), &mut tls.ends).map_err(broken)?;
            let identity = trunk.identity.as_ref();
            let identity = material::ours(identity, &provider, Some(name), &mut tls.ends);
            let identity = identity.map_err(broken)?.or_else(|| ours.clone());
            if let Some(ours) = &ours {
                let proof = Proof::new(trunk, roots.clone(), &provider).map_err(broken)?;
                let proof = proof.map(Arc::new);
                let proofs: Vec<_> = proof
                    .map(|proof| (name.clone(), proof))
                    .into_iter()
                    .collect();
                if trunk.certificate_required {
                    certified.extend(proofs.iter().cloned());
                    version_min = version_min.min(trunk.version_min);
                }
                let verifier = proofs.first().map(|(_, proof)| proof.clone());
                let ours = (ours.clone(), verifier);
                let server = server(trunk.version_min, ours, proofs, &provider);
                tls.servers.insert(name.clone(), Arc::new(server));
            }
            let client = client(trunk, identity, &roots, &provider);
            tls.clients.insert(name.clone(), Arc::new(client));
        }
        for (name, authorities) in &sources.agents {
            let roots = material::whom(Some(authorities), None, &mut tls.ends);
            let roots = roots.map_err(|fault| (None, fault))?;
            let client = client(&TrunkSecurity::default(), None, &roots, &provider);
            tls.agents.insert(name.clone(), Arc::new(client));
        }
        if let Some(ours) = ours {
            // Whoever comes from no trunk's address may still prove that he is one.
            let any = certified
                .first()
                .map(|(_, proof)| Arc::new(proof.not_required()));
            let server = server(version_min, (ours, any), certified, &provider);
            tls.server = Some(Arc::new(server));
        }
        Ok(tls)
    }

    /// For a connection from an address of this trunk, or of none.
    pub(super) fn server(&self, trunk: Option<&TrunkName>) -> Option<Arc<Server>> {
        let known = trunk.and_then(|trunk| self.servers.get(trunk));
        known.or(self.server.as_ref()).cloned()
    }

    /// For a connection to an agent behind a WebSocket.
    pub(super) fn agent(&self, agent: &AgentName) -> Arc<Client> {
        self.agents.get(agent).unwrap_or(&self.client).clone()
    }

    /// For a connection to this trunk, or to a peer of none.
    pub(super) fn client(&self, trunk: Option<&TrunkName>) -> Arc<Client> {
        let known = trunk.and_then(|trunk| self.clients.get(trunk));
        known.unwrap_or(&self.client).clone()
    }
}

impl Client {
    /// What to connect with, and the name that the certificate must hold.
    pub(crate) fn to(
        &self,
        host: &str,
    ) -> Result<(Arc<ClientConfig>, ServerName<'static>), String> {
        let config = self.config.clone()?;
        let name = self.name.as_deref().unwrap_or(host);
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| format!("{name:?} is no name that a certificate can hold"))?;
        Ok((config, name))
    }
}

fn server(
    version_min: TlsVersion,
    (ours, verifier): (Arc<SingleCertAndKey>, Option<Arc<Proof>>),
    proofs: Vec<(TrunkName, Arc<Proof>)>,
    provider: &Arc<CryptoProvider>,
) -> Server {
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions(version_min))
        .expect("ring has suites for both versions");
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(ours);
    // Connections live for hours: a peer that comes again proves itself again.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Server {
        config: Arc::new(config),
        proofs,
        version_min,
    }
}

fn client(
    trunk: &TrunkSecurity,
    ours: Option<Arc<SingleCertAndKey>>,
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Client {
    let config = if roots.is_empty() {
        let told =
            "this machine trusts no authority; install ca-certificates, or name the peer's in `ca`";
        Err(told.to_owned())
    } else {
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions(trunk.version_min))
            .expect("ring has suites for both versions")
            .with_root_certificates(roots.clone());
        let mut config = match ours {
            Some(ours) => builder.with_client_cert_resolver(ours),
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    };
    Client {
        config,
        name: trunk.name.clone(),
        version_min: trunk.version_min,
    }
}

fn versions(from: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    match from {
        TlsVersion::V1_2 => &ALL,
        TlsVersion::V1_3 => &ALL[..1],
    }
}
