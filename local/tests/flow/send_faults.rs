//! A fault of each kind at each wire call of sending: a verdict in the end, and one text at most.

use crate::rig::{Rig, approved};

const EFFECTS: [&str; 5] = ["fail_before", "throttle", "conflict", "timeout_after_accept", "crash"];

async fn survives(operation: &str) {
    let rig = Rig::start().await;
    let mut n = 0;
    let mut ends = Vec::new();
    for effect in EFFECTS {
        let mut by_count = std::collections::BTreeMap::<String, Vec<u64>>::new();
        for count in [1, 2, 3, 4, 7, 12] {
            n += 1;
            let what = format!("{count} times {effect} at {operation}");
            let id = rig.accepted(&approved(n)).await;
            rig.advance(100).await;
            rig.fault(operation, effect, count).await;
            rig.advance(20 + 25 * 3600).await;
            rig.clear_faults().await;
            let execution = rig.execution(&id).await;
            let (end, texts) = (execution.end().to_owned(), rig.texts(&id).await.len());
            match end.as_str() {
                "Sent" => assert_eq!(texts, 1, "{what}"),
                "HeldUnknownOutcome" => assert!(texts <= 1, "{what}: {texts} texts"),
                "RejectedByProvider" => assert_eq!(texts, 0, "{what}"),
                other => panic!("{what}: {other} after {:?}", execution.states()),
            }
            let shown = rig.step(&id).await["verdict"].clone();
            assert_eq!(shown, end.as_str(), "{what}");
            by_count.entry(format!("{end}, {texts} delivered")).or_default().push(count);
        }
        ends.extend(by_count.iter().map(|(end, counts)| format!("{effect} {counts:?} times: {end}")));
    }
    insta::assert_snapshot!(operation.replace(':', "_"), ends.join("\n"));
    rig.stop().await;
}

#[tokio::test]
async fn looking() {
    survives("dynamodb:GetItem").await;
}

#[tokio::test]
async fn reading_the_switch() {
    survives("ssm:GetParameter").await;
}

#[tokio::test]
async fn claiming_and_recording() {
    survives("dynamodb:TransactWriteItems").await;
}

#[tokio::test]
async fn fetching_the_token() {
    survives("secretsmanager:GetSecretValue").await;
}

#[tokio::test]
async fn calling_the_provider() {
    survives("twilio:CreateMessage").await;
}
