//! A conversation, with its plan and its steps.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use messaging::conversation::delivery::AttemptPrice;
use messaging::conversation::policy::Policy;
use messaging::conversation::step::Progress;
use messaging::conversation::{Conversation, Life, Plan, Reply, Step, Supersession};
use messaging::text::dlt::DltTemplateId;
use messaging::text::template::{MessageText, PersonName};
use messaging::text::whatsapp_template::WhatsappTemplate;
use messaging::values::channel::{Category, Channel};
use messaging::values::ids::{ConversationId, JourneyName, SourceName, StepName};
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;
use serde::{Deserialize, Serialize};

use super::{DeliveryItem, Item, ProgressItem, Unreadable, from_item, string};
use crate::table::keys::conversation_in;

/// A conversation; a tombstone has no plan.
#[derive(Serialize, Deserialize)]
pub(crate) struct ConversationItem {
    expires_at: i64,
    #[serde(flatten)]
    plan: Option<PlanItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replied_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replies: Vec<Reply>,
}

#[derive(Serialize, Deserialize)]
struct PlanItem {
    source: SourceName,
    /// Absent once the person is erased, like the name, the hash and the texts.
    #[serde(
        default,
        with = "messaging::values::phone::stored::erasable",
        skip_serializing_if = "Option::is_none"
    )]
    contact: Option<PhoneNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<PersonName>,
    journey: JourneyName,
    journeys_version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    content_hash: String,
    accepted_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    steps: BTreeMap<StepName, StepItem>,
}

#[derive(Serialize, Deserialize)]
struct StepItem {
    due: DateTime<Utc>,
    deadline: DateTime<Utc>,
    unless_replied: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<StepName>,
    category: Category,
    channel: Channel,
    #[serde(default, skip_serializing_if = "Policy::is_none")]
    policy: Policy,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    providers: Vec<Provider>,
    #[serde(default = "erased")]
    text: MessageText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<WhatsappTemplate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dlt_template_id: Option<DltTemplateId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_micro_usd: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    prices: Vec<AttemptPrice>,
    progress: ProgressItem,
}

fn erased() -> MessageText {
    MessageText::new("")
}

impl ConversationItem {
    pub(crate) fn new(conversation: &Conversation, expires_at: i64) -> Self {
        let life = &conversation.life;
        Self {
            expires_at,
            plan: conversation.plan.as_ref().map(PlanItem::from),
            started_at: life.started_at,
            cancelled_at: life.cancelled_at,
            erased_at: life.erased_at,
            superseded_at: life.superseded.as_ref().map(|superseded| superseded.at),
            superseded_by: life.superseded.as_ref().and_then(|superseded| superseded.by.clone()),
            replied_at: life.replied_at,
            replies: life.replies.clone(),
        }
    }
}

/// Reads a conversation; `None` where it has expired, whether or not DynamoDB has deleted it yet.
pub(crate) fn conversation_from(item: Item, now: DateTime<Utc>) -> Result<Option<Conversation>, Unreadable> {
    let id = string(&item, "pk").and_then(conversation_in).ok_or(Unreadable)?;
    let has_plan = item.contains_key("steps");
    let item: ConversationItem = from_item(item)?;
    if has_plan && item.plan.is_none() {
        return Err(Unreadable);
    }
    if item.expires_at <= now.timestamp() {
        return Ok(None);
    }
    let superseded = item.superseded_at.map(|at| Supersession { at, by: item.superseded_by });
    Ok(Some(Conversation {
        id,
        plan: item.plan.map(Plan::try_from).transpose()?,
        life: Life {
            started_at: item.started_at,
            cancelled_at: item.cancelled_at,
            erased_at: item.erased_at,
            superseded,
            replied_at: item.replied_at,
            replies: item.replies,
        },
    }))
}

impl From<&Plan> for PlanItem {
    fn from(plan: &Plan) -> Self {
        let steps = plan.steps.iter().map(|step| (step.name.clone(), StepItem::from(step))).collect();
        Self {
            source: plan.source.clone(),
            contact: plan.contact.clone(),
            name: plan.name.clone(),
            journey: plan.journey.clone(),
            journeys_version: plan.journeys_version.clone(),
            content_hash: plan.content_hash.clone(),
            accepted_at: plan.accepted_at,
            correlation_id: plan.correlation_id.clone(),
            steps,
        }
    }
}

impl TryFrom<PlanItem> for Plan {
    type Error = Unreadable;
    fn try_from(item: PlanItem) -> Result<Self, Unreadable> {
        let mut steps =
            item.steps.into_iter().map(|(name, step)| step.named(name)).collect::<Result<Vec<_>, _>>()?;
        steps.sort_by_key(|step| step.due);
        Ok(Self {
            source: item.source,
            contact: item.contact,
            name: item.name,
            journey: item.journey,
            journeys_version: item.journeys_version,
            content_hash: item.content_hash,
            accepted_at: item.accepted_at,
            correlation_id: item.correlation_id,
            steps,
        })
    }
}

impl From<&Step> for StepItem {
    fn from(step: &Step) -> Self {
        Self {
            due: step.due,
            deadline: step.deadline,
            unless_replied: step.unless_replied,
            follows: step.follows.clone(),
            category: step.category,
            channel: step.channel,
            policy: step.policy.clone(),
            providers: step.providers.clone(),
            text: step.text.clone(),
            content: step.content.clone(),
            dlt_template_id: step.dlt_template_id.clone(),
            truncated: step.truncated,
            cost_micro_usd: step.cost_micro_usd,
            sent_from: step.sent_from.clone(),
            delivery: step.delivery.as_ref().map(DeliveryItem::from),
            prices: step.prices.clone(),
            progress: ProgressItem::from(&step.progress),
        }
    }
}

impl StepItem {
    fn named(self, name: StepName) -> Result<Step, Unreadable> {
        Ok(Step {
            name,
            due: self.due,
            deadline: self.deadline,
            unless_replied: self.unless_replied,
            follows: self.follows,
            category: self.category,
            channel: self.channel,
            policy: self.policy,
            providers: self.providers,
            text: self.text,
            content: self.content,
            dlt_template_id: self.dlt_template_id,
            truncated: self.truncated,
            cost_micro_usd: self.cost_micro_usd,
            sent_from: self.sent_from,
            delivery: self.delivery.map(|item| item.delivery),
            prices: self.prices,
            progress: Progress::try_from(self.progress)?,
        })
    }
}
