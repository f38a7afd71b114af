//! Who owns a partition: at most one process at a time believes so, and an idle partition has an
//! owner too, because its timers must fire.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::jetstream::kv::{CreateErrorKind, Store};
use async_nats::jetstream::{self, kv};
use bytes::Bytes;
use schemas::NodeName;

use crate::{BoxFuture, Error, JetStream, clock};

/// How leases are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    /// After how long without renewal another process may take a lease: 5 s. Renew every fifth of it.
    pub max_age: Duration,
    /// How much earlier the owner itself stops believing: 1 s, for what the network delays.
    pub margin: Duration,
    /// On how many servers the bucket is kept.
    pub replicas: usize,
}

impl Default for LeaseSettings {
    fn default() -> LeaseSettings {
        LeaseSettings {
            max_age: Duration::from_secs(5),
            margin: Duration::from_secs(1),
            replicas: 1,
        }
    }
}

/// A partition that this process owns. What it decides is fenced by the log itself, which takes one
/// event per number of a lane: a lease only keeps two owners from getting in each other's way.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The partition.
    pub partition: u8,
    revision: u64,
    until: Instant,
}

impl Lease {
    /// Whether the owner may still believe in it, by the monotonic clock. One that could not renew
    /// stops deciding by itself.
    pub fn is_valid(&self) -> bool {
        clock::monotonic() < self.until
    }
}

/// Where leases come from.
pub trait Leases: Send + Sync {
    /// Takes a partition that nobody owns; `None` if somebody does.
    fn acquire(&self, partition: u8) -> BoxFuture<Result<Option<Lease>, Error>>;

    /// Keeps a partition; `None` if it is lost, which is final.
    fn renew(&self, lease: Lease) -> BoxFuture<Result<Option<Lease>, Error>>;

    /// Gives a partition up at once, so that nobody has to wait.
    fn release(&self, lease: Lease) -> BoxFuture<Result<(), Error>>;
}

/// Leases in a NATS bucket whose entries age. (Ages of single keys are not used: async-nats 0.51
/// loses them at the first renewal.)
pub struct NatsLeases {
    store: Store,
    owner: NodeName,
    settings: LeaseSettings,
}

impl NatsLeases {
    /// Opens the bucket beside a log, and creates it if there is none.
    pub async fn open(
        log: &JetStream,
        owner: NodeName,
        settings: LeaseSettings,
    ) -> Result<NatsLeases, Error> {
        let context = jetstream::new(log.client().clone());
        let bucket = log.leases();
        let store = match context.get_key_value(&bucket).await {
            Ok(store) => store,
            Err(_) => context
                .create_key_value(kv::Config {
                    bucket,
                    history: 1,
                    max_age: settings.max_age,
                    num_replicas: settings.replicas,
                    ..kv::Config::default()
                })
                .await
                .map_err(unreachable)?,
        };
        Ok(NatsLeases {
            store,
            owner,
            settings,
        })
    }

    /// The validity of a lease that is asked for now.
    fn until(&self) -> Instant {
        clock::monotonic() + self.settings.max_age.saturating_sub(self.settings.margin)
    }

    fn value(&self) -> Bytes {
        Bytes::copy_from_slice(self.owner.as_str().as_bytes())
    }
}

impl Leases for NatsLeases {
    fn acquire(&self, partition: u8) -> BoxFuture<Result<Option<Lease>, Error>> {
        let (store, value, until) = (self.store.clone(), self.value(), self.until());
        Box::pin(async move {
            match store.create(key(partition), value).await {
                Ok(revision) => Ok(Some(Lease {
                    partition,
                    revision,
                    until,
                })),
                Err(error) if error.kind() == CreateErrorKind::AlreadyExists => Ok(None),
                Err(error) => Err(unreachable(error)),
            }
        })
    }

    fn renew(&self, lease: Lease) -> BoxFuture<Result<Option<Lease>, Error>> {
        let (store, value, until) = (self.store.clone(), self.value(), self.until());
        Box::pin(async move {
            let Lease {
                partition,
                revision,
                ..
            } = lease;
            match store.update(key(partition), value, revision).await {
                Ok(revision) => Ok(Some(Lease {
                    partition,
                    revision,
                    until,
                })),
                Err(error) if error.kind() == kv::UpdateErrorKind::WrongLastRevision => Ok(None),
                Err(error) => Err(unreachable(error)),
            }
        })
    }

    fn release(&self, lease: Lease) -> BoxFuture<Result<(), Error>> {
        let store = self.store.clone();
        Box::pin(async move {
            let revision = Some(lease.revision);
            // Refused only if somebody else has it by now, which is as good.
            let _ = store
                .delete_expect_revision(key(lease.partition), revision)
                .await;
            Ok(())
        })
    }
}

/// Leases inside one process: the embedded service, whose log nobody else writes.
#[derive(Clone, Debug, Default)]
pub struct LocalLeases {
    taken: Arc<Mutex<BTreeMap<u8, u64>>>,
}

impl LocalLeases {
    fn taken(&self) -> MutexGuard<'_, BTreeMap<u8, u64>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leases for LocalLeases {
    fn acquire(&self, partition: u8) -> BoxFuture<Result<Option<Lease>, Error>> {
        let mut taken = self.taken();
        let is_free = !taken.contains_key(&partition);
        taken.entry(partition).or_insert(1);
        let lease = is_free.then(|| Lease {
            partition,
            revision: 1,
            until: clock::monotonic() + FOR_EVER,
        });
        crate::follower::ready(Ok(lease))
    }

    fn renew(&self, lease: Lease) -> BoxFuture<Result<Option<Lease>, Error>> {
        let held = self.taken().contains_key(&lease.partition);
        crate::follower::ready(Ok(held.then_some(lease)))
    }

    fn release(&self, lease: Lease) -> BoxFuture<Result<(), Error>> {
        self.taken().remove(&lease.partition);
        crate::follower::ready(Ok(()))
    }
}

/// Longer than any process runs: thirty years.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

fn key(partition: u8) -> String {
    format!("{partition:02}")
}

fn unreachable(error: impl std::fmt::Display) -> Error {
    Error::Unreachable(error.to_string())
}
