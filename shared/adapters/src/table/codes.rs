//! One-time codes: `OTP#<phone>` / `<digest of the purpose>`, and counters `OTP#<scope>#<of what>` /
//! `<beginning of the window>`.
//!
//! Every write is one conditional update of one item: no transactions, so callers side by side never
//! conflict, they only lose.

use chrono::{DateTime, TimeDelta, Utc};
use messaging::journeys::code_limits::{CodeLimit, OF_A_PHONE};
use messaging::ports::{Codes, Unavailable, WriteOutcome};
use messaging::values::one_time_code::{CodeHash, CodeSlot, StoredCode, TriedCode};
use messaging::values::phone::PhoneNumber;

use super::Table;
use super::change::{Change, ChangeOutcome, Repeats};
use super::expression::{Placeholders, number, text};
use super::item::{Item, VERSION};

/// The attributes of a code's item.
const HASH: &str = "hash";
const ID: &str = "code_id";
const ISSUED_AT: &str = "issued_at_ms";
const VALID_UNTIL: &str = "valid_until_ms";
const ATTEMPTS: &str = "attempts";
const USED_BY: &str = "used_by";
/// The attribute of a counter.
const COUNT: &str = "count";

/// Where a phone's codes are, and how many it had.
pub(super) fn keys_of(phone: &PhoneNumber) -> impl Iterator<Item = String> {
    let counters = OF_A_PHONE.map(|scope| format!("OTP#{scope}#{}", phone.as_e164()));
    std::iter::once(format!("OTP#{}", phone.as_e164())).chain(counters)
}

fn code_key(slot: &CodeSlot) -> (String, String) {
    (format!("OTP#{}", slot.phone().as_e164()), slot.purpose_key())
}

fn limit_key(limit: &CodeLimit) -> (String, String) {
    (format!("OTP#{}#{}", limit.scope, limit.of), limit.from.timestamp().to_string())
}

fn unreadable() -> Unavailable {
    Unavailable { operation: "dynamodb:GetItem", reason: "unreadable item".to_owned() }
}

fn millis(item: &Item, name: &str) -> Result<Option<i64>, Unavailable> {
    let Some(value) = item.get(name) else { return Ok(None) };
    value.as_n().ok().and_then(|number| number.parse().ok()).map(Some).ok_or_else(unreadable)
}

fn tried(item: &Item) -> Option<TriedCode> {
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    Some(TriedCode { id: string(ID)?.clone(), hash: CodeHash::from_hex(string(HASH)?)? })
}

impl Codes for Table {
    async fn last_code_at(&self, slot: &CodeSlot) -> Result<Option<DateTime<Utc>>, Unavailable> {
        let Some(item) = self.get(code_key(slot)).await? else { return Ok(None) };
        let issued = millis(&item, ISSUED_AT)?;
        issued.map(|issued| DateTime::from_timestamp_millis(issued).ok_or_else(unreadable)).transpose()
    }

    async fn count_code(&self, limit: &CodeLimit) -> Result<bool, Unavailable> {
        let mut p = Placeholders::default();
        let count = p.path(COUNT);
        let update = format!(
            "SET {} = {}, {} = {} ADD {count} {}",
            p.path("v"),
            p.value("v", number(VERSION)),
            p.path("expires_at"),
            p.value("expires_at", number(limit.until.timestamp())),
            p.value("one", number(1)),
        );
        let most = p.value("most", number(limit.most));
        // A limit of none has no room for a first one either.
        let condition = match limit.most {
            0 => format!("{count} < {most}"),
            _ => format!("attribute_not_exists({count}) OR {count} < {most}"),
        };
        let change = Change { key: limit_key(limit), update, condition, placeholders: p };
        Ok(self.change_item(change, Repeats::Allowed).await? == WriteOutcome::Done)
    }

    async fn uncount_code(&self, limit: &CodeLimit) -> Result<(), Unavailable> {
        let mut p = Placeholders::default();
        let count = p.path(COUNT);
        let update = format!("ADD {count} {}", p.value("back", number(-1)));
        let condition = format!("{count} > {}", p.value("none", number(0)));
        let change = Change { key: limit_key(limit), update, condition, placeholders: p };
        self.change_item(change, Repeats::Allowed).await.map(drop)
    }

    async fn issue_code(
        &self,
        code: &StoredCode,
        resend_after: TimeDelta,
    ) -> Result<WriteOutcome, Unavailable> {
        let mut p = Placeholders::default();
        let (issued_at, id) = (p.path(ISSUED_AT), p.path(ID));
        let (issued, new_id) = (code.issued_at.timestamp_millis(), p.value("id", text(&code.id)));
        let update = format!(
            "SET {} = {}, {} = {}, {id} = {new_id}, {} = {}, {issued_at} = {}, {} = {}, {} = {} REMOVE {}",
            p.path("v"),
            p.value("v", number(VERSION)),
            p.path("expires_at"),
            p.value("expires_at", number(code.kept_until(resend_after).timestamp() + 1)),
            p.path(HASH),
            p.value("hash", text(code.hash.to_hex())),
            p.value("issued", number(issued)),
            p.path(VALID_UNTIL),
            p.value("valid_until", number(code.valid_until.timestamp_millis())),
            p.path(ATTEMPTS),
            p.value("none", number(0)),
            p.path(USED_BY),
        );
        let condition = format!(
            "attribute_not_exists({issued_at}) OR {issued_at} <= {} OR {id} = {new_id}",
            p.value("long_ago", number(issued - resend_after.num_milliseconds())),
        );
        let change = Change { key: code_key(&code.slot), update, condition, placeholders: p };
        self.change_item(change, Repeats::Allowed).await
    }

    async fn withdraw_code(&self, slot: &CodeSlot, id: &str) -> Result<(), Unavailable> {
        let mut p = Placeholders::default();
        let update = format!("REMOVE {}, {}", p.path(HASH), p.path(ISSUED_AT));
        let condition = format!("{} = {}", p.path(ID), p.value("id", text(id)));
        let change = Change { key: code_key(slot), update, condition, placeholders: p };
        self.change_item(change, Repeats::Allowed).await.map(drop)
    }

    async fn try_code(
        &self,
        slot: &CodeSlot,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<TriedCode>, Unavailable> {
        let mut p = Placeholders::default();
        let attempts = p.path(ATTEMPTS);
        let update = format!("ADD {attempts} {}", p.value("one", number(1)));
        let condition = format!(
            "attribute_exists({}) AND attribute_not_exists({}) AND {} > {} AND {attempts} < {}",
            p.path(HASH),
            p.path(USED_BY),
            p.path(VALID_UNTIL),
            p.value("now", number(now.timestamp_millis())),
            p.value("most", number(most)),
        );
        let change = Change { key: code_key(slot), update, condition, placeholders: p };
        match self.change_item_and_read(change).await? {
            ChangeOutcome::Made(code) => tried(&code).map(Some).ok_or_else(unreadable),
            ChangeOutcome::Refused(_) => Ok(None),
        }
    }

    async fn use_code(&self, slot: &CodeSlot, id: &str, by: &str) -> Result<WriteOutcome, Unavailable> {
        let mut p = Placeholders::default();
        let used_by = p.path(USED_BY);
        let who = p.value("by", text(by));
        let update = format!("SET {used_by} = {who}");
        let condition = format!(
            "{} = {} AND attribute_exists({}) AND (attribute_not_exists({used_by}) OR {used_by} = {who})",
            p.path(ID),
            p.value("id", text(id)),
            p.path(HASH),
        );
        let change = Change { key: code_key(slot), update, condition, placeholders: p };
        self.change_item(change, Repeats::Allowed).await
    }

    async fn note_opt_out_at_provider(
        &self,
        phone: &PhoneNumber,
        at: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        self.set_opt_out(phone, true, "provider", at).await
    }
}
