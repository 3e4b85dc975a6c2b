//! Money limits and pacing, lived through on the virtual clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use crate::rig::{PHONE, Rig, approved, approved_for, in_transit, time};

async fn with(rules: &str) -> Rig {
    Rig::with(|options| options.journeys = format!("{rules}\n{}", options.journeys)).await
}

#[tokio::test]
async fn a_text_beyond_a_limit_is_blocked_and_names_the_limit() {
    let rig = with("[limits]\nday = 0.02").await;
    let (first, second) = (rig.accepted(&in_transit(1)).await, rig.accepted(&in_transit(2)).await);
    rig.advance(0).await;
    assert_eq!((rig.texts(&first).await.len(), rig.texts(&second).await.len()), (1, 1));
    let third = rig.accepted(&in_transit(3)).await;
    rig.advance(0).await;
    let execution = rig.execution(&third).await;
    assert_eq!((execution.end(), execution.status()), ("BlockedBudget", "FAILED"));
    assert_eq!(execution.described["error"], "BlockedBudget");
    let cause = execution.described["cause"].as_str().unwrap();
    assert!(cause.contains("limits.day of $0.02") && cause.contains("$0.0166 spent"), "{cause}");
    assert!(cause.contains("afterword retry --verdict BlockedBudget"), "{cause}");
    assert!(cause.contains(&format!("afterword show {third}")), "{cause}");
    let step = rig.step(&third).await;
    assert_eq!(
        (&step["verdict"], &step["because"]["limit"]),
        (&json!("BlockedBudget"), &json!("limits.day"))
    );
    // The counter resets on the next day.
    rig.advance(24 * 3600).await;
    let fourth = rig.accepted(&in_transit(4)).await;
    rig.advance(0).await;
    assert_eq!(rig.texts(&fourth).await.len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn a_text_that_the_provider_did_not_take_costs_nothing() {
    let rig = with("[limits]\nrecipient = { day = 0.0083 }").await;
    rig.fault("twilio:CreateMessage", "fail_before", 1).await;
    let put_off = rig.accepted(&in_transit(1)).await;
    rig.advance(0).await;
    assert!(rig.outbox().await.is_empty());
    rig.advance(60).await;
    assert_eq!(rig.texts(&put_off).await.len(), 1, "its money was given back");
    let (same, other) = (rig.accepted(&in_transit(2)).await, approved_for(3, "+12025550199"));
    let other = rig.accepted(&other).await;
    rig.advance(120).await;
    assert_eq!(rig.execution(&same).await.end(), "BlockedBudget");
    assert_eq!(rig.texts(&other).await.len(), 1, "another recipient");
    rig.stop().await;
}

#[tokio::test]
async fn a_text_whose_answer_was_lost_stays_counted() {
    let rig = with("[limits]\nmonth = 0.01").await;
    rig.fault("twilio:CreateMessage", "timeout_after_accept", 1).await;
    let lost = rig.accepted(&in_transit(1)).await;
    rig.advance(0).await;
    let second = rig.accepted(&in_transit(2)).await;
    rig.advance(0).await;
    assert_eq!(rig.execution(&second).await.end(), "BlockedBudget");
    assert_eq!(rig.texts(&lost).await.len(), 1);
    rig.stop().await;
}

/// The price that AWS reports replaces the expected one ($0.0083): higher in the USA, by the carrier's
/// fee, and in the event of a text that was not taken, nothing.
#[tokio::test]
async fn the_providers_price_replaces_the_expected_one() {
    for provider in ["end_user_messaging", "sns"] {
        let rules = format!("[providers]\nsms = [\"{provider}\"]\n[limits]\nday = 0.0254");
        let rig = with(&rules).await;
        let mut costs = Vec::new();
        for n in 1..=2 {
            let id = rig.accepted(&in_transit(n)).await;
            rig.advance(0).await;
            costs.push(rig.step(&id).await["cost_micro_usd"].clone());
        }
        assert_eq!(costs, [json!(8_830), json!(8_830)], "{provider}");
        // Three times $0.0083 would have been within the limit.
        let third = rig.accepted(&in_transit(3)).await;
        rig.advance(0).await;
        assert_eq!(rig.execution(&third).await.end(), "BlockedBudget", "{provider}");
        let because = rig.step(&third).await["because"].clone();
        assert_eq!(because["spent_micro_usd"], 17_660, "{provider}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn an_amount_that_the_provider_does_not_charge_can_be_spent() {
    let rig = with("[providers]\nsms = [\"end_user_messaging\"]\n[limits]\nday = 0.0083").await;
    for n in 1..=3 {
        let mut event = in_transit(n);
        // AWS's simulated number of a text that is not delivered.
        event["user"]["phone"] = "+14254147167".into();
        let id = rig.accepted(&event).await;
        rig.advance(0).await;
        let step = rig.step(&id).await;
        assert_eq!((&step["verdict"], &step["cost_micro_usd"]), (&json!("Sent"), &json!(0)), "{n}");
    }
    rig.stop().await;
}

/// Many at once through the gateway, and money for ten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_spending_limit_admits_exactly_10_of_40_concurrent_texts() {
    let rig = Arc::new(with("[limits]\nday = 0.083").await);
    join_all((1..=40).map(|n| {
        let rig = Arc::clone(&rig);
        tokio::spawn(async move { rig.accepted(&approved(n)).await })
    }))
    .await;
    rig.advance(120).await;
    assert_eq!(rig.outbox().await.len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_keeps_its_rate_limit() {
    let rig = Arc::new(with("[pacing]\ntwilio = 5").await);
    let start = rig.now().await;
    let accepted = join_all((1..=22).map(|n| {
        let rig = Arc::clone(&rig);
        tokio::spawn(async move { rig.accepted(&in_transit(n)).await })
    }))
    .await;
    assert!(accepted.iter().all(Result::is_ok));
    rig.advance(0).await;
    assert_eq!(rig.outbox().await.len(), 5);
    rig.advance(5).await;
    let texts = rig.outbox().await;
    let mut left: BTreeMap<i64, usize> = BTreeMap::new();
    for text in &texts {
        assert_eq!(text["to"], PHONE);
        *left.entry((time(&text["at"]) - start).num_seconds()).or_default() += 1;
    }
    let expected: BTreeMap<i64, usize> =
        (0..5).map(|second| (second, if second == 4 { 2 } else { 5 })).collect();
    assert_eq!(left, expected);
}
