//! The parts that all pages share: head, security headers, style sheet.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Renders a page around its content.
pub(crate) fn page(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " - Afterword" }
                link rel="stylesheet" href="/console/style.css";
            }
            body {
                header { a href="/console" { "Afterword" } }
                main { (content) }
            }
        }
    }
}

/// Renders a page with a single sentence.
pub(crate) fn message(text: &str) -> Markup {
    page("Console", &html! { p { (text) } p { a href="/console" { "All conversations" } } })
}

/// Answers with a page that is not cached and may contain no scripts, frames or referrers.
pub(crate) fn answer(status: StatusCode, page: &Markup) -> Response {
    let mut response = Response::new(Body::from(page.0.clone()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, axum::http::HeaderValue::from_static(value));
    }
    response
}

/// Answers with the style sheet.
pub(crate) fn style_sheet() -> Response {
    let mut response = Response::new(Body::from(include_str!("style.css")));
    let content_type = axum::http::HeaderValue::from_static("text/css; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
