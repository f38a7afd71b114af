//! Trunkline for the demo: a configuration on loopback, all roles, a directory for the data.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::teller::headline;
use super::{Fail, Options};
use crate::roles::{self, Running};

/// The number that the caller dials.
pub const MENU_NUMBER: &str = "+14155550100";

/// Where the menu's digit 1 leads.
pub const QUEUE_NUMBER: &str = "+14155550199";

/// The caller's trunk.
pub const PBX: &str = "pbx";

/// The human queue's trunk.
pub const CONTACT_CENTRE: &str = "contact-centre";

/// The ports that the demo would like to have, and how far it looks behind them.
const SIP_PORT: u16 = 32_681;
const PAGE_PORT: u16 = 8_080;
const PORTS_TRIED: u16 = 100;

/// How long a leg may ring when nobody is to answer, in seconds.
const NO_ANSWER_RING_S: u32 = 3;

/// How long a leg may ring otherwise, in seconds.
const RING_S: u32 = 30;

/// Trunkline, running.
pub struct House {
    /// All roles.
    pub running: Running,
    /// Where its SIP is.
    pub sip: SocketAddr,
    /// The configuration file, for every other command.
    pub config: PathBuf,
    data: PathBuf,
    /// The data is not to be kept.
    passing: bool,
}

impl House {
    /// Writes the configuration and starts all roles.
    pub async fn open(options: &Options, queue: SocketAddr) -> anyhow::Result<House> {
        let (data, temporary) = match &options.data {
            Some(data) => (std::path::absolute(data)?, false),
            None => (temporary_directory()?, true),
        };
        std::fs::create_dir_all(&data)
            .with_context(|| format!("cannot make the directory {}", data.display()))?;
        let sip = free_port(SIP_PORT, |address| UdpSocket::bind(address).map(drop))?;
        if sip.port() != SIP_PORT {
            say!(
                "UDP port {SIP_PORT} is taken; this demo listens on {}\n",
                sip.port()
            );
        }
        let page = free_port(PAGE_PORT, |address| TcpListener::bind(address).map(drop))?;
        let config = data.join("trunkline.toml");
        let text = configuration(&data, (sip, page), queue, options.fail);
        std::fs::write(&config, &text)
            .with_context(|| format!("cannot write {}", config.display()))?;
        let resolved = crate::resolve::resolve(&config, &text)?;
        let roles = if options.no_page {
            roles::EDGE_AND_CONTROL
        } else {
            roles::ALL
        };
        let running = Running::start(&resolved, roles, None).await?;
        let passing = temporary && options.once;
        Ok(House {
            running,
            sip,
            config,
            data,
            passing,
        })
    }

    /// Says what there is to try now.
    pub fn invite(&self) -> anyhow::Result<()> {
        say!("\n{}", headline("Now you"));
        if let Some(page) = self.running.api_address {
            say!("page        http://{page}");
        }
        say!(
            "softphone   dial sip:echo@{} from this machine, and hear yourself",
            self.sip
        );
        say!(
            "            dial sip:{MENU_NUMBER}@{}, and press 1",
            self.sip
        );
        say!(
            "history     trunkline --config {} calls",
            self.config.display()
        );
        say!("data        {}", self.data.display());
        say!("\nCtrl-C ends the demo; the data stays.");
        Ok(())
    }

    /// Leaves the house. What nobody asked to keep goes, unless something is to be found out from it.
    pub fn close(&self, as_it_should_be: bool) {
        if !self.passing {
            return;
        }
        if !as_it_should_be {
            eprintln!("trunkline: the data is kept in {}", self.data.display());
        } else if let Err(error) = std::fs::remove_dir_all(&self.data) {
            eprintln!("trunkline: cannot remove {}: {error}", self.data.display());
        }
    }
}

fn temporary_directory() -> anyhow::Result<PathBuf> {
    let seed = roles::seed()?;
    let name: String = seed
        .iter()
        .take(5)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(std::env::temp_dir().join(format!("trunkline-demo-{name}")))
}

/// The first port from `wanted` on that can be bound on loopback.
fn free_port(
    wanted: u16,
    bind: impl Fn(SocketAddr) -> std::io::Result<()>,
) -> anyhow::Result<SocketAddr> {
    let last = wanted.saturating_add(PORTS_TRIED);
    (wanted..last)
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| bind(*address).is_ok())
        .with_context(|| format!("no port from {wanted} to {last} is free on 127.0.0.1"))
}

fn configuration(
    data: &Path,
    (sip, page): (SocketAddr, SocketAddr),
    queue: SocketAddr,
    fail: Option<Fail>,
) -> String {
    let data = toml::Value::from(data.to_string_lossy().into_owned());
    let ring_s = if fail == Some(Fail::NoAnswer) {
        NO_ANSWER_RING_S
    } else {
        RING_S
    };
    format!(
        r#"# Written by `trunkline demo`.
[node]
name = "demo"
data = {data}

[edge]
listen = ["{sip}"]

[api]
listen = "{page}"

[wait]
ring_s = {ring_s}

[trunk.{PBX}]                    # the caller's phone system
sources = ["127.0.0.1"]

[trunk.{CONTACT_CENTRE}]         # the human queue
sources = ["{queue_host}"]
target = "{queue}"

[number."{MENU_NUMBER}"]
agent = "menu"

[number."*"]                   # whatever a softphone dials
agent = "echo"

[agent.menu]
kind = "menu"
choices = {{ "1" = "queue" }}

[transfer.queue]
to = "sip:{QUEUE_NUMBER}@{queue}"
trunk = "{CONTACT_CENTRE}"
method = "bridged"
"#,
        queue_host = queue.ip(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_resolves() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let ports = (address("127.0.0.1:32681"), address("127.0.0.1:8080"));
        for fail in [None, Some(Fail::Busy), Some(Fail::NoAnswer)] {
            let text = configuration(
                Path::new("/a \"b\""),
                ports,
                address("127.0.0.2:5060"),
                fail,
            );
            let resolved = crate::resolve::resolve(Path::new("trunkline.toml"), &text).unwrap();
            assert_eq!(resolved.file.node.data, Path::new("/a \"b\""));
            assert_eq!(resolved.edge.trunks.len(), 2);
        }
    }

    #[test]
    fn a_taken_port_gives_way_to_the_next() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let wanted = taken.local_addr().unwrap();
        let free = free_port(wanted.port(), |address| UdpSocket::bind(address).map(drop));
        assert_ne!(free.unwrap(), wanted);
    }
}
