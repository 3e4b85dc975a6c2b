//! The provider: it accepts texts, keeps records of them, and lets its records be searched.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Fact, Fault, State, World};
use crate::conversation::step::{NotSentReason, ProviderMessage, Refusal, SendOutcome};
use crate::ports::{Form, Notices, OutboundText, Sender};
use crate::text::template::MessageText;
use crate::values::channel::Channel;
use crate::values::ids::{ConversationId, StepName};
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;
use crate::values::verdict::Because;

/// A message as the provider's records show it.
#[derive(Clone)]
pub(super) struct ProviderRecord {
    id: String,
    to: PhoneNumber,
    channel: Channel,
    /// The text; `None` for a template, whose text the records do not show.
    words: Option<MessageText>,
    at: DateTime<Utc>,
}

impl ProviderRecord {
    /// Whether this record may belong to a text that was sent at `since`, by the fields that Twilio's records have.
    fn may_be(&self, text: &OutboundText<'_>, since: DateTime<Utc>) -> bool {
        let same_words = match text.form {
            Form::Words(words) => self.words.as_ref() == Some(words),
            Form::Template(_) => true,
        };
        let is_near = (since..=since + TimeDelta::seconds(30)).contains(&self.at);
        self.to == *text.to && self.channel == text.step.channel && same_words && is_near
    }
}

/// Returns the provider's id of an attempt's message.
#[must_use]
pub fn message_id(conversation: &ConversationId, step: &StepName, attempt: u32) -> String {
    format!("{conversation}.{step}.{attempt}")
}

impl Sender for World {
    async fn send(&self, text: &OutboundText<'_>) -> SendOutcome {
        let (fault, done) = self.attempt("send", |state| state.take_text(text)).await;
        let because = |reason: &str| Because::fact("provider", "memory").and("reason", reason);
        match (fault, done) {
            (None, Some(outcome)) => outcome,
            (Some(Fault::LostAnswer | Fault::Conflict), _) => {
                SendOutcome::Unknown { because: because("timeout") }
            }
            (Some(Fault::Refused), _) => {
                SendOutcome::Rejected { refusal: Refusal::Text, because: because("refused") }
            }
            (Some(Fault::OptedOut), _) => {
                SendOutcome::Rejected { refusal: Refusal::OptedOut, because: because("opted out") }
            }
            _ => SendOutcome::NotSent { reason: NotSentReason::NoConnection, because: because("down") },
        }
    }

    async fn find(&self, text: &OutboundText<'_>, since: DateTime<Utc>) -> Vec<ProviderMessage> {
        self.call("find", |state| {
            let shown = state.provider_records.iter().filter(|_| state.provider_searchable);
            shown
                .filter(|record| record.may_be(text, since))
                .map(|record| message(text.provider, record.id.clone()))
                .collect()
        })
        .await
        .unwrap_or_default()
    }
}

fn message(provider: Provider, id: String) -> ProviderMessage {
    ProviderMessage { provider: provider.as_str().to_owned(), id, from: None }
}

impl State {
    /// Handles a call of the provider and returns its outcome.
    fn take_text(&mut self, text: &OutboundText<'_>) -> SendOutcome {
        self.attempts.push(text.attempt);
        self.called_providers.push(text.provider);
        self.template_calls.push(matches!(text.form, Form::Template(_)));
        self.note(Fact::Called {
            conversation: text.conversation.clone(),
            step: text.step.name.clone(),
            attempt: text.attempt,
        });
        let message = message(text.provider, message_id(text.conversation, &text.step.name, text.attempt));
        let outcome = self.outcomes.pop_front().unwrap_or(SendOutcome::Accepted { message });
        if matches!(outcome, SendOutcome::Accepted { .. } | SendOutcome::Unknown { .. }) {
            self.deliver(text);
        }
        outcome
    }

    fn deliver(&mut self, text: &OutboundText<'_>) {
        self.delivered += 1;
        self.note(Fact::Delivered {
            conversation: text.conversation.clone(),
            step: text.step.name.clone(),
            attempt: text.attempt,
        });
        let words = match text.form {
            Form::Words(words) => Some(words.clone()),
            Form::Template(_) => None,
        };
        self.provider_records.push(ProviderRecord {
            id: message_id(text.conversation, &text.step.name, text.attempt),
            to: text.to.clone(),
            channel: text.step.channel,
            words,
            at: self.now,
        });
    }
}

impl Notices for World {
    async fn notify(
        &self,
        _: Provider,
        to: &PhoneNumber,
        _: Channel,
        _: &str,
        _: &MessageText,
    ) -> SendOutcome {
        let (fault, done) =
            self.attempt("notify", |state| state.note(Fact::Noticed { phone: to.clone() })).await;
        let because = Because::fact("provider", "memory");
        match (fault, done) {
            (None, Some(())) => SendOutcome::Accepted {
                message: ProviderMessage { provider: "memory".to_owned(), id: "n".to_owned(), from: None },
            },
            (Some(Fault::LostAnswer | Fault::Conflict), _) => SendOutcome::Unknown { because },
            _ => SendOutcome::NotSent { reason: NotSentReason::Unspecified, because },
        }
    }
}
