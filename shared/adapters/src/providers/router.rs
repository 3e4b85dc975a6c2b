//! Routes each text to the provider that it names, behind one port.

use chrono::{DateTime, Utc};
use messaging::conversation::Step;
use messaging::conversation::step::{ProviderMessage, Refusal, SendOutcome};
use messaging::ports::{OutboundText, Sender};
use messaging::values::clock::Clock;
use messaging::values::provider::Provider;
use messaging::values::verdict::Because;

use crate::providers::end_user_messaging::EndUserMessaging;
use crate::providers::sns::Sns;
use crate::providers::twilio::Twilio;

/// The providers that this installation has.
pub struct Senders<K> {
    /// The sender by Twilio.
    pub twilio: Option<Twilio<K>>,
    /// The sender by AWS End User Messaging.
    pub end_user_messaging: Option<EndUserMessaging>,
    /// The sender by Amazon SNS.
    pub sns: Option<Sns>,
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

    /// Only Twilio has records that can be searched.
    async fn find(&self, text: &OutboundText<'_>, since: DateTime<Utc>) -> Vec<ProviderMessage> {
        match self.twilio.as_ref().filter(|_| text.provider == Provider::Twilio) {
            Some(twilio) => twilio.list(text, since).await,
            None => Vec::new(),
        }
    }
}

/// Returns the outcome for a provider that `journeys.toml` names and this installation does not have.
fn missing(provider: Provider) -> SendOutcome {
    let because = Because::fact("provider", provider.as_str())
        .and("reason", "not configured")
        .explained(format!("journeys.toml names the provider {provider}, which is not set up here."));
    SendOutcome::Rejected { refusal: Refusal::Provider, because }
}
