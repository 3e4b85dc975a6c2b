//! Responses of a function: within 10 s, however long a dependency takes, and with one log line for a rejection.

use std::future::Future;
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use messaging::ports::Unavailable;
use telemetry::Decision;

use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;

/// The longest that a caller waits.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The longest that a caller waits who submits many items at once.
pub const ANSWER_MANY_WITHIN: Duration = Duration::from_secs(25);

/// Answers a call of the usual size: within [`ANSWER_WITHIN`].
pub async fn respond(
    request: &Request,
    work: impl Future<Output = Result<Response, Problem>>,
) -> ApiGatewayV2httpResponse {
    respond_within(ANSWER_WITHIN, request, work).await
}

/// Answers a call: in time, with the request's id, and with one log line where it was refused.
pub async fn respond_within(
    limit: Duration,
    request: &Request,
    work: impl Future<Output = Result<Response, Problem>>,
) -> ApiGatewayV2httpResponse {
    let answer = in_time(limit, work).await.unwrap_or_else(|problem| {
        let decision = telemetry::count(problem.decision());
        tracing::info!(
            request_id = request.id,
            route = request.route,
            status = problem.status(),
            decision,
            "Rejected a call"
        );
        Response::from(problem)
    });
    answer.into_event(&request.id)
}

/// Notes that something we need does not answer, and tells the caller to come back.
#[must_use]
pub fn unavailable(request: &Request, trouble: &Unavailable) -> Problem {
    let decision = telemetry::count(Decision::Unavailable);
    tracing::error!(
        request_id = request.id,
        route = request.route,
        error = %trouble,
        decision,
        "A dependency is unavailable"
    );
    Problem::DependencyUnavailable
}

/// Runs a handler and gives up in time. Giving up leaves what a crash leaves: something that the
/// caller's repeat finishes.
///
/// # Errors
/// 503 when the time is up, else the handler's own problem.
async fn in_time<T>(limit: Duration, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Problem::DependencyUnavailable))
}
