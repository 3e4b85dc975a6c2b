//! End User Messaging and SNS, held to what AWS's own client puts on the wire and makes of the answers.

use adapters::Connection;
use adapters::providers::end_user_messaging::{
    EndUserMessaging, EndUserMessagingSettings, India, MaxPrice, NumberType,
};
use adapters::providers::sns::{Sns, SnsSettings};
use messaging::conversation::Step;
use messaging::conversation::step::{Refusal, SendOutcome};
use messaging::ports::{Form, OutboundText};
use messaging::text::dlt::DltTemplateId;
use messaging::values::channel::Category;
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::rig::{at, conversation, phone, step_name};

const ID: &str = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";

fn vectors(operation: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/aws_client_wire.json")).unwrap();
    assert_eq!(vectors["vectors"].as_array().unwrap().len(), 38);
    let of = |vector: &&Value| vector["operation"] == operation && !vector["request"].is_null();
    vectors["vectors"].as_array().unwrap().iter().filter(of).cloned().collect()
}

fn india() -> India {
    India { entity_id: Some("1101".to_owned()), template_id: Some("1107".to_owned()) }
}

/// Sends the conversation's text by one of the two to an AWS at `server`.
async fn send(server: &MockServer, provider: Provider, to: &PhoneNumber, category: Category) -> SendOutcome {
    send_with(server, provider, to, |step| step.category = category).await
}

async fn send_with(
    server: &MockServer,
    provider: Provider,
    to: &PhoneNumber,
    change: impl FnOnce(&mut Step),
) -> SendOutcome {
    let mut conversation = conversation(ID);
    change(&mut conversation.plan.as_mut().unwrap().steps[0]);
    let step = conversation.step(&step_name("text")).unwrap();
    let connection = Connection::plain(server.uri());
    let now = at(23 * 3600);
    let text = OutboundText {
        provider,
        conversation: &conversation.id,
        to,
        step,
        form: Form::Words(&step.text),
        attempt: 3,
        now,
    };
    let max_price = Some(MaxPrice::parse("0.50").unwrap());
    if provider == Provider::Sns {
        let settings = SnsSettings {
            sender_id: Some("CLINIC".to_owned()),
            origination_number: Some("+12025550100".to_owned()),
            max_price,
            india: india(),
        };
        return Sns::new(&connection, settings).publish_text(&text).await;
    }
    let settings = EndUserMessagingSettings {
        origination: Some("pool-0123456789abcdef0123456789abcdef".to_owned()),
        number_type: NumberType::default(),
        configuration_set: Some("enq".to_owned()),
        max_price,
        india: india(),
    };
    EndUserMessaging::new(&connection, settings).send_text(&text).await
}

async fn answering(status: u16, body: &str) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_string(body);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn kind(outcome: &SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Rejected { refusal: Refusal::OptedOut, .. } => "opted out",
        SendOutcome::Rejected { refusal: Refusal::Text, .. } => "rejected: the text's fault",
        SendOutcome::Rejected { refusal: Refusal::Provider, .. } => "rejected: the provider's own",
        SendOutcome::NotSent { .. } => "not sent",
        SendOutcome::Unknown { .. } => "unknown",
    }
}

fn indian() -> PhoneNumber {
    PhoneNumber::parse_e164("+919876543210").unwrap()
}

#[tokio::test]
async fn send_text_message_on_the_wire() {
    let accepted = r#"{"MessageId":"m-1"}"#;
    let theirs: Value =
        serde_json::from_str(vectors("send_text_message")[0]["request"]["body"].as_str().unwrap()).unwrap();
    for (name, to, category) in [
        ("eum_transactional", phone(), Category::Transactional),
        ("eum_promotional_india", indian(), Category::Promotional),
    ] {
        let server = answering(200, accepted).await;
        let outcome = send(&server, Provider::EndUserMessaging, &to, category).await;
        let SendOutcome::Accepted { message } = &outcome else { panic!("{outcome:?}") };
        assert_eq!((message.provider.as_str(), message.id.as_str()), ("end_user_messaging", "m-1"));
        let [request] = &server.received_requests().await.unwrap()[..] else { panic!("one request") };
        assert_eq!(request.headers["x-amz-target"], "PinpointSMSVoiceV2.SendTextMessage");
        assert_eq!(request.headers["content-type"], "application/x-amz-json-1.0");
        assert!(
            request.headers["authorization"].to_str().unwrap().contains("/us-east-1/sms-voice/aws4_request")
        );
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        for (member, value) in body.as_object().unwrap() {
            let same = std::mem::discriminant(value) == std::mem::discriminant(&theirs[member]);
            assert!(same, "{member}: {value} for {}", theirs[member]);
        }
        insta::assert_json_snapshot!(name, body);
    }
}

#[tokio::test]
async fn publish_on_the_wire() {
    let accepted = vectors("publish")[0]["canned_response"]["body"].as_str().unwrap().to_owned();
    let form = |body: &[u8]| form_urlencoded::parse(body).into_owned().collect::<Vec<(String, String)>>();
    let theirs = form(vectors("publish")[0]["request"]["body"].as_str().unwrap().as_bytes());
    // Name, type and value of every attribute, whatever their order.
    let attributes = |form: &[(String, String)]| {
        let value = |key: &str| form.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        let entry = |n: usize| {
            let prefix = format!("MessageAttributes.entry.{n}");
            Some((
                value(&format!("{prefix}.Name"))?,
                (value(&format!("{prefix}.Value.DataType"))?, value(&format!("{prefix}.Value.StringValue"))?),
            ))
        };
        (1..).map_while(entry).collect::<std::collections::BTreeMap<_, _>>()
    };
    for (name, to) in [("sns_us", phone()), ("sns_india", indian())] {
        let server = answering(200, &accepted).await;
        let outcome = send(&server, Provider::Sns, &to, Category::Transactional).await;
        let SendOutcome::Accepted { message } = &outcome else { panic!("{outcome:?}") };
        assert_eq!(message.id, "567910cd-659e-55d4-8ccb-5aaf14679dc0");
        let [request] = &server.received_requests().await.unwrap()[..] else { panic!("one request") };
        assert!(request.headers["authorization"].to_str().unwrap().contains("/us-east-1/sns/aws4_request"));
        let ours = form(&request.body);
        let (known, sent) = (attributes(&theirs), attributes(&ours));
        for (attribute, (data_type, _)) in sent.iter().filter(|(name, _)| name.starts_with("AWS.")) {
            assert_eq!(Some(data_type), known.get(attribute).map(|(theirs, _)| theirs), "{attribute}");
        }
        assert_eq!(sent.contains_key("AWS.SNS.SMS.SenderID"), name == "sns_india", "no sender ids in the US");
        let rest: Vec<_> = ours.iter().filter(|(key, _)| !key.starts_with("MessageAttributes")).collect();
        insta::assert_json_snapshot!(name, json!({ "form": rest, "attributes": sent }));
    }
}

/// India's operators know each text by its own template; what has none goes by the installation's.
#[tokio::test]
async fn a_text_names_its_own_template_in_india() {
    for (own, named) in [(Some("1107000000000000042"), "1107000000000000042"), (None, "1107")] {
        for provider in [Provider::EndUserMessaging, Provider::Sns] {
            let server = answering(500, "").await;
            let own = own.map(|id| DltTemplateId::try_from(id.to_owned()).unwrap());
            send_with(&server, provider, &indian(), |step| step.dlt_template_id = own).await;
            let [request] = &server.received_requests().await.unwrap()[..] else { panic!("one request") };
            let body = String::from_utf8(request.body.clone()).unwrap();
            let found = match provider {
                Provider::Sns => {
                    let form: Vec<(String, String)> =
                        form_urlencoded::parse(body.as_bytes()).into_owned().collect();
                    let place = form.iter().find(|(_, value)| value == "AWS.MM.SMS.TemplateId").unwrap();
                    let key = place.0.replace(".Name", ".Value.StringValue");
                    form.iter().any(|(name, value)| *name == key && value == named)
                }
                _ => body.contains(&format!("\"IN_TEMPLATE_ID\":\"{named}\"")),
            };
            assert!(found, "{provider:?}: {body}");
        }
    }
}

/// Each answer that AWS's own client was given, what it means here, and that it is fetched once.
#[tokio::test]
async fn aws_answers_mean_what_its_client_makes_of_them() {
    let mut told = String::new();
    for (operation, provider) in
        [("send_text_message", Provider::EndUserMessaging), ("publish", Provider::Sns)]
    {
        for vector in vectors(operation) {
            let answer = &vector["canned_response"];
            let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
            let server = answering(status, answer["body"].as_str().unwrap()).await;
            let outcome = send(&server, provider, &phone(), Category::Transactional).await;
            assert_eq!(server.received_requests().await.unwrap().len(), 1, "{outcome:?}");
            let parsed = &vector["parsed"];
            let code = parsed["code"].as_str().unwrap_or("ok");
            let reason = parsed["response"]["Reason"].as_str().unwrap_or_default();
            told.push_str(&format!("{operation} {status} {code} {reason}: {}\n", kind(&outcome)));
            let shown = format!("{outcome:?}");
            assert!(!shown.contains("+91") && !shown.contains(phone().as_e164()), "{shown}");
        }
    }
    insta::assert_snapshot!("aws_answers", told);
}

#[tokio::test]
async fn a_hostile_aws_is_asked_once() {
    for provider in [Provider::EndUserMessaging, Provider::Sns] {
        for (status, body, expected) in [
            (500, "", "unknown"),
            (502, "<html>bad gateway</html>", "unknown"),
            (503, "", "not sent"),
            (429, "", "not sent"),
            (200, "<html>maintenance</html>", "unknown"),
            (200, "{\"MessageId\":\"m", "unknown"),
            (200, "{}", "unknown"),
        ] {
            let server = answering(status, body).await;
            let outcome = send(&server, provider, &phone(), Category::Transactional).await;
            assert_eq!(kind(&outcome), expected, "{provider} {status} {body}: {outcome:?}");
            assert_eq!(server.received_requests().await.unwrap().len(), 1, "{provider} {status}");
        }
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let nobody = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let connection = Connection::plain(nobody);
        let conversation = conversation(ID);
        let step = conversation.step(&step_name("text")).unwrap();
        let to = phone();
        let text = OutboundText {
            provider,
            conversation: &conversation.id,
            to: &to,
            step,
            form: Form::Words(&step.text),
            attempt: 1,
            now: at(0),
        };
        let outcome = match provider {
            Provider::Sns => Sns::new(&connection, SnsSettings::default()).publish_text(&text).await,
            _ => {
                EndUserMessaging::new(&connection, EndUserMessagingSettings::default()).send_text(&text).await
            }
        };
        assert_eq!(kind(&outcome), "not sent", "{provider}: {outcome:?}");
    }
}
