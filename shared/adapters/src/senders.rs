//! All providers behind the one port: each text goes to the provider that it names.

use chrono::{DateTime, Utc};
use messaging::clock::Clock;
use messaging::conversation::Step;
use messaging::ports::{OutboundText, Receipts, Sender};
use messaging::provider::Provider;
use messaging::receipt::AttemptId;
use messaging::step::{ProviderMessage, Refusal, SendOutcome};
use messaging::verdict::Because;

use crate::conversations::Table;
use crate::end_user_messaging::EndUserMessaging;
use crate::sns::Sns;
use crate::twilio::Twilio;

/// The providers that this installation has.
pub struct Senders<K> {
    /// Twilio.
    pub twilio: Option<Twilio<K>>,
    /// AWS End User Messaging.
    pub end_user_messaging: Option<EndUserMessaging>,
    /// Amazon SNS.
    pub sns: Option<Sns>,
    /// Where it stands which messages are whose.
    pub table: Table,
}

impl<K: Clock> Sender for Senders<K> {
    async fn send(&self, text: &OutboundText<'_>) -> SendOutcome {
        let sent = match text.provider {
            Provider::Twilio => match &self.twilio {
                Some(twilio) => Some(twilio.send_text(text).await),
                None => None,
            },
            Provider::EndUserMessaging => match &self.end_user_messaging {
                Some(end_user_messaging) => Some(end_user_messaging.send_text(text).await),
                None => None,
            },
            Provider::Sns => match &self.sns {
                Some(sns) => Some(sns.publish_text(text).await),
                None => None,
            },
        };
        sent.unwrap_or_else(|| missing(text.provider))
    }

    fn origin(&self, step: &Step) -> Option<&str> {
        match step.carrier() {
            Provider::Twilio => self.twilio.as_ref().map(|twilio| twilio.origin(step.channel)),
            Provider::EndUserMessaging => self.end_user_messaging.as_ref()?.origin(),
            Provider::Sns => self.sns.as_ref()?.origin(),
        }
    }

    /// Only Twilio has records that can be searched. A message that is another attempt's is none.
    async fn find(&self, text: &OutboundText<'_>, since: DateTime<Utc>) -> Option<ProviderMessage> {
        let twilio = self.twilio.as_ref().filter(|_| text.provider == Provider::Twilio)?;
        let mut candidates = Vec::new();
        for message in twilio.list(text, since).await {
            let ours = AttemptId {
                conversation: text.conversation.clone(),
                step: text.step.name.clone(),
                attempt: text.attempt,
            };
            match self.table.attempt_of(Provider::Twilio, &message.id).await.ok()? {
                Some(other) if other != ours => {}
                _ => candidates.push(message),
            }
        }
        // Two that cannot be told apart prove nothing about either.
        if candidates.len() == 1 { candidates.pop() } else { None }
    }
}

/// A provider that `journeys.toml` names and this installation does not have.
fn missing(provider: Provider) -> SendOutcome {
    let because = Because::fact("provider", provider.as_str())
        .and("reason", "not configured")
        .explained(format!("journeys.toml names the provider {provider}, which is not set up here."));
    SendOutcome::Rejected { refusal: Refusal::Provider, because }
}
