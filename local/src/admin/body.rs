//! The JSON bodies of the admin port, which need no content type.

use serde_json::Value;

use crate::runtime::problem::{Problem, Violation};

/// Parses the body as JSON.
pub(super) fn parse(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body).map_err(|_| {
        Problem::invalid(vec![Violation { pointer: "", code: "not_json", detail: "The body is not JSON." }])
    })
}
