//! The simulated AWS services that send texts: End User Messaging and SNS. Both deliver into the outbox;
//! what becomes of a text is reported on the clock, by each one's own way ([`reports`]).

pub(crate) mod attributes;
mod end_user_messaging;
mod prices;
pub(crate) mod reports;
mod sns;

use std::sync::Arc;

use messaging::clock::Clock;
use messaging::provider::Provider;
use uuid::Uuid;

use crate::clock::LocalClock;
use crate::outbox::{Channel, Outbox, Text};
use crate::store::Store;
use crate::twilio::opt_outs::OptOuts;
use crate::twilio::segments;
use attributes::Attributes;

pub(crate) use sns::SnsError;

/// The pool that texts leave from.
pub(crate) const POOL: &str = "pool-00000000000000000000000000000001";
/// Where its events go.
pub(crate) const CONFIGURATION_SET: &str = "afterword";
/// The number in that pool.
const NUMBER: &str = "+14255550100";
/// The account's opt-out list, where a Twilio pair has a number of its own.
const DEFAULT_LIST: &str = "aws:Default";
/// Words on which AWS opts a number out, any case.
const STOP: [&str; 10] =
    ["ARRET", "CANCEL", "END", "OPT-OUT", "OPTOUT", "QUIT", "REMOVE", "STOP", "TD", "UNSUBSCRIBE"];
const START: [&str; 2] = ["START", "UNSTOP"];

/// Both services: one account.
pub struct AwsSms {
    clock: Arc<LocalClock>,
    outbox: Outbox,
    opt_outs: OptOuts,
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
    pub fn open(
        store: Store,
        clock: Arc<LocalClock>,
        outbox: Outbox,
        opt_outs: OptOuts,
    ) -> rusqlite::Result<Self> {
        Ok(Self { clock, outbox, opt_outs, attributes: Attributes::open(store)? })
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

    fn has_opted_out(&self, phone: &str) -> rusqlite::Result<bool> {
        self.opt_outs.contains(DEFAULT_LIST, phone)
    }
}

/// Does what AWS does with a customer's text before anybody else sees it.
pub(crate) fn hear(opt_outs: &OptOuts, phone: &str, body: &str) -> rusqlite::Result<()> {
    let word = body.trim().to_ascii_uppercase();
    if STOP.contains(&word.as_str()) {
        return opt_outs.opt_out(DEFAULT_LIST, phone);
    }
    if START.contains(&word.as_str()) {
        return opt_outs.opt_in(DEFAULT_LIST, phone);
    }
    Ok(())
}
