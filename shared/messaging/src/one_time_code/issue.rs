//! Issues a code: checks, counts, stores and sends it.

use chrono::{DateTime, TimeDelta, Utc};

use super::ports::IssuePorts;
use super::random::random_code;
use crate::conversation::step::{NotSentReason, Refusal, SendOutcome, Switch};
use crate::journeys::Config;
use crate::journeys::budgets::{Charge, ExceededLimit, ReserveOutcome};
use crate::journeys::code_limits::{CodeLimit, limits_of};
use crate::journeys::otp_settings::ONE_TIME_CODE_TEXT;
use crate::journeys::rate_limits::Slot;
use crate::ports::random_id;
use crate::ports::{
    Budgets, CodeTexts, Codes, Conversations, RateLimiters, SendingSwitch, Unavailable, WriteOutcome,
};
use crate::text::segments;
use crate::text::template::{MessageText, Variables, render};
use crate::values::channel::{Category, Channel};
use crate::values::clock::Clock;
use crate::values::one_time_code::{CodeHash, CodeSlot, OneTimeCode, StoredCode};
use crate::values::phone::PhoneNumber;
use crate::values::secret::SecretText;

/// A service's request for a code.
#[derive(Debug, Clone)]
pub struct CodeRequest {
    /// The phone and the purpose of the code.
    pub slot: CodeSlot,
    /// The number of digits.
    pub length: u8,
    /// The number of minutes for which the code is valid.
    pub validity_minutes: u8,
}

/// The outcome of a request for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueOutcome {
    /// The code was sent, or may have been: a provider that did not answer in time may have taken it, and
    /// a second code would be one text too many.
    Sent {
        /// The number of seconds for which the code is valid.
        expires_in: u32,
    },
    /// The switch is at `shadow`: everything was decided and nothing was sent.
    Shadowed {
        /// The number of seconds for which the code would be valid.
        expires_in: u32,
    },
    /// The last code for this phone and purpose is too recent.
    TooSoon {
        /// The number of seconds after which the next code may be requested.
        retry_after: u32,
    },
    /// A limit is reached: on codes, on spending, or the sender's rate limit.
    Limited {
        /// The name of the limit: `phone_hour`, `prefix_hour`, ..., `limits.day`, `pacing`.
        scope: String,
        /// The number of seconds after which the limit is lifted.
        retry_after: u32,
    },
    /// The owner of the phone has opted out of all texts.
    OptedOut,
    /// The provider refuses the number for good.
    Undeliverable,
    /// Operators have paused sending, or the provider is down. Nothing was sent, and nothing is counted.
    Unavailable(Unavailable),
}

/// Issues a code, unless the switch, an opt-out or a limit forbids it. `config` has the words, the limits
/// on codes and on spending, and the rate limits. `key` hashes the code.
///
/// # Errors
/// When the store cannot be reached: nothing was sent.
pub async fn issue<P: IssuePorts>(
    ports: &P,
    request: &CodeRequest,
    config: &Config,
    key: &SecretText,
) -> Result<IssueOutcome, Unavailable> {
    let switch = ports.switch().read().await;
    match switch {
        Switch::Paused => return Ok(sending_is("paused")),
        Switch::Unreadable => return Ok(sending_is("unreadable")),
        Switch::On | Switch::Shadow => {}
    }
    let now = ports.clock().now();
    let limits = limits_of(request.slot.phone(), &config.otp, now);
    Issue { ports, request, config, limits, now }.issue(switch, key).await
}

/// One request on its way, and what it is decided by.
struct Issue<'a, P> {
    ports: &'a P,
    request: &'a CodeRequest,
    config: &'a Config,
    /// The limits on codes that the request counts against.
    limits: Vec<CodeLimit>,
    now: DateTime<Utc>,
}

impl<P: IssuePorts> Issue<'_, P> {
    async fn issue(&self, switch: Switch, key: &SecretText) -> Result<IssueOutcome, Unavailable> {
        let (store, slot, now) = (self.ports.store(), &self.request.slot, self.now);
        if store.contact(slot.phone()).await?.opted_out_at.is_some() {
            return Ok(IssueOutcome::OptedOut);
        }
        let resend_after = self.config.otp.resend_after.delta();
        if let Some(last) = store.last_code_at(slot).await?
            && last + resend_after > now
        {
            return Ok(IssueOutcome::TooSoon { retry_after: seconds_until(last + resend_after, now) });
        }
        if let Some(reached) = self.count().await? {
            let retry_after = seconds_until(reached.until, now);
            return Ok(IssueOutcome::Limited { scope: reached.scope.to_owned(), retry_after });
        }
        let (stored, text) = self.new_code(key)?;
        if switch == Switch::On
            && let Some(free_at) = self.wait_for_slot().await?
        {
            self.uncount(&self.limits).await;
            let retry_after = seconds_until(free_at, now);
            return Ok(IssueOutcome::Limited { scope: "pacing".to_owned(), retry_after });
        }
        if store.issue_code(&stored, resend_after).await? == WriteOutcome::Overtaken {
            // A concurrent call for the same phone and purpose was faster. Its code is the valid one.
            self.uncount(&self.limits).await;
            return Ok(IssueOutcome::TooSoon { retry_after: seconds_until(now + resend_after, now) });
        }
        if switch == Switch::Shadow {
            return Ok(IssueOutcome::Shadowed { expires_in: self.expires_in() });
        }
        self.send(&stored, &text).await
    }

    /// Draws a new code, and puts it into the words of its text.
    fn new_code(&self, key: &SecretText) -> Result<(StoredCode, MessageText), Unavailable> {
        let CodeRequest { slot, length, validity_minutes } = self.request;
        let code = random_code(*length, self.ports.randomness())?;
        let id = random_id(self.ports.randomness())?;
        let stored = StoredCode {
            hash: CodeHash::of(key, slot, &id, &code),
            slot: slot.clone(),
            id,
            issued_at: self.now,
            valid_until: self.now + TimeDelta::minutes(i64::from(*validity_minutes)),
        };
        let text = text_of(self.config.one_time_code_text(slot.purpose()), &code, *validity_minutes)?;
        Ok((stored, text))
    }

    const fn expires_in(&self) -> u32 {
        self.request.validity_minutes as u32 * 60
    }

    /// Sends a code that is stored. If it certainly did not leave, the code is withdrawn.
    async fn send(&self, stored: &StoredCode, text: &MessageText) -> Result<IssueOutcome, Unavailable> {
        let (store, to, now) = (self.ports.store(), self.request.slot.phone(), self.now);
        let reservation = match self.reserve(text).await {
            Ok(None) => None,
            Ok(Some(ReserveOutcome::Reserved(reservation))) => Some(reservation),
            Ok(Some(ReserveOutcome::Exceeded(exceeded))) => {
                self.withdraw(stored).await;
                return Ok(over_budget(exceeded, now));
            }
            Err(error) => {
                self.withdraw(stored).await;
                return Err(error);
            }
        };
        let outcome = self.ports.texts().send_code(to, text, stored.valid_until, now).await;
        let may_cost = matches!(outcome, SendOutcome::Accepted { .. } | SendOutcome::Unknown { .. });
        if let Some(reservation) = reservation
            && !may_cost
        {
            store.give_back(&reservation, to).await;
        }
        match outcome {
            SendOutcome::Accepted { .. } | SendOutcome::Unknown { .. } => {
                Ok(IssueOutcome::Sent { expires_in: self.expires_in() })
            }
            SendOutcome::NotSent { reason, .. } => {
                self.withdraw(stored).await;
                Ok(provider_unavailable(&reason))
            }
            // The cause is on the provider's side (a token, an account), not the number.
            SendOutcome::Rejected { refusal: Refusal::Provider, .. } => {
                self.withdraw(stored).await;
                Ok(provider_unavailable(&NotSentReason::Unspecified))
            }
            SendOutcome::Rejected { refusal: Refusal::OptedOut, .. } => {
                store.note_opt_out_at_provider(to, now).await?;
                Ok(IssueOutcome::OptedOut)
            }
            // The code stays counted: SMS pumping tries many numbers that cannot be texted.
            SendOutcome::Rejected { refusal: Refusal::Text, .. } => Ok(IssueOutcome::Undeliverable),
        }
    }

    /// Takes a slot in the present second of the sender's rate limit. Returns the instant of the next
    /// slot if there is none.
    async fn wait_for_slot(&self) -> Result<Option<DateTime<Utc>>, Unavailable> {
        let texts = self.ports.texts();
        let rate = self.config.pacing.of_sender(texts.provider(), Channel::Sms, texts.origin());
        let Some(rate) = rate else {
            return Ok(None);
        };
        match self.ports.store().try_acquire_now(&rate, self.now).await? {
            Slot::Now(_) => Ok(None),
            Slot::NotBefore(later) => Ok(Some(later)),
        }
    }

    /// Reserves the cost of the text under the spending limits that count for every text; `None` when
    /// there are none.
    async fn reserve(&self, text: &MessageText) -> Result<Option<ReserveOutcome>, Unavailable> {
        let (config, to) = (self.config, self.request.slot.phone());
        if config.limits.is_none() {
            return Ok(None);
        }
        let cost = config.limits.cost(price_of(config, to, text), segments::split(text.expose()).segments);
        let charge = Charge { to, cost, now: self.now };
        self.ports.store().reserve(&charge, &config.limits).await.map(Some)
    }

    /// Makes the code invalid and takes it out of the counters, so that the caller's next request finds
    /// everything as before.
    async fn withdraw(&self, stored: &StoredCode) {
        let _may_stay_valid = self.ports.store().withdraw_code(&self.request.slot, &stored.id).await;
        self.uncount(&self.limits).await;
    }

    /// Counts the code against every limit. If a limit is reached, counts it against none and returns
    /// that limit.
    async fn count(&self) -> Result<Option<&CodeLimit>, Unavailable> {
        for (index, limit) in self.limits.iter().enumerate() {
            if !self.ports.store().count_code(limit).await? {
                self.uncount(&self.limits[..index]).await;
                return Ok(Some(limit));
            }
        }
        Ok(None)
    }

    /// Takes a code that did not leave out of the counters. If that fails, it stays counted until the
    /// window of the limit ends.
    async fn uncount(&self, limits: &[CodeLimit]) {
        for limit in limits {
            let _stays_counted = self.ports.store().uncount_code(limit).await;
        }
    }
}

/// Returns the expected price of a code's text in millionths of a dollar, if it is known.
fn price_of(config: &Config, to: &PhoneNumber, text: &MessageText) -> Option<u64> {
    let segments = segments::split(text.expose()).segments;
    config.prices.cost(to.country()?, Category::Otp, segments)
}

/// Returns the words with the code in them. The built-in words are used where the configured ones cannot
/// be rendered or do not contain the code.
fn text_of(words: Option<&str>, code: &OneTimeCode, minutes: u8) -> Result<MessageText, Unavailable> {
    let mut variables = Variables::default();
    variables.set("code", code.expose());
    variables.set("minutes", minutes.to_string());
    if let Some(words) = words
        && let Ok(text) = render(words, &variables)
        && text.expose().contains(code.expose())
    {
        return Ok(text);
    }
    render(ONE_TIME_CODE_TEXT, &variables)
        .map_err(|_| Unavailable { operation: "notices", reason: "one_time_code".to_owned() })
}

fn sending_is(reason: &str) -> IssueOutcome {
    IssueOutcome::Unavailable(Unavailable { operation: "sending", reason: reason.to_owned() })
}

fn provider_unavailable(reason: &NotSentReason) -> IssueOutcome {
    IssueOutcome::Unavailable(Unavailable { operation: "provider", reason: reason.as_str().to_owned() })
}

fn over_budget(exceeded: ExceededLimit, now: DateTime<Utc>) -> IssueOutcome {
    let retry_after = seconds_until(exceeded.resets_at(now), now);
    IssueOutcome::Limited { scope: exceeded.limit.to_string(), retry_after }
}

/// Returns the whole seconds until an instant, at least one.
fn seconds_until(instant: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
    let millis = (instant - now).num_milliseconds().max(0);
    u32::try_from(((millis + 999) / 1000).max(1)).unwrap_or(u32::MAX)
}
