//! What a visit means to a step: what stands in its way, whether it is the time, what the switch says.

use chrono::{DateTime, Utc};

use super::{TakeStep, Transient, pace};
use crate::conversation::blocker::blocker;
use crate::conversation::consent::scopes_of;
use crate::conversation::step::{StepEvent, StepState, Switch};
use crate::conversation::{Contact, Conversation, Plan, Step};
use crate::journeys::Config;
use crate::ports::{
    Budgets, Consents, Conversations, Inbox, RateLimiters, Receipts, Sender, SendingRules, SendingSwitch,
    Unavailable,
};
use crate::values::clock::Clock;
use crate::values::phone::PhoneNumber;

/// What a round of a visit goes by.
pub(super) struct VisitContext<'a> {
    /// The claim that it may make.
    pub(super) claim_id: &'a str,
    /// The round before was overtaken.
    pub(super) overtaken: bool,
    /// Money limits and pacing.
    pub(super) rules: &'a Config,
    /// The present instant.
    pub(super) now: DateTime<Utc>,
}

impl<C, S, W, R, K> TakeStep<'_, C, S, W, R, K>
where
    C: Conversations + Consents + Budgets + RateLimiters + Receipts + Inbox,
    S: Sender,
    W: SendingSwitch,
    R: SendingRules,
    K: Clock,
{
    /// What this visit means to the step. The contact is read only where an opt-out could name the
    /// verdict: when something else stands in the way, when a claim was refused (its transaction checks the
    /// contact, so the usual visit needs no reading of it), or when there will be no claim.
    pub(super) async fn event(
        &self,
        conversation: &Conversation,
        plan: &Plan,
        step: &Step,
        around: &VisitContext<'_>,
    ) -> Result<StepEvent, Transient> {
        let now = around.now;
        let visited = |switch| StepEvent::Visited {
            invocation: around.claim_id.to_owned(),
            switch,
            due: step.due,
            deadline: step.deadline,
        };
        if step.progress.state != StepState::Planned {
            return Ok(visited(Switch::On));
        }
        let looks_free = blocker(conversation, plan, step, &Contact::default(), now).is_none();
        let reads_contact = !looks_free || around.overtaken;
        if reads_contact && let Some(blocked) = self.blocked(conversation, plan, step, now).await? {
            return Ok(blocked);
        }
        if let Some(quiet) = pace::quiet(step, now) {
            return Ok(quiet);
        }
        let switch = self.switch.read().await;
        // No claim will look at the contact, and who has opted out waits for nothing.
        if !reads_contact
            && matches!(switch, Switch::Paused | Switch::Unreadable)
            && let Some(blocked) = self.blocked(conversation, plan, step, now).await?
        {
            return Ok(blocked);
        }
        if switch == Switch::On
            && let Some(paced) =
                pace::paced(self.conversations, &around.rules.pacing, step, self.sender.origin(step), now)
                    .await?
        {
            return Ok(paced);
        }
        Ok(visited(switch))
    }

    /// What stands in the way, the contact looked at.
    async fn blocked(
        &self,
        conversation: &Conversation,
        plan: &Plan,
        step: &Step,
        now: DateTime<Utc>,
    ) -> Result<Option<StepEvent>, Transient> {
        let contact = match &plan.contact {
            Some(phone) => self.contact(phone, step).await?,
            None => Contact::default(),
        };
        let blocker = blocker(conversation, plan, step, &contact, now);
        Ok(blocker.map(|(verdict, because)| StepEvent::Blocked(verdict, because)))
    }

    /// What is known of a phone that could stop a step.
    async fn contact(&self, phone: &PhoneNumber, step: &Step) -> Result<Contact, Unavailable> {
        let mut contact = self.conversations.contact(phone).await?;
        if !scopes_of(step).is_empty() {
            contact.consent = self.conversations.consent(phone).await?;
        }
        Ok(contact)
    }
}
