//! The script language of the scenarios: phones that are SIP endpoints themselves, a control that decides what the
//! script says, a log that the script can take away, and a clock that moves only when told to.
//!
//! ```text
//! # a comment, printed
//! phone NAME ADDRESS             a peer; `trunk NAME NETWORK` says whose it is; `-` is no network; behind it
//!                                `probes ADDRESS|… every TIME`
//! login TRUNK USER PASSWORD      what a trunk proves itself by; `always` behind it, or the one hash and the domain that
//!                                are its own; `digest HASH`: what all others are offered
//! account TRUNK USER PASSWORD    what answers a trunk that asks; `NAME account` the same for a phone, which also
//!                                demands USER PASSWORD; `NAME md5 USER DIGITS`: it knows MD5 only
//! NAME options STATUS            what it answers to OPTIONS
//! codecs TRUNK CODEC …           what is offered there; `NAME describes LINE|LINE…`: its next answer, as it stands
//! NAME allows METHODS, NAME accounts FIELD VALUE
//!                                what stands in Allow, and in its answer to a BYE
//! NAME invite URI [CODEC …]      and: ring, early, answer, refuse STATUS, cancel, bye, hold, resume, refer URI, info KEY
//! 100rel TRUNK MODE              and `timer TRUNK MODE SECONDS [edge|peer]`: what its legs agree to; `-` is the phones'
//! srtp TRUNK POLICY [WAY …]      off, prefer, require; by sdes or dtls, the best first; `NAME srtp POLICY [WAY …]` the
//!                                same for a phone, `rekey` gives it new keys
//! handshake LEG WHAT             what comes of it: completed, wrong (another certificate), late
//! register TRUNK URI ADDRESS|…   we register there; `registers TRUNK`: it registers here by `NAME register SECONDS`,
//!                                `number` behind it: calls to it name the number
//! NAME registrar SECONDS         it takes registrations
//! NAME silent, NAME loud         it takes and sends nothing any more, and again; `stutters`: it sends everything twice
//! decide COMMAND; COMMAND        ring, answer, refuse, dial, stream, hangup, bridge, agent, accept, report, refer, end
//! decide again                   the last decision comes once more
//! media LEG WHAT                 started, silent, resumed, digit KEY, choice KEY, finished, echo MS, doubled MS,
//!                                keys-refused PAYLOAD-TYPE; of its recording: paused MS,
//!                                went-on MS, keys MS, no-more-keys MS
//! recorder in DIRECTORY          calls are recorded; `recorder WHAT`: started, ended, failed MS ERROR
//! line LEG WHAT                  of an agent's connection: opened, refused STATUS, times-out TIMER, closes CODE, breaks,
//!                                overrun, counts
//! raw ADDRESS TEXT               a datagram; `|` ends a line
//! wait TIME                      50ms, 3s
//! log away, log back, log slow, log commit
//! media dies                     it takes orders and tells nothing
//! ports none
//! drop, drain, stop CAUSE
//! ```

mod control;
mod identity;
mod log;
mod phone;
mod registry;
mod shell;
mod srtp;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use schemas::{CallId, Chain, Lane, NodeName, Subject, Timestamp};
use sip::digest::Algorithm;
use sip::endpoint::flow::{Flow, Transport};
use trunkline_edge::Listen;
use trunkline_edge::clock::Moment;
use trunkline_edge::configuration::{
    Agent, Configuration, Digits, Dtmf, Probe, Trunk, UnknownSources,
};
use trunkline_edge::core::{Core, Start};
use trunkline_edge::counters::Counters;
use trunkline_edge::port::Input;
use trunkline_edge::recorder;
use trunkline_edge::recordings::Recordings;
use trunkline_edge::voice::{FromVoice, Happened};

use control::Control;
use log::Log;
use phone::Phone;

/// The edge's address in every scenario.
const EDGE: &str = "198.51.100.1:32681";

/// The wall clock's first moment: 2026-11-21T07:00:00Z.
const BEGIN: Timestamp = Timestamp(1_795_244_400_000_000);

/// One scenario as it is played.
pub struct Scene {
    configuration: Configuration,
    core: Option<Core>,
    phones: BTreeMap<String, Phone>,
    control: Control,
    log: Log,
    begin: Instant,
    now: Instant,
    next_port: u16,
    /// Where the registrars of trunks are.
    registrars: BTreeMap<String, String>,
    media_is_dead: bool,
    out: String,
}

impl Scene {
    /// A scene with an edge that knows nobody.
    #[expect(
        clippy::disallowed_methods,
        reason = "virtual time needs some moment to begin with"
    )]
    pub fn new() -> Scene {
        let mut configuration = Configuration::new(NodeName::from("edge-1"));
        configuration.listen = vec![Listen::udp(EDGE.parse().unwrap())];
        configuration.agents = vec![Agent {
            name: "bot".into(),
            headers: Vec::new(),
            authorities: None,
        }];
        let begin = Instant::now();
        Scene {
            configuration,
            core: None,
            phones: BTreeMap::new(),
            control: Control::default(),
            log: Log::default(),
            begin,
            now: begin,
            next_port: 20_000,
            registrars: BTreeMap::new(),
            media_is_dead: false,
            out: String::new(),
        }
    }

    /// Plays one line.
    pub fn play(&mut self, line: &str) {
        writeln!(self.out, "{line}").unwrap();
        if line.starts_with('#') {
            return;
        }
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            ["trunk", name, network] => self
                .configuration
                .trunks
                .push(identity::trunk(name, network)),
            ["trunk", name, network, "stores-digits"] => {
                let digits = Digits::Stored;
                let trunk = identity::trunk(name, network);
                self.configuration.trunks.push(Trunk { digits, ..trunk });
            }
            [
                "login" | "account" | "register" | "registers" | "proxy" | "100rel" | "timer"
                | "srtp" | "pace",
                name,
                rest @ ..,
            ] => {
                let mut trunks = self.configuration.trunks.iter_mut();
                let trunk = trunks.find(|trunk| trunk.name.as_str() == *name);
                identity::give(trunk.expect("a trunk"), words[0], rest);
                if let ["register", name, _, ways] = words[..] {
                    self.registrars.insert(name.to_owned(), ways.to_owned());
                }
            }
            ["trunk", name, network, "probes", targets, "every", time] => {
                let mut trunk = identity::trunk(name, network);
                let mut probe = Probe::new(duration(time), targets, Transport::Udp);
                probe.uri = "sip:pbx.example".to_owned();
                trunk.probe = Some(probe);
                self.configuration.trunks.push(trunk);
            }
            ["trunk", name, network, "info"] => {
                let dtmf = Dtmf::Info;
                let trunk = identity::trunk(name, network);
                self.configuration.trunks.push(Trunk { dtmf, ..trunk });
            }
            ["codecs", name, codecs @ ..] => {
                let mut trunks = self.configuration.trunks.iter_mut();
                let trunk = trunks.find(|trunk| trunk.name.as_str() == *name);
                let codecs = codecs.iter().map(|codec| match *codec {
                    "opus" => sdp::Codec::Opus,
                    other => sdp::Codec::of(other, 8_000, None).expect("a codec"),
                });
                trunk.expect("a trunk").codecs = codecs.collect();
            }
            ["max", calls] => self.configuration.calls_max = calls.parse().unwrap(),
            ["states-load"] => self.configuration.states_load = true,
            ["edge", name, "states", trunk, calls] => {
                let record = self.control.stated(name, trunk, calls, self.wall());
                self.input(Input::Decision(record));
            }
            ["digest", algorithm] => {
                let algorithm = Algorithm::parse(algorithm).unwrap();
                self.configuration.digest.algorithms = vec![algorithm];
            }
            ["drop"] => self.configuration.unknown_sources = UnknownSources::Drop,
            ["phone", name, address] => {
                let phone = Phone::new(name, address.parse().unwrap());
                self.phones.insert((*name).to_owned(), phone);
            }
            ["wait", time] => self.wait(duration(time)),
            ["log", what] => {
                self.log.play(what);
                self.settle();
            }
            ["ports", "none"] => self.next_port = 0,
            ["decide", "again"] => {
                let record = self.control.again();
                self.input(Input::Decision(record));
            }
            ["decide", ..] => {
                let text = line.trim_start_matches("decide").trim();
                let record = self.control.decide(text, &self.log, self.wall());
                self.input(Input::Decision(record));
            }
            ["recorder", "in", directory] => {
                let directory = (*directory).into();
                let bytes_max = 1 << 20;
                self.configuration.recorder = Some(recorder::Settings {
                    directory,
                    bytes_max,
                });
            }
            ["recorder", what @ ..] => {
                let (call, told) = (self.log.call(), control::recorded(what));
                let from = recorder::FromRecorder { call, told };
                self.input(Input::Recorded(from));
            }
            ["line", leg, what @ ..] => {
                let call = self.log.call();
                let leg = schemas::LegId(leg.parse().unwrap());
                let event = Happened::Stream(control::stream_event(what));
                self.input(Input::Voice(FromVoice { call, leg, event }));
            }
            ["media", "dies"] => self.media_is_dead = true,
            ["handshake", leg, what @ ..] => {
                let call = self.log.call();
                let leg = schemas::LegId(leg.parse().unwrap());
                let event = Happened::Handshake(srtp::outcome(what));
                self.input(Input::Voice(FromVoice { call, leg, event }));
            }
            ["media", leg, what @ ..] => {
                let call = self.log.call();
                let leg = schemas::LegId(leg.parse().unwrap());
                let event = Happened::Media(control::media_event(what));
                self.input(Input::Voice(FromVoice { call, leg, event }));
            }
            ["raw", from, ..] => {
                let text = line.splitn(3, ' ').nth(2).unwrap();
                let bytes = Bytes::from(text.replace('|', "\r\n"));
                let flow = flow(from.parse().unwrap());
                self.input(Input::Datagram { bytes, flow });
            }
            ["drain"] => self.input(Input::Stop),
            ["stop", cause] => {
                let cause = (*cause).to_owned();
                self.input(Input::Finish { cause });
            }
            [name, action @ ..] => {
                let now = self.now;
                let phone = self
                    .phones
                    .get_mut(*name)
                    .unwrap_or_else(|| panic!("who is {name}?"));
                phone.act(action, now);
                self.settle();
            }
            [] => {}
        }
    }

    /// What came of it all, with what must hold for every scenario checked.
    pub fn finish(mut self) -> String {
        self.log.check();
        self.log.check_commands(self.control.decisions());
        let wire = self.log.wire_count();
        writeln!(self.out, "({wire} messages captured)").unwrap();
        self.out
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        self.core();
        loop {
            let phones = self.phones.values().filter_map(Phone::deadline);
            let core = self.core.as_ref().and_then(Core::deadline);
            let Some(next) = phones.chain(core).min().filter(|next| *next <= until) else {
                break;
            };
            self.now = self.now.max(next);
            let now = self.now;
            for phone in self.phones.values_mut() {
                phone.due(now);
            }
            self.input(Input::Due);
        }
        self.now = until;
    }

    fn input(&mut self, input: Input) {
        let moment = self.moment();
        self.core().handle(input, moment);
        self.settle();
    }

    /// Carries everything that is on its way to where it goes, until nothing moves.
    fn settle(&mut self) {
        loop {
            let moved = self.outputs() | self.batches() | self.datagrams();
            if !moved {
                return;
            }
        }
    }

    fn outputs(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.core().poll() {
            moved = true;
            self.output(output);
        }
        moved
    }

    fn batches(&mut self) -> bool {
        let mut moved = false;
        if let Some(batch) = self.core().take_batch() {
            moved = true;
            for line in self.log.take(batch) {
                writeln!(self.out, "  {line}").unwrap();
            }
        }
        let moment = self.moment();
        for input in self.log.answers() {
            moved = true;
            self.core().handle(input, moment);
        }
        moved
    }

    fn datagrams(&mut self) -> bool {
        let mut sent = Vec::new();
        for phone in self.phones.values_mut() {
            sent.extend(
                phone
                    .sent()
                    .map(|bytes| (phone.name.clone(), phone.address, bytes)),
            );
        }
        let moved = !sent.is_empty();
        for (name, address, bytes) in sent {
            writeln!(self.out, "  {name} > {}", phone::first_line(&bytes)).unwrap();
            for line in srtp::lines(&bytes) {
                writeln!(self.out, "      {line}").unwrap();
            }
            let moment = self.moment();
            self.core().handle(
                Input::Datagram {
                    bytes,
                    flow: flow(address),
                },
                moment,
            );
        }
        moved
    }

    fn core(&mut self) -> &mut Core {
        let moment = self.moment();
        let configuration = &self.configuration;
        self.core.get_or_insert_with(|| {
            configuration.check().unwrap();
            let mut recordings = Recordings::default();
            recordings.add("welcome.wav", Arc::from([0; 8]));
            Core::new(Start {
                configuration: configuration.clone(),
                recordings: Arc::new(recordings),
                counters: Arc::new(Counters::default()),
                seed: [7; 32],
                fingerprint: srtp::fingerprint(0xed),
                chain: Chain::new(Subject::Node(NodeName::from("edge-1")), Lane::Facts),
                listens: configuration.listen.clone(),
                moment,
            })
        })
    }

    fn moment(&self) -> Moment {
        Moment {
            now: self.now,
            wall: self.wall(),
        }
    }

    fn wall(&self) -> Timestamp {
        let passed = (self.now - self.begin).as_micros();
        Timestamp(BEGIN.0 + i64::try_from(passed).unwrap())
    }
}

fn flow(remote: SocketAddr) -> Flow {
    Flow::new(Transport::Udp, EDGE.parse().unwrap(), remote)
}

fn duration(text: &str) -> Duration {
    match text.strip_suffix("ms") {
        Some(number) => Duration::from_millis(number.parse().unwrap()),
        None => Duration::from_secs(text.strip_suffix('s').unwrap().parse().unwrap()),
    }
}

/// Which call a script means: the one that began last.
pub fn newest(calls: &BTreeMap<CallId, u32>) -> CallId {
    *calls
        .iter()
        .max_by_key(|(_, order)| **order)
        .expect("no call began")
        .0
}
