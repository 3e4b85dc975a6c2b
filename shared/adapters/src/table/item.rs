//! Items as they are stored: a persisted format (version 1). Old items stay readable: a new
//! attribute is optional, an attribute's meaning never changes.

mod delivery;
mod progress;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::consent::Consent;
use messaging::conversation::delivery::AttemptPrice;
use messaging::conversation::policy::Policy;
use messaging::conversation::step::Progress;
use messaging::conversation::{
    Confirmation, Contact, Conversation, Life, Plan, Reply, Step, Supersession, kept_until,
};
use messaging::text::dlt::DltTemplateId;
use messaging::text::template::{MessageText, PersonName};
use messaging::text::whatsapp_template::WhatsappTemplate;
use messaging::values::channel::{Category, Channel};
use messaging::values::ids::{ConversationId, JourneyName, SourceName, StepName};
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use delivery::DeliveryItem;
pub(crate) use progress::{ProgressItem, progress_of};

/// The version that this code writes.
pub(crate) const VERSION: u32 = 1;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// `V#<id>` / `V`.
pub(crate) fn conversation_key(id: &ConversationId) -> (String, String) {
    (format!("V#{id}"), "V".to_owned())
}

/// `P#<phone>` / `C`.
pub(crate) fn contact_key(phone: &PhoneNumber) -> (String, String) {
    (format!("P#{}", phone.as_e164()), "C".to_owned())
}

/// `O#<digest of the phone>` / `O`: the opt-out of a person who was erased.
pub(crate) fn suppression_key(phone: &PhoneNumber) -> (String, String) {
    let digest = Sha256::digest(format!("afterword opt-out {}", phone.as_e164()));
    (format!("O#{}", hex::encode(digest)), "O".to_owned())
}

/// `I#<provider>#<message id>` / `I`.
pub(crate) fn inbound_key(provider: &str, id: &str) -> (String, String) {
    (format!("I#{provider}#{id}"), "I".to_owned())
}

/// `R#<phone>`: what came from a phone, by the keys of the messages. Beside `P#<phone>`, so that
/// attributing a reply does not read it.
pub(crate) fn received_key(phone: &PhoneNumber) -> String {
    format!("R#{}", phone.as_e164())
}

/// `M#<provider>#<message id>` / `M`.
pub(crate) fn message_key(provider: &str, id: &str) -> (String, String) {
    (format!("M#{provider}#{id}"), "M".to_owned())
}

/// A conversation; a tombstone has no plan.
#[derive(Serialize, Deserialize)]
pub(crate) struct ConversationItem {
    pk: String,
    sk: String,
    v: u32,
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
    /// Absent once the person has been erased, as are the name, the hash and the words.
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

/// What is known of a phone.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ContactItem {
    opted_out_at: Option<DateTime<Utc>>,
    opted_out_by: Option<String>,
    /// `due`, `taken <by>`.
    confirmation: Option<String>,
    last_inbound_whatsapp: Option<DateTime<Utc>>,
}

/// A contact's `confirmation` that nobody has sent, and one that somebody has taken on.
pub(crate) const CONFIRMATION_DUE: &str = "due";
/// Before the name of who has taken it on.
pub(crate) const CONFIRMATION_TAKEN: &str = "taken ";

/// An item that this code cannot read.
#[derive(Debug)]
pub(crate) struct Unreadable;

pub(crate) fn to_item(value: &impl Serialize) -> Result<Item, Unreadable> {
    serde_dynamo::aws_sdk_dynamodb_1::to_item(value).map_err(|_| Unreadable)
}

pub(crate) fn conversation_item(conversation: &Conversation, expires_at: i64) -> Result<Item, Unreadable> {
    let (pk, sk) = conversation_key(&conversation.id);
    let life = &conversation.life;
    to_item(&ConversationItem {
        pk,
        sk,
        v: VERSION,
        expires_at,
        plan: conversation.plan.as_ref().map(PlanItem::from),
        started_at: life.started_at,
        cancelled_at: life.cancelled_at,
        erased_at: life.erased_at,
        superseded_at: life.superseded.as_ref().map(|superseded| superseded.at),
        superseded_by: life.superseded.as_ref().and_then(|superseded| superseded.by.clone()),
        replied_at: life.replied_at,
        replies: life.replies.clone(),
    })
}

/// Reads a conversation; `None` when it has expired, whether or not DynamoDB has deleted it yet.
pub(crate) fn conversation_from(item: Item, now: DateTime<Utc>) -> Result<Option<Conversation>, Unreadable> {
    let has_plan = item.contains_key("steps");
    let item: ConversationItem = serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(|_| Unreadable)?;
    if has_plan && item.plan.is_none() {
        return Err(Unreadable);
    }
    if item.expires_at <= now.timestamp() {
        return Ok(None);
    }
    let id = item.pk.strip_prefix("V#").and_then(|id| ConversationId::new(id).ok()).ok_or(Unreadable)?;
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

impl ContactItem {
    pub(crate) fn read(item: Item) -> Result<Contact, Unreadable> {
        let item: Self = serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(|_| Unreadable)?;
        Ok(Contact {
            opted_out_at: item.opted_out_at,
            opted_out_by: item.opted_out_by,
            confirmation: match item.confirmation.as_deref() {
                Some(CONFIRMATION_DUE) => Confirmation::Due,
                Some(taken) => {
                    Confirmation::Taken(taken.strip_prefix(CONFIRMATION_TAKEN).unwrap_or_default().to_owned())
                }
                None => Confirmation::None,
            },
            consent: Consent::default(),
            last_whatsapp: item.last_inbound_whatsapp,
        })
    }
}

/// Until when an item is kept: the retention after everything about it is over (epoch seconds, as
/// TTL wants).
pub(crate) fn expiry(last_deadline: DateTime<Utc>, retention: TimeDelta) -> i64 {
    kept_until(last_deadline, retention).timestamp()
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
