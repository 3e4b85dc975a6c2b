//! Checks that the API answers, rejects calls without a key, and accepts its own signatures. The calls change
//! nothing: they post an event that no journey uses, and a message without a sender.

use adapters::providers::http::exchange;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http_edge::signature::{timestamped, twilio};
use serde_json::{Map, Value};

use super::Finding;
use crate::connect::newest;
use crate::stack::Stack;

pub(super) async fn check(stack: &Stack, document: &Map<String, Value>) -> Vec<Finding> {
    let base = &stack.installation.public_url;
    let up = call(stack, "GET", &format!("{base}/healthz"), &[], "").await;
    if up != Ok(200) {
        let detail = format!("GET {base}/healthz: {}; check PublicUrl and its DNS", describe(&up));
        return vec![Finding::fail("api", detail)];
    }
    let mut findings = vec![Finding::pass("api", base)];
    let rejected =
        call(stack, "POST", &format!("{base}/sms"), &[("content-type", "application/json")], "{}").await;
    findings.push(if rejected == Ok(401) {
        Finding::pass("api keys", "a call without a key is rejected")
    } else {
        Finding::fail("api keys", format!("a call without a key: {} instead of 401", describe(&rejected)))
    });
    if let Some(key) = newest(document, "calendly_signing_key") {
        let body = r#"{"event":"afterword.self_test","payload":{}}"#;
        let signature = timestamped::sign(body.as_bytes(), &key, chrono::Utc::now().timestamp());
        let headers =
            [("content-type", "application/json"), (timestamped::CALENDLY_HEADER, signature.as_str())];
        let answer = call(stack, "POST", &format!("{base}/webhooks/calendly"), &headers, body).await;
        findings.push(signature_test("calendly signature", &answer));
    }
    if let Some(token) = newest(document, "twilio_auth_token") {
        let url = format!("{base}/twilio/inbound");
        let signature = twilio::sign(twilio::Algorithm::HmacSha1, &url, &[], &token);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            (twilio::SIGNATURE_HEADER, signature.as_str()),
        ];
        findings.push(signature_test("twilio signature", &call(stack, "POST", &url, &headers, "").await));
    }
    findings
}

fn signature_test(subject: &'static str, answer: &Result<u16, String>) -> Finding {
    match answer {
        Ok(200) => Finding::pass(subject, "a call signed with the installation's key is accepted"),
        Ok(401) => Finding::fail(
            subject,
            "a call signed with the installation's key is rejected: wait 30 s if the key is new; otherwise PublicUrl differs from the address that is called",
        ),
        other => Finding::fail(subject, format!("a signed call: {}", describe(other))),
    }
}

/// Calls once and returns the status.
async fn call(
    stack: &Stack,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<u16, String> {
    let mut request = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(SdkBody::from(body)).map_err(|error| error.to_string())?;
    let request = HttpRequest::try_from(request).map_err(|error| error.to_string())?;
    let answer = exchange(&stack.connection.provider_http, request);
    match tokio::time::timeout(std::time::Duration::from_secs(20), answer).await {
        Ok(Ok((status, _))) => Ok(status),
        Ok(Err(_)) | Err(_) => Err("no answer".to_owned()),
    }
}

fn describe(answer: &Result<u16, String>) -> String {
    answer.as_ref().map_or_else(Clone::clone, u16::to_string)
}
