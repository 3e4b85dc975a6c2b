//! From an event to the plan of its conversation: texts filled in, due times and deadlines fixed.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use thiserror::Error;

use crate::conversation::policy::Policy;
use crate::conversation::step::Progress;
use crate::conversation::{Conversation, Plan, Step};
use crate::journeys::prices::Prices;
use crate::journeys::quiet_hours::SendingHours;
use crate::journeys::{Config, Deadline, Journey, JourneyStep};
use crate::text::dlt::DltTemplateId;
use crate::text::fit::TooLong;
use crate::text::segments;
use crate::text::template::{AmountFormat, MessageText, PersonName, TemplateError, Variables, render_with};
use crate::text::whatsapp_template::WhatsappTemplate;
use crate::values::channel::Category;
use crate::values::channel::Channel;
use crate::values::clock::ceil_to_second;
use crate::values::ids::{ConversationId, JourneyName, SourceName, StepName};
use crate::values::money::Currency;
use crate::values::phone::PhoneNumber;

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
    /// The zone that the customer lives in, where the event says.
    pub time_zone: Option<Tz>,
    /// When the appointment is, for bookings.
    pub appointment: Option<DateTime<Utc>>,
    /// From when on it may be sent; delays count from then.
    pub send_at: Option<DateTime<Utc>>,
    /// The caller has waited already: the first text is due at once (or at `send_at`), and the others keep
    /// their distance from it.
    pub is_due_at_once: bool,
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
    /// A text has more parts than its entry allows, or than providers take.
    #[error("step {step}: {error}")]
    TooLong {
        /// Which step.
        step: StepName,
        /// By how much.
        error: TooLong,
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
    journeys: &Config,
    version: &str,
    now: DateTime<Utc>,
) -> Result<Conversation, PlanError> {
    let journey = journeys.journeys.get(&event.journey).ok_or(PlanError::UnknownJourney)?;
    let source_locale = journeys.sources.get(&event.source).map_or("en-US", |source| source.locale.as_str());
    let locale = event.locale.as_deref().unwrap_or(source_locale);
    let variables = with_optional(&event.variables, journey);
    let currency = journeys.sources.get(&event.source).map_or(Currency::Usd, |source| source.currency);
    let manner = AmountFormat { currency, locale };
    let from = event.send_at.map_or(now, |send_at| send_at.max(now));
    let from = if event.is_due_at_once { from - first_delay(journey) } else { from };
    let mut steps = Vec::new();
    for step in &journey.steps {
        let Some(due) = due(step, &event, from, now)? else { continue };
        let said = wording(step, journeys, manner, &variables)?;
        let cost = cost(&said, step, &event.contact, &journeys.prices);
        steps.push(Step {
            name: step.name.clone(),
            due,
            deadline: deadline(step, &event, due),
            unless_replied: step.unless_replied,
            follows: step.follows.clone(),
            category: step.category,
            policy: policy(step.category, &event, journey, journeys),
            channel: step.channel,
            providers: journeys.providers_of(step),
            text: said.text,
            content: said.content,
            dlt_template_id: said.dlt_template_id,
            truncated: said.truncated,
            cost_micro_usd: cost,
            sent_from: None,
            delivery: None,
            prices: Vec::new(),
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

/// The event's variables, and an empty text for each optional one that it does not bring.
fn with_optional(given: &Variables, journey: &Journey) -> Variables {
    let mut variables = given.clone();
    for name in journey.optional.iter().filter(|name| given.get(name).is_none()) {
        variables.set(name, "");
    }
    variables
}

/// The words of a step, or its template on WhatsApp; there words may be missing.
fn wording(
    step: &JourneyStep,
    journeys: &Config,
    manner: AmountFormat<'_>,
    variables: &Variables,
) -> Result<Said, PlanError> {
    let locale = manner.locale;
    let no_words = || PlanError::NoWords { step: step.name.clone() };
    let wording = journeys.texts.get(&step.text).ok_or_else(no_words)?;
    let content = match step.channel {
        Channel::Whatsapp => wording.content(locale, variables),
        Channel::Sms => None,
    };
    let words = match (wording.words(locale), &content) {
        (Some(template), _) => render_with(template, variables, manner)
            .map_err(|error| PlanError::Text { step: step.name.clone(), error })?,
        (None, Some(_)) => {
            return Ok(Said { text: MessageText::new(""), content, dlt_template_id: None, truncated: false });
        }
        (None, None) => return Err(no_words()),
    };
    let fitted = wording
        .fit_rule()
        .fit(words.expose())
        .map_err(|error| PlanError::TooLong { step: step.name.clone(), error })?;
    let dlt_template_id = wording.dlt_template_id(locale).cloned();
    Ok(Said { text: MessageText::new(fitted.text), content, dlt_template_id, truncated: fitted.truncated })
}

/// What a step says.
struct Said {
    text: MessageText,
    content: Option<WhatsappTemplate>,
    dlt_template_id: Option<DltTemplateId>,
    truncated: bool,
}

/// The price of all parts, for a text message to a country whose price is known.
fn cost(said: &Said, step: &JourneyStep, contact: &PhoneNumber, prices: &Prices) -> Option<u64> {
    if step.channel != Channel::Sms {
        return None;
    }
    let parts = segments::split(said.text.expose()).segments;
    prices.cost(contact.country()?, step.category, parts)
}

/// When a step is due; `None` when it cannot be planned: it lies beyond the horizon, or it hangs on an
/// appointment and its time has passed.
fn due(
    step: &JourneyStep,
    event: &Event,
    from: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, PlanError> {
    let due = if step.needs_appointment() {
        let appointment = event.appointment.ok_or(PlanError::AppointmentMissing)?;
        let before = step.before_appointment.map_or(TimeDelta::zero(), |before| before.delta());
        let after = step.after_appointment.map_or(TimeDelta::zero(), |after| after.delta());
        let due = ceil_to_second(appointment - before + after);
        if due <= now {
            return Ok(None);
        }
        due
    } else {
        ceil_to_second(from + delay_of(step))
    };
    Ok((due - now <= HORIZON).then_some(due))
}

fn delay_of(step: &JourneyStep) -> TimeDelta {
    step.delay.map_or(TimeDelta::zero(), |delay| delay.delta())
}

/// How long after the event the first text is due, of those that hang on no appointment.
fn first_delay(journey: &Journey) -> TimeDelta {
    let delays = journey.steps.iter().filter(|step| !step.needs_appointment()).map(delay_of);
    delays.min().unwrap_or_default()
}

fn deadline(step: &JourneyStep, event: &Event, due: DateTime<Utc>) -> DateTime<Utc> {
    let deadline = match (step.deadline, event.appointment) {
        (Deadline::Appointment, Some(appointment)) => ceil_to_second(appointment),
        (Deadline::AfterDue(span), _) => due + span.delta(),
        (Deadline::Appointment, None) => due + TimeDelta::hours(24),
    };
    event.not_after.map_or(deadline, |not_after| deadline.min(not_after))
}

/// Returns what a category demands for the event's number, whose owner lives in the event's zone, if that is
/// known.
fn policy(category: Category, event: &Event, journey: &Journey, journeys: &Config) -> Policy {
    let is_advertising = category == Category::Promotional;
    let hours = is_advertising
        .then(|| SendingHours::new(&event.contact, event.time_zone, &journeys.promotional_hours));
    Policy { hours, program: journey.program.clone() }
}

#[cfg(test)]
mod tests;
