//! Liveness and version, and the answer to every route that does not exist: API Gateway sends what
//! no route matches to `$default`, which is this function, so that callers get the same problem
//! document for a wrong path as for everything else. It touches nothing.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use http_edge::{Problem, Request, Response};
use serde::Serialize;

/// The commit that was built, where the build names it.
pub const COMMIT: &str = match option_env!("AFTERWORD_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
    commit: &'static str,
}

/// Answers a call.
#[must_use]
pub fn handle(event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
    let request = Request::from_event(event);
    let response = match request.route.as_str() {
        "GET /healthz" => Response::json(200, &Health { status: "ok" }),
        "GET /version" => Response::json(
            200,
            &Version { name: "afterword", version: env!("CARGO_PKG_VERSION"), commit: COMMIT },
        ),
        _ => Problem::NotFound.into(),
    };
    response.into_event(&request.id)
}
