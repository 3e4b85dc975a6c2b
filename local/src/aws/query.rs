//! AWS's query protocol, which SNS uses: the request is a form, the response is XML.

use std::collections::HashMap;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::AwsEndpoint;
use crate::providers::aws_sms::SnsError;
use crate::providers::aws_sms::reports::{TOPICS, notification};
use crate::runtime::faults::Effect;

const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// Returns the form of a call, if the body is one.
pub(super) fn form(headers: &HeaderMap, body: &[u8]) -> Option<HashMap<String, String>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    form.contains_key("Action").then_some(form)
}

impl AwsEndpoint {
    /// Answers a call of SNS's API.
    pub(super) async fn sns(&self, form: &HashMap<String, String>) -> Response {
        let action = form.get("Action").map(String::as_str).unwrap_or_default();
        let effect = self.faults.take(&format!("sns:{action}"));
        match effect {
            Some(Effect::FailBefore) => {
                return error(&SnsError(503, "ServiceUnavailable", "The service is down (a fault was set)."));
            }
            Some(Effect::Throttle) => return error(&SnsError(429, "Throttled", "Rate exceeded")),
            Some(Effect::Conflict) => {
                return error(&SnsError(
                    409,
                    "ConcurrentAccess",
                    "Another call was changing the same item (a fault was set).",
                ));
            }
            Some(Effect::TimeoutAfterAccept | Effect::Crash) | None => {}
        }
        // No line in the log follows a time-out, so that the outcome must be established in another way.
        let receipt = effect != Some(Effect::TimeoutAfterAccept);
        let answer = match action {
            "Publish" if form.contains_key("TopicArn") => self.publish_to_topic(form).await,
            "Publish" => self.sms.publish(form, receipt).map(|id| message_id(&id)),
            "SetSMSAttributes" => self.sms.attributes.set(form).map(|()| String::new()),
            "GetSMSAttributes" => self.sms.attributes.get().map(|attributes| {
                let entries = attributes.iter().map(|(name, value)| {
                    format!("<entry><key>{}</key><value>{}</value></entry>", escape(name), escape(value))
                });
                format!("<attributes>{}</attributes>", entries.collect::<String>())
            }),
            _ => Err(SnsError(400, "InvalidAction", "The operation does not exist on this machine.")),
        };
        match (effect.and_then(Effect::lost_answer), answer) {
            (Some(lost), _) => lost,
            (None, Ok(result)) => {
                let result = format!("<{action}Result>{result}</{action}Result>");
                xml(StatusCode::OK, &format!("{action}Response"), &result)
            }
            (None, Err(failed)) => error(&failed),
        }
    }

    /// Publishes to a topic of this machine. The function behind it has been invoked when this returns.
    async fn publish_to_topic(&self, form: &HashMap<String, String>) -> Result<String, SnsError> {
        let topic = form.get("TopicArn").map(String::as_str).unwrap_or_default();
        let message =
            form.get("Message").ok_or(SnsError(400, "InvalidParameter", "Invalid parameter: Message"))?;
        let (_, function) = TOPICS.iter().find(|(arn, _)| *arn == topic).ok_or(SnsError(
            404,
            "NotFound",
            "Topic does not exist",
        ))?;
        self.invoker.invoke(function, notification(topic, message)).await;
        Ok(message_id(&uuid::Uuid::new_v4().to_string()))
    }
}

fn message_id(id: &str) -> String {
    format!("<MessageId>{id}</MessageId>")
}

fn error(SnsError(status, code, message): &SnsError) -> Response {
    let body = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    xml(StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "ErrorResponse", &body)
}

fn xml(status: StatusCode, root: &str, content: &str) -> Response {
    let id = uuid::Uuid::new_v4();
    let metadata = match root {
        "ErrorResponse" => format!("<RequestId>{id}</RequestId>"),
        _ => format!("<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>"),
    };
    let body = format!("<{root} xmlns=\"{NAMESPACE}\">{content}{metadata}</{root}>");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
