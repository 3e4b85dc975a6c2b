//! Sends by Twilio's Messages API without an SDK: one POST, never repeated.
//!
//! Twilio has no idempotency key for messages, so a POST whose response is lost may or may not have sent a
//! text. [`outcome_of`] classifies each response.

mod classify;
mod codes;
mod find;
mod prices;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use chrono::{DateTime, Utc};
use http::Method;
use messaging::conversation::step::{NotSentReason, ProviderMessage, SendOutcome};
use messaging::ports::{Form, OutboundText, Unavailable};
use messaging::text::template::MessageText;
use messaging::values::channel::Channel;
use messaging::values::clock::Clock;
use messaging::values::phone::PhoneNumber;
use messaging::values::verdict::Because;

pub use classify::outcome_of;
pub use prices::{MessagePrice, PricePage};

use crate::connection::Connection;
use crate::providers::http::{Lost, exchange};
use crate::secrets::Secrets;

/// The time limit of the whole call.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The senders of texts, and the address at which Twilio reaches us.
#[derive(Clone)]
pub struct TwilioSettings {
    /// The base URL of Twilio's API: `https://api.twilio.com`, or a substitute for it.
    pub base_url: String,
    /// The number (E.164) or Messaging Service (`MG...`) that sends texts.
    pub from: String,
    /// The sender for WhatsApp, where it is a different one.
    pub whatsapp_from: Option<String>,
    /// Our own public base URL, for status callbacks.
    pub public_url: String,
}

impl TwilioSettings {
    /// Returns the sender of a channel's texts.
    fn from(&self, channel: Channel) -> &str {
        match (channel, &self.whatsapp_from) {
            (Channel::Whatsapp, Some(from)) => from,
            _ => &self.from,
        }
    }
}

impl fmt::Debug for TwilioSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwilioSettings").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// Sends messages by Twilio.
pub struct Twilio<K> {
    http: SharedHttpConnector,
    secrets: Arc<Secrets<K>>,
    settings: TwilioSettings,
    whatsapp_origin: String,
}

impl<K: Clock> Twilio<K> {
    /// Creates a sender that reads the account's SID and token from the installation's secret.
    #[must_use]
    pub fn new(connection: &Connection, secrets: Arc<Secrets<K>>, settings: TwilioSettings) -> Self {
        let from = settings.from(Channel::Whatsapp);
        let is_service = from.starts_with("MG");
        let whatsapp_origin = if is_service { from.to_owned() } else { format!("whatsapp:{from}") };
        Self { http: connection.provider_http.clone(), secrets, settings, whatsapp_origin }
    }

    /// Returns the number or service that sends a channel's texts; a WhatsApp number as Twilio writes it.
    pub(crate) fn origin(&self, channel: Channel) -> &str {
        match channel {
            Channel::Sms => &self.settings.from,
            Channel::Whatsapp => &self.whatsapp_origin,
        }
    }

    /// Posts a form to Twilio, once.
    async fn post(&self, form: String, from: &str) -> SendOutcome {
        let request = match self.request(Method::POST, "", form).await {
            Ok(request) => request,
            Err(error) => {
                let reason = NotSentReason::RequestNotBuilt(error.to_string());
                return SendOutcome::not_sent(reason, Because::fact("provider", "twilio"));
            }
        };
        match tokio::time::timeout(CALL_TIMEOUT, exchange(&self.http, request)).await {
            Ok(Ok((status, body))) => outcome_of(status, &body, from),
            Ok(Err(lost)) => without_answer(lost),
            Err(_) => without_answer(Lost::Afterwards("timeout")),
        }
    }

    async fn request(&self, method: Method, query: &str, form: String) -> Result<HttpRequest, Unavailable> {
        let account = self.secrets.newest("twilio_account_sid").await?;
        // The primary token is the newest; an older one is only kept to check signatures.
        let token = self.secrets.newest("twilio_auth_token").await?;
        let unbuildable = || Unavailable {
            operation: "twilio:Messages",
            reason: "the request could not be built".to_owned(),
        };
        let url = format!(
            "{}/2010-04-01/Accounts/{}/Messages.json{query}",
            self.settings.base_url.trim_end_matches('/'),
            account.expose_secret()
        );
        let credentials = base64::engine::general_purpose::STANDARD.encode(format!(
            "{}:{}",
            account.expose_secret(),
            token.expose_secret()
        ));
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", format!("Basic {credentials}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .header("user-agent", concat!("afterword/", env!("CARGO_PKG_VERSION")))
            .body(SdkBody::from(form))
            .map_err(|_| unbuildable())?;
        HttpRequest::try_from(request).map_err(|_| unbuildable())
    }
}

/// Builds the form that is posted to Twilio.
fn form(settings: &TwilioSettings, text: &OutboundText<'_>) -> String {
    let prefix = prefix(text.step.channel);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("To", &format!("{prefix}{}", text.to.as_e164()));
    let from = settings.from(text.step.channel);
    if from.starts_with("MG") {
        form.append_pair("MessagingServiceSid", from);
    } else {
        form.append_pair("From", &format!("{prefix}{from}"));
    }
    match text.form {
        Form::Words(words) => {
            form.append_pair("Body", words.expose());
        }
        Form::Template(template) => {
            form.append_pair("ContentSid", template.sid.as_str());
            // Without variables the parameter is omitted, and Twilio uses the template's own fallbacks.
            if let Some(variables) = template.variables_json() {
                form.append_pair("ContentVariables", &variables);
            }
        }
    }
    form.append_pair("StatusCallback", &status_callback(settings, text));
    // Seconds for which Twilio may hold the text back; it allows 1 to 36,000.
    let left = (text.step.deadline - text.now).num_seconds().clamp(1, 36_000);
    form.append_pair("ValidityPeriod", &left.to_string());
    form.finish()
}

/// Builds the callback's URL. It contains our ids, which come back with every receipt: the evidence after a
/// lost response.
fn status_callback(settings: &TwilioSettings, text: &OutboundText<'_>) -> String {
    format!(
        "{}/twilio/status?conversation={}&step={}&attempt={}",
        settings.public_url.trim_end_matches('/'),
        text.conversation,
        text.step.name,
        text.attempt
    )
}

impl<K: Clock> Twilio<K> {
    /// Sends a text, once.
    pub async fn send_text(&self, text: &OutboundText<'_>) -> SendOutcome {
        self.post(form(&self.settings, text), self.settings.from(text.step.channel)).await
    }

    /// Lists the messages in Twilio's records that may be a text whose response was lost: to this number, from
    /// this sender, with these words, at that time.
    pub async fn list(&self, text: &OutboundText<'_>, since: DateTime<Utc>) -> Vec<ProviderMessage> {
        let prefix = prefix(text.step.channel);
        let query = find::Query::new(self.settings.from(text.step.channel), prefix, text, since);
        let Ok(request) = self.request(Method::GET, &query.parameters(), String::new()).await else {
            return Vec::new();
        };
        match tokio::time::timeout(CALL_TIMEOUT, exchange(&self.http, request)).await {
            Ok(Ok((200, body))) => query.matches(&body),
            _ => Vec::new(),
        }
    }

    /// Sends a text that belongs to no journey, once.
    pub async fn say(
        &self,
        to: &PhoneNumber,
        channel: Channel,
        from: &str,
        words: &MessageText,
    ) -> SendOutcome {
        let prefix = prefix(channel);
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("To", &format!("{prefix}{}", to.as_e164()))
            .append_pair("From", &format!("{prefix}{from}"))
            .append_pair("Body", words.expose())
            .finish();
        self.post(form, from).await
    }
}

const fn prefix(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "",
        Channel::Whatsapp => "whatsapp:",
    }
}

fn without_answer(lost: Lost) -> SendOutcome {
    let because = Because::fact("provider", "twilio");
    match lost {
        Lost::Before => SendOutcome::not_sent(NotSentReason::NoConnection, because),
        Lost::Afterwards(reason) => SendOutcome::Unknown { because: because.and("reason", reason) },
    }
}

#[cfg(test)]
mod tests;
