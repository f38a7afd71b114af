//! What an edge is told at its start. The binary reads it from TOML; [`Configuration::check`] says what is wrong.

mod agent;
mod connections;
mod digest;
mod fault;
mod group;
mod pace;
mod probe;
mod reading;
mod security;
mod srtp;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
pub use schemas::media::SrtpPolicy;
use schemas::{NodeName, TrunkName};
pub use sdp::Codec;
use sip::digest::Credentials;
use sip::endpoint::flow::Transport;
use sip::endpoint::terms::{Reliable, TimerTerms};
use sip::registration::{Account, Registration};

pub use self::agent::Agent;
pub use self::connections::Connections;
pub use self::digest::{Asked, Digest, Login, Offer};
pub use self::fault::Fault;
pub use self::group::Group;
pub use self::pace::Pace;
pub use self::probe::Probe;
pub use self::reading::{HEADERS, Reading};
pub use self::security::{Identity, Security, TlsVersion, TrunkSecurity};
pub use self::srtp::{KEYING, SrtpKeying};
use crate::listen::Listen;
use crate::locate::question::Question;
use crate::recorder;

/// The UDP and TCP port of SIP that the platform guides ask for.
pub const SIP_PORT: u16 = 32_681;

/// The TLS port of SIP that the platform guides ask for.
pub const SIPS_PORT: u16 = 32_682;

/// How an edge listens, whom it knows and where its bounds are.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The name that it writes events under. Nobody else may write the facts of the node of this name.
    pub node: NodeName,
    /// The addresses that it listens on; at least one. Default UDP and TCP on `0.0.0.0:32681`.
    pub listen: Vec<Listen>,
    /// The DNS server that is asked where a SIP URI leads. Default: those of the system.
    pub dns: Option<SocketAddr>,
    /// The bounds of connections.
    pub connections: Connections,
    /// TLS.
    pub security: Security,
    /// The address that peers reach it at where that is not its own (NAT): stands in Via, Contact and
    /// SDP. Default: the local address that the peer is reached from.
    pub advertise: Option<IpAddr>,
    /// The ports for RTP. Default 16384 to 32767, so about 8,190 legs; ports that SIP listens on are left out.
    pub rtp_ports: RtpPorts,
    /// The trunks.
    pub trunks: Vec<Trunk>,
    /// The agents behind a WebSocket.
    pub agents: Vec<Agent>,
    /// How trunks are asked to prove who they are.
    pub digest: Digest,
    /// What a request from no trunk's address gets that proves nothing. Default 403. Where a trunk has a login, it is
    /// asked for that first.
    pub unknown_sources: UnknownSources,
    /// The most calls at once, at least 1; a new one beyond it gets 503 with Retry-After. Default 10,000.
    pub calls_max: usize,
    /// After how long without RTP a leg counts as silent. Default 2 s.
    pub media_silence: Duration,
    /// After how long with packets but without sound a leg counts as silent; never if absent. Default 15 s: people do
    /// listen.
    pub no_sound: Option<Duration>,
    /// How often the media of a leg is measured while it is up, for the first ten minutes and a tenth as often from then
    /// on; if absent, at its end only. Default 30 s.
    pub measure_every: Option<Duration>,
    /// Whether it states in the log how many calls it has, and adds what other edges state: needed where limits shall
    /// hold across edges. Default: no.
    pub states_load: bool,
    /// How long calls may go on when the edge is told to stop. Default 30 s.
    pub drain: Duration,
    /// How long a new call waits for control's first decision, and a call with a leg gone for its next
    /// one, before the edge ends it on its own. Default 5 s.
    pub control_patience: Duration,
    /// The Retry-After of a 503, in seconds. Default 10.
    pub retry_after_s: u32,
    /// Where the WAV files of announcements and menus are. Default: none, so they cannot be played.
    pub recordings: Option<PathBuf>,
    /// Where calls are recorded to. Default: nowhere.
    pub recorder: Option<recorder::Settings>,
    /// The file that remembers from where in the log to look for calls that an earlier run left behind.
    /// Default: none, the whole log is looked through at the start.
    pub checkpoint: Option<PathBuf>,
}

/// The even ports from the first to the last; RTCP has the odd one above each (RFC 3550, section 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPorts {
    /// The first; even, at least 1024.
    pub first: u16,
    /// The last.
    pub last: u16,
}

/// A phone system or carrier that the edge talks to.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// Its name.
    pub name: TrunkName,
    /// The networks that its requests come from; at least one, unless it proves itself otherwise.
    pub sources: Vec<IpNet>,
    /// What it proves itself by. Default: nothing, its address is enough.
    pub login: Option<Login>,
    /// What legs through it answer challenges with. Default: nothing.
    pub credentials: Credentials,
    /// Where and as whom we register there. Default: we do not.
    pub registration: Option<Account>,
    /// The proxy that calls to it go to, a SIP URI; with `lr` it is named in Route as well. Default: none.
    pub proxy: Option<Box<str>>,
    /// How it is named in calls to it. Default: not at all.
    pub group: Group,
    /// Whether it registers to us: calls to it go where it is. Default: no.
    pub registers: bool,
    /// Whom calls to it name in their Request-URI where it registers. Default: its Contact, as it registered it.
    pub request_uri: RequestUri,
    /// The codecs that it may use, the best first; at least one. Default PCMU, PCMA: whatever else is said is transcoded.
    pub codecs: Vec<Codec>,
    /// Whether the log keeps which keys were pressed. Default: only that one was.
    pub digits: Digits,
    /// Reliable provisional answers (RFC 3262). Default: if the peer wants them.
    pub reliable: Reliable,
    /// Session timers (RFC 4028). Default: if the peer asks for one.
    pub timer: TimerTerms,
    /// How keys are sent to it. Default: as telephone events.
    pub dtmf: Dtmf,
    /// Whether keys are listened for in its audio. Default: no.
    pub tones: Tones,
    /// How it says who calls whom, and what of its messages is read.
    pub reading: Reading,
    /// TLS from and to it.
    pub security: TrunkSecurity,
    /// Whether requests of more than 1,300 octets that would go to it as datagrams go by TCP, if it takes that (RFC 3261
    /// section 18.1.1). Default: yes.
    pub large_by_tcp: bool,
    /// How often connections of ours to it send a keep-alive. Default: as the edge's bounds say.
    pub keep_alive: Option<Duration>,
    /// How it is asked whether it is there. Default: not at all.
    pub probe: Option<Probe>,
    /// How fast calls may go out through it. Default: as fast as they come.
    pub pace: Option<Pace>,
    /// Whether the media of its legs is SRTP (RFC 4568, RFC 8643). Default: it is plain RTP.
    pub srtp: SrtpPolicy,
    /// By which ways its keys are exchanged, the best first, at least one. Under `require` our offers are by the first.
    /// Default: SDES.
    pub srtp_keying: Vec<SrtpKeying>,
}

/// Whom calls to a trunk that registers name in their Request-URI. They go where it is in any case, and To names the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RequestUri {
    /// Its Contact: a phone knows no other name.
    #[default]
    Contact,
    /// The number called at its Contact's host, as RFC 6140 section 5.2 has it: a phone system routes by the number.
    Number,
}

/// The codecs that are offered where nothing else is said, in their order: those that every phone system knows.
pub const CODECS: [Codec; 2] = [Codec::Pcmu, Codec::Pcma];

/// What the log keeps of a pressed key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Digits {
    /// That one was pressed, how and for how long.
    #[default]
    Counted,
    /// Which one it was, too; in INFO bodies of the wire capture as well.
    Stored,
}

/// How keys are sent to a trunk. However it sends its own is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Dtmf {
    /// As telephone events in the audio stream (RFC 4733), where the peer takes them.
    #[default]
    TelephoneEvent,
    /// By INFO requests (application/dtmf-relay).
    Info,
}

/// Whether keys are listened for as tones in the audio of a trunk (ITU-T Q.23). If they are, keys for it go out as tones, too,
/// where no telephone events are agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tones {
    /// No.
    #[default]
    Off,
    /// Where no telephone events are agreed on.
    Fallback,
    /// Always; a key that comes both ways counts once.
    Always,
}

/// What a request from no trunk's address gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum UnknownSources {
    /// 403.
    #[default]
    Refuse,
    /// Nothing.
    Drop,
}

impl Configuration {
    /// The defaults under that name, without trunks.
    pub fn new(node: NodeName) -> Configuration {
        let any = SocketAddr::from(([0, 0, 0, 0], SIP_PORT));
        Configuration {
            node,
            listen: vec![Listen::udp(any), Listen::tcp(any)],
            dns: None,
            connections: Connections::default(),
            security: Security::default(),
            advertise: None,
            rtp_ports: RtpPorts {
                first: 16_384,
                last: 32_767,
            },
            trunks: Vec::new(),
            agents: Vec::new(),
            digest: Digest::default(),
            unknown_sources: UnknownSources::default(),
            calls_max: 10_000,
            media_silence: Duration::from_secs(2),
            no_sound: Some(Duration::from_secs(15)),
            measure_every: Some(Duration::from_secs(30)),
            states_load: false,
            drain: Duration::from_secs(30),
            control_patience: Duration::from_secs(5),
            retry_after_s: 10,
            recordings: None,
            recorder: None,
            checkpoint: None,
        }
    }

    /// The first thing that is wrong, if anything is.
    pub fn check(&self) -> Result<(), Fault> {
        if self.listen.is_empty() {
            return Err(Fault::NoListen);
        }
        let tls = |listen: &&Listen| listen.transport == Transport::Tls;
        if let Some(listen) = self.listen.iter().find(tls)
            && self.security.identity.is_none()
        {
            return Err(Fault::NoCertificate(listen.address));
        }
        let RtpPorts { first, last } = self.rtp_ports;
        if first < 1024 || first % 2 != 0 || last <= first {
            return Err(Fault::RtpPorts { first, last });
        }
        if self.calls_max == 0 {
            return Err(Fault::NoCalls);
        }
        self.check_trunks()?;
        self.check_logins()
    }

    fn check_trunks(&self) -> Result<(), Fault> {
        for (index, trunk) in self.trunks.iter().enumerate() {
            let proves = trunk.login.is_some()
                || trunk.registration.is_some()
                || trunk.security.certificate_required;
            if trunk.sources.is_empty() && !proves {
                return Err(Fault::NoSources(trunk.name.clone()));
            }
            if trunk.codecs.is_empty() {
                return Err(Fault::NoCodecs(trunk.name.clone()));
            }
            if let Some(account) = &trunk.registration
                && let Err(error) = Registration::new(account.clone(), [0; 32])
            {
                let (trunk, error) = (trunk.name.clone(), error.to_string());
                return Err(Fault::Registration { trunk, error });
            }
            if let Some(proxy) = &trunk.proxy
                && let Err(error) = Question::of_uri(proxy)
            {
                let trunk = trunk.name.clone();
                return Err(Fault::Proxy { trunk, error });
            }
            let security = &trunk.security;
            if security.certificate_required
                && security.authorities.is_none()
                && security.name.is_none()
            {
                return Err(Fault::NothingProves(trunk.name.clone()));
            }
            for earlier in &self.trunks[..index] {
                if earlier.name == trunk.name {
                    return Err(Fault::TrunkTwice(trunk.name.clone()));
                }
                let same = |network: &&IpNet| {
                    earlier
                        .sources
                        .iter()
                        .any(|other| other.trunc() == network.trunc())
                };
                if let Some(network) = trunk.sources.iter().find(same) {
                    return Err(Fault::SourceTwice {
                        network: *network,
                        one: earlier.name.clone(),
                        other: trunk.name.clone(),
                    });
                }
            }
        }
        Ok(())
    }
}

impl Trunk {
    /// A trunk with the default codecs that only counts digits.
    pub fn new(name: &str, sources: Vec<IpNet>) -> Trunk {
        Trunk {
            name: TrunkName::from(name),
            sources,
            login: None,
            credentials: Credentials::none(),
            registration: None,
            proxy: None,
            group: Group::default(),
            registers: false,
            request_uri: RequestUri::default(),
            reliable: Reliable::default(),
            timer: TimerTerms::default(),
            codecs: CODECS.to_vec(),
            digits: Digits::default(),
            dtmf: Dtmf::default(),
            tones: Tones::default(),
            reading: Reading::default(),
            security: TrunkSecurity::default(),
            large_by_tcp: true,
            keep_alive: None,
            probe: None,
            pace: None,
            srtp: SrtpPolicy::default(),
            srtp_keying: KEYING.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Configuration)) -> Result<(), Fault> {
        let mut configuration = Configuration::new(NodeName::from("edge-1"));
        configuration.trunks = vec![Trunk::new("pbx", vec!["10.0.0.0/8".parse().unwrap()])];
        change(&mut configuration);
        configuration.check()
    }

    #[test]
    fn the_defaults_are_right_and_each_fault_names_the_remedy() {
        assert_eq!(with(|_| {}), Ok(()));
        let pbx = || Trunk::new("pbx", vec!["192.0.2.0/24".parse().unwrap()]);
        let tls = || Listen::tls(SocketAddr::from(([0, 0, 0, 0], SIPS_PORT)));
        let cases: [(Result<(), Fault>, &str); 9] = [
            (
                with(|c| c.trunks[0].security.certificate_required = true),
                "say whose by `ca`",
            ),
            (
                with(|c| c.listen.push(tls())),
                "name certificate and key, PEM files, or leave 0.0.0.0:32682 out",
            ),
            (
                with(|c| c.listen.clear()),
                "give at least one, such as 0.0.0.0:32681",
            ),
            (
                with(|c| c.rtp_ports.first = 16_385),
                "begin with an even port",
            ),
            (
                with(|c| c.rtp_ports.last = 16_384),
                "begin with an even port",
            ),
            (with(|c| c.trunks.push(pbx())), "two trunks are named pbx"),
            (with(|c| c.trunks[0].sources.clear()), "list the networks"),
            (
                with(|c| {
                    c.trunks
                        .push(Trunk::new("b", vec!["10.1.0.0/8".parse().unwrap()]))
                }),
                "a network can belong to one trunk only",
            ),
            (with(|c| c.calls_max = 0), "allow at least 1"),
        ];
        for (result, text) in cases {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
