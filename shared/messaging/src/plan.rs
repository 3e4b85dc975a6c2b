//! Makes the plan of a conversation from its event: renders the texts and sets due times and deadlines.

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

/// The longest time ahead for which a step is planned. An execution ends after one year at the latest.
pub const HORIZON: TimeDelta = TimeDelta::days(300);

/// The content of a source's call, from which a plan is made.
#[derive(Debug, Clone)]
pub struct Event {
    /// The conversation that it opens.
    pub conversation: ConversationId,
    /// The source that called.
    pub source: SourceName,
    /// The journey that the event starts.
    pub journey: JourneyName,
    /// The phone of the customer.
    pub contact: PhoneNumber,
    /// The customer's name, if it is known.
    pub name: Option<PersonName>,
    /// The values for the placeholders of the texts.
    pub variables: Variables,
    /// The locale of the customer; `None` for the source's locale.
    pub locale: Option<String>,
    /// The time zone of the customer; `None` if the event does not contain it.
    pub time_zone: Option<Tz>,
    /// The time of the appointment, for bookings.
    pub appointment: Option<DateTime<Utc>>,
    /// The earliest time of sending, from which delays count.
    pub send_at: Option<DateTime<Utc>>,
    /// Whether the first text is due at once (or at `send_at`), because the caller has already waited. The
    /// intervals between the texts stay the same.
    pub is_due_at_once: bool,
    /// The latest time of sending.
    pub not_after: Option<DateTime<Utc>>,
    /// The SHA-256 hash of the canonical content.
    pub content_hash: String,
    /// The caller's id for a chain of related events.
    pub correlation_id: Option<String>,
}

/// The reason why no plan could be made. It names variables and texts, never values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// `journeys.toml` has no such journey.
    #[error("there is no such journey")]
    UnknownJourney,
    /// A step depends on an appointment and the event has none.
    #[error("the journey needs an appointment")]
    AppointmentMissing,
    /// The text has no words in the customer's locale.
    #[error("step {step}: the text has no words in the customer's locale")]
    NoWords {
        /// The step with the text.
        step: StepName,
    },
    /// A text could not be rendered.
    #[error("step {step}: {error}")]
    Text {
        /// The step with the text.
        step: StepName,
        /// The error of the template.
        error: TemplateError,
    },
    /// A text has more parts than its entry allows or than providers accept.
    #[error("step {step}: {error}")]
    TooLong {
        /// The step with the text.
        step: StepName,
        /// The length and the limit.
        error: TooLong,
    },
    /// Every step is due in the past or beyond the horizon.
    #[error("no step of the journey can be due")]
    NothingDue,
}

/// Makes the conversation of an event that is accepted at `now`.
///
/// # Errors
/// See [`PlanError`].
pub fn plan(
    event: Event,
    config: &Config,
    version: &str,
    now: DateTime<Utc>,
) -> Result<Conversation, PlanError> {
    let journey = config.journeys.get(&event.journey).ok_or(PlanError::UnknownJourney)?;
    let (source_locale, currency) = match config.sources.get(&event.source) {
        Some(source) => (source.locale.as_str(), source.currency),
        None => ("en-US", Currency::Usd),
    };
    let locale = event.locale.as_deref().unwrap_or(source_locale);
    let variables = with_optional(&event.variables, journey);
    let format = AmountFormat { currency, locale };
    let from = event.send_at.map_or(now, |send_at| send_at.max(now));
    let from = if event.is_due_at_once { from - first_delay(journey) } else { from };
    let mut steps = Vec::new();
    for step in &journey.steps {
        let Some(due) = due(step, &event, from, now)? else { continue };
        let text = wording(step, config, format, &variables)?;
        let cost = cost(&text, step, &event.contact, &config.prices);
        steps.push(Step {
            name: step.name.clone(),
            due,
            deadline: deadline(step, &event, due),
            unless_replied: step.unless_replied,
            follows: step.follows.clone(),
            category: step.category,
            policy: policy(step.category, &event, journey, config),
            channel: step.channel,
            providers: config.providers_of(step),
            text: text.text,
            content: text.content,
            dlt_template_id: text.dlt_template_id,
            truncated: text.truncated,
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

/// Returns the event's variables, with an empty text for each optional one that the event does not contain.
fn with_optional(given: &Variables, journey: &Journey) -> Variables {
    let mut variables = given.clone();
    for name in journey.optional.iter().filter(|name| given.get(name).is_none()) {
        variables.set(name, "");
    }
    variables
}

/// Renders the words of a step and its WhatsApp template. A step with a template needs no words.
fn wording(
    step: &JourneyStep,
    config: &Config,
    format: AmountFormat<'_>,
    variables: &Variables,
) -> Result<RenderedText, PlanError> {
    let locale = format.locale;
    let no_words = || PlanError::NoWords { step: step.name.clone() };
    let wording = config.texts.get(&step.text).ok_or_else(no_words)?;
    let content = match step.channel {
        Channel::Whatsapp => wording.content(locale, variables),
        Channel::Sms => None,
    };
    let words = match (wording.words(locale), &content) {
        (Some(template), _) => render_with(template, variables, format)
            .map_err(|error| PlanError::Text { step: step.name.clone(), error })?,
        (None, Some(_)) => {
            return Ok(RenderedText {
                text: MessageText::new(""),
                content,
                dlt_template_id: None,
                truncated: false,
            });
        }
        (None, None) => return Err(no_words()),
    };
    let fitted = wording
        .fit_rule()
        .fit(words.expose())
        .map_err(|error| PlanError::TooLong { step: step.name.clone(), error })?;
    let dlt_template_id = wording.dlt_template_id(locale).cloned();
    Ok(RenderedText {
        text: MessageText::new(fitted.text),
        content,
        dlt_template_id,
        truncated: fitted.truncated,
    })
}

/// The rendered text of a step.
struct RenderedText {
    text: MessageText,
    content: Option<WhatsappTemplate>,
    dlt_template_id: Option<DltTemplateId>,
    truncated: bool,
}

/// Returns the price of all parts of a text message; `None` if the country's price is not known.
fn cost(text: &RenderedText, step: &JourneyStep, contact: &PhoneNumber, prices: &Prices) -> Option<u64> {
    if step.channel != Channel::Sms {
        return None;
    }
    let parts = segments::split(text.text.expose()).segments;
    prices.cost(contact.country()?, step.category, parts)
}

/// Returns the due time of a step; `None` if it cannot be planned, because it is due beyond the horizon, or
/// because it depends on an appointment and its due time has passed.
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

/// Returns the shortest delay of the steps that do not depend on an appointment.
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

/// Returns the policy that a category requires for the event's phone and, if it is known, the customer's
/// time zone.
fn policy(category: Category, event: &Event, journey: &Journey, config: &Config) -> Policy {
    let hours = if category == Category::Promotional {
        Some(SendingHours::new(&event.contact, event.time_zone, &config.promotional_hours))
    } else {
        None
    };
    Policy { hours, program: journey.program.clone() }
}

#[cfg(test)]
mod tests;
