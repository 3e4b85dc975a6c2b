//! The events that invoke a function: of API Gateway, an SNS topic, an EventBridge rule or a log subscription.

use std::fmt;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use messaging::ports::Unavailable;
use serde_json::Value;

/// An invocation's event.
pub enum LambdaEvent {
    /// A call of the HTTP API.
    Http(Box<ApiGatewayV2httpRequest>),
    /// The messages that were published to a topic.
    Notifications(Vec<String>),
    /// The detail of an EventBridge event.
    Detail(Value),
    /// A batch of log events, base64 of gzip.
    Logs(String),
}

/// Why an invocation ended without having done its work. Lambda repeats it twice and then puts the event
/// aside; a call of the HTTP API never ends so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// The event is not one that is understood: a repetition helps nothing.
    Malformed(&'static str),
    /// A dependency did not answer.
    Unavailable(Unavailable),
}

impl Failed {
    /// The error's name for Lambda.
    #[must_use]
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "MalformedEvent",
            Self::Unavailable(_) => "Transient",
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "malformed event: {what}"),
            Self::Unavailable(trouble) => trouble.fmt(f),
        }
    }
}

impl std::error::Error for Failed {}

impl From<Unavailable> for Failed {
    fn from(trouble: Unavailable) -> Self {
        Self::Unavailable(trouble)
    }
}

impl LambdaEvent {
    /// Tells an event by its shape.
    ///
    /// # Errors
    /// When it has none of the known shapes.
    pub fn read(event: Value) -> Result<Self, Failed> {
        if event.get("requestContext").is_some() {
            let call = serde_json::from_value(event);
            return call.map(Box::new).map(Self::Http).map_err(|_| Failed::Malformed("no HTTP API event"));
        }
        if let Some(records) = event.get("Records") {
            let records = records.as_array().ok_or(Failed::Malformed("Records is no list"))?;
            let message = |record: &Value| record.pointer("/Sns/Message")?.as_str().map(str::to_owned);
            let messages: Option<Vec<String>> = records.iter().map(message).collect();
            let messages = messages.filter(|messages| !messages.is_empty());
            return messages.map(Self::Notifications).ok_or(Failed::Malformed("no SNS message"));
        }
        if let Some(data) = event.pointer("/awslogs/data").and_then(Value::as_str) {
            return Ok(Self::Logs(data.to_owned()));
        }
        match event.get("detail").filter(|detail| detail.is_object()) {
            Some(detail) => Ok(Self::Detail(detail.clone())),
            None => Err(Failed::Malformed("of no known shape")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_told_by_their_shape() {
        let shape = |event| match LambdaEvent::read(event) {
            Ok(LambdaEvent::Http(_)) => "http",
            Ok(LambdaEvent::Notifications(_)) => "sns",
            Ok(LambdaEvent::Detail(_)) => "eventbridge",
            Ok(LambdaEvent::Logs(_)) => "logs",
            Err(failed) => failed.error_type(),
        };
        let http = json!({
            "version": "2.0",
            "routeKey": "POST /x",
            "rawPath": "/x",
            "rawQueryString": "",
            "headers": {},
            "requestContext": {
                "accountId": "0", "apiId": "0", "domainName": "x", "domainPrefix": "x", "requestId": "1",
                "routeKey": "POST /x", "stage": "$default", "time": "", "timeEpoch": 0,
                "http": { "method": "POST", "path": "/x", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "" },
            },
            "isBase64Encoded": false,
        });
        let sns = |sns: Value| json!({ "Records": [{ "EventSource": "aws:sns", "Sns": sns }] });
        for (event, expected) in [
            (http, "http"),
            (json!({ "requestContext": "x" }), "MalformedEvent"),
            (sns(json!({ "Message": "{}" })), "sns"),
            (json!({ "source": "aws.sms-voice", "detail": {} }), "eventbridge"),
            (json!({ "awslogs": { "data": "" } }), "logs"),
            (sns(json!({ "Message": 1 })), "MalformedEvent"),
            (sns(json!({})), "MalformedEvent"),
            (json!({ "Records": [] }), "MalformedEvent"),
            (json!({ "Records": "x" }), "MalformedEvent"),
            (json!({ "detail": "x" }), "MalformedEvent"),
            (json!({}), "MalformedEvent"),
            (json!(null), "MalformedEvent"),
        ] {
            assert_eq!(shape(event.clone()), expected, "{event}");
        }
    }
}
