//! Answers: JSON, and errors as JSON with what went wrong and what to do.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;
use crate::error::in_full;

/// An error as it is sent.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Problem {
    /// In one or two words: `not found`.
    pub(crate) error: String,
    /// What exactly, and what to do.
    pub(crate) detail: String,
}

/// What a request could not be given.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) detail: String,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Refused {
        Refused {
            status,
            detail: detail.into(),
        }
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Refused {
        Refused::new(StatusCode::NOT_FOUND, what)
    }

    pub(crate) fn wrong(what: impl Into<String>) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, what)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        tracing::warn!(error = %in_full(&error), "a request could not be answered");
        Refused::new(StatusCode::SERVICE_UNAVAILABLE, in_full(&error))
    }
}

impl From<journal::Error> for Refused {
    fn from(error: journal::Error) -> Refused {
        Refused::from(Error::Log(error))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let problem = Problem {
            error: self
                .status
                .canonical_reason()
                .unwrap_or("error")
                .to_lowercase(),
            detail: self.detail,
        };
        (self.status, axum::Json(problem)).into_response()
    }
}

/// What a handler gives.
pub(crate) type Answer = Result<Response, Refused>;

pub(crate) fn json(value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value)
        .map_err(|error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

pub(crate) fn text(body: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}
