//! The REST calls that a bot of Twilio makes of the call that it talks on: it ends it, passes the caller on, looks at it. Each
//! wish is a request in the call's lane like an operator's, in the name of the agent's leg, and control decides on it.
//!
//! Any credentials are taken, because the API listens to loopback only; that there are some is what a page of somebody else
//! cannot send, and only a call that an agent behind a WebSocket talks on can be touched.

use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use journal::{Filter, Stream};
use projections::Row;
use projections::history::{Leg, Outcome, Role};
use projections::requests::RequestState;
use schemars::JsonSchema;
use schemas::observation::{HangUpRequested, TransferRequested, TransferSource};
use schemas::{CallId, Event, EventId, Lane, Personal, Position};
use serde::{Deserialize, Serialize};

use super::calls::{fold, read};
use super::request::{Step, append, of, too_many};
use crate::answer::Refused;
use crate::server::Shared;
use crate::twiml::{self, Wish};

/// Where these calls begin.
pub(crate) const ROOT: &str = "/2010-04-01/";

/// How long control may take until a bot is told that its wish is written, and not what came of it.
const DECIDED_WITHIN: Duration = Duration::from_secs(2);

/// What may be asked, of all that Twilio knows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Update {
    /// `completed` or `canceled`: the end of the call.
    #[serde(rename = "Status")]
    status: Option<String>,
    /// A document that hangs up or dials a transfer of the configuration.
    #[serde(rename = "Twiml")]
    twiml: Option<String>,
    /// Nothing is fetched: it is refused.
    #[serde(rename = "Url")]
    url: Option<String>,
}

/// A call, as far as bots read it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Resource {
    sid: String,
    account_sid: String,
    api_version: &'static str,
    /// `ringing`, `in-progress`, `completed`, `canceled` or `failed`.
    status: &'static str,
    direction: &'static str,
    from: String,
    to: String,
    caller_name: Option<String>,
    /// In seconds.
    duration: Option<String>,
    parent_call_sid: Option<String>,
    answered_by: Option<String>,
    uri: String,
}

/// An error, as Twilio tells them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Fault {
    code: u32,
    message: String,
    more_info: String,
    status: u16,
}

/// The account and the call of a path.
type Of = Path<(String, String)>;

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path((account, name)): Of,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    authenticated(&headers)?;
    let call = call_of(&name)?;
    let row = fold(call, &read(&shared, call).await?);
    Ok(axum::Json(Resource::of(&row, &account)).into_response())
}

pub(super) async fn update(
    State(shared): State<Arc<Shared>>,
    Path((account, name)): Of,
    headers: HeaderMap,
    form: Result<Form<Update>, FormRejection>,
) -> Result<Response, Fault> {
    authenticated(&headers)?;
    let call = call_of(&name)?;
    let Form(update) = form.map_err(|error| Fault::wrong(error.body_text()))?;
    let wish = update.wish()?;
    let before = read(&shared, call).await?.last().map(|last| last.position);
    let asked = append(&shared, call, |history| {
        let row = fold(call, history);
        if row.is_over() {
            return Err(Refused::not_found(format!("call {call} is over")));
        }
        if let Some(why) = too_many(call, &of(history)) {
            return Err(Refused::new(StatusCode::CONFLICT, why));
        }
        match agent(&row) {
            Some(leg) => Ok(Step::Write(event(leg, &wish))),
            None => {
                let why = format!("no agent behind a WebSocket talks on call {call}");
                Err(Refused::new(StatusCode::CONFLICT, why))
            }
        }
    })
    .await?;
    if let Some(before) = before {
        // Undecided is no error: it is in the log, and will be decided.
        let _ = tokio::time::timeout(DECIDED_WITHIN, decided(&shared, call, before, asked)).await;
    }
    let history = read(&shared, call).await?;
    let requests = of(&history);
    match requests.iter().find(|request| request.event == asked) {
        Some(request) if request.state == RequestState::Refused => {
            Err(Fault::refused(&wish, &request.why))
        }
        _ => Ok(axum::Json(Resource::of(&fold(call, &history), &account)).into_response()),
    }
}

impl Update {
    fn wish(&self) -> Result<Wish, Fault> {
        if self.url.is_some() {
            let why = "nothing is fetched from a Url: send the document that is there as Twiml";
            return Err(Fault::wrong(why));
        }
        match (self.status.as_deref(), &self.twiml) {
            (Some("completed" | "canceled"), None) => Ok(Wish::HangUp),
            (None, Some(document)) => twiml::read(document).map_err(|why| {
                let why = format!("the Twiml cannot be used: {why}");
                Fault::new(StatusCode::BAD_REQUEST, DOCUMENT, why)
            }),
            _ => Err(Fault::wrong(
                "send Status=completed, or Twiml with <Hangup/> or <Dial>",
            )),
        }
    }
}

/// Credentials of any kind. Twilio's libraries send the account's or an API key's.
fn authenticated(headers: &HeaderMap) -> Result<(), Fault> {
    let credentials = headers.get(header::AUTHORIZATION);
    let basic = credentials.and_then(|value| value.to_str().ok());
    let is_basic = basic.and_then(|value| value.get(..6));
    match is_basic.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic ")) {
        true => Ok(()),
        false => Err(Fault::new(
            StatusCode::UNAUTHORIZED,
            UNAUTHENTICATED,
            "send Authorization: Basic with any user and password",
        )),
    }
}

/// The call that the agent was told: `CA` and the octets of its id.
fn call_of(name: &str) -> Result<CallId, Fault> {
    let sid = name.strip_suffix(".json").unwrap_or(name);
    let octets = sid.strip_prefix("CA").filter(|octets| octets.len() == 32);
    let octets = octets.filter(|octets| octets.bytes().all(|octet| octet.is_ascii_hexdigit()));
    let number = octets.and_then(|octets| u128::from_str_radix(octets, 16).ok());
    number
        .map(|number| CallId(number.to_be_bytes()))
        .ok_or_else(|| {
            let why = "there is no such call: its callSid stands in the start message";
            Fault::new(StatusCode::NOT_FOUND, NOT_FOUND, why)
        })
}

/// The leg of the agent that a bot can be: the last that was dialed and is not over.
fn agent(row: &Row) -> Option<&Leg> {
    let is_stream = |leg: &Leg| leg.party.reveal().starts_with("ws");
    let mut legs = row.legs.iter().rev();
    legs.find(|leg| leg.role == Role::Agent && !leg.state.is_over() && is_stream(leg))
}

fn event(leg: &Leg, wish: &Wish) -> Event {
    let agent = leg.agent.clone().unwrap_or_else(|| "agent".into());
    match wish {
        Wish::HangUp => HangUpRequested {
            by: agent.to_string(),
            key: None,
            leg: Some(leg.id),
        }
        .into(),
        Wish::Transfer(target) => TransferRequested {
            leg: leg.id,
            target: Personal::new(target.clone()),
            source: TransferSource::Agent {
                agent,
                choice: "REST request".to_owned(),
            },
            referred_by: None,
            replaces: false,
        }
        .into(),
    }
}

/// Waits until control has decided on a request.
async fn decided(shared: &Shared, call: CallId, from: Position, asked: EventId) {
    let filter = Filter::ALL.lanes(&[Lane::Decisions]);
    let filter = filter.partitions([call.partition()]);
    let Ok(mut follower) = shared.log.follow(Stream::Events, from, filter).await else {
        return;
    };
    while let Ok(entries) = follower.next().await {
        let answers = |because| because == Some(asked);
        if entries
            .iter()
            .any(|entry| answers(entry.record.header().because))
        {
            return;
        }
    }
}

impl Resource {
    fn of(row: &Row, account: &str) -> Resource {
        let octets = row.call.0.iter().map(|octet| format!("{octet:02x}"));
        let sid = format!("CA{}", octets.collect::<String>());
        let caller = row.caller.as_ref();
        let name = caller.map(|caller| caller.display_name.reveal().clone());
        let talk_s = row.talk_ms.map(|talk_ms| (talk_ms / 1_000).to_string());
        Resource {
            account_sid: account.to_owned(),
            api_version: "2010-04-01",
            status: status(row),
            direction: "inbound",
            from: caller
                .map(|caller| caller.number.reveal().clone())
                .unwrap_or_default(),
            to: row.called.reveal().clone(),
            caller_name: name.filter(|name| !name.is_empty()),
            duration: talk_s.filter(|_| row.is_over()),
            parent_call_sid: None,
            answered_by: None,
            uri: format!("{ROOT}Accounts/{account}/Calls/{sid}.json"),
            sid,
        }
    }
}

fn status(row: &Row) -> &'static str {
    match row.outcome {
        Outcome::Up if row.answered.is_some() => "in-progress",
        Outcome::Up => "ringing",
        Outcome::Completed | Outcome::Transferred => "completed",
        Outcome::Failed if row.answered.is_some() => "completed",
        Outcome::Abandoned => "canceled",
        Outcome::Refused | Outcome::Failed => "failed",
    }
}

impl Fault {
    fn new(status: StatusCode, code: u32, message: impl Into<String>) -> Fault {
        Fault {
            code,
            message: message.into(),
            more_info: format!("https://www.twilio.com/docs/errors/{code}"),
            status: status.as_u16(),
        }
    }

    fn wrong(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, INVALID, message)
    }

    /// Control said no.
    fn refused(wish: &Wish, why: &str) -> Fault {
        match wish {
            Wish::HangUp => Fault::new(StatusCode::BAD_REQUEST, NOT_IN_PROGRESS, why),
            Wish::Transfer(target) => {
                let why = format!(
                    "<Dial> of {target:?} is refused: {why}. What may be dialed is a [transfer.NAME] of the \
                     configuration, by its name, its URI or the number in it, and what transfer_allowed matches"
                );
                Fault::new(StatusCode::BAD_REQUEST, NOT_DIALED, why)
            }
        }
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Fault {
        let (status, code) = match refused.status {
            StatusCode::NOT_FOUND => (StatusCode::NOT_FOUND, NOT_FOUND),
            StatusCode::CONFLICT => (StatusCode::BAD_REQUEST, NOT_IN_PROGRESS),
            status => (status, UNAVAILABLE),
        };
        Fault::new(status, code, refused.detail)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, axum::Json(self)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = header::HeaderValue::from_static("Basic realm=\"Trunkline\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Twilio's numbers: no parameter of that kind.
const INVALID: u32 = 20_001;
/// Credentials are missing.
const UNAUTHENTICATED: u32 = 20_003;
/// There is no such call, or it is over: bots take this one for an end that came before theirs.
const NOT_FOUND: u32 = 20_404;
/// The service cannot answer now.
const UNAVAILABLE: u32 = 20_503;
/// The call is not one that could be changed.
const NOT_IN_PROGRESS: u32 = 21_220;
/// The document is not understood.
const DOCUMENT: u32 = 12_100;
/// The number of a `<Dial>` cannot be called.
const NOT_DIALED: u32 = 13_224;
