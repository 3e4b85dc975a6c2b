//! Replies to customers who have written, by the provider whose number they wrote to.

use messaging::conversation::step::{Refusal, SendOutcome};
use messaging::ports::Notices;
use messaging::text::template::MessageText;
use messaging::values::channel::Channel;
use messaging::values::clock::Clock;
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;
use messaging::values::verdict::Because;

use crate::providers::end_user_messaging::EndUserMessaging;
use crate::providers::twilio::Twilio;

/// The providers that customers write to.
pub struct NoticeSenders<K> {
    /// The sender by Twilio.
    pub twilio: Twilio<K>,
    /// The sender by AWS. SNS has no number that customers could write to.
    pub end_user_messaging: Option<EndUserMessaging>,
}

impl<K: Clock> Notices for NoticeSenders<K> {
    async fn notify(
        &self,
        provider: Provider,
        to: &PhoneNumber,
        channel: Channel,
        from: &str,
        words: &MessageText,
    ) -> SendOutcome {
        match (provider, &self.end_user_messaging) {
            (Provider::Twilio, _) => self.twilio.say(to, channel, from, words).await,
            (Provider::EndUserMessaging | Provider::Sns, Some(aws)) => aws.say(to, from, words).await,
            (Provider::EndUserMessaging | Provider::Sns, None) => SendOutcome::Rejected {
                refusal: Refusal::Provider,
                because: Because::fact("provider", provider.as_str()).and("reason", "not configured"),
            },
        }
    }
}
