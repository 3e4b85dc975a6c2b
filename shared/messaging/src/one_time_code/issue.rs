//! Issuing a code: looked at, counted, stored, sent.

use chrono::{DateTime, TimeDelta, Utc};

use super::random::random_code;
use crate::conversation::step::{NotSentReason, Refusal, SendOutcome, Switch};
use crate::journeys::Config;
use crate::journeys::budgets::{Charge, ExceededLimit, Reservation, ReserveOutcome};
use crate::journeys::code_limits::{CodeLimit, limits_of};
use crate::journeys::otp_settings::ONE_TIME_CODE_WORDS;
use crate::journeys::rate_limits::Slot;
use crate::ports::random_id;
use crate::ports::{
    Budgets, CodeTexts, Codes, Conversations, Randomness, RateLimiters, SendingSwitch, Unavailable,
    WriteOutcome,
};
use crate::text::segments;
use crate::text::template::{MessageText, Variables, render};
use crate::values::channel::{Category, Channel};
use crate::values::clock::Clock;
use crate::values::one_time_code::{CodeHash, CodeSlot, OneTimeCode, StoredCode};
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;
use crate::values::secret::SecretText;

/// What a service asks for.
#[derive(Debug, Clone)]
pub struct CodeRequest {
    /// Whose phone, and what for.
    pub slot: CodeSlot,
    /// How many digits.
    pub length: u8,
    /// For how many minutes it is good.
    pub validity_minutes: u8,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueOutcome {
    /// The code is on its way, or may be: a provider that did not answer in time may have sent it, and
    /// a second one would be one text too many.
    Sent {
        /// How long it is good, in seconds.
        expires_in: u32,
    },
    /// Operators are looking on (`shadow`): all was decided, nothing was sent.
    Shadowed {
        /// How long it would be good, in seconds.
        expires_in: u32,
    },
    /// The last one for this phone and purpose is too recent.
    TooSoon {
        /// Seconds after which the next one may be asked for.
        retry_after: u32,
    },
    /// A limit is reached: of codes, of money, or of the sender's pace.
    Limited {
        /// Which: `phone_hour`, `prefix_hour`, ..., `limits.day`, `pacing`.
        scope: String,
        /// Seconds after which it is lifted.
        retry_after: u32,
    },
    /// The owner of the phone wants no texts.
    OptedOut,
    /// The provider refuses the number for good.
    Undeliverable,
    /// Operators have paused sending, or the provider is down: nothing was sent, and nothing was
    /// counted.
    Unavailable(Unavailable),
}

/// What issuing works with.
pub struct IssueCode<'a, C, P, R, S, K> {
    /// The table.
    pub codes: &'a C,
    /// The provider.
    pub texts: &'a P,
    /// Where codes come from.
    pub randomness: &'a R,
    /// The operators' switch.
    pub switch: &'a S,
    /// Time.
    pub clock: &'a K,
}

impl<C, P, R, S, K> IssueCode<'_, C, P, R, S, K>
where
    C: Codes + Conversations + Budgets + RateLimiters,
    P: CodeTexts,
    R: Randomness,
    S: SendingSwitch,
    K: Clock,
{
    /// Issues a code, unless something stands against it. `journeys` are in force: words, limits of codes
    /// and of money, pace. `key` hashes the code.
    ///
    /// # Errors
    /// When the store cannot be reached: nothing was sent.
    pub async fn issue(
        &self,
        request: &CodeRequest,
        journeys: &Config,
        key: &SecretText,
    ) -> Result<IssueOutcome, Unavailable> {
        let switch = self.switch.read().await;
        if matches!(switch, Switch::Paused | Switch::Unreadable) {
            let reason = if switch == Switch::Paused { "paused" } else { "unreadable" };
            return Ok(IssueOutcome::Unavailable(Unavailable {
                operation: "sending",
                reason: reason.to_owned(),
            }));
        }
        let (slot, now) = (&request.slot, self.clock.now());
        if self.codes.contact(slot.phone()).await?.opted_out_at.is_some() {
            return Ok(IssueOutcome::OptedOut);
        }
        let settings = &journeys.otp;
        let resend_after = settings.resend_after.delta();
        if let Some(last) = self.codes.last_code_at(slot).await?
            && last + resend_after > now
        {
            return Ok(IssueOutcome::TooSoon { retry_after: seconds_until(last + resend_after, now) });
        }
        let limits = limits_of(slot.phone(), settings, now);
        if let Some(reached) = self.count(&limits).await? {
            return Ok(IssueOutcome::Limited {
                scope: reached.scope.to_owned(),
                retry_after: seconds_until(reached.until, now),
            });
        }
        let code = random_code(request.length, self.randomness)?;
        let id = random_id(self.randomness)?;
        let validity = TimeDelta::minutes(i64::from(request.validity_minutes));
        let stored = StoredCode {
            hash: CodeHash::of(key, slot, &id, &code),
            slot: slot.clone(),
            id,
            issued_at: now,
            valid_until: now + validity,
        };
        let text = text_of(journeys.words_of_code(slot.purpose()), &code, request.validity_minutes)?;
        if switch == Switch::On
            && let Some(full) = self.full_until(journeys, now).await?
        {
            self.uncount(&limits).await;
            return Ok(IssueOutcome::Limited {
                scope: "pacing".to_owned(),
                retry_after: seconds_until(full, now),
            });
        }
        if self.codes.issue_code(&stored, resend_after).await? == WriteOutcome::Overtaken {
            // Another call for the same phone and purpose was faster; its code is the one.
            self.uncount(&limits).await;
            return Ok(IssueOutcome::TooSoon { retry_after: seconds_until(now + resend_after, now) });
        }
        let expires_in = u32::from(request.validity_minutes) * 60;
        if switch == Switch::Shadow {
            return Ok(IssueOutcome::Shadowed { expires_in });
        }
        let reserved = match self.reserve(slot.phone(), &text, journeys, now).await {
            Ok(reserved) => reserved,
            Err(not_reserved) => {
                self.take_back(slot, &stored.id, &limits).await;
                return not_reserved;
            }
        };
        let outcome = self.texts.send_code(slot.phone(), &text, stored.valid_until, now).await;
        let may_cost = matches!(outcome, SendOutcome::Accepted { .. } | SendOutcome::Unknown { .. });
        if let Some(reservation) = reserved.filter(|_| !may_cost) {
            self.codes.give_back(&reservation, slot.phone()).await;
        }
        Ok(match outcome {
            SendOutcome::Accepted { .. } | SendOutcome::Unknown { .. } => IssueOutcome::Sent { expires_in },
            // A refusal that is the provider's own (a token, an account) is nobody's number's fault.
            SendOutcome::NotSent { reason, .. } => {
                self.take_back(slot, &stored.id, &limits).await;
                provider_unavailable(&reason)
            }
            SendOutcome::Rejected { refusal: Refusal::Provider, .. } => {
                self.take_back(slot, &stored.id, &limits).await;
                provider_unavailable(&NotSentReason::Unspecified)
            }
            SendOutcome::Rejected { refusal: Refusal::OptedOut, .. } => {
                self.codes.note_opt_out_at_provider(slot.phone(), now).await?;
                IssueOutcome::OptedOut
            }
            // What was counted stays counted: numbers that cannot be texted are what pumping tries.
            SendOutcome::Rejected { .. } => IssueOutcome::Undeliverable,
        })
    }

    /// Takes a place in the sender's present second; or says when there is one.
    async fn full_until(
        &self,
        journeys: &Config,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Unavailable> {
        let from = self.texts.origin();
        let Some(pace) = journeys.pacing.of_sender(Provider::Twilio, Channel::Sms, from) else {
            return Ok(None);
        };
        Ok(match self.codes.try_acquire_now(&pace, now).await? {
            Slot::Now(_) => None,
            Slot::NotBefore(later) => Some(later),
        })
    }

    /// Reserves what the text costs under the same limits as any other, where there are any; else what the
    /// caller is told.
    async fn reserve(
        &self,
        to: &PhoneNumber,
        text: &MessageText,
        journeys: &Config,
        now: DateTime<Utc>,
    ) -> Result<Option<Reservation>, Result<IssueOutcome, Unavailable>> {
        if journeys.limits.is_none() {
            return Ok(None);
        }
        let parts = segments::split(text.expose()).segments;
        let price = to.country().and_then(|country| journeys.prices.cost(country, Category::Otp, parts));
        let charge = Charge { to, cost: journeys.limits.cost(price, parts), now };
        match self.codes.reserve(&charge, &journeys.limits).await {
            Ok(ReserveOutcome::Reserved(reservation)) => Ok(Some(reservation)),
            Ok(ReserveOutcome::Exceeded(exceeded)) => Err(Ok(over_budget(exceeded, now))),
            Err(trouble) => Err(Err(trouble)),
        }
    }

    /// So that the caller's repeat finds everything as it was: the code is not good, and does not count.
    async fn take_back(&self, slot: &CodeSlot, id: &str, limits: &[CodeLimit]) {
        let _given_up = self.codes.withdraw_code(slot, id).await;
        self.uncount(limits).await;
    }

    /// Counts against every limit, or against none and says which is reached.
    async fn count<'l>(&self, limits: &'l [CodeLimit]) -> Result<Option<&'l CodeLimit>, Unavailable> {
        for (place, limit) in limits.iter().enumerate() {
            if !self.codes.count_code(limit).await? {
                self.uncount(&limits[..place]).await;
                return Ok(Some(limit));
            }
        }
        Ok(None)
    }

    /// Gives back what was counted for a code that did not leave. What cannot be given back now stays
    /// counted until its window ends.
    async fn uncount(&self, limits: &[CodeLimit]) {
        for limit in limits {
            let _stays_counted = self.codes.uncount_code(limit).await;
        }
    }
}

/// The words with the code in them. Words that do not say the code would be a text for nothing: the
/// built-in ones stand in for them.
fn text_of(words: Option<&str>, code: &OneTimeCode, minutes: u8) -> Result<MessageText, Unavailable> {
    let mut variables = Variables::default();
    variables.set("code", code.expose());
    variables.set("minutes", minutes.to_string());
    let says_it = |text: &MessageText| text.expose().contains(code.expose());
    let own = words.and_then(|words| render(words, &variables).ok()).filter(says_it);
    own.map_or_else(|| render(ONE_TIME_CODE_WORDS, &variables), Ok)
        .map_err(|_| Unavailable { operation: "notices", reason: "one_time_code".to_owned() })
}

fn provider_unavailable(reason: &NotSentReason) -> IssueOutcome {
    IssueOutcome::Unavailable(Unavailable { operation: "provider", reason: reason.as_str().to_owned() })
}

fn over_budget(exceeded: ExceededLimit, now: DateTime<Utc>) -> IssueOutcome {
    let retry_after = seconds_until(exceeded.begins_anew(now), now);
    IssueOutcome::Limited { scope: exceeded.limit, retry_after }
}

/// Whole seconds, at least one.
fn seconds_until(instant: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
    let millis = (instant - now).num_milliseconds().max(0);
    u32::try_from(((millis + 999) / 1000).max(1)).unwrap_or(u32::MAX)
}
