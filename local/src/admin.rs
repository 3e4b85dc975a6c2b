//! The admin port: the outbox, the clock, faults, customers' phones, and the pages of the console.

mod body;
mod phones;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{delete, get, post};
use http::StatusCode;
use messaging::values::clock::{Clock, to_rfc3339};
use serde_json::{Value, json};

use crate::providers::outbox::{Outbox, Text};
use crate::runtime::async_invoke::AsyncInvoker;
use crate::runtime::clock::{ClockError, LocalClock};
use crate::runtime::faults::{Fault, Faults};
use crate::runtime::host::{check_host, check_origin};
use crate::runtime::problem::{self, Problem, Violation};
use crate::runtime::timer_source::TimerSource;
pub use phones::Phones;

/// The parts of the machine that the admin port shows and controls.
pub struct Admin {
    /// The clock that `advance` moves.
    pub clock: Arc<LocalClock>,
    /// The timer sources that the clock wakes.
    pub timer_sources: Vec<Arc<dyn TimerSource>>,
    /// The texts that were delivered.
    pub outbox: Outbox,
    /// The faults of the next calls.
    pub faults: Arc<Faults>,
    /// The simulated phones of customers.
    pub phones: Phones,
    /// The invoker, which stores the dead letters.
    pub invoker: Arc<AsyncInvoker>,
    /// Whether real providers send the texts; if so, the simulation controls are off.
    pub live: bool,
}

impl Admin {
    /// Returns the listener's router with the pages of `console`.
    pub(crate) fn router(self, console: Router) -> Router {
        let simulation = Router::new()
            .route("/_local/clock/advance", post(advance))
            .route("/_local/faults", post(set_fault).get(list_faults).delete(clear_faults))
            .route("/_local/phones/{phone}/reply", post(reply));
        let simulation = match self.live {
            true => simulation.route_layer(from_fn(reject_simulation)),
            false => simulation,
        };
        let router = simulation
            .route("/_local/outbox", get(outbox))
            .route("/_local/clock", get(clock))
            .route("/_local/phones/{phone}", delete(forget))
            .route("/_local/dead-letters", get(dead_letters))
            .with_state(Arc::new(self))
            .merge(console)
            .fallback(async || Problem::not_found())
            .method_not_allowed_fallback(async || {
                Problem::new(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "method_not_allowed",
                    "The path does not allow this method.",
                )
            });
        check_host(check_origin(router), None)
    }
}

async fn outbox(State(admin): State<Arc<Admin>>) -> Result<Response, Problem> {
    let texts = admin.outbox.list().map_err(store_failed)?;
    Ok(ok(&json!({ "messages": texts.iter().map(Text::to_json).collect::<Vec<_>>() })))
}

async fn dead_letters(State(admin): State<Arc<Admin>>) -> Result<Response, Problem> {
    Ok(ok(&admin.invoker.dead_letters().map_err(store_failed)?))
}

async fn clock(State(admin): State<Arc<Admin>>) -> Response {
    ok(&json!({ "now": to_rfc3339(admin.clock.now()) }))
}

async fn advance(State(admin): State<Arc<Admin>>, body: Bytes) -> Result<Response, Problem> {
    let seconds = body::parse(&body)?.get("seconds").and_then(Value::as_i64);
    let advanced = match seconds {
        Some(seconds) => admin.clock.advance(&admin.timer_sources, seconds).await,
        None => Err(ClockError::OutOfRange),
    };
    match advanced {
        Ok(now) => Ok(ok(&json!({ "now": to_rfc3339(now) }))),
        Err(ClockError::OutOfRange) => {
            let detail = "The seconds must be a whole number from 0 to ten years.";
            Err(Problem::invalid(vec![Violation { pointer: "/seconds", code: "invalid_seconds", detail }]))
        }
        Err(ClockError::Store(error)) => Err(store_failed(error)),
    }
}

async fn set_fault(State(admin): State<Arc<Admin>>, body: Bytes) -> Result<StatusCode, Problem> {
    admin.faults.set(Fault::parse(&body::parse(&body)?).map_err(Problem::invalid)?);
    Ok(StatusCode::NO_CONTENT)
}

async fn list_faults(State(admin): State<Arc<Admin>>) -> Response {
    ok(&admin.faults.list())
}

async fn clear_faults(State(admin): State<Arc<Admin>>) -> StatusCode {
    admin.faults.clear();
    StatusCode::NO_CONTENT
}

async fn reply(
    State(admin): State<Arc<Admin>>,
    phone: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Response, Problem> {
    // A path that is not UTF-8 is not a phone number either.
    let phone = phone.map(|Path(phone)| phone).unwrap_or_default();
    let reply = phones::Reply::parse(phone, &body::parse(&body)?).map_err(Problem::invalid)?;
    let status = admin.phones.reply(reply).await.map_err(store_failed)?;
    Ok(ok(&json!({ "status": status.as_u16() })))
}

/// Removes a phone from the simulated providers and phones. `afterword forget` erases it everywhere else.
async fn forget(
    State(admin): State<Arc<Admin>>,
    phone: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let phone = phone.map(|Path(phone)| phone).unwrap_or_default();
    let phone = phones::checked(phone).map_err(|violation| Problem::invalid(vec![violation]))?;
    let phones = Arc::clone(&admin);
    // Rewriting the files may take a while.
    let forgotten = tokio::task::spawn_blocking(move || phones.phones.forget(&phone)).await;
    let texts = forgotten.map_err(|_| Problem::internal())?.map_err(store_failed)?;
    Ok(ok(&json!({ "texts": texts })))
}

async fn reject_simulation(_: Request, _: Next) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "live", "With real providers the simulation controls are off.")
}

fn ok(body: &Value) -> Response {
    problem::answer(StatusCode::OK, "application/json", body)
}

fn store_failed(error: rusqlite::Error) -> Problem {
    tracing::error!(%error, "The admin port could not use the store");
    Problem::internal()
}
