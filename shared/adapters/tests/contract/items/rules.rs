//! Items of the rules that hold texts back (consent, money, rate limits), of codes, of receipts, and of a text
//! that is tried again.

use std::num::NonZeroU32;

use chrono::TimeDelta;
use messaging::conversation::consent::{Act, Agreement, ConsentChange};
use messaging::conversation::delivery::{AttemptPrice, Delivery, DeliveryStatus};
use messaging::conversation::receipt::Receipt;
use messaging::conversation::step::{Progress, StepState};
use messaging::journeys::budgets::{Charge, Limits, ReserveOutcome};
use messaging::journeys::code_limits::CodeLimit;
use messaging::journeys::rate_limits::Rate;
use messaging::ports::{Budgets, Codes, Consents, Conversations, ProviderReport, RateLimiters, Receipts};
use messaging::values::dollars::Dollars;
use messaging::values::ids::Scope;
use messaging::values::one_time_code::{CodeHash, CodeSlot, OneTimeCode, StoredCode};
use messaging::values::provider::Provider;
use messaging::values::secret::SecretText;
use serde_json::json;

use super::{Items, note};
use crate::rig::{Rig, at, conversation, phone, step_name};

const ID: &str = "sms-00000000-3b64-4f0a-9d2e-0a1b2c3d4e5f";
const PHONE: &str = "P#+12025550143";

fn limits(json: serde_json::Value) -> Limits {
    serde_json::from_value(json).unwrap()
}

fn charge(phone: &messaging::values::phone::PhoneNumber) -> Charge<'_> {
    Charge { to: phone, cost: Dollars::from_micro(8_300), now: at(1) }
}

fn rate() -> Rate {
    Rate { sender: "sns", number: None, per_second: NonZeroU32::MIN }
}

fn slot() -> CodeSlot {
    CodeSlot::new(phone(), "login")
}

fn code_limit() -> CodeLimit {
    let of = phone().as_e164().to_owned();
    CodeLimit { scope: "phone_hour", of, most: 1, from: at(0), until: at(3600) }
}

/// Writes each of these kinds of items with the code of today.
pub(super) async fn write(items: &mut Items, rig: &Rig) {
    let table = &rig.table;
    let agreement =
        Agreement { at: at(1), source: "web-form".to_owned(), text_version: Some("2026-11".to_owned()) };
    let scope = Scope::new("promotional").unwrap();
    table.change(&phone(), &ConsentChange { act: Act::Given, scope, agreement }).await.unwrap();
    note(items, rig, "consent", PHONE, "K").await;
    note(items, rig, "consent-change", PHONE, "K#2027-01-15T08:00:01.000000000Z#given_promotional").await;

    let every = json!({
        "day": 1, "month": 2, "recipient": { "day": 1 }, "countries": { "US": { "day": 1, "month": 1 } },
    });
    let to = phone();
    let ReserveOutcome::Reserved(reserved) = table.reserve(&charge(&to), &limits(every)).await.unwrap()
    else {
        panic!()
    };
    note(items, rig, "spent", "L#2027-01", "L").await;
    note(items, rig, "spent-recipient", PHONE, "L#2027-01").await;
    table.acquire_slot(&rate(), at(1)).await.unwrap();
    note(items, rig, "schedule", "S#sns", "S").await;

    let (key, digits) = (SecretText::new("key").unwrap(), OneTimeCode::new("123456").unwrap());
    let hash = CodeHash::of(&key, &slot(), "a", &digits);
    let code = StoredCode { slot: slot(), id: "a".to_owned(), hash, issued_at: at(1), valid_until: at(601) };
    table.issue_code(&code, TimeDelta::seconds(30)).await.unwrap();
    note(items, rig, "code", "OTP#+12025550143", &slot().purpose_key()).await;
    table.count_code(&code_limit()).await.unwrap();
    note(items, rig, "code-limit", "OTP#phone_hour#+12025550143", &at(0).timestamp().to_string()).await;

    let again = conversation(ID);
    let mut step = again.plan.as_ref().unwrap().steps[0].clone();
    table.accept(&again, None).await.unwrap();
    let planned = Progress {
        state: StepState::Planned,
        attempt: 1,
        deferrals: 2,
        tried: vec![messaging::conversation::step::TriedProvider {
            provider: Provider::Sns,
            may_take_it_later: true,
            because: messaging::values::verdict::Because::fact("code", "Throttled"),
        }],
        reruns: 1,
        slot: Some(at(9)),
        reserved: Some(reserved),
    };
    table.advance(&again, &step, &planned, &ProviderReport::default(), at(2)).await.unwrap();
    step.progress = planned;
    let delivery = Delivery {
        attempt: 1,
        status: DeliveryStatus::Undelivered,
        code: Some("30003".to_owned()),
        at: at(3),
    };
    table.note_delivery(&again, &step_name("text"), &delivery).await.unwrap();
    table.note_prices(&again, &step, &[AttemptPrice { attempt: 1, micro_usd: 8_300 }]).await.unwrap();
    note(items, rig, "conversation-planned-anew", &format!("V#{ID}"), "V").await;

    let stray = Receipt {
        provider: Provider::Twilio,
        message_id: "SM9".to_owned(),
        about: None,
        status: Some(DeliveryStatus::Delivered),
        said: "delivered".to_owned(),
        code: None,
        retryable: false,
        opted_out: false,
        from: None,
        to: None,
        accepted_at: None,
        price: None,
        at: at(4),
    };
    table.keep_receipt(&stray, at(4)).await.unwrap();
    note(items, rig, "receipt-stray", "M#twilio#SM9", "R#delivered").await;
}

/// Checks that today's code reads an item of these kinds, which is alone in the table, as it was written.
/// Returns `false` for an item of another kind.
pub(super) async fn is_read(rig: &Rig, what: &str) -> bool {
    let (table, to) = (&rig.table, phone());
    let (_, name) = what.split_once('/').unwrap();
    match name {
        "consent" => {
            let consent = table.consent(&to).await.unwrap();
            let given = &consent.given[&Scope::new("promotional").unwrap()];
            assert_eq!((given.at, given.text_version.as_deref()), (at(1), Some("2026-11")), "{what}");
        }
        "consent-change" => {
            let changes = table.history(&to).await.unwrap();
            assert_eq!((changes.len(), changes[0].act), (1, Act::Given), "{what}");
        }
        "spent" | "spent-recipient" => {
            let small = 0.0083;
            let of_all = vec![
                json!({ "day": small }),
                json!({ "month": small }),
                json!({ "countries": { "US": { "day": small } } }),
                json!({ "countries": { "US": { "month": small } } }),
            ];
            let own =
                vec![json!({ "recipient": { "day": small } }), json!({ "recipient": { "month": small } })];
            for limit in if name == "spent" { of_all } else { own } {
                let limits = limits(limit.clone());
                let ReserveOutcome::Exceeded(exceeded) = table.reserve(&charge(&to), &limits).await.unwrap()
                else {
                    panic!("{what}: {limit} is not enforced")
                };
                assert_eq!(exceeded.spent.micro(), 8_300, "{what}: {limit}");
            }
        }
        "schedule" => assert_eq!(table.acquire_slot(&rate(), at(1)).await, Ok(at(2)), "{what}"),
        "code" => {
            let tried = table.try_code(&slot(), 5, at(2)).await.unwrap().unwrap();
            let (key, digits) = (SecretText::new("key").unwrap(), OneTimeCode::new("123456").unwrap());
            assert!(tried.hash.matches(&CodeHash::of(&key, &slot(), "a", &digits)), "{what}");
        }
        "code-limit" => assert!(!table.count_code(&code_limit()).await.unwrap(), "{what}"),
        "receipt-stray" => {
            let stored = rig.everything_raw().await;
            assert_eq!(stored[0]["worklist"].as_s().unwrap(), "stray_receipt", "{what}");
        }
        "conversation-planned-anew" => {
            let id = messaging::values::ids::ConversationId::new(ID).unwrap();
            let stored = table.load(&id, at(5)).await.unwrap().unwrap();
            let step = stored.step(&step_name("text")).unwrap();
            let progress = &step.progress;
            assert_eq!((progress.attempt, progress.deferrals, progress.reruns), (1, 2, 1), "{what}");
            assert_eq!((progress.slot, progress.tried.len()), (Some(at(9)), 1), "{what}");
            assert_eq!(progress.reserved.as_ref().unwrap().budgets.len(), 2, "{what}");
            assert_eq!(step.delivery.as_ref().unwrap().status, DeliveryStatus::Undelivered, "{what}");
            assert_eq!(step.price_of(1), Some(Dollars::from_micro(8_300)), "{what}");
        }
        _ => return false,
    }
    true
}
