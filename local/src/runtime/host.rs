//! Restricts every listener to requests that are addressed to this machine and that no foreign page sends.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::runtime::problem::{Problem, unread};

/// Rejects with 421 every request that is not addressed to 127.0.0.1, localhost, `[::1]` or `also`, on any
/// port.
///
/// A web page can point a name of its own at 127.0.0.1, but it cannot choose the Host header.
pub(crate) fn check_host(router: Router, also: Option<String>) -> Router {
    router.layer(from_fn_with_state(Arc::new(also), reject_other_hosts))
}

async fn reject_other_hosts(
    State(also): State<Arc<Option<String>>>,
    request: Request,
    next: Next,
) -> Response {
    let named = |host: &str| is_ours(host, also.as_deref());
    let by_header = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .and_then(plain)
        .is_some_and(|authority| named(authority.host()));
    let by_target = request.uri().host().is_none_or(named);
    let once = request.headers().get_all(header::HOST).iter().count() == 1;
    if by_header && by_target && once {
        return next.run(request).await;
    }
    let detail = "This listener answers only to the names of this machine.";
    let mut response =
        Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected_request", detail).into_response();
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        response.headers_mut().insert("x-request-id", id);
    }
    unread(response)
}

/// Parses a host with or without a port. A user or an invalid port is not accepted.
fn plain(host: &str) -> Option<Authority> {
    let authority: Authority = host.parse().ok()?;
    let rest = host.strip_prefix(authority.host())?;
    (rest.is_empty() || authority.port_u16().is_some()).then_some(authority)
}

/// Rejects with 403 every request from a page of another host. A browser states the page's origin, and would
/// otherwise let the page post forms here.
pub(crate) fn check_origin(router: Router) -> Router {
    router.layer(from_fn(reject_other_origins))
}

async fn reject_other_origins(request: Request, next: Next) -> Response {
    if is_same_origin(request.headers()) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::FORBIDDEN, "foreign_origin", "Pages of other hosts may not call this.")
        .into_response()
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).map(|host| host.as_bytes());
    headers.get_all(header::ORIGIN).iter().all(|origin| {
        let theirs = origin.as_bytes().strip_prefix(b"http://");
        theirs.zip(host).is_some_and(|(theirs, host)| theirs.eq_ignore_ascii_case(host))
    })
}

fn is_ours(host: &str, also: Option<&str>) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().chain(&also).any(|ours| ours.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::{is_ours, plain};

    #[test]
    fn a_host_is_a_name_with_an_optional_port() {
        for host in ["localhost", "localhost:3000", "[::1]:3000", "127.0.0.1:1"] {
            assert!(plain(host).is_some(), "{host}");
        }
        for host in ["evil@127.0.0.1", "localhost:evil", "localhost:99999", "localhost:", "localhost/", ""] {
            assert!(plain(host).is_none(), "{host}");
        }
    }

    #[test]
    fn only_this_machine_and_the_public_host_are_accepted() {
        for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "hooks.example.com"] {
            assert!(is_ours(host, Some("hooks.example.com")), "{host}");
        }
        for host in ["", "127.0.0.2", "localhost.example.com", "hooks.example.com", "::1"] {
            assert!(!is_ours(host, None), "{host}");
        }
    }
}
