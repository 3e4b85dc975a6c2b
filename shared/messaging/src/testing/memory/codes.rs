//! One-time codes and randomness in memory.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Fact, Fault, World};
use crate::conversation::step::{NotSentReason, ProviderMessage, Refusal, SendOutcome};
use crate::journeys::code_limits::CodeLimit;
use crate::ports::{CodeTexts, Codes, Randomness, Unavailable, WriteOutcome};
use crate::text::template::MessageText;
use crate::values::one_time_code::{CodeSlot, StoredCode, TriedCode};
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;
use crate::values::verdict::Because;

/// The one-time codes of the table.
#[derive(Default)]
pub(super) struct CodeStore {
    codes: BTreeMap<CodeSlot, CodeEntry>,
    counts: BTreeMap<(&'static str, String, i64), u32>,
    /// The number of random chunks that were returned.
    drawn: u64,
    /// The codes that were sent, in order.
    pub(super) sent: Vec<(PhoneNumber, MessageText)>,
}

/// A stored code.
struct CodeEntry {
    code: StoredCode,
    attempts: u32,
    used_by: Option<String>,
    withdrawn: bool,
}

fn limit_key(limit: &CodeLimit) -> (&'static str, String, i64) {
    (limit.scope, limit.of.clone(), limit.from.timestamp())
}

impl CodeStore {
    fn issue(&mut self, code: &StoredCode, resend_after: TimeDelta) -> WriteOutcome {
        if let Some(last) = self.codes.get(&code.slot).filter(|last| !last.withdrawn) {
            if last.code.id == code.id {
                return WriteOutcome::Done;
            }
            if last.code.issued_at + resend_after > code.issued_at {
                return WriteOutcome::Overtaken;
            }
        }
        let entry = CodeEntry { code: code.clone(), attempts: 0, used_by: None, withdrawn: false };
        self.codes.insert(code.slot.clone(), entry);
        WriteOutcome::Done
    }

    pub(super) fn forget(&mut self, phone: &PhoneNumber) {
        self.codes.retain(|slot, _| slot.phone() != phone);
        self.counts.retain(|(_, of, _), _| of != phone.as_e164());
    }

    fn attempt(&mut self, slot: &CodeSlot, most: u32, now: DateTime<Utc>) -> Option<TriedCode> {
        let entry = self.codes.get_mut(slot)?;
        let good = !entry.withdrawn && entry.used_by.is_none() && entry.code.valid_until > now;
        if !good || entry.attempts >= most {
            return None;
        }
        entry.attempts += 1;
        Some(TriedCode { id: entry.code.id.clone(), hash: entry.code.hash })
    }

    fn use_up(&mut self, slot: &CodeSlot, id: &str, by: &str) -> WriteOutcome {
        let Some(entry) = self.codes.get_mut(slot).filter(|entry| entry.code.id == id && !entry.withdrawn)
        else {
            return WriteOutcome::Overtaken;
        };
        if entry.used_by.get_or_insert_with(|| by.to_owned()) == by {
            WriteOutcome::Done
        } else {
            WriteOutcome::Overtaken
        }
    }
}

impl Codes for World {
    async fn last_code_at(&self, slot: &CodeSlot) -> Result<Option<DateTime<Utc>>, Unavailable> {
        self.call("last_code_at", |state| {
            let entry = state.store.codes.codes.get(slot).filter(|entry| !entry.withdrawn);
            entry.map(|entry| entry.code.issued_at)
        })
        .await
    }

    async fn count_code(&self, limit: &CodeLimit) -> Result<bool, Unavailable> {
        self.call("count_code", |state| {
            let count = state.store.codes.counts.entry(limit_key(limit)).or_default();
            let counts = *count < limit.most;
            *count += u32::from(counts);
            counts
        })
        .await
    }

    async fn uncount_code(&self, limit: &CodeLimit) -> Result<(), Unavailable> {
        self.call("uncount_code", |state| {
            if let Some(count) = state.store.codes.counts.get_mut(&limit_key(limit)) {
                *count = count.saturating_sub(1);
            }
        })
        .await
    }

    async fn issue_code(
        &self,
        code: &StoredCode,
        resend_after: TimeDelta,
    ) -> Result<WriteOutcome, Unavailable> {
        self.call("issue_code", |state| state.store.codes.issue(code, resend_after)).await
    }

    async fn withdraw_code(&self, slot: &CodeSlot, id: &str) -> Result<(), Unavailable> {
        self.call("withdraw_code", |state| {
            if let Some(entry) = state.store.codes.codes.get_mut(slot).filter(|entry| entry.code.id == id) {
                entry.withdrawn = true;
            }
        })
        .await
    }

    async fn try_code(
        &self,
        slot: &CodeSlot,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<TriedCode>, Unavailable> {
        self.call("try_code", |state| state.store.codes.attempt(slot, most, now)).await
    }

    async fn use_code(&self, slot: &CodeSlot, id: &str, by: &str) -> Result<WriteOutcome, Unavailable> {
        self.call("use_code", |state| state.store.codes.use_up(slot, id, by)).await
    }

    async fn note_opt_out_at_provider(
        &self,
        phone: &PhoneNumber,
        at: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        self.call("note_opt_out_at_provider", |state| {
            if state.store.opts_out(phone, at, "provider") {
                state.note(Fact::OptedOut { phone: phone.clone() });
            }
        })
        .await
    }
}

impl CodeTexts for World {
    fn provider(&self) -> Provider {
        Provider::Twilio
    }

    async fn send_code(
        &self,
        to: &PhoneNumber,
        words: &MessageText,
        _: DateTime<Utc>,
        _: DateTime<Utc>,
    ) -> SendOutcome {
        let (fault, done) = self
            .attempt("send_code", |state| {
                state.store.codes.sent.push((to.clone(), words.clone()));
                state.note(Fact::Noticed { phone: to.clone() });
            })
            .await;
        let because = Because::fact("provider", "memory");
        match (fault, done) {
            (None, Some(())) => SendOutcome::Accepted {
                message: ProviderMessage { provider: "memory".to_owned(), id: "c".to_owned(), from: None },
            },
            (Some(Fault::LostAnswer | Fault::Conflict), _) => SendOutcome::Unknown { because },
            (Some(Fault::Refused), _) => SendOutcome::Rejected { refusal: Refusal::Text, because },
            (Some(Fault::OptedOut), _) => SendOutcome::Rejected { refusal: Refusal::OptedOut, because },
            _ => SendOutcome::NotSent { reason: NotSentReason::Unspecified, because },
        }
    }
}

impl Randomness for World {
    /// Fills the bytes with values that are the same in every run and never repeat within one.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        use sha2::{Digest, Sha256};
        let drawn = &mut self.state().store.codes.drawn;
        for chunk in bytes.chunks_mut(32) {
            *drawn += 1;
            chunk.copy_from_slice(&Sha256::digest(drawn.to_be_bytes())[..chunk.len()]);
        }
        Ok(())
    }
}

impl World {
    /// Returns the text of the code that was sent last.
    #[must_use]
    pub fn last_words(&self) -> Option<String> {
        self.state().store.codes.sent.last().map(|(_, words)| words.expose().to_owned())
    }
}
