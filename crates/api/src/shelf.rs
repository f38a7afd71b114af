//! The generations of the stored views: which one is served, and what becomes of one that is damaged.
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

use projections::{Notices, Report, Row, Trunks};
use schemas::Hash;

use crate::Error;
use crate::store::{Dead, Store};
use crate::views::Totals;

/// What sled may keep in memory: 32 MiB.
const CACHE_BYTES: u64 = 32 << 20;

/// The most quarantined generations that are kept.
const QUARANTINED_MAX: usize = 3;

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
        open_guarded(&path).map_err(|reason| {
            // Half of it may be there; its name is used again.
            let _ = std::fs::remove_dir_all(&path);
            Error::Store { path, reason }
        })
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
        schemars::schema_for!(Trunks).to_value(),
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
        store.trunks().map(|_| ())?;
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
