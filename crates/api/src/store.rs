//! The stored views: one sled tree, a view and the cursor always in one batch.

use std::path::{Path, PathBuf};

use projections::{Notices, Report, Row, Trunks};
use schemas::{CallId, EventId, Position, Subject, TrunkName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::views::Totals;

/// A generation of the views.
pub(crate) struct Store {
    pub(crate) db: sled::Db,
    pub(crate) path: PathBuf,
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

    pub(crate) fn trunks(&mut self, trunks: &Trunks) {
        self.put(b"h", trunks);
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

    pub(crate) fn trunks(&self) -> Result<Trunks, Error> {
        Ok(self.get(b"h")?.unwrap_or_default())
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
    pub(crate) fn digest(&self) -> schemas::Hash {
        let mut bytes = Vec::new();
        for entry in self.db.iter() {
            let (key, value) = entry.expect("the store can be read");
            bytes.extend_from_slice(&key);
            bytes.extend_from_slice(&value);
        }
        schemas::Hash::of(&bytes)
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
