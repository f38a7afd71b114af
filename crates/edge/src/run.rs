//! The edge with its sockets: one loop that turns everything that comes into one [`Input`] for the core, and carries
//! out what the core says.

mod agents;
mod decisions;
mod lookup;
mod recording;
mod stopping;
mod streams;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use journal::{BoxFuture, EventLog, Filter};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::decisions::{Decided, Following, Place, follow, followed};
use self::lookup::Lookup;
use self::recording::Recording;
use self::stopping::Stopping;
use crate::checkpoint::Checkpoint;
use crate::clock::{Moment, moment};
use crate::configuration::{Agent, Configuration};
use crate::core::{Core, FACTS_WAITING_MAX, Start, derive};
use crate::counters::Counters;
use crate::dtls::Certificate;
use crate::error::Error;
use crate::ledger::Batch;
use crate::left_behind;
use crate::listen::Listen;
use crate::locate::Locator;
use crate::locate::search::Target;
use crate::outbox::{Outbox, Progress};
use crate::port::{Input, Output, Toward};
use crate::recorder::FromRecorder;
use crate::recordings::Recordings;
use crate::switchboard::Switchboard;
use crate::transport::{Arrived, Transports};
use crate::voice::FromVoice;

/// Datagrams of one socket that are handled before their facts are given to the log together.
const DATAGRAMS_MAX: usize = 64;

/// Media events that are handled in one turn.
const VOICE_MAX: usize = 256;

/// How often the checkpoint is written.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);

/// A running edge: sockets, media and the way into the log around a [`Core`].
pub struct Edge {
    core: Core,
    transports: Transports,
    log: Arc<dyn EventLog>,
    outbox: Outbox,
    switchboard: Switchboard,
    voices: mpsc::Receiver<FromVoice>,
    recording: Recording,
    following: Following,
    followed: Filter,
    locator: Locator,
    lookups: FuturesUnordered<BoxFuture<Lookup>>,
    checkpoint: Checkpoint,
    checkpoint_at: Instant,
    advertise: Option<std::net::IpAddr>,
    agents: Vec<Agent>,
    drain: Duration,
    counters: Arc<Counters>,
    log_is_away: bool,
}

/// Everything that the loop waits for.
enum Wake {
    Arrived(Arrived),
    Decided(Decided),
    Voice(Option<FromVoice>),
    Recorded(FromRecorder),
    Progress(Progress),
    Lookup(Lookup),
    Stop,
    Due,
}

impl Edge {
    /// Listens, and ends in the log what an earlier run left behind. `seed` is secret randomness, never the same twice.
    pub async fn bind(
        configuration: Configuration,
        log: Arc<dyn EventLog>,
        seed: [u8; 32],
    ) -> Result<Edge, Error> {
        configuration.check()?;
        let recordings = match &configuration.recordings {
            Some(directory) => Recordings::read(directory)?,
            None => Recordings::default(),
        };
        let counters = Arc::new(Counters::default());
        let locator = Locator::new(configuration.dns, derive(&seed, b"locate"));
        let transports = Transports::listen(&configuration, counters.clone())?;
        let checkpoint = Checkpoint::new(configuration.checkpoint.clone());
        let Moment { now, wall } = moment();
        // Decisions about calls of an earlier run are not carried out any more: they begin behind what is there.
        let past = left_behind::read(&log, &configuration.node, checkpoint.read(), wall).await?;
        let followed = followed(&configuration);
        let following = Following::Now(follow(log.clone(), Place::Head, followed).await?);
        let certificate = Certificate::generate().map_err(Error::Certificate)?;
        let fingerprint = certificate.fingerprint().clone();
        let (switchboard, voices) =
            Switchboard::start(&configuration, counters.clone(), Arc::new(certificate))
                .map_err(Error::Threads)?;
        let recording = Recording::start(configuration.recorder.clone());
        let (advertise, drain) = (configuration.advertise, configuration.drain);
        let agents = configuration.agents.clone();
        let core = Core::new(Start {
            configuration,
            recordings: Arc::new(recordings),
            counters: counters.clone(),
            seed,
            fingerprint,
            chain: past.chain,
            listens: transports.listens().to_vec(),
            moment: moment(),
        });
        let mut outbox = Outbox::new(log.clone(), counters.clone());
        if past.calls > 0 {
            tracing::warn!(
                calls = past.calls,
                "an earlier run left calls behind; they are ended"
            );
            outbox.submit(Batch::of_the_past(past.endings));
        }
        Ok(Edge {
            core,
            transports,
            log,
            outbox,
            switchboard,
            voices,
            recording,
            following,
            followed,
            locator,
            lookups: FuturesUnordered::new(),
            checkpoint,
            checkpoint_at: now + CHECKPOINT_EVERY,
            advertise,
            agents,
            drain,
            counters,
            log_is_away: false,
        })
    }

    /// Where it listens.
    pub fn listens(&self) -> &[Listen] {
        self.transports.listens()
    }

    /// Its counters, readable from anywhere at any time.
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    /// Works until `stop`, then lets calls come to their end for as long as the drain bound says, ends the others, and
    /// returns when the log has everything. `cause` is what the log says of the stop: `SIGTERM`.
    pub async fn run(mut self, stop: CancellationToken, cause: &str) -> Result<(), Error> {
        let mut stopping = Stopping::No;
        self.due();
        self.settle();
        loop {
            let wake = self.wait(&stop, stopping).await;
            self.carry_out(wake);
            self.settle();
            if self.core.is_overfull() {
                return Err(Error::LogLost {
                    waiting: FACTS_WAITING_MAX,
                });
            }
            stopping = self.stopping(stopping, &stop, cause);
            if matches!(stopping, Stopping::Over) {
                break;
            }
        }
        self.remember();
        // Nobody listens to media any more, so none of its threads keeps anything for us.
        drop(self.voices);
        self.switchboard.stop().await;
        self.recording.stop().await;
        self.transports.stop().await;
        Ok(())
    }

    async fn wait(&mut self, stop: &CancellationToken, stopping: Stopping) -> Wake {
        let deadline = self.deadline(stopping);
        let due = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            arrived = self.transports.arrived() => Wake::Arrived(arrived),
            decided = self.following.next() => Wake::Decided(decided),
            told = self.voices.recv() => Wake::Voice(told),
            told = self.recording.told() => Wake::Recorded(told),
            progress = self.outbox.progress() => Wake::Progress(progress),
            Some(lookup) = self.lookups.next() => Wake::Lookup(lookup),
            () = stop.cancelled(), if matches!(stopping, Stopping::No) => Wake::Stop,
            () = due => Wake::Due,
        }
    }

    fn carry_out(&mut self, wake: Wake) {
        match wake {
            Wake::Arrived(Arrived::Datagrams(index)) => self.datagrams(index),
            Wake::Arrived(Arrived::Stream(event)) => self.streams(event),
            Wake::Decided(Decided::Entries(Ok(entries))) => {
                for entry in entries {
                    self.input(Input::Decision(entry.record));
                }
            }
            Wake::Decided(Decided::Follower(Ok(follower))) => {
                self.following = Following::Now(follower);
            }
            Wake::Decided(Decided::Entries(Err(error)) | Decided::Follower(Err(error))) => {
                self.decisions_lost(&error);
            }
            Wake::Voice(told) => self.voices(told),
            Wake::Recorded(told) => self.input(Input::Recorded(told)),
            Wake::Progress(progress) => self.progress(progress),
            Wake::Lookup(lookup) => self.found(lookup),
            // What there is to do follows from the token itself.
            Wake::Stop => {}
            Wake::Due => self.due(),
        }
    }

    /// Handles what is there, so that many datagrams share one append.
    fn datagrams(&mut self, index: usize) {
        for _ in 0..DATAGRAMS_MAX {
            let Some((bytes, flow)) = self.transports.receive(index) else {
                return;
            };
            self.input(Input::Datagram { bytes, flow });
        }
    }

    fn voices(&mut self, first: Option<FromVoice>) {
        let mut next = first;
        for _ in 0..VOICE_MAX {
            let Some(told) = next else { return };
            if told.is_last() {
                self.switchboard.closed(told.call, told.leg);
            }
            self.input(Input::Voice(told));
            next = self.voices.try_recv().ok();
        }
        if let Some(told) = next {
            self.input(Input::Voice(told));
        }
    }

    fn progress(&mut self, progress: Progress) {
        match progress {
            Progress::Durable {
                ticket,
                begun,
                last,
            } => {
                for (call, position) in begun {
                    self.checkpoint.began(call, position);
                }
                if let Some(position) = last {
                    self.checkpoint.reached(position);
                }
                if std::mem::take(&mut self.log_is_away) {
                    tracing::info!("the log takes facts again");
                }
                if let Some(ticket) = ticket {
                    self.input(Input::Committed(ticket));
                }
            }
            Progress::Refused { reason } => {
                if !std::mem::replace(&mut self.log_is_away, true) {
                    tracing::error!(%reason, "the log takes no facts; new calls are turned away");
                }
                self.input(Input::LogAway);
            }
        }
    }

    fn due(&mut self) {
        let now = moment().now;
        self.input(Input::Due);
        self.free_ports(now);
        if now >= self.checkpoint_at {
            self.checkpoint_at = now + CHECKPOINT_EVERY;
            self.remember();
        }
    }

    fn remember(&mut self) {
        if let Err(error) = self.checkpoint.write() {
            tracing::warn!(%error, "the checkpoint cannot be written; the next start takes longer");
        }
    }

    fn input(&mut self, input: Input) {
        self.core.handle(input, moment());
        while let Some(output) = self.core.poll() {
            self.output(output);
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Send {
                bytes,
                flow,
                transaction,
            } => {
                if let Err(error) = self.transports.send(bytes, flow, transaction) {
                    tracing::debug!(%error, remote = %flow.remote, "a message cannot be sent");
                    if let Some(transaction) = transaction {
                        self.core
                            .handle(Input::SendFailed { transaction, error }, moment());
                    }
                }
            }
            Output::Open {
                call,
                leg,
                toward: Toward::Flow(flow),
            } => self.open(call, leg, Ok((flow, Vec::new()))),
            Output::Open {
                call,
                leg,
                toward: Toward::Destination(destination),
            } => self.look_for(call, leg, destination),
            Output::Hop {
                leg,
                fork,
                uri,
                trunk,
            } => self.look_for_hop((leg, fork), &uri, trunk),
            Output::Look { trunk, destination } => self.look_for_trunk(trunk, destination),
            Output::Reached { flow, is_down } => {
                let (transport, address) = (flow.transport, flow.remote);
                self.locator.reached(Target { transport, address }, is_down);
            }
            Output::Registrar { trunk, uri } => self.look_for_registrar(trunk, &uri),
            Output::Avoid { flow, asked } => {
                let (transport, address) = (flow.transport, flow.remote);
                let target = Target { transport, address };
                self.locator.avoid(target, asked, moment().now);
            }
            Output::Connect(to) => self.connect(*to),
            Output::Voice(to) => {
                if let Some(told) = self.switchboard.tell(to) {
                    self.switchboard.closed(told.call, told.leg);
                    self.core.handle(Input::Voice(told), moment());
                }
            }
            Output::Shake(to) => self.switchboard.shake(to),
            Output::Record { file, to } => self.record(file, to),
            Output::Forget(call) => {
                self.switchboard.forget(call);
                self.checkpoint.forget(call);
            }
        }
    }

    /// Gives the log what it can take, and follows decisions again if they were lost.
    fn settle(&mut self) {
        let now = moment().now;
        self.outbox.retry(now);
        while self.outbox.has_room()
            && let Some(batch) = self.core.take_batch()
        {
            self.outbox.submit(batch);
        }
        self.following.again(&self.log, self.followed, now);
    }

    fn deadline(&self, stopping: Stopping) -> Option<Instant> {
        [
            self.core.deadline(),
            self.outbox.deadline(),
            self.following.deadline(),
            self.switchboard.deadline(),
            stopping.deadline(),
            Some(self.checkpoint_at),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
