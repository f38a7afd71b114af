//! What call control decides by: trunks, numbers, agents, transfer targets and waits.

use std::collections::BTreeMap;

use schemas::command::BuiltInAgent;
use schemas::conclusion::TransferMethod;
use schemas::media::{AudioCodec, SrtpKeying, SrtpPolicy};
use schemas::observation::ConfigurationApplied;
use schemas::{AgentName, Hash, PAYLOAD_MAX_BYTES, Transport, TrunkName};
use serde::{Deserialize, Serialize};

pub use crate::limit::Limit;
use crate::outbound::Outbound;
pub use crate::recording::{Recorded, Recording};
pub use crate::stream::WebSocket;
use crate::validate::{Fault, Faults};

/// The number that stands for every number that no other rule takes.
pub const ANY_NUMBER: &str = "*";

/// The most steps of one number's ladder: a caller must not be passed around for ever.
pub const LADDER_MAX: usize = 8;

/// Everything that control decides by, and nothing else: no address ranges, no ports, no secrets.
/// Its JSON form is a `ConfigurationApplied` event; a field that is added needs a default, so that
/// the snapshots of old histories are read for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// The phone systems and carriers.
    pub trunks: BTreeMap<TrunkName, Trunk>,
    /// The numbers that may be called: in E.164 form with the plus where the trunk's rules make that of what it sends, as it
    /// sends them otherwise; and [`ANY_NUMBER`].
    pub numbers: BTreeMap<String, Number>,
    /// Who answers.
    pub agents: BTreeMap<AgentName, Agent>,
    /// Where callers may be transferred to.
    pub transfer: Transfers,
    /// How long control waits.
    pub waits: Waits,
    /// How many calls there may be, of all trunks together.
    #[serde(skip_serializing_if = "Limit::is_none")]
    pub limit: Limit,
}

/// A phone system or carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trunk {
    /// Where calls to it go. Needed for transfers through it.
    #[serde(default)]
    pub destination: Option<Destination>,
    /// How its callers are transferred, unless the target says otherwise.
    pub transfer: TransferMethod,
    /// How many calls it may bring.
    #[serde(default, skip_serializing_if = "Limit::is_none")]
    pub limit: Limit,
    /// What it is told of the calls that go to it.
    #[serde(default)]
    pub outbound: Outbound,
    /// How the calls that it brings are recorded.
    #[serde(default, skip_serializing_if = "Recording::is_off")]
    pub recording: Recording,
}

/// Where an INVITE is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// `host:port`, an IPv6 address in brackets; or a SIP URI whose host is looked up (RFC 3263).
    pub address: String,
    /// How it travels, where the address is no URI.
    pub transport: Transport,
}

impl Destination {
    /// The host, with the port if there is one.
    pub fn host(&self) -> &str {
        let rest = ["sip:", "sips:"]
            .iter()
            .find_map(|scheme| self.address.strip_prefix(scheme))
            .unwrap_or(&self.address);
        rest.split(';').next().unwrap_or(rest)
    }

    /// Whether the host is looked up, so that it needs no port.
    pub fn is_uri(&self) -> bool {
        self.host().len() < self.address.len()
    }
}

/// What happens to a call to a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// Who answers.
    pub agent: AgentName,
    /// Only for calls that come through this trunk; all trunks if absent.
    #[serde(default)]
    pub trunk: Option<TrunkName>,
    /// The ladder: what to do, in this order, when the agent fails. Behind its end the caller is
    /// refused with the status that fits the failure, or hung up if the call was answered.
    #[serde(default)]
    pub fallback: Vec<Fallback>,
    /// How many calls may be to a number that this rule takes, each counted by itself.
    #[serde(default, skip_serializing_if = "Limit::is_none")]
    pub limit: Limit,
    /// When calls to it are recorded; as their trunk says if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recorded>,
}

/// A step of a number's ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fallback {
    /// Another agent answers; an announcement is an agent as well.
    Agent(AgentName),
    /// The caller goes to a transfer target by name: a queue of humans. By an INVITE, however its trunk transfers
    /// otherwise.
    Transfer(String),
    /// The caller is refused, so that the phone system's own fallback takes him. A caller who was
    /// answered already is hung up.
    Refuse {
        /// 400 to 699.
        status: u16,
    },
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Agent {
    /// One that the edge has.
    BuiltIn(BuiltInAgent),
    /// A SIP peer.
    Sip {
        /// The Request-URI.
        uri: String,
        /// Where the INVITE goes.
        destination: Destination,
        /// What it is told of its calls.
        #[serde(default)]
        outbound: Outbound,
        /// Whether its media is SRTP.
        #[serde(default, skip_serializing_if = "is_off")]
        srtp: SrtpPolicy,
        /// How the keys of SRTP are exchanged, the best way first; none: in the descriptions.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        srtp_keying: Vec<SrtpKeying>,
        /// Its codecs, the best first; none: what the caller speaks, and G.711.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        codecs: Vec<AudioCodec>,
    },
    /// Behind a WebSocket.
    WebSocket(WebSocket),
}

fn is_off(srtp: &SrtpPolicy) -> bool {
    *srtp == SrtpPolicy::Off
}

/// Where callers may be transferred to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transfers {
    /// The targets by name.
    pub targets: BTreeMap<String, TransferTarget>,
    /// The URIs that may be asked for without a name, `*` for any text: `sip:*@pbx.example.com`,
    /// `tel:+1*`. Empty: none.
    pub allowed: Vec<String>,
}

/// A named target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferTarget {
    /// `sip:`, `sips:` or `tel:`.
    pub uri: String,
    /// The trunk that the call goes out through; the caller's if absent.
    #[serde(default)]
    pub trunk: Option<TrunkName>,
    /// How; as the caller's trunk says if absent.
    #[serde(default)]
    pub method: Option<TransferMethod>,
}

/// How long control waits, in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Waits {
    /// That a dialed leg is answered: 1 to 600, default 30.
    pub ring_s: u32,
    /// That a call ends: 1 to 604,800 (7 days), default 14,400 (4 h).
    pub call_s: u32,
    /// That a transfer by REFER comes to an end: 1 to 600, default 60.
    pub transfer_s: u32,
}

impl Default for Waits {
    fn default() -> Waits {
        Waits {
            ring_s: 30,
            call_s: 4 * 3_600,
            transfer_s: 60,
        }
    }
}

/// A configuration in force, with the hash that decisions name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    configuration: Configuration,
    snapshot: String,
    hash: Hash,
}

impl Applied {
    /// Checks a configuration and writes its snapshot.
    pub fn new(configuration: Configuration) -> Result<Applied, Faults> {
        configuration.validate()?;
        let snapshot =
            serde_json::to_string(&configuration).expect("a configuration has JSON form");
        if snapshot.len() > SNAPSHOT_MAX_BYTES {
            return Err(Faults(vec![too_large(&configuration, snapshot.len())]));
        }
        Ok(Applied {
            hash: Hash::of(snapshot.as_bytes()),
            configuration,
            snapshot,
        })
    }

    /// Reads the snapshot of an event. `None` if it is none, or not the one that the hash names.
    pub fn read(event: &ConfigurationApplied) -> Option<Applied> {
        let configuration = serde_json::from_str(&event.snapshot).ok()?;
        (Hash::of(event.snapshot.as_bytes()) == event.hash).then(|| Applied {
            configuration,
            snapshot: event.snapshot.clone(),
            hash: event.hash,
        })
    }

    /// The configuration.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// SHA-256 of the snapshot.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The event that tells the log of it.
    pub fn event(&self) -> ConfigurationApplied {
        ConfigurationApplied {
            hash: self.hash,
            snapshot: self.snapshot.clone(),
        }
    }
}

/// The most bytes of a snapshot: what a log takes, less 4 KiB for what stands around it. About 15,000 numbers.
const SNAPSHOT_MAX_BYTES: usize = PAYLOAD_MAX_BYTES - (4 << 10);

/// Blames the part that takes most of it.
fn too_large(configuration: &Configuration, bytes: usize) -> Fault {
    let Configuration {
        numbers,
        trunks,
        agents,
        transfer,
        ..
    } = configuration;
    let all = format!("number.\"{ANY_NUMBER}\" for all that have the same agent");
    let one = "one trunk with several `sources` for all of the same system".to_owned();
    let same = "one agent that is told the number called".to_owned();
    let uri = "a pattern in transfer.allowed for all of the same system".to_owned();
    let parts = [
        ("number", "numbers", numbers.len(), size(numbers), all),
        ("trunk", "trunks", trunks.len(), size(trunks), one),
        ("agent", "agents", agents.len(), size(agents), same),
        (
            "transfer",
            "targets of transfers",
            transfer.targets.len(),
            size(transfer),
            uri,
        ),
    ];
    let largest = parts.into_iter().max_by_key(|(.., size, _)| *size);
    let (key, name, count, size, instead) = largest.expect("there are parts");
    Fault {
        key: key.to_owned(),
        wrong: format!(
            "the configuration takes {bytes} bytes in the log, {size} of them its {count} {name}; \
             a log takes {SNAPSHOT_MAX_BYTES}"
        ),
        instead: format!("{instead}, or use several edges"),
    }
}

fn size(part: &impl Serialize) -> usize {
    serde_json::to_string(part).map_or(0, |text| text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_no_log_takes_is_a_fault() {
        let mut configuration = Configuration::default();
        configuration
            .agents
            .insert("echo".into(), Agent::BuiltIn(BuiltInAgent::Echo));
        let number = Number {
            agent: "echo".into(),
            trunk: None,
            fallback: Vec::new(),
            limit: Limit::default(),
            recording: None,
        };
        for last in 0..30_000 {
            let key = format!("+1415555{last:05}");
            configuration.numbers.insert(key, number.clone());
        }
        let Err(Faults(faults)) = Applied::new(configuration) else {
            panic!("no log takes that");
        };
        let fault = faults[0].to_string();
        assert!(fault.contains("its 30000 numbers"), "{fault}");
    }

    #[test]
    fn the_part_that_takes_most_is_blamed() {
        let mut configuration = Configuration::default();
        let trunk = Trunk {
            destination: None,
            transfer: TransferMethod::Bridged,
            limit: Limit::default(),
            outbound: Outbound::default(),
            recording: Recording::default(),
        };
        for number in 0..9_000 {
            let name = TrunkName::from(format!("branch-{number}").as_str());
            configuration.trunks.insert(name, trunk.clone());
        }
        let Err(Faults(faults)) = Applied::new(configuration) else {
            panic!("no log takes that");
        };
        let fault = faults[0].to_string();
        assert!(fault.starts_with("trunk"), "{fault}");
        assert!(fault.contains("its 9000 trunks"), "{fault}");
    }

    #[test]
    fn a_snapshot_reads_back_under_the_same_hash() {
        let mut configuration = Configuration::default();
        configuration
            .agents
            .insert("echo".into(), Agent::BuiltIn(BuiltInAgent::Echo));
        let applied = Applied::new(configuration).unwrap();
        assert_eq!(Applied::read(&applied.event()), Some(applied.clone()));

        let mut forged = applied.event();
        forged.snapshot.push(' ');
        assert_eq!(Applied::read(&forged), None);
    }

    #[test]
    fn a_snapshot_of_an_older_release_reads_with_defaults() {
        let old: Configuration = serde_json::from_str(r#"{"trunks":{},"numbers":{}}"#).unwrap();
        assert_eq!(old.waits, Waits::default());
    }
}
