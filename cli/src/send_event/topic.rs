//! Notifications that AWS publishes to a topic: a customer's reply, or an event of a text.

use std::process::ExitCode;

use serde_json::Value;

use crate::http_call::call;
use crate::print;
use crate::target::Target;

/// A notification in the form in which the subscribed function receives it.
pub(super) struct TopicNotification<'a> {
    topic: &'a str,
    message: &'a str,
}

impl<'a> TopicNotification<'a> {
    pub(super) fn read(payload: &'a Value) -> Option<Self> {
        let sns = payload.pointer("/Records/0/Sns")?;
        Some(Self { topic: sns.get("TopicArn")?.as_str()?, message: sns.get("Message")?.as_str()? })
    }

    /// Publishes the notification to the topic of this machine.
    pub(super) async fn send(self, target: &Target) -> Result<ExitCode, String> {
        if target.stack.is_some() {
            return Err(
                "only AWS publishes to a topic on AWS: use this payload with a `serve` on this machine"
                    .to_owned(),
            );
        }
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "Publish")
            .append_pair("Version", "2010-03-31")
            .append_pair("TopicArn", self.topic)
            .append_pair("Message", self.message)
            .finish();
        let url = format!("http://127.0.0.1:{}/", target.aws_port);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let (status, answer) = call("POST", &url, &headers, form.into_bytes()).await?;
        print::line(format!("Publish to {} -> {status}", self.topic));
        print::line(&answer);
        Ok(if status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
