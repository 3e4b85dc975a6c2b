//! Turns what a visit reads into an event in the life of the step.

use super::outcome::Transient;
use super::pace;
use super::ports::VisitPorts;
use super::visit::Visit;
use crate::conversation::Contact;
use crate::conversation::blocker::blocker;
use crate::conversation::consent::scopes_of;
use crate::conversation::step::{StepEvent, StepState, Switch};
use crate::ports::{Consents, Conversations, Sender, SendingSwitch, Unavailable};
use crate::values::phone::PhoneNumber;

impl<P: VisitPorts> Visit<'_, P> {
    /// Returns the event that this visit is to the step.
    ///
    /// The contact is read only where an opt-out could name the verdict: when something else blocks the
    /// step, when a claim was refused, or when no claim will be made. A claim's own transaction checks the
    /// contact, so the usual visit does not read it.
    pub(super) async fn step_event(&self) -> Result<StepEvent, Transient> {
        let (step, now) = (self.step, self.now);
        if step.progress.state != StepState::Planned {
            return Ok(self.visited(Switch::On));
        }
        let looks_free = blocker(self.conversation, self.plan, step, &Contact::default(), now).is_none();
        let reads_contact = !looks_free || self.is_repeated;
        if reads_contact && let Some(blocked) = self.blocked().await? {
            return Ok(blocked);
        }
        if let Some(quiet) = pace::quiet(step, now) {
            return Ok(quiet);
        }
        let switch = self.ports.switch().read().await;
        // No claim will check the contact, and a step of someone who has opted out does not wait.
        if !reads_contact
            && matches!(switch, Switch::Paused | Switch::Unreadable)
            && let Some(blocked) = self.blocked().await?
        {
            return Ok(blocked);
        }
        if switch == Switch::On {
            let origin = self.ports.sender().origin(step);
            let paced = pace::paced(self.ports.store(), &self.rules.pacing, step, origin, now).await?;
            if let Some(paced) = paced {
                return Ok(paced);
            }
        }
        Ok(self.visited(switch))
    }

    fn visited(&self, switch: Switch) -> StepEvent {
        StepEvent::Visited {
            invocation: self.claim_id.clone(),
            switch,
            due: self.step.due,
            deadline: self.step.deadline,
        }
    }

    /// Returns what blocks the step, including what is known about the contact.
    async fn blocked(&self) -> Result<Option<StepEvent>, Unavailable> {
        let contact = match &self.plan.contact {
            Some(phone) => self.contact(phone).await?,
            None => Contact::default(),
        };
        let blocker = blocker(self.conversation, self.plan, self.step, &contact, self.now);
        Ok(blocker.map(|(verdict, because)| StepEvent::Blocked(verdict, because)))
    }

    /// Reads what is known about a phone that could stop the step.
    async fn contact(&self, phone: &PhoneNumber) -> Result<Contact, Unavailable> {
        let mut contact = self.ports.store().contact(phone).await?;
        if !scopes_of(self.step).is_empty() {
            contact.consent = self.ports.store().consent(phone).await?;
        }
        Ok(contact)
    }
}
