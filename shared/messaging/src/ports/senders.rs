//! Ports of the providers that carry texts.

use std::future::Future;

use chrono::{DateTime, Utc};

use crate::conversation::Step;
use crate::conversation::step::{ProviderMessage, SendOutcome};
use crate::text::template::MessageText;
use crate::text::whatsapp_template::WhatsappTemplate;
use crate::values::channel::Channel;
use crate::values::ids::ConversationId;
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;

/// One text on its way to a provider.
#[derive(Debug, Clone)]
pub struct OutboundText<'a> {
    /// The provider that carries it.
    pub provider: Provider,
    /// The conversation, to be echoed by the provider's receipts.
    pub conversation: &'a ConversationId,
    /// The phone that it goes to.
    pub to: &'a PhoneNumber,
    /// The step: channel, category, deadline, words.
    pub step: &'a Step,
    /// The form in which it is sent.
    pub form: Form<'a>,
    /// The number of the attempt, to be echoed too.
    pub attempt: u32,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// The form of a text.
#[derive(Debug, Clone, Copy)]
pub enum Form<'a> {
    /// In the step's own words.
    Words(&'a MessageText),
    /// By a template that the provider holds.
    Template(&'a WhatsappTemplate),
}

/// The providers.
pub trait Sender: Send + Sync {
    /// Sends a text, once.
    ///
    /// Infallible: every failure is one of the outcomes. MUST make at most one attempt on the wire,
    /// MUST end within 10 s, and MUST answer `NotSent` only when the provider certainly did not take
    /// the text.
    fn send(&self, text: &OutboundText<'_>) -> impl Future<Output = SendOutcome> + Send;

    /// The number, pool or service that a step's next text leaves from, if it is known beforehand.
    /// A WhatsApp number begins with `whatsapp:`.
    fn origin(&self, _step: &Step) -> Option<&str> {
        None
    }

    /// Looks for a text whose answer was lost in the provider's own records: the messages to that phone
    /// with those words that it took within a minute of `since`, when it was called. Other attempts' may be
    /// among them.
    ///
    /// Infallible, because it only helps: empty when there are none, or when the provider has no search.
    fn find(
        &self,
        _text: &OutboundText<'_>,
        _since: DateTime<Utc>,
    ) -> impl Future<Output = Vec<ProviderMessage>> + Send {
        std::future::ready(Vec::new())
    }
}

/// Words that belong to no journey: the confirmation of an opt-out.
pub trait Notices: Send + Sync {
    /// Sends words from a number of ours to a customer, once, by the provider whose number it is.
    ///
    /// As [`Sender::send`]: infallible, at most one attempt on the wire, within 10 s.
    fn notify(
        &self,
        provider: Provider,
        to: &PhoneNumber,
        channel: Channel,
        from: &str,
        words: &MessageText,
    ) -> impl Future<Output = SendOutcome> + Send;
}
