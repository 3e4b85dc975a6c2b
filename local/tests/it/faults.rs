use serde_json::{Value, json};

use crate::rig::{Rig, Setup, send};

const TEXT: &str = "To=%2B14155550123&From=%2B15005550006&Body=x";

#[tokio::test]
async fn dynamodb_faults_have_dynamodbs_errors() {
    let rig = Rig::start().await;
    create_table(&rig).await;
    let put = || {
        rig.aws("DynamoDB_20120810.PutItem", json!({ "TableName": "table", "Item": { "pk": { "S": "a" } } }))
    };
    let count = async || {
        rig.aws("DynamoDB_20120810.Scan", json!({ "TableName": "table" })).await.json()["Count"].clone()
    };
    for (effect, status, error) in [
        ("fail_before", 500, "InternalServerError"),
        ("throttle", 400, "ThrottlingException"),
        ("conflict", 400, "TransactionConflictException"),
    ] {
        rig.fault("dynamodb:PutItem", effect, 1).await;
        let answer = put().await;
        let expected = format!("com.amazonaws.dynamodb.v20120810#{error}");
        assert_eq!((answer.status, &answer.json()["__type"]), (status, &json!(expected)), "{effect}");
        assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.0"));
        assert_eq!(count().await, 0, "{effect}: nothing happened");
    }
    for (effect, status, mark) in [("timeout_after_accept", 504, "timeout"), ("crash", 500, "crash")] {
        rig.fault("dynamodb:PutItem", effect, 1).await;
        let answer = put().await;
        assert_eq!((answer.status, answer.header("x-afterword-fault")), (status, Some(mark)));
        assert_eq!(count().await, 1, "{effect}: it happened");
        let delete = json!({ "TableName": "table", "Key": { "pk": { "S": "a" } } });
        rig.aws("DynamoDB_20120810.DeleteItem", delete).await;
    }
    assert_eq!(put().await.status, 200, "all used up");
}

#[tokio::test]
async fn a_transaction_conflicts_in_every_item() {
    let rig = Rig::start().await;
    create_table(&rig).await;
    rig.fault("dynamodb:TransactWriteItems", "conflict", 1).await;
    let put = |key: &str| json!({ "Put": { "TableName": "table", "Item": { "pk": { "S": key } } } });
    let write = json!({ "TransactItems": [put("a"), put("b"), put("c")] });
    let answer = rig.aws("DynamoDB_20120810.TransactWriteItems", write.clone()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["__type"].as_str().unwrap().ends_with("TransactionCanceledException"));
    let reasons = answer.json()["CancellationReasons"].as_array().unwrap().clone();
    assert_eq!(
        reasons.iter().map(|reason| reason["Code"].clone()).collect::<Vec<_>>(),
        ["TransactionConflict"; 3]
    );
    assert_eq!(rig.aws("DynamoDB_20120810.TransactWriteItems", write).await.status, 200);
}

#[tokio::test]
async fn faults_of_the_other_services_have_their_errors() {
    let rig = Rig::start().await;
    for (operation, target, body, down) in [
        ("states:StartExecution", "AWSStepFunctions.StartExecution", json!({}), "InternalFailure"),
        (
            "secretsmanager:GetSecretValue",
            "secretsmanager.GetSecretValue",
            json!({ "SecretId": "afterword" }),
            "InternalServiceError",
        ),
        ("ssm:GetParameter", "AmazonSSM.GetParameter", json!({ "Name": "sending" }), "InternalServerError"),
        (
            "ssm:PutParameter",
            "AmazonSSM.PutParameter",
            json!({ "Name": "sending", "Value": "on", "Overwrite": true }),
            "InternalServerError",
        ),
    ] {
        for (effect, status, error, mark) in [
            ("fail_before", 500, Some(down), None),
            ("throttle", 400, Some("ThrottlingException"), None),
            ("conflict", 400, Some("ConflictException"), None),
            ("timeout_after_accept", 504, None, Some("timeout")),
            ("crash", 500, None, Some("crash")),
        ] {
            rig.fault(operation, effect, 1).await;
            let answer = rig.aws(target, body.clone()).await;
            assert_eq!(
                (answer.status, answer.header("x-afterword-fault")),
                (status, mark),
                "{operation} {effect}"
            );
            assert!(answer.header("x-amzn-requestid").is_some());
            if let Some(error) = error {
                assert_eq!(answer.json()["__type"], error, "{operation} {effect}");
            }
        }
        assert_eq!(rig.aws(target, body).await.status, 200, "{operation}");
    }
    assert_eq!(rig.states.0.lock().unwrap().len(), 3, "time-out, crash and the last one");
    let parameter = rig.aws("AmazonSSM.GetParameter", json!({ "Name": "sending" })).await.json();
    assert_eq!(parameter["Parameter"]["Version"], 4);
}

#[tokio::test]
async fn twilio_faults_have_twilios_errors() {
    let rig = Rig::start().await;
    for (effect, status, code, mark, sent) in [
        ("fail_before", 503, Some(20503), None, 0),
        ("throttle", 429, Some(20429), None, 0),
        ("conflict", 409, Some(20409), None, 0),
        ("timeout_after_accept", 504, None, Some("timeout"), 1),
        ("crash", 500, None, Some("crash"), 2),
    ] {
        rig.fault("twilio:CreateMessage", effect, 1).await;
        let answer = rig.twilio("POST", "Messages.json", TEXT).await;
        assert_eq!((answer.status, answer.header("x-afterword-fault")), (status, mark), "{effect}");
        if let Some(code) = code {
            assert_eq!(answer.json()["code"], code);
        }
        assert_eq!(rig.outbox().await.len(), sent, "{effect}");
    }
    assert_eq!(rig.twilio("POST", "Messages.json", TEXT).await.status, 201);
}

#[tokio::test]
async fn faults_hit_the_next_calls_in_the_order_in_which_they_were_set() {
    let rig = Rig::start().await;
    rig.fault("twilio:CreateMessage", "throttle", 2).await;
    rig.fault("twilio:CreateMessage", "fail_before", 1).await;
    rig.fault("ssm:GetParameter", "crash", 1).await;
    let listed = rig.admin("GET", "/_local/faults", Value::Null).await.json();
    assert_eq!(
        listed["faults"][0],
        json!({ "operation": "twilio:CreateMessage", "effect": "throttle", "count": 2 })
    );
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(rig.twilio("POST", "Messages.json", TEXT).await.status);
    }
    assert_eq!(statuses, [429, 429, 503, 201]);
    assert_eq!(rig.admin("DELETE", "/_local/faults", Value::Null).await.status, 204);
    assert_eq!(rig.aws("AmazonSSM.GetParameter", json!({ "Name": "sending" })).await.status, 200);
}

#[tokio::test]
async fn an_invalid_fault_is_rejected_with_all_its_errors() {
    let rig = Rig::start().await;
    let good = json!({ "operation": "twilio:CreateMessage", "effect": "crash", "count": 1 });
    for (field, value) in [
        ("operation", json!("dynamodb:*")),
        ("operation", json!("CreateMessage")),
        ("operation", json!(7)),
        ("effect", json!("explode")),
        ("count", json!(0)),
        ("count", json!(1.5)),
        ("count", json!("1")),
        ("count", Value::Null),
        ("more", json!(1)),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let answer = rig.admin("POST", "/_local/faults", body).await;
        assert_eq!(answer.status, 400, "{field} {value}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    let answer = rig.admin("POST", "/_local/faults", json!({ "secret": "x" })).await.json();
    assert_eq!(answer["errors"].as_array().unwrap().len(), 4);
    assert!(!answer.to_string().contains("secret"));
    assert_eq!(rig.admin("POST", "/_local/faults", Value::Null).await.status, 400);
    assert_eq!(rig.admin("GET", "/_local/faults", Value::Null).await.json(), json!({ "faults": [] }));
}

#[tokio::test]
async fn with_real_providers_nothing_is_simulated() {
    let rig = Rig::with(Setup { live: true, ..Setup::default() }).await;
    for path in ["/_local/faults", "/_local/clock/advance", "/_local/phones/+14155550123/reply"] {
        let answer = send(rig.ports.admin, "POST", path, &[], b"{}").await;
        assert_eq!((answer.status, &answer.json()["type"]), (403, &json!("urn:afterword:live")), "{path}");
    }
    assert_eq!(rig.admin("GET", "/_local/clock", Value::Null).await.status, 200);
}

async fn create_table(rig: &Rig) {
    let table = json!({
        "TableName": "table",
        "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
        "BillingMode": "PAY_PER_REQUEST",
    });
    let created = rig.aws("DynamoDB_20120810.CreateTable", table).await;
    assert_eq!(created.status, 200, "{}", created.json());
}
