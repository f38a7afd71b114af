//! The one file that a person writes: `trunkline.toml`. Read once at start-up; what is wrong in it is
//! told with its line, its key and what to write instead.

mod agent;
pub mod context;
mod edge;
mod group;
mod identity;
mod limit;
mod recording;
mod terms;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

pub use self::agent::{Agent, Header, Protocol, WebSocket};
use self::context::{CallerHeader, Dtmf, Numbers, Tones};
pub use self::group::Group;
pub use self::identity::{Account, Asked, Digest, Login, Password, Register, RequestUri};
pub use self::limit::{Limit, Outbound};
pub use self::recording::{Recorded, RecordedDigits, Recording};
pub use self::terms::{
    LargeRequests, Refresher, Reliable, SessionTimer, Srtp, SrtpKeying, TimerMode,
};

/// The file as it is written. Every table and key is optional but the trunks and numbers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// This process.
    #[serde(default)]
    pub node: Node,
    /// Where the events go.
    #[serde(default)]
    pub log: Log,
    /// The SIP and RTP side.
    #[serde(default)]
    pub edge: Edge,
    /// The HTTP side.
    #[serde(default)]
    pub api: Api,
    /// Traces.
    #[serde(default)]
    pub telemetry: Telemetry,
    /// How long call control waits.
    #[serde(default)]
    pub wait: Wait,
    /// How many calls there may be, of all trunks together.
    #[serde(default)]
    pub limit: Limit,
    /// Where calls are recorded to.
    #[serde(default)]
    pub recording: Recording,
    /// The phone systems and carriers, by name.
    #[serde(default)]
    pub trunk: BTreeMap<String, Trunk>,
    /// The numbers that may be called, and `*` for all others.
    #[serde(default)]
    pub number: BTreeMap<String, Number>,
    /// Who answers, by name. `echo`, `tone` and `hold` are there without being written.
    #[serde(default)]
    pub agent: BTreeMap<String, Agent>,
    /// Where callers may be transferred to, by name.
    #[serde(default)]
    pub transfer: BTreeMap<String, Transfer>,
    /// The URIs that an agent may transfer to without a name, `*` for any text. Default: none.
    #[serde(default)]
    pub transfer_allowed: Vec<String>,
}

/// `[node]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Node {
    /// The name under which this process writes events. Default `trunkline`.
    pub name: String,
    /// The directory of the log and of the projections. Default `data`.
    pub data: PathBuf,
}

impl Default for Node {
    fn default() -> Node {
        Node {
            name: "trunkline".into(),
            data: "data".into(),
        }
    }
}

/// `[log]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Where events are kept. Default `segments`.
    pub kind: LogKind,
    /// The NATS servers, for `kind = "jetstream"`: `nats://10.0.0.1:4222,nats://10.0.0.2:4222`.
    pub url: Option<String>,
    /// How many copies the stream keeps, 1 to 5. Default 1; 3 is the production setting.
    pub replicas: Option<usize>,
    /// How many days SIP messages are kept. Default 7.
    pub wire_days: Option<u32>,
    /// MiB of a segment file, 1 to 1024, taken when it is begun; there are two that grow. Default 64. Less
    /// is for small disks.
    pub segment_mb: Option<u32>,
}

/// The kinds of log.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogKind {
    /// Segment files in the data directory: one machine.
    #[default]
    Segments,
    /// NATS JetStream: several edges, control and API processes.
    Jetstream,
    /// Memory: gone with the process. For measurements.
    Memory,
}

/// `[edge]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Edge {
    /// Where the WAV files of announcements and menus are. Default: `recordings` beside this file.
    pub recordings: Option<PathBuf>,
    /// Where SIP is listened to: `"0.0.0.0:32681"` for UDP and TCP, `"udp://…"`, `"tcp://…"`, `"tls://…"`. Default
    /// `0.0.0.0:32681`, and TLS on `0.0.0.0:32682` where there is a certificate.
    pub listen: Option<Vec<String>>,
    /// The DNS server that says where names lead, `10.0.0.53:53`. Default: those of the system.
    pub dns: Option<SocketAddr>,
    /// Our certificate.
    pub tls: Option<Tls>,
    /// How trunks are asked for their passwords.
    pub digest: Digest,
    /// The most connections at once. Default 8192.
    pub max_connections: Option<usize>,
    /// Every how many seconds connections of ours send a keep-alive. Default: never.
    pub keep_alive_s: Option<u64>,
    /// The address that peers reach this machine at, when it is behind NAT. Default: the local one.
    pub advertise: Option<IpAddr>,
    /// The RTP ports, `first-last`. Default `16384-32767`.
    pub rtp_ports: String,
    /// What a request from no trunk's address gets: `refuse` (403, the default) or `drop`. Where a trunk has a login it is
    /// asked for that first.
    pub unknown_sources: UnknownSources,
    /// The most calls at once. Default 10000.
    pub max_calls: usize,
    /// After how many milliseconds without RTP a leg counts as silent. Default 2000.
    pub silence_ms: u64,
    /// After how many milliseconds with packets but without sound it does; 0 is never. Default 15000.
    pub no_sound_ms: u64,
    /// Every how many seconds the media of a leg is measured while it is up; 0 is at its end only. Default 30.
    pub measure_every_s: u64,
    /// How many seconds calls may go on when the process is told to stop. Default 30.
    pub drain_s: u64,
}

/// `[edge.tls]`: both files PEM, read again when they change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, and behind it those that lead to an authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What strangers get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownSources {
    /// 403.
    Refuse,
    /// Nothing.
    Drop,
}

/// `[api]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    /// Where the API and the pages are served. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
}

impl Default for Api {
    fn default() -> Api {
        Api {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
        }
    }
}

/// `[telemetry]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// The OTLP/HTTP receiver, `http://127.0.0.1:4318`. Default: no traces are sent.
    pub otlp: Option<String>,
}

/// `[wait]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wait {
    /// Seconds that a leg may ring. Default 30.
    pub ring_s: Option<u32>,
    /// Seconds that a call may last. Default 14400 (4 h).
    pub call_s: Option<u32>,
    /// Seconds that a transfer by REFER may take. Default 60.
    pub transfer_s: Option<u32>,
}

/// `[trunk.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// The platform that it is: what is not written here is as its profile says. Default: none.
    pub platform: Option<String>,
    /// The keys of its profile that are not taken, dotted: `["outbound", "limit.answer"]`. They are as if there was no
    /// platform. Default: none.
    #[serde(default)]
    pub without: Vec<String>,
    /// The networks that its requests come from: `["192.0.2.0/24", "198.51.100.7"]`. Needed unless a login, a
    /// registration or a certificate says whose a request is.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Who we are there: what answers it when it asks for credentials.
    pub account: Option<Account>,
    /// Who it is here: what it proves itself by.
    pub login: Option<Login>,
    /// That we register there.
    pub register: Option<Register>,
    /// How it is named in calls to it.
    #[serde(default)]
    pub group: Group,
    /// That it registers here: calls to it go where it is. Default: no.
    #[serde(default)]
    pub registers: bool,
    /// Whom calls to it name in their Request-URI where it registers here: `contact`, the default, or `number`, the number
    /// called at its Contact's host (RFC 6140), which phone systems route by. To names the number in any case.
    pub request_uri: Option<RequestUri>,
    /// The proxy that calls and REGISTERs go by: `sip:out.example.com`; with `;lr` it is named in Route as well.
    /// Default: none.
    pub proxy: Option<String>,
    /// Reliable provisional answers (RFC 3262). Default `supported`.
    #[serde(default, rename = "100rel")]
    pub reliable: Reliable,
    /// Session timers (RFC 4028).
    #[serde(default)]
    pub session_timer: SessionTimer,
    /// Where calls to it go: `host:port`, or a URI such as `sip:pbx.example.com:5061;transport=tls`. Needed when
    /// somebody is transferred to it.
    pub target: Option<String>,
    /// The lowest version of TLS, `1.2` or `1.3`, both ways. Default `1.3`.
    pub tls_min: Option<String>,
    /// The authorities that sign its certificates, PEM. Default: those that the system trusts.
    pub ca: Option<PathBuf>,
    /// The name in its certificate. Default: the host of the target.
    pub tls_name: Option<String>,
    /// Our certificate towards it, PEM. Default: the one of `[edge.tls]`.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate.
    pub key: Option<PathBuf>,
    /// Whether a connection from it needs a certificate that proves who it is. A connection from no trunk's address is its
    /// if it shows that certificate. Default: no.
    #[serde(default)]
    pub certificate_required: bool,
    /// How requests of more than 1,300 octets go to it that would go by UDP: `tcp`, and UDP where that is refused, or
    /// `udp`. Default `tcp`.
    #[serde(default)]
    pub large_requests: LargeRequests,
    /// Every how many seconds connections of ours to it send a keep-alive. Default: as `[edge]` says.
    pub keep_alive_s: Option<u64>,
    /// About every how many seconds each address of its target is asked whether it is there (OPTIONS), 5 to 3600. One
    /// that does not answer is called last. Default: never.
    pub probe_s: Option<u64>,
    /// How many calls it may bring.
    #[serde(default)]
    pub limit: Limit,
    /// How fast calls go out through it. Default: as fast as they come.
    pub outbound: Option<Outbound>,
    /// How callers of this trunk are transferred. Default `bridged`.
    #[serde(default)]
    pub transfer: TransferMethod,
    /// The codecs it may use, best first, of `opus`, `G722`, `PCMU` and `PCMA`. Default `["PCMU", "PCMA"]`.
    pub codecs: Option<Vec<String>>,
    /// Whether its media is SRTP: `off`, the default, `prefer` or `require`. Keys go by SIP, so its way should be TLS.
    #[serde(default)]
    pub srtp: Srtp,
    /// By which ways its keys are exchanged, the best first: `["sdes"]`, the default, `["dtls"]`, or both. With `require`
    /// our offers are by the first, with `prefer` by all; an offer of the trunk may be by any of them.
    pub srtp_keying: Option<Vec<SrtpKeying>>,
    /// Whether digits are kept. Default `count`.
    #[serde(default)]
    pub digits: Digits,
    /// When its calls are recorded: `off`, the default, `on-request` or `on`.
    #[serde(default)]
    pub recording: Recorded,
    /// What the caller hears before he is recorded: `tone`, or the name of a WAV file in the directory of the edge's
    /// recordings. Default: nothing.
    pub recording_notice: Option<String>,
    /// What becomes of the sound around pressed keys: `mask`, the default, `pause` or `keep`.
    #[serde(default)]
    pub recording_digits: RecordedDigits,
    /// How keys are sent to it: `rfc4733`, the default, or `info`. However it sends its own is taken.
    #[serde(default)]
    pub dtmf: Dtmf,
    /// Whether keys are listened for as tones in its audio (G.711 only): `off`, the default, `fallback` where no telephone
    /// events are agreed on, or `always`. With either of these, keys for it go out as tones where no events are agreed on.
    #[serde(default)]
    pub dtmf_tones: Tones,
    /// The header fields that say who calls, the most trusted first. Default P-Asserted-Identity, Remote-Party-ID, From.
    pub caller_from: Option<Vec<CallerHeader>>,
    /// Those beside From that tell it who calls. Default: none.
    #[serde(default)]
    pub caller_to: Vec<CallerHeader>,
    /// Whether it may know who calls without wanting to be named (RFC 3325). Default: no, such a caller is anonymous.
    #[serde(default)]
    pub trusted: bool,
    /// The host of the URIs of callers towards it. Default: the edge's address.
    pub domain: Option<String>,
    /// How numbers are written.
    #[serde(default)]
    pub numbers: Numbers,
    /// The header fields that are let in and those that are sent on, as they are. Default of both: Diversion,
    /// History-Info, User-to-User and X-*.
    pub headers_in: Option<Vec<String>>,
    /// See `headers_in`.
    pub headers_out: Option<Vec<String>>,
}

/// How a transfer is carried out.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransferMethod {
    /// A new INVITE, and both legs stay here.
    #[default]
    Bridged,
    /// A REFER to the caller's phone system.
    Refer,
}

/// What the log keeps of digits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Digits {
    /// That one was pressed, and when.
    #[default]
    Count,
    /// Which one it was, too.
    Store,
}

/// `[number."+14155550100"]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// Who answers.
    pub agent: String,
    /// Only calls that come through this trunk. Default: all trunks.
    pub trunk: Option<String>,
    /// Who answers when the agent does not or is lost, one after the other: an agent, also the same once more; the name of
    /// a transfer; or a status that refuses. Behind the last the caller is refused
    /// in the way that lets the phone system's own fallback take him. Default: nobody.
    #[serde(default)]
    pub fallback: Vec<String>,
    /// When calls to it are recorded. Default: as their trunk says.
    pub recording: Option<Recorded>,
    /// How many calls there may be to it; under `*` to each number that no other rule takes.
    #[serde(default)]
    pub limit: Limit,
}

/// `[transfer.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The URI: `sip:+14155550199@pbx.example.com`.
    pub to: String,
    /// The trunk that it goes through. Default: the caller's.
    pub trunk: Option<String>,
    /// How. Default: as the caller's trunk says.
    pub method: Option<TransferMethod>,
}
