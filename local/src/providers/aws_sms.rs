//! The simulated AWS services that send texts: End User Messaging and SNS. Both deliver into the outbox;
//! what becomes of a text is reported on the clock, by each one's own way ([`reports`]).

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

/// The pool that texts leave from.
pub(crate) const POOL: &str = "pool-00000000000000000000000000000001";
/// Where its events go.
pub(crate) const CONFIGURATION_SET: &str = "afterword";
/// The number in that pool.
const NUMBER: &str = "+14255550100";

/// Both services: one account.
pub struct AwsSms {
    clock: Arc<LocalClock>,
    outbox: Outbox,
    pub(crate) attributes: Attributes,
}

/// A text that a service is about to take. No `Debug`: it is personal data.
struct Taken {
    provider: Provider,
    to: String,
    from: String,
    body: String,
    context: Option<String>,
    failure: Option<&'static str>,
}

impl AwsSms {
    /// The account in this store.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn open(store: Store, clock: Arc<LocalClock>, outbox: Outbox) -> rusqlite::Result<Self> {
        Ok(Self { clock, outbox, attributes: Attributes::open(store)? })
    }

    fn take(&self, taken: Taken, receipt: bool) -> rusqlite::Result<String> {
        let id = Uuid::new_v4().to_string();
        let text = Text {
            segments: segments::count(&taken.body),
            to: taken.to,
            from: taken.from,
            channel: Channel::Sms,
            body: taken.body,
            provider: taken.provider,
            provider_message_id: id.clone(),
            status_callback: None,
            context: taken.context,
            failure: taken.failure.map(str::to_owned),
            at: self.clock.now(),
        };
        self.outbox.append(&text, receipt)?;
        Ok(id)
    }
}
