//! The reason that blocks a step. Where several reasons hold, the first names the verdict.

use chrono::{DateTime, Utc};

use crate::conversation::{Contact, Conversation, Plan, Step};
use crate::values::clock::to_rfc3339;
use crate::values::verdict::{Because, Verdict};

/// Returns the first reason not to send a planned step: cancelled, superseded, opted out, replied, nothing
/// sent, too late, words that WhatsApp does not take now.
///
/// The claim's transaction repeats the checks on what is stored (cancelled, superseded, opted out,
/// replied) in its conditions; this function names the verdict and spares the attempt.
#[must_use]
pub fn blocker(
    conversation: &Conversation,
    plan: &Plan,
    step: &Step,
    contact: &Contact,
    now: DateTime<Utc>,
) -> Option<(Verdict, Because)> {
    let life = &conversation.life;
    if let Some(at) = life.cancelled_at {
        let because = Because::fact("cancelled_at", to_rfc3339(at));
        let because = match life.erased_at {
            Some(erased) => because.and("erased_at", to_rfc3339(erased)),
            None => because,
        };
        return Some((Verdict::SkippedCancelled, because));
    }
    if let Some(superseded) = &life.superseded {
        let because = Because::fact("superseded_at", to_rfc3339(superseded.at));
        let because = match &superseded.by {
            Some(by) => because.and("superseded_by", by.as_str()),
            None => because,
        };
        return Some((Verdict::SkippedSuperseded, because));
    }
    if let Some(at) = contact.opted_out_at {
        return Some((Verdict::SkippedOptedOut, Because::fact("opted_out_at", to_rfc3339(at))));
    }
    if let Some(because) = contact.consent.refuses(step) {
        return Some((Verdict::SkippedOptedOut, because));
    }
    if let (true, Some(at)) = (step.unless_replied, life.replied_at) {
        let because = Because::fact("replied_at", to_rfc3339(at)).and("rule", "unless_replied");
        return Some((Verdict::SkippedCustomerReplied, because));
    }
    if let Some(followed) = &step.follows
        && !plan.step(followed).is_some_and(|earlier| earlier.progress.counts_as_sent())
    {
        let verdict = plan.verdict_of(followed).map(Verdict::as_str);
        let because = Because::fact("follows", followed.as_str()).and("verdict_of_followed", verdict);
        return Some((Verdict::SkippedNothingSent, because));
    }
    if now > step.deadline {
        return Some((Verdict::ExpiredTooLate, Because::fact("deadline", to_rfc3339(step.deadline))));
    }
    if let Some(because) = never_in_time(step, now) {
        return Some((Verdict::ExpiredTooLate, because));
    }
    if step.needs_whatsapp_window() && !contact.whatsapp_window_is_open(now) {
        let because = Because::fact("rule", "whatsapp_window")
            .and("last_inbound_at", contact.last_whatsapp.map(to_rfc3339))
            .explained("WhatsApp takes free words only within 24 hours of the customer's last message, and this text has no approved template, so the provider was not asked.");
        return Some((Verdict::RejectedByProvider, because));
    }
    None
}

/// Returns the reason if the quiet hours last until after the deadline, so that waiting for their end is
/// without effect.
fn never_in_time(step: &Step, now: DateTime<Utc>) -> Option<Because> {
    let opens = step.policy.hours.as_ref()?.opens(now.max(step.due));
    if opens.is_some_and(|opens| opens <= step.deadline) {
        return None;
    }
    let because = Because::fact("deadline", to_rfc3339(step.deadline)).and("rule", "quiet_hours");
    Some(because.and("opens_at", opens.map(to_rfc3339)))
}

#[cfg(test)]
mod tests;
