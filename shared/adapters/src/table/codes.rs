//! One-time codes: `OTP#<phone>` / `<digest of the purpose>`, and their counters
//! `OTP#<scope>#<number, prefix or country>` / `<start of the window>`.
//!
//! ```text
//! count     Update counter (below its limit)          uncount   Update counter (above zero)
//! issue     Update code (none, issued long enough ago, or this very code)
//! withdraw  Update code (this very code)
//! try       Update code (stored, not used, valid, attempts left)
//! use       Update code (this very code, stored, not used by another call)
//! ```
//!
//! There are no transactions, so concurrent callers never conflict: one of two that exclude each other
//! finds its condition false.

use chrono::{DateTime, TimeDelta, Utc};
use messaging::journeys::code_limits::CodeLimit;
use messaging::ports::{Codes, Unavailable, WriteOutcome};
use messaging::values::one_time_code::{CodeHash, CodeSlot, StoredCode, TriedCode};
use messaging::values::phone::PhoneNumber;
use serde::Deserialize;

use super::Table;
use super::builder::{update, upsert};
use super::execute::Updated;
use super::expression::{absent, any, at_most, equals, exists, greater, less};
use super::item::{Item, from_item};
use super::keys::Key;
use super::read::{GET, unreadable};

const HASH: &str = "hash";
const ID: &str = "code_id";
const ISSUED_AT: &str = "issued_at_ms";
const VALID_UNTIL: &str = "valid_until_ms";
const ATTEMPTS: &str = "attempts";
const USED_BY: &str = "used_by";
/// The attribute that holds the count of a counter.
const COUNT: &str = "count";

/// A code, as far as it is read. A withdrawn one has no hash and no time of issue.
#[derive(Deserialize)]
struct CodeItem {
    code_id: Option<String>,
    hash: Option<String>,
    issued_at_ms: Option<i64>,
}

impl Codes for Table {
    async fn last_code_at(&self, slot: &CodeSlot) -> Result<Option<DateTime<Utc>>, Unavailable> {
        let code: Option<CodeItem> = self.read(Key::code(slot)).await?;
        let Some(issued_at) = code.and_then(|code| code.issued_at_ms) else { return Ok(None) };
        DateTime::from_timestamp_millis(issued_at).map(Some).ok_or_else(|| unreadable(GET))
    }

    async fn count_code(&self, limit: &CodeLimit) -> Result<bool, Unavailable> {
        let below = less(COUNT, limit.most);
        // A limit of zero allows no first code either.
        let allowed = if limit.most == 0 { below } else { any([absent(COUNT), below]) };
        let counted = upsert(Key::code_limit(limit))
            .require(allowed)
            .set("expires_at", limit.until.timestamp())
            .add(COUNT, 1);
        Ok(self.write(counted).await? == WriteOutcome::Done)
    }

    async fn uncount_code(&self, limit: &CodeLimit) -> Result<(), Unavailable> {
        let uncounted = update(Key::code_limit(limit)).require(greater(COUNT, 0)).add(COUNT, -1);
        self.write(uncounted).await.map(drop)
    }

    async fn issue_code(
        &self,
        code: &StoredCode,
        resend_after: TimeDelta,
    ) -> Result<WriteOutcome, Unavailable> {
        let issued_at = code.issued_at.timestamp_millis();
        let long_ago = issued_at - resend_after.num_milliseconds();
        let issued = upsert(Key::code(&code.slot))
            .require(any([absent(ISSUED_AT), at_most(ISSUED_AT, long_ago), equals(ID, &code.id)]))
            .set("expires_at", code.kept_until(resend_after).timestamp() + 1)
            .set(ID, &code.id)
            .set(HASH, code.hash.to_hex())
            .set(ISSUED_AT, issued_at)
            .set(VALID_UNTIL, code.valid_until.timestamp_millis())
            .set(ATTEMPTS, 0)
            .remove(USED_BY);
        self.write(issued).await
    }

    async fn withdraw_code(&self, slot: &CodeSlot, id: &str) -> Result<(), Unavailable> {
        let withdrawn = update(Key::code(slot)).require(equals(ID, id)).remove(HASH).remove(ISSUED_AT);
        self.write(withdrawn).await.map(drop)
    }

    async fn try_code(
        &self,
        slot: &CodeSlot,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<TriedCode>, Unavailable> {
        let attempt = update(Key::code(slot))
            .require(exists(HASH))
            .require(absent(USED_BY))
            .require(greater(VALID_UNTIL, now.timestamp_millis()))
            .require(less(ATTEMPTS, most))
            .add(ATTEMPTS, 1);
        match self.update_and_read(attempt).await? {
            Updated::Done(code) => tried(code).map(Some).ok_or_else(|| unreadable(GET)),
            Updated::Refused(_) => Ok(None),
        }
    }

    async fn use_code(&self, slot: &CodeSlot, id: &str, by: &str) -> Result<WriteOutcome, Unavailable> {
        let used = update(Key::code(slot))
            .require(equals(ID, id))
            .require(exists(HASH))
            .require(any([absent(USED_BY), equals(USED_BY, by)]))
            .set(USED_BY, by);
        self.write(used).await
    }

    async fn note_opt_out_at_provider(
        &self,
        phone: &PhoneNumber,
        at: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        self.set_opt_out(phone, "provider", at).await
    }
}

fn tried(item: Item) -> Option<TriedCode> {
    let code: CodeItem = from_item(item).ok()?;
    Some(TriedCode { id: code.code_id?, hash: CodeHash::from_hex(&code.hash?)? })
}
