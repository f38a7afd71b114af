//! The stored views: one sled tree for each generation, a view and the cursor always in one batch.
//!
//! sled 0.34.7 may lose what was written last and may not open again after a crash: so nothing is
//! kept here that the log cannot give again. A generation that will not open is moved aside and built
//! anew. `current` names the generation that is served:
//!
//! ```text
//! views/current                the name of a generation
//! views/1-5f0c93a1.3/          the third generation of the views of version 1, in this form
//! views/quarantine-1-5f0c…     one that would not open, for whoever wants to know why
//! ```

use std::fs::{File, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use projections::{Notices, Report, Row};
use schemas::{CallId, EventId, Hash, Position, Subject, TrunkName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::views::Totals;

/// What sled may keep in memory: 32 MiB.
const CACHE_BYTES: u64 = 32 << 20;

/// The most quarantined generations that are kept.
const QUARANTINED_MAX: usize = 3;

/// A generation of the views.
pub(crate) struct Store {
    db: sled::Db,
    path: PathBuf,
}

/// A record that no view could take. It is noted in the batch of its neighbours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub(crate) struct Dead {
    /// Its number in the log.
    pub(crate) sequence: u64,
    /// What it is about.
    pub(crate) subject: String,
    /// Its id.
    pub(crate) event: EventId,
    /// Why.
    pub(crate) error: String,
}

/// What is written in one go.
#[derive(Default)]
pub(crate) struct Batch(sled::Batch);

impl Batch {
    pub(crate) fn row(&mut self, row: &Row) {
        self.put(&key(b'r', &row.call.0), row);
        let up = key(b'u', &row.call.0);
        if row.is_over() {
            self.0.remove(up);
        } else {
            self.0.insert(up, &[]);
        }
    }

    pub(crate) fn report(&mut self, report: &Report) {
        self.put(&key(b't', report.trunk.as_str().as_bytes()), report);
    }

    pub(crate) fn notices(&mut self, notices: &Notices) {
        self.put(b"n", notices);
    }

    pub(crate) fn totals(&mut self, totals: &Totals) {
        self.put(b"o", totals);
    }

    pub(crate) fn dead(&mut self, dead: &Dead) {
        self.put(&key(b'd', &dead.sequence.to_be_bytes()), dead);
    }

    pub(crate) fn cursor(&mut self, position: &Position) {
        self.put(b"c", position);
    }

    fn put(&mut self, key: &[u8], value: &impl Serialize) {
        let bytes = postcard::to_allocvec(value).expect("a view always encodes");
        self.0.insert(key, bytes);
    }
}

impl Store {
    /// Writes a batch: all of it, or after a crash nothing of it.
    pub(crate) fn commit(&self, batch: Batch) -> Result<(), Error> {
        self.db
            .apply_batch(batch.0)
            .map_err(|error| self.failed(&error))
    }

    /// Asks the disk to keep what was committed.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        self.db
            .flush()
            .map(|_| ())
            .map_err(|error| self.failed(&error))
    }

    /// The place up to which the views tell of the log.
    pub(crate) fn cursor(&self) -> Result<Option<Position>, Error> {
        self.get(b"c")
    }

    pub(crate) fn row(&self, call: CallId) -> Result<Option<Row>, Error> {
        self.get(&key(b'r', &call.0))
    }

    pub(crate) fn notices(&self) -> Result<Notices, Error> {
        Ok(self.get(b"n")?.unwrap_or_default())
    }

    pub(crate) fn totals(&self) -> Result<Totals, Error> {
        Ok(self.get(b"o")?.unwrap_or_default())
    }

    pub(crate) fn report(&self, trunk: &TrunkName) -> Result<Option<Report>, Error> {
        self.get(&key(b't', trunk.as_str().as_bytes()))
    }

    pub(crate) fn reports(&self) -> Result<Vec<Report>, Error> {
        self.scan(b't', None)?.collect()
    }

    /// Rows from the newest to the oldest, beginning behind a call.
    pub(crate) fn rows_before(
        &self,
        before: Option<CallId>,
    ) -> Result<impl Iterator<Item = Result<Row, Error>> + '_, Error> {
        self.scan(b'r', before.map(|call| call.0.to_vec()))
    }

    /// The records that no view could take, newest first.
    pub(crate) fn dead(&self, most: usize) -> Result<Vec<Dead>, Error> {
        self.scan(b'd', None)?.take(most).collect()
    }

    /// The calls that are up, newest first.
    pub(crate) fn up(&self) -> Result<Vec<CallId>, Error> {
        let mut calls = Vec::new();
        for key in self.db.scan_prefix(b"u").keys().rev() {
            let key = key.map_err(|error| self.failed(&error))?;
            if let Ok(id) = <[u8; 16]>::try_from(&key[1..]) {
                calls.push(CallId(id));
            }
        }
        Ok(calls)
    }

    /// The hash over every key and value but the cursor's log id: equal views have equal digests.
    #[cfg(test)]
    pub(crate) fn digest(&self) -> Hash {
        let mut bytes = Vec::new();
        for entry in self.db.iter() {
            let (key, value) = entry.expect("the store can be read");
            bytes.extend_from_slice(&key);
            bytes.extend_from_slice(&value);
        }
        Hash::of(&bytes)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn scan<T: DeserializeOwned>(
        &self,
        kind: u8,
        before: Option<Vec<u8>>,
    ) -> Result<impl Iterator<Item = Result<T, Error>> + '_, Error> {
        let start = vec![kind];
        let end = before.map_or_else(|| vec![kind + 1], |before| key(kind, &before));
        Ok(self.db.range(start..end).rev().map(|entry| {
            let (_, value) = entry.map_err(|error| self.failed(&error))?;
            self.decode(&value)
        }))
    }

    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Error> {
        let value = self.db.get(key).map_err(|error| self.failed(&error))?;
        value.map(|value| self.decode(&value)).transpose()
    }

    fn decode<T: DeserializeOwned>(&self, value: &[u8]) -> Result<T, Error> {
        postcard::from_bytes(value).map_err(|error| Error::Store {
            path: self.path.clone(),
            reason: format!("a stored view cannot be read: {error}"),
        })
    }

    fn failed(&self, error: &sled::Error) -> Error {
        Error::Store {
            path: self.path.clone(),
            reason: error.to_string(),
        }
    }
}

fn key(kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + rest.len());
    key.push(kind);
    key.extend_from_slice(rest);
    key
}

/// The directory of all generations. One process at a time.
#[derive(Debug)]
pub(crate) struct Shelf {
    root: PathBuf,
    /// Locked while the shelf is in use; the operating system unlocks it when the process dies.
    _lock: File,
}

/// A generation that was opened, and what is to be said about it.
pub(crate) struct Opened {
    pub(crate) store: Store,
    /// Why it is empty although there were views.
    pub(crate) quarantined: Option<String>,
}

impl Shelf {
    pub(crate) fn new(data: &Path) -> Result<Shelf, Error> {
        let root = data.join("views");
        std::fs::create_dir_all(&root).map_err(io("create", &root))?;
        let path = root.join("lock");
        let lock = File::create(&path).map_err(io("create", &path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::InUse { path: root.clone() },
            TryLockError::Error(source) => Error::Io {
                action: "lock",
                path: path.clone(),
                source,
            },
        })?;
        Ok(Shelf { root, _lock: lock })
    }

    /// Opens the generation that is served, or an empty one.
    pub(crate) fn open(&self) -> Result<Opened, Error> {
        let name = self.current().filter(|name| name.starts_with(&form()));
        let Some(name) = name else {
            let store = self.create()?;
            self.switch(&store)?;
            return Ok(Opened {
                store,
                quarantined: None,
            });
        };
        let path = self.root.join(&name);
        match open_guarded(&path) {
            Ok(store) => Ok(Opened {
                store,
                quarantined: None,
            }),
            Err(reason) => {
                self.quarantine(&name)?;
                let store = self.create()?;
                self.switch(&store)?;
                Ok(Opened {
                    store,
                    quarantined: Some(reason),
                })
            }
        }
    }

    /// An empty generation beside the one that is served.
    pub(crate) fn create(&self) -> Result<Store, Error> {
        let form = form();
        let numbers = self.names().into_iter().filter_map(|name| {
            let name = name.strip_prefix("quarantine-").unwrap_or(&name).to_owned();
            name.rsplit_once('.')
                .and_then(|(_, number)| number.parse::<u64>().ok())
        });
        let next = numbers.max().unwrap_or(0) + 1;
        let path = self.root.join(format!("{form}.{next}"));
        open_guarded(&path).map_err(|reason| Error::Store { path, reason })
    }

    /// Serves a generation from now on, and removes the others.
    pub(crate) fn switch(&self, store: &Store) -> Result<(), Error> {
        let name = store.path.file_name().unwrap_or_default().to_owned();
        let (file, fresh) = (self.root.join("current"), self.root.join("current.new"));
        std::fs::write(&fresh, name.as_encoded_bytes()).map_err(io("write", &fresh))?;
        std::fs::rename(&fresh, &file).map_err(io("rename", &fresh))?;
        for other in self.names() {
            let keep = other.starts_with("quarantine-") || *other == *name.to_string_lossy();
            if !keep {
                let path = self.root.join(other);
                if let Err(error) = std::fs::remove_dir_all(&path) {
                    tracing::warn!(path = %path.display(), %error, "old views cannot be removed");
                }
            }
        }
        Ok(())
    }

    fn quarantine(&self, name: &str) -> Result<(), Error> {
        let (from, to) = (
            self.root.join(name),
            self.root.join(format!("quarantine-{name}")),
        );
        std::fs::rename(&from, &to).map_err(io("move aside", &from))?;
        let mut kept: Vec<String> = self
            .names()
            .into_iter()
            .filter(|name| name.starts_with("quarantine-"))
            .collect();
        kept.sort_by_key(|name| {
            name.rsplit_once('.')
                .and_then(|(_, n)| n.parse::<u64>().ok())
        });
        let surplus = kept.len().saturating_sub(QUARANTINED_MAX);
        for name in kept.into_iter().take(surplus) {
            let path = self.root.join(name);
            std::fs::remove_dir_all(&path).map_err(io("remove", &path))?;
        }
        Ok(())
    }

    fn current(&self) -> Option<String> {
        let name = std::fs::read_to_string(self.root.join("current")).ok()?;
        let is_ours = self.names().contains(&name);
        is_ours.then_some(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.root)
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }
}

/// The version of the folds and the form of the views: views of another form are not read.
fn form() -> String {
    let schemas = [
        schemars::schema_for!(Row).to_value(),
        schemars::schema_for!(Report).to_value(),
        schemars::schema_for!(Notices).to_value(),
        schemars::schema_for!(Totals).to_value(),
        schemars::schema_for!(Dead).to_value(),
    ];
    let text: String = schemas.iter().map(serde_json::Value::to_string).collect();
    let hash = Hash::of(text.as_bytes()).to_string();
    format!("{}-{}", projections::VERSION, &hash[..8])
}

/// Opens a sled database that may be damaged: sled panics on some damage and refuses on other.
fn open_guarded(path: &Path) -> Result<Store, String> {
    remove_torn_snapshots(path)?;
    let open = || {
        sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .open()
    };
    let db = catch_unwind(AssertUnwindSafe(open))
        .map_err(|_| "sled panicked while it opened the views".to_owned())?
        .map_err(|error| error.to_string())?;
    let store = Store {
        db,
        path: path.to_owned(),
    };
    let probe = AssertUnwindSafe(|| {
        store.cursor().map(|_| ())?;
        store.notices().map(|_| ())?;
        store.up().map(|_| ())
    });
    catch_unwind(probe)
        .map_err(|_| "sled panicked while it read the views".to_owned())?
        .map_err(|error| error.to_string())?;
    Ok(store)
}

/// A snapshot that was being written when the process died keeps sled 0.34.7 from opening for ever;
/// without it the database opens and is consistent.
fn remove_torn_snapshots(path: &Path) -> Result<(), String> {
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            std::fs::remove_file(entry.path()).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> Error + 'a {
    move |source| Error::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

impl Dead {
    pub(crate) fn new(sequence: u64, subject: &Subject, event: EventId, error: String) -> Dead {
        Dead {
            sequence,
            subject: subject.to_string(),
            event,
            error,
        }
    }
}
