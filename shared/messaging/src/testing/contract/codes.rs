//! One-time codes: issuing, trying, using, counting.

use chrono::TimeDelta;

use super::Table;
use super::fixtures::{at, phone};
use crate::conversation::Contact;
use crate::journeys::code_limits::CodeLimit;
use crate::ports::WriteOutcome;
use crate::values::one_time_code::{CodeHash, CodeSlot, OneTimeCode, StoredCode};
use crate::values::phone::PhoneNumber;
use crate::values::secret::SecretText;

/// The pause between two codes in these cases.
const RESEND_AFTER: TimeDelta = TimeDelta::seconds(30);

fn slot(purpose: &str) -> CodeSlot {
    CodeSlot::new(phone(), purpose)
}

/// Returns a code of the slot `login` that is issued at [`at`] and valid for a minute.
fn code(id: &str, issued: i64) -> StoredCode {
    let slot = slot("login");
    let (key, digits) = (SecretText::new("key").unwrap(), OneTimeCode::new("123456").unwrap());
    let hash = CodeHash::of(&key, &slot, id, &digits);
    StoredCode { slot, id: id.to_owned(), hash, issued_at: at(issued), valid_until: at(issued + 60) }
}

async fn issue(table: &impl Table, code: &StoredCode) -> WriteOutcome {
    table.issue_code(code, RESEND_AFTER).await.unwrap()
}

/// Tries the code of a slot and returns its id.
async fn attempt(table: &impl Table, purpose: &str, now: i64) -> Option<String> {
    table.try_code(&slot(purpose), 5, at(now)).await.unwrap().map(|tried| tried.id)
}

/// Issues codes for one slot before and after the pause. Other purposes are independent.
pub async fn a_new_code_is_issued_only_after_the_resend_pause(table: impl Table) {
    assert_eq!(table.last_code_at(&slot("login")).await, Ok(None));
    let (first, second) = (code("a", 0), code("b", 29));
    assert_eq!(issue(&table, &first).await, WriteOutcome::Done);
    assert_eq!(issue(&table, &first).await, WriteOutcome::Done, "its answer was lost");
    assert_eq!(issue(&table, &second).await, WriteOutcome::Overtaken);
    assert_eq!(table.last_code_at(&slot("login")).await, Ok(Some(at(0))));
    let tried = table.try_code(&slot("login"), 5, at(29)).await.unwrap().unwrap();
    assert_eq!((tried.id.as_str(), tried.hash.to_hex()), ("a", first.hash.to_hex()));
    assert_eq!(issue(&table, &code("b", 30)).await, WriteOutcome::Done);
    assert_eq!(table.last_code_at(&slot("login")).await, Ok(Some(at(30))));
    assert_eq!(attempt(&table, "login", 31).await.as_deref(), Some("b"));
    assert_eq!(table.last_code_at(&slot("reset")).await, Ok(None), "another purpose");
    assert_eq!(attempt(&table, "reset", 31).await, None);
}

/// Withdraws a code, twice, and issues the next one immediately.
pub async fn a_withdrawn_code_does_not_delay_the_next_one(table: impl Table) {
    issue(&table, &code("a", 0)).await;
    table.withdraw_code(&slot("login"), "another").await.unwrap();
    assert_eq!(attempt(&table, "login", 1).await.as_deref(), Some("a"));
    for _ in 0..2 {
        table.withdraw_code(&slot("login"), "a").await.unwrap();
        assert_eq!(attempt(&table, "login", 1).await, None);
        assert_eq!(table.last_code_at(&slot("login")).await, Ok(None));
    }
    assert_eq!(issue(&table, &code("b", 1)).await, WriteOutcome::Done);
    assert_eq!(attempt(&table, "login", 2).await.as_deref(), Some("b"));
    table.withdraw_code(&slot("none"), "a").await.unwrap();
}

/// Tries a code until it is locked. Attempts after its expiry are not counted, and a new code has new attempts.
pub async fn attempts_are_limited_while_the_code_is_valid(table: impl Table) {
    issue(&table, &code("a", 0)).await;
    assert_eq!(attempt(&table, "login", 60).await, None, "the code has expired");
    for n in 1..=5 {
        assert_eq!(attempt(&table, "login", 59).await.as_deref(), Some("a"), "attempt {n}");
    }
    assert_eq!(attempt(&table, "login", 59).await, None, "locked");
    issue(&table, &code("b", 59)).await;
    assert_eq!(attempt(&table, "login", 59).await.as_deref(), Some("b"), "a new code, new attempts");
}

/// Uses a code twice for one caller, which succeeds as a repeat, and once for another, which is overtaken.
pub async fn a_code_is_used_once(table: impl Table) {
    issue(&table, &code("a", 0)).await;
    let login = slot("login");
    assert_eq!(table.use_code(&login, "another", "me").await, Ok(WriteOutcome::Overtaken));
    assert_eq!(table.use_code(&slot("reset"), "a", "me").await, Ok(WriteOutcome::Overtaken));
    assert_eq!(table.use_code(&login, "a", "me").await, Ok(WriteOutcome::Done));
    assert_eq!(table.use_code(&login, "a", "me").await, Ok(WriteOutcome::Done), "its answer was lost");
    assert_eq!(table.use_code(&login, "a", "you").await, Ok(WriteOutcome::Overtaken));
    assert_eq!(attempt(&table, "login", 1).await, None);
    assert_eq!(table.last_code_at(&login).await, Ok(Some(at(0))), "the next code still has to wait");
}

/// Counts and uncounts requests for a number and an hour. The count never falls below zero.
pub async fn codes_are_counted_up_to_the_limit(table: impl Table) {
    let limit = |of: &str, hour: i64| CodeLimit {
        scope: "phone_hour",
        of: of.to_owned(),
        most: 2,
        from: at(hour * 3600),
        until: at(hour * 3600 + 3600),
    };
    let this = limit("+12025550143", 0);
    assert_eq!(table.count_code(&this).await, Ok(true));
    assert_eq!(table.count_code(&this).await, Ok(true));
    assert_eq!(table.count_code(&this).await, Ok(false));
    assert_eq!(table.count_code(&limit("+12025550144", 0)).await, Ok(true), "another number");
    assert_eq!(table.count_code(&limit("+12025550143", 1)).await, Ok(true), "another hour");
    table.uncount_code(&this).await.unwrap();
    assert_eq!(table.count_code(&this).await, Ok(true));
    assert_eq!(table.count_code(&this).await, Ok(false));
    for _ in 0..4 {
        table.uncount_code(&this).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(table.count_code(&this).await, Ok(true));
    }
    assert_eq!(table.count_code(&this).await, Ok(false), "the count does not fall below zero");
}

/// Reports an opt-out twice: the first time stays.
pub async fn a_provider_opt_out_is_stored_once(table: impl Table) {
    let other = PhoneNumber::parse_e164("+12025550144").unwrap();
    for seconds in [3, 9] {
        table.note_opt_out_at_provider(&phone(), at(seconds)).await.unwrap();
    }
    let contact = table.contact(&phone()).await.unwrap();
    assert_eq!((contact.opted_out_at, contact.opted_out_by.as_deref()), (Some(at(3)), Some("provider")));
    assert_eq!(table.contact(&other).await, Ok(Contact::default()));
}
