//! Looks at the files of TLS now and then, reads them again when one has changed, and tells what ends. A file that is
//! wrong changes nothing: what was read before stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use schemas::observation::{CertificateExpiryNoticed, TlsReloadFailed, TlsReloaded};
use schemas::{Observation, Timestamp};
use tokio::sync::mpsc;

use super::event::FromStream;
use super::tls::{End, Sources, Tls};
use crate::clock::moment;

/// How long before its end a certificate is told of, in microseconds: 14 days, enough to have it renewed by hand.
const SOON_US: i64 = 14 * 86_400 * 1_000_000;

/// When each file was last written; none if it is not there.
type Stamps = Vec<Option<SystemTime>>;

/// When each of these was last written.
pub(super) fn stamps(files: &[PathBuf]) -> Stamps {
    let stamp = |file: &PathBuf| std::fs::metadata(file).and_then(|found| found.modified());
    files.iter().map(|file| stamp(file).ok()).collect()
}

/// What is known of the files.
pub(super) struct Watch {
    sources: Sources,
    files: Vec<PathBuf>,
    known: Stamps,
    /// When each certificate ends, and what of it was told.
    ends: Vec<(End, Stage)>,
    events: mpsc::Sender<FromStream>,
}

/// How near the end of a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Far,
    Soon,
    Over,
}

impl Watch {
    /// A watch of files that were read.
    pub(super) fn new(
        sources: Sources,
        known: Stamps,
        ends: Vec<End>,
        events: mpsc::Sender<FromStream>,
    ) -> Watch {
        Watch {
            files: sources.files(),
            sources,
            known,
            ends: untold(ends),
            events,
        }
    }

    /// Watches until it is stopped. Whoever replaces a certificate and its key does so one after the other, so what is
    /// wrong is looked at again until it is right.
    pub(super) async fn run(mut self) {
        if self.files.is_empty() {
            return;
        }
        while self.tell_ends().await && self.look().await {}
    }

    /// Reads what changed. Whether anybody listens.
    async fn look(&mut self) -> bool {
        tokio::time::sleep(self.sources.reload_every()).await;
        let (files, sources) = (self.files.clone(), self.sources.clone());
        let before = self.known.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let now = stamps(&files);
            let read = (now != before).then(|| Tls::read(&sources));
            (now, read)
        });
        let Ok((now, read)) = looked.await else {
            return false;
        };
        let before = std::mem::replace(&mut self.known, now);
        match read {
            None => true,
            Some(Ok(tls)) => {
                self.ends = untold(tls.ends.clone());
                let secured = FromStream::Secured(Arc::new(tls));
                let files = self.changed_since(&before);
                self.events.send(secured).await.is_ok() && self.tell(TlsReloaded { files }).await
            }
            Some(Err((trunk, error))) => {
                tracing::warn!(%error, "the files of TLS changed and cannot be used; the old ones stay");
                let error = error.to_string();
                self.tell(TlsReloadFailed { trunk, error }).await
            }
        }
    }

    /// Tells what ends soon or has ended, once each.
    async fn tell_ends(&mut self) -> bool {
        let now = moment().wall;
        let mut news = Vec::new();
        for (end, told) in &mut self.ends {
            let stage = stage(end.at, now);
            if stage > *told {
                *told = stage;
                news.push(noticed(end, stage));
            }
        }
        for one in news {
            if !self.tell(one).await {
                return false;
            }
        }
        true
    }

    fn changed_since(&self, before: &Stamps) -> Vec<String> {
        let stamps = self.known.iter().zip(before);
        let mut files: Vec<_> = self
            .files
            .iter()
            .zip(stamps)
            .filter(|(_, (now, before))| now != before)
            .map(|(file, _)| file.display().to_string())
            .collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    async fn tell(&self, fact: impl Into<Observation>) -> bool {
        let told = FromStream::Told(Box::new(fact.into()));
        self.events.send(told).await.is_ok()
    }
}

fn untold(ends: Vec<End>) -> Vec<(End, Stage)> {
    let untold = ends.into_iter();
    untold.map(|end| (end, Stage::Far)).collect()
}

fn stage(end: Timestamp, now: Timestamp) -> Stage {
    match end.0.saturating_sub(now.0) {
        ..=0 => Stage::Over,
        1..=SOON_US => Stage::Soon,
        _ => Stage::Far,
    }
}

fn noticed(end: &End, stage: Stage) -> CertificateExpiryNoticed {
    CertificateExpiryNoticed {
        trunk: end.trunk.clone(),
        file: end.file.display().to_string(),
        holds: end.holds,
        ends_at: end.at,
        ended: stage == Stage::Over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_comes_in_three_stages() {
        let end = Timestamp(1_795_244_400_000_000);
        let at = |before: i64| stage(end, Timestamp(end.0 - before));
        assert_eq!(at(SOON_US + 1), Stage::Far);
        assert_eq!(at(SOON_US), Stage::Soon);
        assert_eq!(at(1), Stage::Soon);
        assert_eq!(at(0), Stage::Over);
        assert_eq!(stage(Timestamp(i64::MIN), Timestamp(1)), Stage::Over);
    }
}
