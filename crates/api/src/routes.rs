//! The routes, in one table: the server is built from it, and so is its description.

mod calls;
mod health;
mod live;
mod request;
mod trunks;
pub(crate) mod twilio;

use std::sync::Arc;

use axum::http::{StatusCode, Uri};
use axum::routing::{MethodRouter, get, post};
use schemars::{Schema, SchemaGenerator};

use crate::answer::{Answer, Refused};
use crate::server::Shared;

/// A route.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) method: &'static str,
    /// What it is for.
    pub(crate) summary: &'static str,
    /// Name and meaning of each parameter of its query.
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// The status of a good answer.
    pub(crate) status: u16,
    /// The form of the request's body, if it has one.
    pub(crate) takes: Option<Takes>,
    pub(crate) gives: Gives,
    pub(crate) handler: fn() -> MethodRouter<Arc<Shared>>,
}

/// A request's body.
pub(crate) enum Takes {
    /// JSON of this form.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// Fields, as a page's form sends them.
    Form(fn(&mut SchemaGenerator) -> Schema),
}

/// What a route answers with.
pub(crate) enum Gives {
    /// JSON of this form.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// Another type.
    Other(&'static str),
}

/// Every route but those of the pages.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        path: "/api/calls",
        method: "get",
        summary: "Calls, newest first",
        query: calls::QUERY,
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<calls::Calls>),
        handler: || get(calls::list),
    },
    Route {
        path: "/api/calls/{id}",
        method: "get",
        summary: "One call: its row, what was found, what it shows of its trunks",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<calls::Call>),
        handler: || get(calls::one),
    },
    Route {
        path: "/api/calls/{id}/timeline",
        method: "get",
        summary: "One call in sentences with their evidence",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<projections::Timeline>),
        handler: || get(calls::timeline),
    },
    Route {
        path: "/api/calls/{id}/ladder",
        method: "get",
        summary: "One call as a ladder: text, or data with format=json",
        query: &[("format", "text (the default), ascii or json")],
        status: 200,
        takes: None,
        gives: Gives::Other("text/plain"),
        handler: || get(calls::ladder),
    },
    Route {
        path: "/api/calls/{id}/events",
        method: "get",
        summary: "The events of one call with their headers, hashes and bytes",
        query: &[("wire", "1 adds the SIP messages that are still kept")],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<calls::Events>),
        handler: || get(calls::events),
    },
    Route {
        path: "/api/calls/{id}/requests",
        method: "get",
        summary: "What operators asked of a call, and what came of it",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<request::Requests>),
        handler: || get(request::list),
    },
    Route {
        path: "/api/calls/{id}/requests",
        method: "post",
        summary: "Asks something of a call: an event in the log, on which control decides",
        query: &[],
        status: 202,
        takes: Some(Takes::Json(SchemaGenerator::subschema_for::<request::Wish>)),
        gives: Gives::Json(SchemaGenerator::subschema_for::<request::Written>),
        handler: || post(request::ask),
    },
    Route {
        path: "/api/calls/{id}/hangup",
        method: "post",
        summary: "Asks for a call to be hung up",
        query: &[],
        status: 202,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<request::Written>),
        handler: || post(request::hang_up),
    },
    Route {
        path: "/2010-04-01/Accounts/{account}/Calls/{sid}",
        method: "get",
        summary: "A call as a bot of Twilio looks at it; sid is the callSid of its stream and .json",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<twilio::Resource>),
        handler: || get(twilio::show),
    },
    Route {
        path: "/2010-04-01/Accounts/{account}/Calls/{sid}",
        method: "post",
        summary: "The agent of a call ends it or passes the caller on, as a bot of Twilio does",
        query: &[],
        status: 200,
        takes: Some(Takes::Form(
            SchemaGenerator::subschema_for::<twilio::Update>,
        )),
        gives: Gives::Json(SchemaGenerator::subschema_for::<twilio::Resource>),
        handler: || post(twilio::update),
    },
    Route {
        path: "/api/trunks",
        method: "get",
        summary: "The trunks, and what is known of each",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<trunks::Trunks>),
        handler: || get(trunks::list),
    },
    Route {
        path: "/api/trunks/{name}",
        method: "get",
        summary: "One trunk: whether it answers, what was refused, its calls of the day",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<trunks::One>),
        handler: || get(trunks::one),
    },
    Route {
        path: "/api/trunks/{name}/verification",
        method: "get",
        summary: "The verification report of a trunk",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<projections::Report>),
        handler: || get(trunks::verification),
    },
    Route {
        path: "/api/live",
        method: "get",
        summary: "What is up now",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<projections::Live>),
        handler: || get(live::now),
    },
    Route {
        path: "/api/live/events",
        method: "get",
        summary: "What changes, as server-sent events; Last-Event-ID goes on where a watcher left",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Other("text/event-stream"),
        handler: || get(live::events),
    },
    Route {
        path: "/api/notices",
        method: "get",
        summary: "What happened outside of calls, and what could not be read",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<health::Told>),
        handler: || get(health::notices),
    },
    Route {
        path: "/api/openapi.json",
        method: "get",
        summary: "This description",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Other("application/json"),
        handler: || get(crate::openapi::serve),
    },
    Route {
        path: "/metrics",
        method: "get",
        summary: "Metrics for Prometheus",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Other("text/plain"),
        handler: || get(health::metrics),
    },
    Route {
        path: "/healthz",
        method: "get",
        summary: "Whether the process answers",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Other("text/plain"),
        handler: || get(health::alive),
    },
    Route {
        path: "/readyz",
        method: "get",
        summary: "Whether the views have caught up with the log; 503 says why not",
        query: &[],
        status: 200,
        takes: None,
        gives: Gives::Json(SchemaGenerator::subschema_for::<health::Readiness>),
        handler: || get(health::ready),
    },
];

pub(crate) async fn nowhere(uri: Uri) -> Answer {
    let detail = format!(
        "there is nothing at {}; /api/openapi.json says what there is",
        uri.path()
    );
    Err(Refused::new(StatusCode::NOT_FOUND, detail))
}
