//! The web pages: files that are part of the binary. One document serves every page; its script reads
//! the path.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::server::Shared;

const DOCUMENT: &str = include_str!("../page/index.html");

/// Path, type, content.
const ASSETS: &[(&str, &str, &str)] = &[
    (
        "/assets/style.css",
        "text/css; charset=utf-8",
        include_str!("../page/style.css"),
    ),
    ("/assets/app.js", JAVASCRIPT, include_str!("../page/app.js")),
    ("/assets/dom.js", JAVASCRIPT, include_str!("../page/dom.js")),
    (
        "/assets/calls.js",
        JAVASCRIPT,
        include_str!("../page/calls.js"),
    ),
    (
        "/assets/call.js",
        JAVASCRIPT,
        include_str!("../page/call.js"),
    ),
    (
        "/assets/ladder.js",
        JAVASCRIPT,
        include_str!("../page/ladder.js"),
    ),
    (
        "/assets/trunk.js",
        JAVASCRIPT,
        include_str!("../page/trunk.js"),
    ),
    (
        "/assets/icon.svg",
        "image/svg+xml",
        include_str!("../page/icon.svg"),
    ),
];

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

pub(crate) fn add(mut router: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
    for path in ["/", "/calls/{id}", "/trunks", "/trunks/{name}"] {
        let serve = || async {
            (
                [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
                DOCUMENT,
            )
                .into_response()
        };
        router = router.route(path, get(serve));
    }
    for (path, kind, content) in ASSETS {
        let serve =
            move || async move { ([(header::CONTENT_TYPE, *kind)], *content).into_response() };
        router = router.route(path, get(serve));
    }
    router
}
