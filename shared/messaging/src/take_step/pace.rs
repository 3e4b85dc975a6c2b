//! Puts off a step that may not leave yet: in the recipient's quiet hours, or before its slot in the
//! sender's rate limit.

use chrono::{DateTime, Utc};

use crate::conversation::Step;
use crate::conversation::step::StepEvent;
use crate::journeys::rate_limits::{Pacing, is_usable};
use crate::ports::{RateLimiters, Unavailable};
use crate::values::verdict::Because;

/// Returns the event that puts off a due step to the end of the recipient's quiet hours.
pub(super) fn quiet(step: &Step, now: DateTime<Utc>) -> Option<StepEvent> {
    let hours = step.policy.hours.as_ref()?;
    let opens = hours.opens(now)?;
    if now < step.due || opens <= now {
        return None;
    }
    let because = Because::fact("rule", "quiet_hours").and("hours", hours.hours.to_string());
    Some(StepEvent::Postponed(opens, because))
}

/// Returns the event that puts off a due step to its slot. Takes a slot if the step has none that is
/// still good.
pub(super) async fn paced(
    limiters: &impl RateLimiters,
    pacing: &Pacing,
    step: &Step,
    from: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<StepEvent>, Unavailable> {
    if now < step.due {
        return Ok(None);
    }
    let Some(rate) = pacing.of_sender(step.carrier(), step.channel, from) else { return Ok(None) };
    let held = step.progress.slot.filter(|slot| is_usable(*slot, now));
    let slot = match held {
        Some(slot) => slot,
        None => limiters.acquire_slot(&rate, now).await?,
    };
    if slot <= now {
        return Ok(None);
    }
    let because =
        Because::fact("rule", "pacing").and("sender", rate.sender).and("per_second", rate.per_second.get());
    if held.is_some() {
        Ok(Some(StepEvent::Postponed(slot, because)))
    } else {
        Ok(Some(StepEvent::Paced(slot, because)))
    }
}
