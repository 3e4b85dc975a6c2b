//! From an event to the plan of its conversation: texts filled in, due times and deadlines fixed.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::clock::ceil_to_second;
use crate::conversation::{Conversation, Plan, Step};
use crate::ids::{ConversationId, JourneyName, SourceName, StepName};
use crate::journeys::{Deadline, Journeys, StepPlan};
use crate::phone::PhoneNumber;
use crate::step::Progress;
use crate::text::{PersonName, TemplateError, Variables, render};

/// Executions live one year; a step that is due later than this is not planned.
pub const HORIZON: TimeDelta = TimeDelta::days(300);

/// One call of a source, understood: what a plan is made from.
#[derive(Debug, Clone)]
pub struct Event {
    /// The conversation that it opens.
    pub conversation: ConversationId,
    /// Who called.
    pub source: SourceName,
    /// What it leads to.
    pub journey: JourneyName,
    /// Whose phone.
    pub contact: PhoneNumber,
    /// What the customer is called.
    pub name: Option<PersonName>,
    /// What the texts may name.
    pub variables: Variables,
    /// The language of the customer, where the event says; else the source's.
    pub locale: Option<String>,
    /// When the appointment is, for bookings.
    pub appointment: Option<DateTime<Utc>>,
    /// From when on it may be sent; delays count from then.
    pub send_at: Option<DateTime<Utc>>,
    /// Until when it may be sent at the latest.
    pub not_after: Option<DateTime<Utc>>,
    /// SHA-256 of the canonical content.
    pub content_hash: String,
    /// The caller's id for the chain of events.
    pub correlation_id: Option<String>,
}

/// Why no plan could be made. Names variables and texts, never values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// `journeys.toml` has no such journey.
    #[error("there is no such journey")]
    UnknownJourney,
    /// A step hangs on an appointment and the event has none.
    #[error("the journey needs an appointment")]
    AppointmentMissing,
    /// The text has no words in the customer's language.
    #[error("step {step}: the text has no words in the customer's locale")]
    NoWords {
        /// Which step.
        step: StepName,
    },
    /// A text could not be filled in.
    #[error("step {step}: {error}")]
    Text {
        /// Which step.
        step: StepName,
        /// Why.
        error: TemplateError,
    },
    /// Every step lies in the past or beyond the horizon.
    #[error("no step of the journey can be due")]
    NothingDue,
}

/// Makes the conversation of an event that is accepted at `now`.
///
/// # Errors
/// See [`PlanError`].
pub fn plan(
    event: Event,
    journeys: &Journeys,
    version: &str,
    now: DateTime<Utc>,
) -> Result<Conversation, PlanError> {
    let journey = journeys.journeys.get(&event.journey).ok_or(PlanError::UnknownJourney)?;
    let source_locale = journeys.sources.get(&event.source).map_or("en-US", |source| source.locale.as_str());
    let locale = event.locale.as_deref().unwrap_or(source_locale);
    let mut steps = Vec::new();
    for step in &journey.steps {
        let Some(due) = due(step, &event, now)? else { continue };
        let template = journeys
            .template(&step.text, locale)
            .ok_or_else(|| PlanError::NoWords { step: step.name.clone() })?;
        let text = render(template, &event.variables)
            .map_err(|error| PlanError::Text { step: step.name.clone(), error })?;
        steps.push(Step {
            name: step.name.clone(),
            due,
            deadline: deadline(step, &event, due),
            unless_replied: step.unless_replied,
            follows: step.follows.clone(),
            category: step.category,
            channel: step.channel,
            text,
            sent_from: None,
            progress: Progress::default(),
        });
    }
    if steps.is_empty() {
        return Err(PlanError::NothingDue);
    }
    steps.sort_by_key(|step| step.due);
    Ok(Conversation::open(
        event.conversation,
        Plan {
            source: event.source,
            contact: Some(event.contact),
            name: event.name,
            journey: event.journey,
            journeys_version: version.to_owned(),
            content_hash: event.content_hash,
            accepted_at: now,
            correlation_id: event.correlation_id,
            steps,
        },
    ))
}

/// When a step is due; `None` when it cannot be planned: it lies beyond the horizon, or it was to
/// precede an appointment by more than is left.
fn due(step: &StepPlan, event: &Event, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, PlanError> {
    let due = match (step.delay, step.before_appointment) {
        (_, Some(before)) => {
            let appointment = event.appointment.ok_or(PlanError::AppointmentMissing)?;
            let due = ceil_to_second(appointment - before.delta());
            if due <= now {
                return Ok(None);
            }
            due
        }
        (delay, None) => {
            let from = event.send_at.map_or(now, |send_at| send_at.max(now));
            ceil_to_second(from + delay.map_or(TimeDelta::zero(), |delay| delay.delta()))
        }
    };
    Ok((due - now <= HORIZON).then_some(due))
}

fn deadline(step: &StepPlan, event: &Event, due: DateTime<Utc>) -> DateTime<Utc> {
    let deadline = match (step.deadline, event.appointment) {
        (Deadline::Appointment, Some(appointment)) => ceil_to_second(appointment),
        (Deadline::AfterDue(span), _) => due + span.delta(),
        (Deadline::Appointment, None) => due + TimeDelta::hours(24),
    };
    event.not_after.map_or(deadline, |not_after| deadline.min(not_after))
}

#[cfg(test)]
mod tests;
