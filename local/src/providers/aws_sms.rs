//! The simulated AWS services that send texts: End User Messaging and SNS. Both deliver to the outbox, and
//! report the outcome of a text on the clock, each in its own form ([`reports`]).

pub(crate) mod attributes;
mod end_user_messaging;
mod prices;
pub(crate) mod reports;
mod sns;

use std::sync::Arc;

use messaging::values::clock::Clock;
use messaging::values::provider::Provider;
use uuid::Uuid;

use crate::providers::outbox::{Channel, Outbox, Text};
use crate::providers::segments;
use crate::runtime::clock::LocalClock;
use crate::store::Store;
use attributes::Attributes;

pub(crate) use sns::SnsError;

/// The pool from which texts are sent.
pub(crate) const POOL: &str = "pool-00000000000000000000000000000001";
/// The configuration set that receives the events of texts.
pub(crate) const CONFIGURATION_SET: &str = "afterword";
/// The phone number in that pool.
const NUMBER: &str = "+14255550100";

/// Both services, for one account.
pub struct AwsSms {
    clock: Arc<LocalClock>,
    outbox: Outbox,
    pub(crate) attributes: Attributes,
}

/// A text that a service accepts. It is personal data, so the type has no `Debug`.
struct Submission {
    provider: Provider,
    to: String,
    from: String,
    body: String,
    context: Option<String>,
    failure: Option<&'static str>,
}

impl AwsSms {
    /// Opens the account in this store.
    ///
    /// # Errors
    /// Fails when the store cannot be written.
    pub fn open(store: Store, clock: Arc<LocalClock>, outbox: Outbox) -> rusqlite::Result<Self> {
        Ok(Self { clock, outbox, attributes: Attributes::open(store)? })
    }

    fn take(&self, submission: Submission, receipt: bool) -> rusqlite::Result<String> {
        let id = Uuid::new_v4().to_string();
        let text = Text {
            segments: segments::count(&submission.body),
            to: submission.to,
            from: submission.from,
            channel: Channel::Sms,
            body: submission.body,
            provider: submission.provider,
            provider_message_id: id.clone(),
            status_callback: None,
            context: submission.context,
            failure: submission.failure.map(str::to_owned),
            at: self.clock.now(),
        };
        self.outbox.append(&text, receipt)?;
        Ok(id)
    }
}
