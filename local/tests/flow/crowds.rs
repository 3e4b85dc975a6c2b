//! Many at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::rig::{Rig, approved, event_id, in_transit, time};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_200_concurrent_deliveries_is_accepted() {
    let rig = Arc::new(Rig::start().await);
    let body = approved(1).to_string();
    let answers = join_all((0..200).map(|_| {
        let (rig, body) = (Arc::clone(&rig), body.clone());
        tokio::spawn(async move { rig.post(body).await })
    }))
    .await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let with = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((with(202), with(200)), (1, 199));
    let dues: BTreeSet<_> = answers.iter().map(|answer| answer.json()["due"].to_string()).collect();
    assert_eq!(dues.len(), 1, "all are told the same");
    assert_eq!(rig.executions().await.len(), 1);
    rig.advance(120).await;
    assert_eq!(rig.outbox().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_concurrent_events_lead_to_fifty_texts() {
    let rig = Arc::new(Rig::start().await);
    let answers = join_all((1..=50).map(|n| {
        let rig = Arc::clone(&rig);
        tokio::spawn(async move { rig.accepted(&approved(n)).await })
    }))
    .await;
    let ids: BTreeSet<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(ids.len(), 50);
    rig.advance(120).await;
    let texts = rig.outbox().await;
    let texted: BTreeSet<_> =
        texts.iter().map(|text| text["conversation_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((texts.len(), texted), (50, ids));
}

/// One step of the clock over many due times delivers in their order, each at its own instant.
#[tokio::test]
async fn the_outbox_is_in_the_order_of_due_times() {
    let rig = Rig::start().await;
    rig.switch("paused").await;
    rig.switch("on").await;
    let mut expected = Vec::new();
    for n in 1..=40 {
        let answer = rig.post(approved(n).to_string()).await.json();
        expected.push((time(&answer["due"]), format!("sms-{}", event_id(n))));
        if n % 3 == 0 {
            rig.advance(1).await;
        }
    }
    let at_once = rig.accepted(&in_transit(99)).await;
    expected.insert(0, (rig.now().await, at_once));
    rig.advance(300).await;
    let texts = rig.outbox().await;
    let found: Vec<_> = texts.iter().map(|text| time(&text["at"])).collect();
    assert_eq!(found, expected.iter().map(|(due, _)| *due).collect::<Vec<_>>());
    for (text, (due, _)) in texts.iter().zip(&expected) {
        let id = text["conversation_id"].as_str().unwrap();
        assert!(expected.iter().any(|(theirs, name)| theirs == due && name == id), "{id} left at {due}");
    }
    rig.stop().await;
}
