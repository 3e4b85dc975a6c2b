//! Messages from customers: stored once, attributed, understood.

mod confirm;

use crate::conversation::consent::{Act, ConsentChange};
use crate::conversation::inbound_message::{InboundMessage, ProviderKeyword};
use crate::conversation::step::StepState;
use crate::conversation::{Confirmation, Contact, Conversation};
use crate::ports::{ConfirmationChange, Inbox, OptOutChange, StoreOutcome, StoredInbound, Unavailable};
use crate::reply::{OptOutScope, Reading, ReplyMeaning, read};
use crate::values::clock::Clock;
use crate::values::ids::ConversationId;
use crate::values::verdict::Verdict;
use chrono::{DateTime, TimeDelta, Utc};

pub use confirm::{ConfirmationOutcome, confirm};

/// What became of an inbound message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageOutcome {
    /// What it means.
    pub meaning: ReplyMeaning,
    /// It had been received before: nothing was changed.
    pub duplicate: bool,
    /// The customer has opted out and nobody else tells them so: one confirmation is due, to whoever takes it
    /// ([`Inbox::take_confirmation`]). A repeated message makes good what a crash has left undone.
    pub confirm_opt_out: bool,
    /// Whether the customer refuses promotions alone and is told so, once for each message.
    pub confirm_no_promotions: bool,
    /// The customer asks for help and nobody else answers.
    pub answer_help: bool,
    /// The conversations that it counts for.
    pub conversations: Vec<ConversationId>,
}

/// What a customer is told who has opted out, unless `journeys.toml` has other words under
/// `notices.opt_out_confirmation`. One confirmation is allowed (47 CFR 64.1200(a)(12)), without
/// advertising.
pub const OPT_OUT_CONFIRMATION: &str =
    "You have opted out and will get no more texts from us. Reply START to get them again.";

/// The confirmation for a customer who refuses promotions alone, unless `journeys.toml` has other words
/// under `notices.promotions_confirmation`.
pub const PROMOTIONS_CONFIRMATION: &str =
    "You will get no more promotions from us. We still text you about what you asked us for.";

/// What a customer is told who asks for help, unless `journeys.toml` has other words under `notices.help`.
pub const HELP_ANSWER: &str = "We text you about what you asked us for. Reply STOP to get no more.";

/// Two texts that left within this time cannot be told apart by what is answered to them.
const INDISTINGUISHABLE: TimeDelta = TimeDelta::seconds(60);

/// More replies than this are not kept on one conversation; what they mean still counts.
pub const MAX_REPLIES: usize = 200;

/// How often a message is weighed anew because something changed meanwhile.
const ROUNDS: usize = 5;

/// Receives a message.
///
/// # Errors
/// When the store cannot be reached: nothing is stored, the provider delivers again.
pub async fn receive(
    inbox: &impl Inbox,
    message: &InboundMessage,
    clock: &impl Clock,
) -> Result<MessageOutcome, Unavailable> {
    for _ in 0..ROUNDS {
        let now = clock.now();
        let (contact, open) = inbox.open_conversations(&message.from, now).await?;
        let named = named(inbox, message).await?;
        let reading = reading(message);
        let meaning = reading.meaning;
        let only_promotions = refuses_promotions_alone(reading);
        let counts_for =
            match named.and_then(|named| open.iter().find(|conversation| conversation.id == named)) {
                Some(conversation) if !conversation.is_superseded() => vec![conversation],
                _ => attribute(message, &open),
            };
        let (opt_out, is_reply) = consequences(reading, &contact);
        let conversations = counts_for;
        let ids: Vec<_> = conversations.iter().map(|conversation| conversation.id.clone()).collect();
        let stored = StoredInbound {
            message,
            meaning,
            contact: &contact,
            opt_out,
            confirmation: confirmation_change(message, meaning, opt_out),
            consent: consent_change(message, reading, opt_out),
            conversations,
            is_reply,
        };
        let asks_for_none = meaning == ReplyMeaning::OptOut && !only_promotions && message.keyword.is_none();
        let received = |duplicate| MessageOutcome {
            meaning,
            duplicate,
            confirm_opt_out: asks_for_none
                && (contact.confirmation == Confirmation::Due
                    || (!duplicate && opt_out == OptOutChange::OptOut)),
            confirm_no_promotions: only_promotions && !duplicate && contact.opted_out_at.is_none(),
            answer_help: meaning == ReplyMeaning::Help && !duplicate && !message.provider_answers_help(),
            conversations: ids.clone(),
        };
        match inbox.store(&stored).await? {
            StoreOutcome::Stored => return Ok(received(false)),
            StoreOutcome::Duplicate => return Ok(received(true)),
            StoreOutcome::Overtaken => {}
        }
    }
    Err(Unavailable {
        operation: "dynamodb:TransactWriteItems",
        reason: "the contact changed too often".to_owned(),
    })
}

/// The conversation of the text that the provider says is answered.
async fn named(inbox: &impl Inbox, message: &InboundMessage) -> Result<Option<ConversationId>, Unavailable> {
    let Some(id) = &message.replied_to else { return Ok(None) };
    for issuer in message.provider.issuers() {
        if let Some(conversation) = inbox.conversation_of(*issuer, id).await? {
            return Ok(Some(conversation));
        }
    }
    Ok(None)
}

/// Reads a message: the provider's own act first, then the words; media alone are an answer.
fn reading(message: &InboundMessage) -> Reading {
    let meaning = match message.keyword {
        Some(ProviderKeyword::Stop) => ReplyMeaning::OptOut,
        Some(ProviderKeyword::Start) => ReplyMeaning::OptIn,
        Some(ProviderKeyword::Help) => ReplyMeaning::Help,
        Some(ProviderKeyword::StopByDefault) | None => return read(message.body.expose()),
    };
    Reading { meaning, scope: OptOutScope::All, attention: false }
}

/// Returns whether a message refuses promotions and nothing else.
fn refuses_promotions_alone(reading: Reading) -> bool {
    reading.meaning == ReplyMeaning::OptOut && reading.scope == OptOutScope::Promotional
}

/// What a meaning does: to the opt-out, and whether it is an answer. A bare YES opts in who is opted
/// out, and is an answer otherwise. A refusal of promotions alone is an answer.
fn consequences(reading: Reading, contact: &Contact) -> (OptOutChange, bool) {
    let opted_out = contact.opted_out_at.is_some();
    match reading.meaning {
        ReplyMeaning::OptOut if refuses_promotions_alone(reading) => (OptOutChange::None, true),
        ReplyMeaning::OptOut if !opted_out => (OptOutChange::OptOut, false),
        ReplyMeaning::OptIn | ReplyMeaning::ConfirmOrOptIn if opted_out => (OptOutChange::OptIn, false),
        ReplyMeaning::Reply | ReplyMeaning::WrongNumber | ReplyMeaning::ConfirmOrOptIn => {
            (OptOutChange::None, true)
        }
        _ => (OptOutChange::None, false),
    }
}

/// Words that the provider does not know as STOP are confirmed by us; what it knows, by itself.
fn confirmation_change(
    message: &InboundMessage,
    meaning: ReplyMeaning,
    opt_out: OptOutChange,
) -> ConfirmationChange {
    match (meaning, opt_out) {
        (_, OptOutChange::OptOut) if message.keyword.is_none() => ConfirmationChange::Due,
        (_, OptOutChange::OptOut | OptOutChange::OptIn) => ConfirmationChange::Over,
        (ReplyMeaning::OptOut, OptOutChange::None) if message.keyword.is_some() => ConfirmationChange::Over,
        (_, OptOutChange::None) => ConfirmationChange::None,
    }
}

/// What a message does to the consent: START agrees to advertising, a refusal of promotions alone withdraws
/// it; STOP and its end are kept.
fn consent_change(
    message: &InboundMessage,
    reading: Reading,
    opt_out: OptOutChange,
) -> Option<ConsentChange> {
    match (reading.meaning, opt_out) {
        (ReplyMeaning::OptOut, _) if refuses_promotions_alone(reading) => {
            Some(ConsentChange::no_promotions(message.at))
        }
        (ReplyMeaning::OptIn, _) => Some(ConsentChange::started(message.at)),
        (_, OptOutChange::OptOut) => Some(ConsentChange::global(Act::OptedOut, "reply", message.at)),
        (_, OptOutChange::OptIn) => Some(ConsentChange::global(Act::OptedIn, "reply", message.at)),
        (_, OptOutChange::None) => None,
    }
}

/// The conversations that a message counts for when the provider does not name one: that of the last
/// text that left from the number it came to. Where that is ambiguous (nothing has left, several
/// texts left at about the same time, the conversation is superseded) it counts for every open one:
/// a follow-up that stays away does less harm than one that ignores an answer.
fn attribute<'a>(message: &InboundMessage, open: &'a [Conversation]) -> Vec<&'a Conversation> {
    let last_out = |conversation: &Conversation| last_text_answered(conversation, message);
    let Some((newest, at)) = open
        .iter()
        .filter_map(|conversation| Some((conversation, last_out(conversation)?)))
        .max_by_key(|(_, at)| *at)
    else {
        return open.iter().collect();
    };
    let rivals = open
        .iter()
        .filter(|other| other.id != newest.id)
        .filter_map(last_out)
        .any(|other| at - other <= INDISTINGUISHABLE);
    if rivals || newest.is_superseded() { open.iter().collect() } else { vec![newest] }
}

/// When the last text of a conversation left that a message may answer: by the same channel, from the number
/// it came to. A text whose sender is not known may have been it.
fn last_text_answered(conversation: &Conversation, message: &InboundMessage) -> Option<DateTime<Utc>> {
    let steps = conversation.plan.as_ref().map_or(&[][..], |plan| &plan.steps);
    steps
        .iter()
        .filter(|step| step.channel == message.channel)
        .filter(|step| step.sent_from.as_deref().is_none_or(|sent_from| is_number(sent_from, &message.to)))
        .filter_map(|step| match &step.progress.state {
            StepState::Claimed(claim) => Some(claim.at),
            StepState::Unknown(lost) => Some(lost.claim.at),
            StepState::Decided(decision)
                if matches!(decision.verdict, Verdict::Sent | Verdict::HeldUnknownOutcome) =>
            {
                Some(decision.at)
            }
            _ => None,
        })
        .max()
}

/// Steps of before have the channel before the number, or a Messaging Service, which is no number.
fn is_number(sent_from: &str, from: &str) -> bool {
    let sent_from = sent_from.strip_prefix("whatsapp:").unwrap_or(sent_from);
    sent_from == from || !sent_from.starts_with('+')
}

#[cfg(test)]
mod tests;
