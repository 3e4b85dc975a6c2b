//! Calls as events of API Gateway, and the conditions that every response fulfils.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use base64::Engine as _;
use booking_webhook::systems::system_of;
use messaging::testing::memory::World;
use serde_json::{Value, json};

use crate::world::{handlers, world};

/// The status and the body of a response.
pub(crate) type Answer = (i64, Value);

/// Creates the event of a call; `None` if HTTP does not allow one of the headers.
pub(crate) fn event(route: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<ApiGatewayV2httpRequest> {
    event_with_query(route, "", headers, body)
}

/// Creates the event of a call with a query string.
pub(crate) fn event_with_query(
    route: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<ApiGatewayV2httpRequest> {
    let (method, path) = route.split_once(' ')?;
    let headers: serde_json::Map<_, _> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
    let event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path.replace("{source}", "shop"),
        "rawQueryString": query,
        "headers": headers,
        "pathParameters": { "source": "shop" },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": "example.com",
            "domainPrefix": "api",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "fuzz",
            },
            "requestId": "request",
            "routeKey": route,
            "stage": "$default",
            "time": "20/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_800_000_000_000_i64,
        },
        "body": base64::engine::general_purpose::STANDARD.encode(body),
        "isBase64Encoded": true,
    });
    // Header values that HTTP does not allow never reach a function.
    serde_json::from_value(event).ok()
}

/// Runs a future to its end.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(work))
}

/// Calls the function of a route.
pub(crate) fn answer(world: &World, event: ApiGatewayV2httpRequest) -> Answer {
    let route = event.route_key.clone().unwrap_or_default();
    let response = match route.as_str() {
        route if system_of(route).is_some() => run(handlers(world).booking_webhook.handle(event)),
        "POST /twilio/inbound" | "POST /webhook" => run(handlers(world).inbound.answer(event)),
        "POST /otp" | "POST /otp/verify" => run(handlers(world).otp.handle(event)),
        _ => run(handlers(world).ingest.handle(event)),
    };
    read(response)
}

/// Returns the content of a response, which is never an internal error.
pub(crate) fn read(response: ApiGatewayV2httpResponse) -> Answer {
    let body = serde_json::to_value(&response.body).unwrap();
    let text = body.as_str().unwrap_or_default();
    let body = serde_json::from_str(text).unwrap_or(body);
    let status = response.status_code;
    assert!((200..500).contains(&status), "{status} {body}");
    if status >= 400 {
        assert!(body["type"].as_str().is_some_and(|code| code.starts_with("urn:afterword:")), "{body}");
    }
    (status, body)
}

/// Checks that nothing was sent and that no port was called that must not be called.
pub(crate) fn assert_quiet(world: &World) {
    let state = world.state();
    assert!(state.inconsistencies.is_empty(), "{:?}", state.inconsistencies);
    assert_eq!(state.delivered, 0);
}

/// Passes any event of API Gateway to every function.
pub(crate) fn gateway_event(data: &[u8]) {
    for route in [None, Some("POST /sms"), Some("POST /twilio/inbound"), Some("POST /webhooks/calendly")] {
        let Ok(mut event) = serde_json::from_slice::<ApiGatewayV2httpRequest>(data) else { return };
        event.route_key = route.map(str::to_owned).or(event.route_key);
        let world = world();
        answer(&world, event);
        assert_quiet(&world);
    }
}
