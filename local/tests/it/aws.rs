use serde_json::{Value, json};

use crate::rig::{Rig, Setup, send};

#[tokio::test]
async fn dynamodb_answers_through_the_proxy() {
    let rig = Rig::start().await;
    let created = rig
        .aws(
            "DynamoDB_20120810.CreateTable",
            json!({
                "TableName": "afterword",
                "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
                "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
                "BillingMode": "PAY_PER_REQUEST",
            }),
        )
        .await;
    assert_eq!(
        (created.status, &created.json()["TableDescription"]["TableName"]),
        (200, &json!("afterword"))
    );
    assert!(created.header("x-amzn-requestid").is_some());
    assert!(created.header("x-amz-crc32").is_some(), "headers are handed on");

    let put = json!({
        "TableName": "afterword",
        "Item": { "pk": { "S": "a" } },
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    assert_eq!(rig.aws("DynamoDB_20120810.PutItem", put.clone()).await.status, 200);
    let again = rig.aws("DynamoDB_20120810.PutItem", put).await;
    assert_eq!(again.status, 400);
    assert!(again.json()["__type"].as_str().unwrap().ends_with("ConditionalCheckFailedException"));
    assert_eq!(again.json()["Item"], json!({ "pk": { "S": "a" } }));
    rig.stop().await;
}

#[tokio::test]
async fn step_functions_calls_are_forwarded() {
    let rig = Rig::start().await;
    let answer = rig.aws("AWSStepFunctions.StartExecution", json!({})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "startDate": 1.5 })));
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!(*rig.states.0.lock().unwrap(), ["StartExecution"]);
}

#[tokio::test]
async fn the_secret_by_name_and_by_arn() {
    let rig = Rig::start().await;
    let get = |id: Value| rig.aws("secretsmanager.GetSecretValue", json!({ "SecretId": id }));
    let found = get(json!("afterword")).await;
    assert_eq!(found.header("content-type"), Some("application/x-amz-json-1.1"));
    let secret: Value = serde_json::from_str(found.json()["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!(
        secret,
        json!({
            "api_key": ["key-1"],
            "calendly_signing_key": ["calendly-1"],
            "twilio_account_sid": "ACcccccccccccccccccccccccccccccccc",
            "twilio_auth_token": ["12345", "older"],
        })
    );
    assert_eq!(get(found.json()["ARN"].clone()).await.json(), found.json());
    let missing = get(json!("other")).await;
    assert_eq!((missing.status, &missing.json()["__type"]), (400, &json!("ResourceNotFoundException")));
}

#[tokio::test]
async fn parameters_are_versioned_and_durable() {
    let store = local::store::Store::in_memory().unwrap();
    let rig = Rig::with(Setup { store: Some(store.clone()), ..Setup::default() }).await;
    let first = rig.aws("AmazonSSM.GetParameter", json!({ "Name": "sending" })).await.json();
    assert_eq!(first["Parameter"]["Name"], "/afterword/sending");
    assert_eq!((&first["Parameter"]["Value"], &first["Parameter"]["Version"]), (&json!("on"), &json!(1)));

    let put = async |body: Value| {
        let answer = rig.aws("AmazonSSM.PutParameter", body).await;
        (answer.status, answer.json())
    };
    let sending = "/afterword/sending";
    let (status, refused) = put(json!({ "Name": sending, "Value": "paused", "Type": "String" })).await;
    assert_eq!((status, &refused["__type"]), (400, &json!("ParameterAlreadyExists")));
    let (status, taken) = put(json!({ "Name": sending, "Value": "paused", "Overwrite": true })).await;
    assert_eq!((status, &taken["Version"]), (200, &json!(2)));
    let (status, invalid) = put(json!({ "Name": "/new", "Value": "x" })).await;
    assert_eq!((status, &invalid["__type"]), (400, &json!("ValidationException")));
    rig.stop().await;

    let rig = Rig::with(Setup { store: Some(store), ..Setup::default() }).await;
    let kept = rig.aws("AmazonSSM.GetParameter", json!({ "Name": sending })).await.json();
    assert_eq!((&kept["Parameter"]["Value"], &kept["Parameter"]["Version"]), (&json!("paused"), &json!(2)));
    let missing = rig.aws("AmazonSSM.GetParameter", json!({ "Name": "/none" })).await;
    assert_eq!((missing.status, &missing.json()["__type"]), (400, &json!("ParameterNotFound")));
}

#[tokio::test]
async fn other_operations_are_rejected_and_every_answer_has_a_request_id() {
    let rig = Rig::start().await;
    for target in
        ["AmazonSSM.DeleteParameter", "secretsmanager.PutSecretValue", "Kinesis_20131202.PutRecord", "x"]
    {
        let answer = rig.aws(target, json!({})).await;
        assert_eq!(
            (answer.status, &answer.json()["__type"]),
            (400, &json!("UnknownOperationException")),
            "{target}"
        );
        assert!(answer.header("x-amzn-requestid").is_some());
    }
    let plain = send(rig.ports.aws, "GET", "/", &[], b"").await;
    assert_eq!(plain.status, 400);
}
