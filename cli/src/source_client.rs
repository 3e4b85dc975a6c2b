//! A client that posts to an installation as its sources do: to its address, with their keys.

use adapters::Connection;
use adapters::installation::SecretDocument;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use booking_webhook::systems::{SYSTEMS, system_named};
use messaging::values::secret::SecretText;
use serde_json::{Map, Value};

use crate::connect::newest;
use crate::http_call::call_over;
use crate::stack::Stack;
use crate::target::Target;

/// Posts to an installation, authenticated as a source.
pub(crate) struct SourceClient {
    /// The address of the API, without a slash at the end.
    url: String,
    http: SharedHttpConnector,
    /// The secret of the installation: keys by entry.
    document: Map<String, Value>,
    /// Advice for the error messages.
    hints: Hints,
}

/// Advice for a caller whose call failed.
struct Hints {
    /// For a call that is not answered.
    no_answer: &'static str,
    /// For a key that is not in the secret.
    no_key: &'static str,
}

const THIS_MACHINE: Hints = Hints {
    no_answer: "is `afterword serve` running?",
    no_key: "set AFTERWORD_<SOURCE>_SIGNING_KEY here and where `serve` runs",
};
const ON_AWS: Hints = Hints {
    no_answer: "check the stack's PublicUrl and its DNS",
    no_key: "add it to the stack's secret (docs/setup-guide.md)",
};

impl SourceClient {
    /// Creates a client of a `serve` on this machine, or of a stack: at its public URL, with the keys of
    /// its secret.
    pub(crate) async fn of(target: &Target) -> Result<Self, String> {
        if let Some(stack) = &target.stack {
            return Self::of_stack(&Stack::find(stack).await?).await;
        }
        let document = target.keys()?.secret_document().as_object().cloned().unwrap_or_default();
        let url = format!("http://127.0.0.1:{}", target.port);
        Ok(Self { http: Connection::plain(&url).provider_http, url, document, hints: THIS_MACHINE })
    }

    async fn of_stack(stack: &Stack) -> Result<Self, String> {
        let document = SecretDocument::new(&stack.connection, &stack.installation.secret).read().await;
        Ok(Self {
            url: stack.installation.public_url.clone(),
            http: stack.connection.provider_http.clone(),
            document: document.map_err(|error| error.to_string())?,
            hints: ON_AWS,
        })
    }

    /// Returns the header that authenticates a booking system: its signature over a body, made at that
    /// second.
    ///
    /// # Errors
    /// When the system is unknown here, or the installation has no key for it.
    pub(crate) fn signature(
        &self,
        name: &str,
        body: &[u8],
        at: i64,
    ) -> Result<(&'static str, String), String> {
        let Some(system) = system_named(name) else {
            let known: Vec<_> = SYSTEMS.iter().map(|system| system.name).collect();
            let known = known.join(", ");
            return Err(format!("cannot sign a call of {name}: the known booking systems are {known}"));
        };
        let key = newest(&self.document, system.key_entry)
            .ok_or_else(|| format!("there is no {}: {}", system.key_entry, self.hints.no_key))?;
        Ok((system.scheme.header(), system.scheme.sign(body, &key, at)))
    }

    /// Returns the header that authenticates one of the business's own services.
    pub(crate) fn api_key(&self) -> Result<(&'static str, String), String> {
        let key: Option<SecretText> = newest(&self.document, "api_key");
        let key = key.ok_or("the installation has no api_key that every source may use")?;
        Ok(("x-api-key", key.expose_secret().to_owned()))
    }

    /// Posts JSON once and returns status and body.
    pub(crate) async fn post(
        &self,
        route: &str,
        header: &(&'static str, String),
        body: Vec<u8>,
    ) -> Result<(u16, String), String> {
        let url = format!("{}{route}", self.url);
        let headers = [("content-type", "application/json"), (header.0, header.1.as_str())];
        let answer = call_over(&self.http, "POST", &url, &headers, body).await;
        answer.map_err(|error| format!("{error}: {}", self.hints.no_answer))
    }
}

#[cfg(test)]
mod tests {
    use http_edge::signature::timestamped;
    use serde_json::json;
    use wiremock::matchers::{header, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    /// A server that plays both AWS and the API of a stack.
    async fn stack(secret: &Value) -> (MockServer, Stack) {
        let server = MockServer::start().await;
        let body = json!({ "ARN": "arn", "Name": "s", "SecretString": secret.to_string() });
        let answer = ResponseTemplate::new(200).set_body_raw(body.to_string(), "application/x-amz-json-1.1");
        Mock::given(header("x-amz-target", "secretsmanager.GetSecretValue"))
            .respond_with(answer)
            .mount(&server)
            .await;
        let installation = json!({
            "table": "t", "secret": "s", "state_machine": "m", "sending": "p",
            "twilio_from": "+12025550100", "public_url": format!("{}/stage", server.uri()),
        });
        let stack = Stack {
            name: "afterword".to_owned(),
            connection: Connection::plain(server.uri()),
            installation: serde_json::from_value(installation).unwrap(),
        };
        (server, stack)
    }

    #[tokio::test]
    async fn on_aws_it_posts_to_the_public_url_with_the_newest_keys_of_the_secret() {
        let secret = json!({ "api_key": "key-1", "calendly_signing_key": ["newest", "older"] });
        let (server, stack) = stack(&secret).await;
        let client = SourceClient::of_stack(&stack).await.unwrap();
        let signed = client.signature("calendly", b"{}", 1_700_000_000).unwrap();
        let newest = SecretText::new("newest").unwrap();
        assert_eq!(signed.1, timestamped::sign(b"{}", &newest, 1_700_000_000));
        Mock::given(path("/stage/webhooks/calendly"))
            .respond_with(ResponseTemplate::new(200).set_body_string("taken"))
            .mount(&server)
            .await;
        let answer = client.post("/webhooks/calendly", &signed, b"{}".to_vec()).await;
        assert_eq!(answer, Ok((200, "taken".to_owned())));
        let posted = server.received_requests().await.unwrap().pop().unwrap();
        assert_eq!((posted.headers[signed.0].to_str().unwrap(), &posted.body[..]), (&*signed.1, &b"{}"[..]));
        assert_eq!(client.api_key(), Ok(("x-api-key", "key-1".to_owned())));
        let missing = client.signature("calcom", b"{}", 0).unwrap_err();
        assert!(
            missing.contains("calcom_signing_key") && missing.contains("the stack's secret"),
            "{missing}"
        );
    }

    #[tokio::test]
    async fn an_unknown_booking_system_is_an_error_that_names_the_known_ones() {
        let secret = json!({ "acuity_signing_key": "key-1", "calendly_signing_key": "key-2" });
        let (_server, stack) = stack(&secret).await;
        let client = SourceClient::of_stack(&stack).await.unwrap();
        let error = client.signature("acuity", b"{}", 0).unwrap_err();
        assert_eq!(error, "cannot sign a call of acuity: the known booking systems are calendly, calcom");
    }
}
