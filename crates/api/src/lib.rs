//! The log's readers: projections kept in sled, served over HTTP, with the web pages.
//!
//! [`Api`] is the whole role: it follows the log, folds it into stored views, and answers. It writes
//! one kind of event, an operator's request, and nothing else. What it stores can be thrown away at
//! any time: the views are built anew from the log, and are the same byte for byte.

mod answer;
mod brief;
mod clock;
mod error;
mod feed;
mod guard;
mod metrics;
mod openapi;
mod page;
mod projector;
mod routes;
mod server;
mod shelf;
mod status;
mod store;
mod twiml;
mod views;

pub use error::Error;
pub use projector::{Progress, rebuild};
pub use server::{Api, Bound, Settings};

/// Adds the metrics of another role to `/metrics`: lines in the Prometheus text format.
pub type Collector = std::sync::Arc<dyn Fn(&mut String) + Send + Sync>;
