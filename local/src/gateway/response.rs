//! The HTTP response for the value that a function returned.

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

/// Returns the HTTP response, or `None` for a value that the service does not understand.
///
/// JSON without a `statusCode` becomes the body of a 200, as the service infers.
pub(super) fn from_function(value: Value) -> Option<Response> {
    let Some(fields) = value.as_object().filter(|fields| fields.contains_key("statusCode")) else {
        return Some(inferred(value));
    };
    let code = fields["statusCode"].as_u64().and_then(|code| u16::try_from(code).ok())?;
    let status = StatusCode::from_u16(code).ok().filter(|status| !status.is_informational())?;
    let body = body(fields)?;
    let mut headers = headers(fields)?;
    if !body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(response)
}

fn inferred(value: Value) -> Response {
    let body = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn body(fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let text = match fields.get("body") {
        None | Some(Value::Null) => "",
        Some(body) => body.as_str()?,
    };
    match fields.get("isBase64Encoded").and_then(Value::as_bool) {
        Some(true) => BASE64_STANDARD.decode(text).ok(),
        _ => Some(text.as_bytes().to_vec()),
    }
}

fn headers(fields: &Map<String, Value>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in object(fields.get("headers")) {
        append(&mut headers, name, value)?;
    }
    // Format 2.0 has only `headers`. Functions that fill both repeat the same values here.
    let single = headers.clone();
    for (name, values) in object(fields.get("multiValueHeaders")) {
        if single.contains_key(name) {
            continue;
        }
        for value in values.as_array()? {
            append(&mut headers, name, value)?;
        }
    }
    for cookie in fields.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        append(&mut headers, "set-cookie", cookie)?;
    }
    for framing in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
        headers.remove(framing);
    }
    Some(headers)
}

fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn append(headers: &mut HeaderMap, name: &str, value: &Value) -> Option<()> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return None,
    };
    headers.append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(text).ok()?);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn every_field_of_a_function_response_is_mapped() {
        let response = from_function(json!({
            "statusCode": 201,
            "headers": { "X-One": "1", "content-length": "999" },
            "multiValueHeaders": { "x-one": ["1"], "x-two": ["a", "b"] },
            "cookies": ["a=1", "b=2"],
            "body": "aGk=",
            "isBase64Encoded": true,
        }))
        .unwrap();
        assert_eq!(response.status(), 201);
        let all = |name: &str| {
            response
                .headers()
                .get_all(name)
                .iter()
                .map(|v| v.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(all("x-one"), ["1"]);
        assert_eq!(all("x-two"), ["a", "b"]);
        assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
        assert_eq!(all("content-type"), ["text/plain;charset=UTF-8"]);
        assert!(all("content-length").is_empty());
        assert_eq!(text(response).await, "hi");
    }

    #[tokio::test]
    async fn json_without_a_status_code_is_the_body_of_a_200() {
        for (value, body) in
            [(json!({ "a": 1 }), r#"{"a":1}"#), (json!("hello"), "hello"), (json!([1]), "[1]")]
        {
            let response = from_function(value).unwrap();
            assert_eq!(
                (response.status().as_u16(), &response.headers()["content-type"]),
                (200, &HeaderValue::from_static("application/json"))
            );
            assert_eq!(text(response).await, body);
        }
    }

    #[test]
    fn malformed_function_responses_are_rejected() {
        for value in [
            json!({ "statusCode": "abc" }),
            json!({ "statusCode": 1 }),
            json!({ "statusCode": 200, "body": { "a": 1 } }),
            json!({ "statusCode": 200, "body": "%%%", "isBase64Encoded": true }),
            json!({ "statusCode": 200, "headers": { "a b": "c" } }),
        ] {
            assert!(from_function(value.clone()).is_none(), "{value}");
        }
    }
}
