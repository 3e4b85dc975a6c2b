use std::sync::Arc;

use adapters::Connection;
use chrono::TimeDelta;
use messaging::conversation::step::{Claim, Decision, LostResponse, Progress, ProviderMessage, StepState};
use messaging::conversation::{Confirmation, Contact, Conversation, Step};
use messaging::journeys::budgets::{Budget, Reservation};
use messaging::ports::{AcceptOutcome, Budgets, ClaimRequest, Conversations, ProviderReport, WriteOutcome};
use messaging::values::verdict::{Because, Verdict};
use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::rig::{Rig, at, conversation, phone, step_name, table};

const ID: &str = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";
const V: (&str, &str) = ("V#sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f", "V");
const P: (&str, &str) = ("P#+12025550143", "C");
const DAY: i64 = 24 * 3600;

fn text() -> Conversation {
    conversation(ID)
}

fn step(conversation: &Conversation) -> Step {
    conversation.step(&step_name("text")).unwrap().clone()
}

fn claimed(by: &str) -> Progress {
    let claim = Claim { id: by.to_owned(), at: at(1) + TimeDelta::nanoseconds(123_456_789) };
    Progress { state: StepState::Claimed(claim), attempt: 1, ..Progress::default() }
}

fn decided(verdict: Verdict) -> Progress {
    let because = Because::fact("code", 21211).and("nothing", None::<String>).and("list", vec!["a"]);
    let decision = Decision { verdict, because, at: at(2) };
    Progress { state: StepState::Decided(decision), attempt: 1, ..Progress::default() }
}

async fn claim(rig: &Rig, step: &Step, next: &Progress, now: i64) -> WriteOutcome {
    let (conversation, contact) = (text().id, phone());
    let request = ClaimRequest { conversation: &conversation, contact: &contact, step, next, now: at(now) };
    rig.table.claim(&request).await.unwrap()
}

async fn stored(rig: &Rig) -> Conversation {
    rig.table.load(&text().id, at(0)).await.unwrap().unwrap()
}

/// Starts a table that holds the conversation.
async fn accepted() -> Rig {
    let rig = Rig::start().await;
    assert_eq!(rig.table.accept(&text(), None).await, Ok(AcceptOutcome::Stored));
    rig
}

#[tokio::test]
async fn an_accepted_conversation_is_read_back_completely() {
    let rig = accepted().await;
    assert_eq!(stored(&rig).await, text());
    let Ok(AcceptOutcome::Existing(existing)) = rig.table.accept(&text(), None).await else {
        panic!("the conversation was stored twice")
    };
    assert_eq!(*existing, text());
    let pointer = rig.item("P#+12025550143", V.0).await.unwrap();
    assert_eq!(pointer["open_until"], at(DAY).timestamp());
}

#[tokio::test]
async fn a_claim_stores_the_last_text_of_the_contact() {
    let rig = accepted().await;
    let next = claimed("a");
    assert_eq!(claim(&rig, &step(&text()), &next, 1).await, WriteOutcome::Done);
    assert_eq!(step(&stored(&rig).await).progress, next);
    assert_eq!(rig.item(P.0, P.1).await.unwrap()["last_out"]["conversation"], ID);
    assert_eq!(
        claim(&rig, &step(&text()), &next, 1).await,
        WriteOutcome::Done,
        "a repeat after a lost response is done"
    );
    assert_eq!(claim(&rig, &step(&text()), &claimed("b"), 1).await, WriteOutcome::Overtaken);
}

#[tokio::test]
async fn a_claim_is_refused_when_any_of_its_conditions_is_false() {
    for what in ["cancelled_at", "superseded_at", "replied_at", "opted_out_at", "moved on", "another attempt"]
    {
        let rig = accepted().await;
        let mut read = step(&text());
        match what {
            "opted_out_at" => rig.change(P.0, P.1, |item| item[what] = json!("2026-01-01T00:00:00Z")).await,
            "moved on" => {
                let next = Progress { deferrals: 1, ..Progress::default() };
                let written = rig
                    .table
                    .advance(&text(), &read, &next, &ProviderReport::default(), at(0))
                    .await
                    .unwrap();
                assert_eq!(written, WriteOutcome::Done);
            }
            "another attempt" => read.progress.attempt = 1,
            _ => rig.change(V.0, V.1, |item| item[what] = json!("2026-01-01T00:00:00Z")).await,
        }
        let before = rig.item(V.0, V.1).await;
        assert_eq!(claim(&rig, &read, &claimed("a"), 1).await, WriteOutcome::Overtaken, "{what}");
        assert_eq!(
            claim(&rig, &read, &decided(Verdict::Shadowed), 1).await,
            WriteOutcome::Overtaken,
            "{what}"
        );
        assert_eq!(rig.item(V.0, V.1).await, before, "{what}");
        assert!(rig.item(P.0, P.1).await.is_none_or(|contact| contact["last_out"].is_null()), "{what}");
    }
}

#[tokio::test]
async fn a_shadowed_step_is_stored_without_a_last_text() {
    let rig = accepted().await;
    let next = decided(Verdict::Shadowed);
    assert_eq!(claim(&rig, &step(&text()), &next, 1).await, WriteOutcome::Done);
    assert_eq!(step(&stored(&rig).await).progress, next);
    assert!(rig.item(P.0, P.1).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_200_concurrent_claims_succeeds() {
    let rig = Arc::new(accepted().await);
    let claims: Vec<_> = (0..200)
        .map(|n| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move { claim(&rig, &step(&text()), &claimed(&format!("c{n}")), 1).await })
        })
        .collect();
    let mut winners = Vec::new();
    for (n, claim) in claims.into_iter().enumerate() {
        if claim.await.unwrap() == WriteOutcome::Done {
            winners.push(format!("c{n}"));
        }
    }
    let StepState::Claimed(stored) = step(&stored(&rig).await).progress.state else { panic!("claimed") };
    assert_eq!(winners, [stored.id]);
}

#[tokio::test]
async fn every_progress_is_stored_exactly_and_can_be_stored_again() {
    let claim_of = |progress: &Progress| match &progress.state {
        StepState::Claimed(claim) => claim.clone(),
        _ => panic!("claimed"),
    };
    let lost = LostResponse { claim: claim_of(&claimed("a")), since: at(61) };
    let unknown = Progress { state: StepState::Unknown(lost), attempt: 1, ..Progress::default() };
    let deferred = Progress { state: StepState::Planned, attempt: 1, deferrals: 1, ..Progress::default() };
    let mut nexts = vec![unknown.clone(), deferred];
    nexts.extend(Verdict::ALL.map(decided));
    for next in nexts {
        let rig = accepted().await;
        claim(&rig, &step(&text()), &claimed("a"), 1).await;
        let read = stored(&rig).await;
        for _ in 0..2 {
            let written =
                rig.table.advance(&read, &step(&read), &next, &ProviderReport::default(), at(2)).await;
            assert_eq!(written, Ok(WriteOutcome::Done), "{next:?}");
            assert_eq!(step(&stored(&rig).await).progress, next);
        }
        let late = decided(Verdict::RejectedByProvider);
        let late = Progress { attempt: 7, ..late };
        let overtaken =
            rig.table.advance(&read, &step(&read), &late, &ProviderReport::default(), at(3)).await;
        let expected = if next == unknown { WriteOutcome::Done } else { WriteOutcome::Overtaken };
        assert_eq!(
            overtaken,
            Ok(expected),
            "a response finds its claim, Claimed or Unknown, and nothing else: {next:?}"
        );
    }
}

#[tokio::test]
async fn a_provider_report_is_stored_together_with_the_step_or_not_at_all() {
    let rig = accepted().await;
    claim(&rig, &step(&text()), &claimed("a"), 1).await;
    let read = stored(&rig).await;
    let message = ProviderMessage { provider: "twilio".to_owned(), id: "SM1".to_owned(), from: None };
    let report = ProviderReport { message: Some(message), opted_out: true };
    let next = decided(Verdict::Sent);
    let mut elsewhere = step(&read);
    elsewhere.progress = claimed("other");
    let written = rig.table.advance(&read, &elsewhere, &next, &report, at(2)).await;
    assert_eq!(written, Ok(WriteOutcome::Overtaken));
    assert!(rig.item("M#twilio#SM1", "M").await.is_none());
    assert_eq!(rig.table.contact(&phone()).await, Ok(Contact::default()));

    for later in [2, 9] {
        let written = rig.table.advance(&read, &step(&read), &next, &report, at(later)).await;
        assert_eq!(written, Ok(WriteOutcome::Done));
    }
    let found = rig.item("M#twilio#SM1", "M").await.unwrap();
    assert_eq!(
        (&found["conversation"], &found["step"], &found["attempt"]),
        (&json!(ID), &json!("text"), &json!(1))
    );
    assert_eq!(
        rig.table.contact(&phone()).await,
        Ok(Contact {
            opted_out_at: Some(at(2)),
            opted_out_by: Some("provider".to_owned()),
            confirmation: Confirmation::None,
            consent: messaging::conversation::consent::Consent::default(),
            last_whatsapp: None
        })
    );
    let contact = rig.item(P.0, P.1).await.unwrap();
    assert!(contact.get("expires_at").is_none(), "an opt-out does not expire");
}

/// Later versions of the code read this format: it is changed by additions only.
#[tokio::test]
async fn the_persisted_format_is_unchanged() {
    let rig = accepted().await;
    insta::assert_json_snapshot!("accepted", rig.item(V.0, V.1).await.unwrap());
    insta::assert_json_snapshot!("pointer", rig.item("P#+12025550143", V.0).await.unwrap());
    claim(&rig, &step(&text()), &claimed("a"), 1).await;
    insta::assert_json_snapshot!("contact", rig.item(P.0, P.1).await.unwrap());
    rig.table.mark_started(&text().id, at(1)).await.unwrap();
    rig.table.cancel(&text().id, at(1)).await.unwrap();
    insta::assert_json_snapshot!("claimed", rig.item(V.0, V.1).await.unwrap());
    let read = stored(&rig).await;
    let message = ProviderMessage { provider: "twilio".to_owned(), id: "SM1".to_owned(), from: None };
    let report = ProviderReport { message: Some(message), opted_out: false };
    rig.table.advance(&read, &step(&read), &decided(Verdict::Sent), &report, at(2)).await.unwrap();
    insta::assert_json_snapshot!("decided", rig.item(V.0, V.1).await.unwrap()["steps"]["text"]["progress"]);
    insta::assert_json_snapshot!("message", rig.item("M#twilio#SM1", "M").await.unwrap());
}

#[tokio::test]
async fn unknown_attributes_of_an_item_are_ignored_and_kept() {
    let rig = accepted().await;
    rig.change(V.0, V.1, |item| {
        item["v"] = 2.into();
        item["colour"] = json!({ "deep": [1, null] });
        item["steps"]["text"]["mood"] = "good".into();
        item["steps"]["text"]["progress"]["rank"] = 3.into();
    })
    .await;
    assert_eq!(stored(&rig).await, text());
    assert_eq!(claim(&rig, &step(&text()), &claimed("a"), 1).await, WriteOutcome::Done);
    let item = rig.item(V.0, V.1).await.unwrap();
    assert_eq!((&item["colour"]["deep"][0], &item["steps"]["text"]["mood"]), (&json!(1), &json!("good")));
}

#[tokio::test]
async fn a_tombstone_is_read_as_a_conversation_without_a_plan() {
    let rig = Rig::start().await;
    rig.put(&json!({ "pk": V.0, "sk": V.1, "v": 1, "expires_at": at(9).timestamp(), "cancelled_at": "2027-01-15T08:00:00Z" })).await;
    let read = stored(&rig).await;
    assert!(read.plan.is_none());
    assert_eq!(read.life.cancelled_at, Some(at(0)));
    let Ok(AcceptOutcome::Existing(existing)) = rig.table.accept(&text(), None).await else {
        panic!("the tombstone was overwritten")
    };
    assert!(existing.plan.is_none());
}

#[tokio::test]
async fn an_unreadable_item_is_an_error_and_not_absent() {
    for broken in [json!({ "steps": {} }), json!({ "steps": 7 }), json!({ "expires_at": "soon" })] {
        let rig = accepted().await;
        rig.change(V.0, V.1, |item| {
            for (name, value) in broken.as_object().unwrap() {
                item[name] = value.clone();
            }
            item.as_object_mut().unwrap().remove("journey");
        })
        .await;
        let trouble = rig.table.load(&text().id, at(0)).await.unwrap_err();
        assert_eq!(trouble.reason, "unreadable item");
        assert!(rig.table.accept(&text(), None).await.is_err(), "{broken}");
    }
}

/// A server that reports a conflict some times. The embedded DynamoDB never does.
async fn conflicting(times: u64, then: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let conflict = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [{ "Code": "TransactionConflict" }, { "Code": "None" }],
    });
    let conflict = ResponseTemplate::new(400).set_body_json(conflict);
    if times > 0 {
        Mock::given(method("POST")).respond_with(conflict).up_to_n_times(times).mount(&server).await;
    }
    Mock::given(method("POST")).respond_with(then).mount(&server).await;
    server
}

#[tokio::test]
async fn a_conflicting_transaction_is_tried_three_times() {
    let fine = ResponseTemplate::new(200).set_body_json(json!({}));
    for (conflicts, is_stored) in [(0, true), (1, true), (2, true), (3, false), (9, false)] {
        let server = conflicting(conflicts, fine.clone()).await;
        let result = table(&Connection::plain(server.uri())).accept(&text(), None).await;
        assert_eq!(result.is_ok(), is_stored, "{conflicts} conflicts: {result:?}");
        let calls = server.received_requests().await.unwrap().len();
        assert_eq!(calls, usize::try_from(conflicts.min(2) + 1).unwrap());
        if let Err(trouble) = result {
            assert_eq!(trouble.to_string(), "dynamodb:TransactWriteItems: TransactionConflict");
        }
    }
}

#[tokio::test]
async fn an_error_names_the_operation_and_shows_no_data() {
    let message = json!({ "__type": "com.amazonaws.dynamodb.v20120810#ValidationException", "message": "+12025550143" });
    let server = conflicting(0, ResponseTemplate::new(400).set_body_json(message)).await;
    let table = table(&Connection::plain(server.uri()));
    let id = text().id;
    let errors = [
        table.accept(&text(), None).await.unwrap_err(),
        table.load(&id, at(0)).await.unwrap_err(),
        table.contact(&phone()).await.unwrap_err(),
        table.mark_started(&id, at(0)).await.unwrap_err(),
        table.cancel(&id, at(0)).await.unwrap_err(),
    ];
    let shown: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "dynamodb:TransactWriteItems: ValidationException",
            "dynamodb:GetItem: ValidationException",
            "dynamodb:GetItem: ValidationException",
            "dynamodb:UpdateItem: ValidationException",
            "dynamodb:UpdateItem: ValidationException",
        ]
    );
}

/// After a response of 500 the write may have happened. A cost that is subtracted twice makes the limit
/// stop texts too late.
#[tokio::test]
async fn money_is_subtracted_by_one_call_and_added_by_up_to_three() {
    for (by, calls) in [(-8_300, 1), (530, 3)] {
        let server = MockServer::start().await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(500)).mount(&server).await;
        let budgets = vec![Budget::Month("2027-01".to_owned())];
        let reservation = Reservation { at: at(0), micro_usd: 8_300, budgets };
        let table = table(&Connection::plain(server.uri()));
        assert!(table.adjust(&reservation, &phone(), by).await.is_err());
        assert_eq!(server.received_requests().await.unwrap().len(), calls, "{by}");
    }
}
