//! The address to which Twilio posts customers' messages: a setting of a number or of a Messaging Service.

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use base64::Engine as _;
use messaging::ports::Unavailable;
use messaging::values::secret::SecretText;
use serde_json::Value;

use super::call::Call;
use crate::connection::Connection;

/// The base URLs of Twilio's APIs.
#[derive(Debug, Clone)]
pub struct TwilioAddresses {
    /// The base URL of the main API: `https://api.twilio.com`.
    pub api: String,
    /// The base URL of the messaging API: `https://messaging.twilio.com`.
    pub messaging: String,
}

/// A client for one account at Twilio.
pub struct TwilioAccount {
    http: SharedHttpConnector,
    addresses: TwilioAddresses,
    sid: String,
    authorization: String,
}

/// The addresses to which incoming messages are posted: `url`, and `fallback` when that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhooks {
    /// The SID of the number (`PN...`) or the Messaging Service (`MG...`) that has these settings.
    pub sid: String,
    /// The `SmsUrl` of a number, or the `InboundRequestUrl` of a service.
    pub url: String,
    /// The `SmsFallbackUrl` of a number, or the `FallbackUrl` of a service.
    pub fallback: String,
}

const FORM: &str = "application/x-www-form-urlencoded";

impl TwilioAccount {
    /// Creates a client from the SID and the auth token of an account.
    #[must_use]
    pub fn new(
        connection: &Connection,
        addresses: TwilioAddresses,
        sid: &SecretText,
        token: &SecretText,
    ) -> Self {
        let credentials = format!("{}:{}", sid.expose_secret(), token.expose_secret());
        Self {
            http: connection.provider_http.clone(),
            addresses,
            sid: sid.expose_secret().to_owned(),
            authorization: format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(credentials)),
        }
    }

    /// Returns the status (`active`, `suspended`, `closed`) and the kind (`Full`, `Trial`) of the account. A
    /// trial account texts verified numbers only.
    ///
    /// # Errors
    /// 401 for a wrong SID or token.
    pub async fn standing(&self) -> Result<(String, String), Unavailable> {
        let url = format!("{}/2010-04-01/Accounts/{}.json", self.addresses.api, self.sid);
        let answer = self.call("twilio:FetchAccount", "GET", url, None).await?;
        Ok((text(&answer, "status"), text(&answer, "type")))
    }

    /// Returns the webhooks of a sender; `None` when the account has no such number or service.
    ///
    /// # Errors
    /// When Twilio does not answer, or refuses.
    pub async fn webhooks(&self, from: &str) -> Result<Option<Webhooks>, Unavailable> {
        if from.starts_with("MG") {
            let url = format!("{}/v1/Services/{from}", self.addresses.messaging);
            return match self.call("twilio:FetchService", "GET", url, None).await {
                Ok(service) => Ok(Some(webhooks(&service, "inbound_request_url", "fallback_url"))),
                Err(trouble) if trouble.reason.starts_with("404") => Ok(None),
                Err(trouble) => Err(trouble),
            };
        }
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("PhoneNumber", from).finish();
        let url = format!("{}?{query}", self.numbers("s.json"));
        let answer = self.call("twilio:ListNumbers", "GET", url, None).await?;
        let number = answer.get("incoming_phone_numbers").and_then(|numbers| numbers.get(0));
        Ok(number.map(|number| webhooks(number, "sms_url", "sms_fallback_url")))
    }

    /// Sets the webhooks of a number or service.
    ///
    /// # Errors
    /// When Twilio does not answer, or refuses.
    pub async fn set_webhooks(&self, wanted: &Webhooks) -> Result<(), Unavailable> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let url = if wanted.sid.starts_with("MG") {
            form.append_pair("InboundRequestUrl", &wanted.url).append_pair("InboundMethod", "POST");
            form.append_pair("FallbackUrl", &wanted.fallback).append_pair("FallbackMethod", "POST");
            form.append_pair("UseInboundWebhookOnNumber", "false");
            format!("{}/v1/Services/{}", self.addresses.messaging, wanted.sid)
        } else {
            form.append_pair("SmsUrl", &wanted.url).append_pair("SmsMethod", "POST");
            form.append_pair("SmsFallbackUrl", &wanted.fallback).append_pair("SmsFallbackMethod", "POST");
            self.numbers(&format!("s/{}.json", wanted.sid))
        };
        self.call("twilio:UpdateWebhooks", "POST", url, Some((FORM, form.finish()))).await.map(drop)
    }

    fn numbers(&self, rest: &str) -> String {
        format!("{}/2010-04-01/Accounts/{}/IncomingPhoneNumber{rest}", self.addresses.api, self.sid)
    }

    async fn call(
        &self,
        operation: &'static str,
        method: &'static str,
        url: String,
        body: Option<(&'static str, String)>,
    ) -> Result<Value, Unavailable> {
        Call { operation, method, url, authorization: &self.authorization, body }.make(&self.http).await
    }
}

fn webhooks(resource: &Value, url: &str, fallback: &str) -> Webhooks {
    Webhooks { sid: text(resource, "sid"), url: text(resource, url), fallback: text(resource, fallback) }
}

fn text(resource: &Value, name: &str) -> String {
    resource.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
