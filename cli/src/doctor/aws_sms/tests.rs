use adapters::Connection;
use adapters::installation::Installation;
use serde_json::{Value, json};
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::doctor::Health;
use crate::doctor::Health::{Fail, Pass, Unknown};

const INBOUND: &str = "arn:aws:sns:us-east-1:000000000000:inbound";
const DELIVERY: &str = "arn:aws:sns:us-east-1:000000000000:delivery";

/// A server that gives these answers, by operation, and rejects everything else.
async fn aws(answers: &[(&str, Value)]) -> MockServer {
    let server = MockServer::start().await;
    for (operation, body) in answers {
        let target = format!("PinpointSMSVoiceV2.{operation}");
        let answer = ResponseTemplate::new(200).set_body_raw(body.to_string(), "application/x-amz-json-1.0");
        Mock::given(header("x-amz-target", target.as_str())).respond_with(answer).mount(&server).await;
    }
    server
}

/// A stack with a configuration set and further settings.
fn stack(server: &MockServer, settings: &Value) -> Stack {
    let mut installation = json!({
        "table": "t", "secret": "s", "state_machine": "m", "sending": "p", "twilio_from": "+12025550100",
        "public_url": "https://texts.example.com", "inbound_topic": INBOUND, "delivery_topic": DELIVERY,
        "configuration_set": "afterword",
    });
    for (name, value) in settings.as_object().unwrap() {
        installation[name] = value.clone();
    }
    let installation: Installation = serde_json::from_value(installation).unwrap();
    Stack { name: "afterword".to_owned(), connection: Connection::plain(server.uri()), installation }
}

/// The answers of an account that is ready.
fn account() -> Vec<(&'static str, Value)> {
    let topic = |arn: &str| {
        json!([{
            "EventDestinationName": "delivery", "Enabled": true, "MatchingEventTypes": ["TEXT_ALL"],
            "SnsDestination": { "TopicArn": arn },
        }])
    };
    vec![
        ("DescribeAccountAttributes", tier("PRODUCTION")),
        ("DescribeSpendLimits", limit(500)),
        (
            "DescribeConfigurationSets",
            json!({ "ConfigurationSets": [{
                "ConfigurationSetArn": "arn:aws:sms-voice:us-east-1:000000000000:configuration-set/afterword",
                "ConfigurationSetName": "afterword", "EventDestinations": topic(DELIVERY), "CreatedTimestamp": 0,
            }] }),
        ),
    ]
}

fn tier(tier: &str) -> Value {
    json!({ "AccountAttributes": [{ "Name": "ACCOUNT_TIER", "Value": tier }] })
}

fn limit(dollars: u32) -> Value {
    json!({ "SpendLimits": [{
        "Name": "TEXT_MESSAGE_MONTHLY_SPEND_LIMIT", "EnforcedLimit": dollars, "MaxLimit": 1000, "Overridden": false,
    }] })
}

fn habits(two_way: Option<&str>, self_managed: bool) -> Value {
    json!({ "Pools": [{
        "PoolArn": "arn:aws:sms-voice:us-east-1:000000000000:pool/pool-1", "PoolId": "pool-1", "Status": "ACTIVE",
        "MessageType": "TRANSACTIONAL", "TwoWayEnabled": two_way.is_some(), "TwoWayChannelArn": two_way,
        "SelfManagedOptOutsEnabled": self_managed, "OptOutListName": "Default", "SharedRoutesEnabled": false,
        "DeletionProtectionEnabled": false, "CreatedTimestamp": 0,
    }] })
}

fn number(kind: &str, status: &str, registration: Option<&str>) -> Value {
    json!({ "PhoneNumbers": [{
        "PhoneNumberArn": "arn:aws:sms-voice:us-east-1:000000000000:phone-number/phone-1",
        "PhoneNumber": "+12025550100", "Status": status, "IsoCountryCode": "US", "MessageType": "TRANSACTIONAL",
        "NumberCapabilities": ["SMS"], "NumberType": kind, "MonthlyLeasingPrice": "1.00", "TwoWayEnabled": true,
        "SelfManagedOptOutsEnabled": true, "OptOutListName": "Default", "DeletionProtectionEnabled": false,
        "RegistrationId": registration, "CreatedTimestamp": 0,
    }] })
}

fn registration(status: &str) -> Value {
    json!({ "Registrations": [{
        "RegistrationArn": "arn:aws:sms-voice:us-east-1:000000000000:registration/r-1", "RegistrationId": "r-1",
        "RegistrationType": "US_TEN_DLC_CAMPAIGN_REGISTRATION", "RegistrationStatus": status,
        "CurrentVersionNumber": 1, "CreatedTimestamp": 0,
    }] })
}

/// Runs the check and returns its findings.
async fn found(answers: &[(&str, Value)], settings: Value) -> Vec<(&'static str, Health, String)> {
    let server = aws(answers).await;
    let findings = check(&stack(&server, &settings)).await;
    findings.into_iter().map(|finding| (finding.subject, finding.health, finding.detail)).collect()
}

fn healths(found: &[(&'static str, Health, String)]) -> Vec<(&'static str, Health)> {
    found.iter().map(|(subject, health, _)| (*subject, *health)).collect()
}

#[tokio::test]
async fn an_unused_service_is_not_called() {
    let found = found(&[], json!({ "configuration_set": "" })).await;
    assert_eq!(healths(&found), [(ACCOUNT, Unknown)]);
}

#[tokio::test]
async fn a_pool_without_a_configuration_set_is_checked() {
    let answers = [account(), vec![("DescribePools", habits(Some(INBOUND), true))]].concat();
    let found = found(&answers, json!({ "configuration_set": "", "pool": "pool-1" })).await;
    let expected = [(ACCOUNT, Pass), (LIMIT, Pass), (EVENTS, Unknown), (TWO_WAY, Pass), (OPT_OUTS, Pass)];
    assert_eq!(healths(&found)[..5], expected);
}

#[tokio::test]
async fn an_account_that_is_ready_passes() {
    let found = found(&account(), json!({})).await;
    assert_eq!(healths(&found), [(ACCOUNT, Pass), (LIMIT, Pass), (EVENTS, Pass), (NUMBERS, Unknown)]);
    assert!(found[1].2.contains("500 USD"), "{}", found[1].2);
}

#[tokio::test]
async fn the_sandbox_a_low_limit_and_events_sent_elsewhere_fail() {
    let mut answers = account();
    (answers[0].1, answers[1].1) = (tier("SANDBOX"), limit(1));
    let found = found(&answers, json!({ "delivery_topic": "arn:aws:sns:us-east-1:000000000000:ours" })).await;
    assert_eq!(healths(&found), [(ACCOUNT, Fail), (LIMIT, Fail), (EVENTS, Fail), (NUMBERS, Unknown)]);
    assert!(found[0].2.contains("sandbox") && found[1].2.contains("1000 at most"), "{}", found[1].2);
}

#[tokio::test]
async fn a_rejected_call_is_reported_and_is_not_a_failure() {
    let found = found(&[], json!({ "pool": "pool-1" })).await;
    assert!(found.iter().all(|(_, health, _)| *health == Unknown));
    assert!(found[0].2.contains("sms-voice:DescribeAccountAttributes"), "{}", found[0].2);
}

/// Runs the check of a pool and returns its findings without those of the account.
async fn of_pool(answers: &[(&'static str, Value)], kind: &str) -> Vec<(&'static str, Health, String)> {
    let answers = [account(), answers.to_vec()].concat();
    found(&answers, json!({ "pool": "pool-1", "number_type": kind })).await.split_off(3)
}

#[tokio::test]
async fn a_registered_number_whose_replies_arrive_passes() {
    let answers = [
        ("DescribePools", habits(Some(INBOUND), true)),
        ("DescribePhoneNumbers", number("TEN_DLC", "ACTIVE", Some("r-1"))),
        ("DescribeRegistrations", registration("COMPLETE")),
    ];
    let found = of_pool(&answers, "TEN_DLC").await;
    assert_eq!(healths(&found), [(TWO_WAY, Pass), (OPT_OUTS, Pass), (NUMBERS, Pass), (KIND, Pass)]);
}

#[tokio::test]
async fn two_way_and_self_managed_opt_outs_must_be_on() {
    let numbers = ("DescribePhoneNumbers", json!({ "PhoneNumbers": [] }));
    for (two_way, self_managed, expected) in [
        (Some(INBOUND), false, vec![(TWO_WAY, Pass), (OPT_OUTS, Fail)]),
        (Some(DELIVERY), true, vec![(TWO_WAY, Fail), (OPT_OUTS, Pass)]),
        (None, true, vec![(TWO_WAY, Fail)]),
    ] {
        let answers = [("DescribePools", habits(two_way, self_managed)), numbers.clone()];
        let found = of_pool(&answers, "").await;
        assert_eq!(healths(&found), [expected, vec![(NUMBERS, Unknown)]].concat());
    }
    let found = of_pool(&[("DescribePools", json!({ "Pools": [] })), numbers], "").await;
    assert_eq!(healths(&found), [(TWO_WAY, Fail), (NUMBERS, Unknown)]);
}

#[tokio::test]
async fn a_number_that_is_not_ready_fails() {
    for (status, registered) in [("PENDING", None), ("ACTIVE", Some("REVIEWING"))] {
        let answers = [
            ("DescribePools", habits(Some(INBOUND), true)),
            ("DescribePhoneNumbers", number("TOLL_FREE", status, registered.map(|_| "r-1"))),
            ("DescribeRegistrations", registration(registered.unwrap_or("COMPLETE"))),
        ];
        let found = of_pool(&answers, "TOLL_FREE").await;
        assert_eq!(healths(&found)[2..], [(NUMBERS, Fail), (KIND, Pass)], "{status} {registered:?}");
    }
}

/// The default type is SIMULATOR, so that nobody is texted by mistake.
#[tokio::test]
async fn numbers_of_another_type_than_the_configured_one_fail() {
    for (kind, configured, health) in [
        ("SIMULATOR", "", Pass),
        ("SIMULATOR", "SIMULATOR", Pass),
        ("SIMULATOR", "TEN_DLC", Fail),
        ("LONG_CODE", "", Fail),
        ("LONG_CODE", "LONG_CODE", Pass),
    ] {
        let answers = [
            ("DescribePools", habits(Some(INBOUND), true)),
            ("DescribePhoneNumbers", number(kind, "ACTIVE", None)),
        ];
        let found = of_pool(&answers, configured).await;
        let (subject, found, detail) = found.last().unwrap();
        assert_eq!((*subject, *found), (KIND, health), "{kind} where {configured:?} is configured: {detail}");
    }
}
