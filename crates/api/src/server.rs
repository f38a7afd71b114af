//! The role: opens the views, follows the log, serves HTTP, and stops in the reverse order.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use journal::EventLog;
use schemas::{NodeName, TrunkName};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::feed::Feed;
use crate::shelf::Shelf;
use crate::status::{Status, count};
use crate::{Collector, Error, guard, page, projector, routes};

/// The most bytes of a request's body: 16 KiB.
const BODY_MAX_BYTES: usize = 16 << 10;

/// How the API is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen; loopback only, until there is authentication. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The name under which requests are written into the log.
    pub node: NodeName,
    /// The trunks that are configured, so that one that was never called stands in the list. Those of
    /// the configuration in the log are known without it.
    pub trunks: Vec<TrunkName>,
}

/// The API before it listens.
pub struct Api {
    log: Arc<dyn EventLog>,
    data: PathBuf,
    settings: Settings,
    collectors: Vec<Collector>,
}

/// The API, listening.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    shelf: Shelf,
    shared: Arc<Shared>,
}

/// What the handlers share.
pub(crate) struct Shared {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) status: Arc<Status>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) settings: Settings,
    pub(crate) collectors: Vec<Collector>,
    pub(crate) stopping: CancellationToken,
}

impl Api {
    /// An API that reads a log and keeps its views below a directory.
    pub fn new(log: Arc<dyn EventLog>, data: impl Into<PathBuf>, settings: Settings) -> Api {
        Api {
            log,
            data: data.into(),
            settings,
            collectors: Vec::new(),
        }
    }

    /// Adds the metrics of another role.
    pub fn with_metrics(mut self, collector: Collector) -> Api {
        self.collectors.push(collector);
        self
    }

    /// Takes the address and opens the views. Views that will not open are moved aside, and built anew
    /// while it runs.
    pub async fn bind(self) -> Result<Bound, Error> {
        let address = self.settings.listen;
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback(address));
        }
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| Error::Listen { address, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| Error::Listen { address, source })?;
        let shelf = Shelf::new(&self.data)?;
        let opened = shelf.open()?;
        let status = Arc::new(Status::new(Arc::new(opened.store)));
        if let Some(reason) = opened.quarantined {
            tracing::warn!(%reason, "the stored views would not open and were moved aside");
            count(&status.quarantines, 1);
            count(&status.rebuilds, 1);
            status.set_trouble(Some(format!(
                "the stored views would not open and are being built anew: {reason}"
            )));
        }
        let shared = Arc::new(Shared {
            log: self.log,
            status,
            feed: Arc::new(Feed::new()),
            settings: self.settings,
            collectors: self.collectors,
            stopping: CancellationToken::new(),
        });
        Ok(Bound {
            listener,
            address,
            shelf,
            shared,
        })
    }

    /// [`Api::bind`] and [`Bound::run`] in one.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), Error> {
        self.bind().await?.run(cancel).await
    }
}

impl Bound {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Follows the log and answers requests until it is cancelled; then the server ends first, the
    /// projector behind it.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), Error> {
        let Bound {
            listener,
            shelf,
            shared,
            ..
        } = self;
        let projector_stop = CancellationToken::new();
        let projector = tokio::spawn(projector::run(
            Arc::clone(&shared.log),
            shelf,
            Arc::clone(&shared.status),
            Arc::clone(&shared.feed),
            projector_stop.clone(),
        ));
        let stopping = shared.stopping.clone();
        let router = router(shared);
        let stop = async move {
            cancel.cancelled().await;
            // The feeds of watchers end, or the server would wait for them.
            stopping.cancel();
        };
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(stop)
            .await;
        projector_stop.cancel();
        match projector.await {
            Ok(ended) => ended?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
        served.map_err(Error::Serve)
    }
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for route in routes::ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    page::add(router)
        .fallback(routes::nowhere)
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(axum::middleware::from_fn(guard::guard))
        .with_state(shared)
}
