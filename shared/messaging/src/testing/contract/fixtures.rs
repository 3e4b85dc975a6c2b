//! Conversations, steps and messages for the cases.

use chrono::{DateTime, Utc};

use crate::conversation::inbound_message::InboundMessage;
use crate::conversation::step::{Claim, Decision, Progress, StepState};
use crate::conversation::{Conversation, Plan, Step};
use crate::ports::{AcceptOutcome, ClaimRequest, WriteOutcome};
use crate::testing::builders;
pub(super) use crate::testing::builders::phone;
use crate::text::template::MessageText;
use crate::values::channel::Channel;
use crate::values::ids::{ConversationId, JourneyName, SourceName};
use crate::values::provider::Provider;
use crate::values::verdict::{Because, Verdict};

pub(super) const DAY: i64 = 24 * 3600;

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1_800_000_000 + seconds)
}

pub(super) fn id(n: u32) -> ConversationId {
    ConversationId::new(format!("calendly-{n:032x}")).unwrap()
}

/// Returns a conversation of one step, `text`, that is due at [`at`] zero, may be sent for 24 hours and is
/// `unless_replied`.
pub(super) fn conversation(n: u32) -> Conversation {
    let step = Step {
        unless_replied: true,
        providers: vec![Provider::Sns, Provider::Twilio],
        text: MessageText::new("Hi + 50% & ünï 🙂"),
        ..builders::step("text", at(0))
    };
    let plan = Plan {
        source: SourceName::new("calendly").unwrap(),
        journey: JourneyName::new("booking").unwrap(),
        correlation_id: Some("req-1".to_owned()),
        ..builders::plan(at(-120), vec![step])
    };
    Conversation::open(id(n), plan)
}

pub(super) fn step(conversation: &Conversation) -> Step {
    conversation.plan.as_ref().unwrap().steps[0].clone()
}

pub(super) fn claimed(by: &str) -> Progress {
    let claim = Claim { id: by.to_owned(), at: at(1) + chrono::TimeDelta::nanoseconds(123_456_789) };
    Progress { state: StepState::Claimed(claim), attempt: 1, ..Progress::default() }
}

pub(super) fn decided(verdict: Verdict) -> Progress {
    let because = Because::fact("code", 21211).and("nothing", None::<String>).and("list", vec!["a"]);
    let decision = Decision { verdict, because, at: at(2) };
    Progress { state: StepState::Decided(decision), attempt: 1, ..Progress::default() }
}

pub(super) fn message(message_id: &str) -> InboundMessage {
    InboundMessage {
        provider: Provider::Twilio,
        id: message_id.to_owned(),
        from: phone(),
        to: "+12025550100".to_owned(),
        channel: Channel::Sms,
        body: MessageText::new("words"),
        media: 0,
        replied_to: None,
        keyword: None,
        at: at(5),
    }
}

pub(super) async fn accepted(table: &impl super::Table) -> Conversation {
    assert_eq!(table.accept(&conversation(1), None).await, Ok(AcceptOutcome::Stored));
    conversation(1)
}

pub(super) async fn stored(table: &impl super::Table, n: u32) -> Conversation {
    table.load(&id(n), at(0)).await.unwrap().unwrap()
}

pub(super) async fn claim(table: &impl super::Table, step: &Step, next: &Progress, now: i64) -> WriteOutcome {
    let (conversation, contact) = (id(1), phone());
    let request = ClaimRequest { conversation: &conversation, contact: &contact, step, next, now: at(now) };
    table.claim(&request).await.unwrap()
}
