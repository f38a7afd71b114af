//! Looks at the files of TLS now and then, and reads them again when one has changed. A file that is wrong changes
//! nothing: what was read before stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc;

use super::event::FromStream;
use super::tls::{Sources, Tls};

/// When each file was last written; none if it is not there.
type Stamps = Vec<Option<SystemTime>>;

/// When each of these was last written.
pub(super) fn stamps(files: &[PathBuf]) -> Stamps {
    let stamp = |file: &PathBuf| std::fs::metadata(file).and_then(|found| found.modified());
    files.iter().map(|file| stamp(file).ok()).collect()
}

/// Watches until it is stopped. Whoever replaces a certificate and its key does so one after the other, so what is
/// wrong is looked at again until it is right.
pub(super) async fn watch(sources: Sources, mut known: Stamps, events: mpsc::Sender<FromStream>) {
    let files = sources.files();
    if files.is_empty() {
        return;
    }
    loop {
        tokio::time::sleep(sources.reload_every()).await;
        let (files, sources) = (files.clone(), sources.clone());
        let before = known.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let now = stamps(&files);
            let read = (now != before).then(|| Tls::read(&sources));
            (now, read)
        });
        let Ok((now, read)) = looked.await else {
            return;
        };
        known = now;
        match read {
            None => {}
            Some(Ok(tls)) => {
                let secured = FromStream::Secured(Arc::new(tls));
                if events.send(secured).await.is_err() {
                    return;
                }
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "the files of TLS changed and cannot be used; the old ones stay");
            }
        }
    }
}
