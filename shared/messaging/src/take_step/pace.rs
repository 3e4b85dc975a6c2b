//! When a step may leave: outside the recipient's quiet hours, in a place of its sender's schedule.

use chrono::{DateTime, Utc};

use crate::conversation::Step;
use crate::conversation::step::StepEvent;
use crate::journeys::rate_limits::{Pacing, is_good};
use crate::ports::{RateLimiters, Unavailable};
use crate::values::verdict::Because;

/// Until when a step that is due has to wait, and because of what: quiet hours.
pub(super) fn quiet(step: &Step, now: DateTime<Utc>) -> Option<StepEvent> {
    let hours = step.policy.hours.as_ref().filter(|_| now >= step.due)?;
    let opens = hours.opens(now).filter(|opens| *opens > now)?;
    let because = Because::fact("rule", "quiet_hours").and("hours", hours.hours.to_string());
    Some(StepEvent::Postponed(opens, because))
}

/// The place in the sender's schedule that a step has to wait for; taken once.
pub(super) async fn paced(
    schedules: &impl RateLimiters,
    pacing: &Pacing,
    step: &Step,
    from: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<StepEvent>, Unavailable> {
    let Some(pace) = pacing.of_sender(step.carrier(), step.channel, from).filter(|_| now >= step.due) else {
        return Ok(None);
    };
    let because = || {
        Because::fact("rule", "pacing").and("sender", pace.sender).and("per_second", pace.per_second.get())
    };
    match step.progress.slot.filter(|slot| is_good(*slot, now)) {
        Some(slot) if slot > now => Ok(Some(StepEvent::Postponed(slot, because()))),
        Some(_) => Ok(None),
        None => {
            let slot = schedules.acquire_slot(&pace, now).await?;
            Ok((slot > now).then(|| StepEvent::Paced(slot, because())))
        }
    }
}
