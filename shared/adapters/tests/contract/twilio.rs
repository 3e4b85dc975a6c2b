use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adapters::Connection;
use adapters::providers::twilio::{Twilio, TwilioSettings, outcome_of};
use adapters::secrets::Secrets;
use messaging::conversation::Conversation;
use messaging::conversation::step::{Refusal, SendOutcome};
use messaging::ports::{Form, OutboundText};
use messaging::text::whatsapp_template::{ContentSid, WhatsappTemplate};
use messaging::values::channel::Channel;
use messaging::values::provider::Provider;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::rig::{HandClock, at, conversation, phone, step_name};
use crate::secrets::answers;

const ID: &str = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";

/// A sender to a Twilio at `base_url`.
async fn twilio(base_url: &str, from: &str) -> Twilio<HandClock> {
    let store = MockServer::start().await;
    let secret = json!({ "twilio_account_sid": "ACcccccccccccccccccccccccccccccccc", "twilio_auth_token": ["new", "old"] });
    answers(&store, &secret).await;
    let connection = Connection::plain(store.uri());
    let secrets = Arc::new(Secrets::new(&connection, "afterword", HandClock::new()));
    // Fetched now, so that time-outs below are the provider's alone.
    secrets.newest("twilio_auth_token").await.unwrap();
    let settings = TwilioSettings {
        base_url: base_url.to_owned(),
        from: from.to_owned(),
        whatsapp_from: None,
        public_url: "https://hooks.example.com/".to_owned(),
    };
    Twilio::new(&connection, secrets, settings)
}

/// Sends the conversation's text to a Twilio at `base_url`.
async fn send(base_url: &str, from: &str, conversation: &Conversation) -> SendOutcome {
    let twilio = twilio(base_url, from).await;
    let (step, to) = (conversation.step(&step_name("text")).unwrap(), phone());
    let form = step.content.as_ref().map_or(Form::Words(&step.text), Form::Template);
    let text = OutboundText {
        provider: Provider::Twilio,
        conversation: &conversation.id,
        to: &to,
        step,
        form,
        attempt: 3,
        now: at(20 * 3600),
    };
    twilio.send_text(&text).await
}

fn kind(outcome: &SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Rejected { refusal: Refusal::OptedOut, .. } => "opted out",
        SendOutcome::Rejected { .. } => "rejected",
        SendOutcome::NotSent { .. } => "not sent",
        SendOutcome::Unknown { .. } => "unknown",
    }
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

#[tokio::test]
async fn the_request_on_the_wire() {
    let created = ResponseTemplate::new(201).set_body_json(json!({ "sid": "SM1", "from": "+15005550006" }));
    let mut whatsapp = conversation(ID);
    whatsapp.plan.as_mut().unwrap().steps[0].channel = Channel::Whatsapp;
    let template = |variables: &[(&str, &str)]| {
        let mut by_template = whatsapp.clone();
        let variables = variables.iter().map(|(number, value)| ((*number).to_owned(), (*value).to_owned()));
        let sid = ContentSid::try_from("HX00000000000000000000000000000001".to_owned()).unwrap();
        let content = WhatsappTemplate { sid, variables: variables.collect() };
        by_template.plan.as_mut().unwrap().steps[0].content = Some(content);
        by_template
    };
    let nine: Vec<(String, String)> = (1..=9).map(|n| (n.to_string(), format!("value \"{n}\""))).collect();
    let nine: Vec<(&str, &str)> = nine.iter().map(|(n, value)| (n.as_str(), value.as_str())).collect();
    for (name, from, conversation) in [
        ("whatsapp_template_nine_variables", "+15005550006", template(&nine)),
        ("whatsapp_template_no_variables", "+15005550006", template(&[])),
        ("sms", "+15005550006", conversation(ID)),
        ("messaging_service", "MGbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", conversation(ID)),
        ("whatsapp", "+15005550006", whatsapp.clone()),
    ] {
        let server = answering(created.clone()).await;
        let outcome = send(&server.uri(), from, &conversation).await;
        assert_eq!(kind(&outcome), "accepted");
        let [request] = &server.received_requests().await.unwrap()[..] else { panic!("one request") };
        let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        insta::assert_json_snapshot!(
            name,
            json!({
                "method": request.method.as_str(),
                "path": request.url.path(),
                "authorization": header("authorization"),
                "content-type": header("content-type"),
                "form": form(&request.body),
            })
        );
    }
}

#[tokio::test]
async fn a_failing_answer_is_fetched_once() {
    let html = ResponseTemplate::new(200).set_body_string("<html>maintenance</html>");
    for (answer, expected) in [
        (ResponseTemplate::new(500), "unknown"),
        (ResponseTemplate::new(502).set_body_string("<html>"), "unknown"),
        (ResponseTemplate::new(503), "not sent"),
        (ResponseTemplate::new(429), "not sent"),
        (ResponseTemplate::new(408), "unknown"),
        (ResponseTemplate::new(201).set_body_string("{\"sid\":\"SM"), "unknown"),
        (ResponseTemplate::new(201).set_body_string(" ".repeat(300 * 1024)), "unknown"),
        (html, "unknown"),
        (ResponseTemplate::new(307).insert_header("location", "/elsewhere"), "unknown"),
    ] {
        let server = answering(answer).await;
        let outcome = send(&server.uri(), "+15005550006", &conversation(ID)).await;
        assert_eq!(kind(&outcome), expected, "{outcome:?}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "{outcome:?}");
    }
}

/// A server that reads a request and then does with the connection what it is told.
async fn raw<F: Future<Output = ()> + Send>(
    then: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            while !seen.windows(14).any(|bytes| bytes == b"ValidityPeriod") {
                let mut buffer = [0; 4096];
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => seen.extend_from_slice(&buffer[..read]),
                }
            }
            count.fetch_add(1, Ordering::SeqCst);
            then(stream).await;
        }
    });
    (url, requests)
}

const HEAD: &[u8] =
    b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"sid\":";

#[tokio::test]
async fn a_broken_connection_is_unknown_and_not_repeated() {
    let reset = raw(async |stream: TcpStream| {
        stream.set_zero_linger().unwrap();
        drop(stream);
    })
    .await;
    let closed = raw(async |stream: TcpStream| drop(stream)).await;
    let cut_off = raw(async |mut stream: TcpStream| stream.write_all(HEAD).await.unwrap()).await;
    let garbage =
        raw(async |mut stream: TcpStream| stream.write_all(b"SSH-2.0\r\n\r\n").await.unwrap()).await;
    for (what, (url, requests)) in
        [("reset", reset), ("closed", closed), ("cut off", cut_off), ("garbage", garbage)]
    {
        let outcome = send(&url, "+15005550006", &conversation(ID)).await;
        assert_eq!(kind(&outcome), "unknown", "{what}: {outcome:?}");
        assert_eq!(requests.load(Ordering::SeqCst), 1, "{what}");
    }
}

/// Time stands still until the request has been read; then it flies, and only the time-out is left.
#[tokio::test]
async fn silence_and_a_slow_body_are_unknown_after_ten_seconds() {
    for head in [b"".as_slice(), HEAD] {
        let (url, requests) = raw(move |mut stream: TcpStream| async move {
            stream.write_all(head).await.unwrap();
            tokio::time::pause();
            // Held open for longer than anybody waits.
            tokio::time::sleep(Duration::from_secs(60)).await;
        })
        .await;
        let outcome = send(&url, "+15005550006", &conversation(ID)).await;
        tokio::time::resume();
        let SendOutcome::Unknown { because } = &outcome else { panic!("{outcome:?}") };
        assert_eq!(because.get("reason"), Some(&json!("timeout")));
        assert_eq!(requests.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn nobody_listening_is_not_sent() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = send(&url, "+15005550006", &conversation(ID)).await;
    let SendOutcome::NotSent { because, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(because.get("reason"), Some(&json!("no connection")));
}

/// Answers as Twilio's own client was given them.
#[test]
fn twilios_answers_mean_what_its_client_makes_of_them() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/twilio_client_wire.json")).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 20);
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let answer = &vector["canned_response"];
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let outcome = outcome_of(status, answer["body"].to_string().as_bytes(), "+15005550006");
        let expected = match name {
            "error_21610" => "opted out",
            "error_20429" | "error_20503" | "error_63038" => "not sent",
            "error_20500" => "unknown",
            name if name.starts_with("error_") => "rejected",
            _ => "accepted",
        };
        assert_eq!(kind(&outcome), expected, "{name}");
        if let SendOutcome::Accepted { message } = &outcome {
            assert_eq!(message.id, vector["parsed"]["sid"].as_str().unwrap(), "{name}");
        }
        let shown = format!("{outcome:?}");
        assert!(!shown.contains("+1555") && !shown.contains("+91"), "{name}: {shown}");
    }
}

/// Looks for a lost text in a list of Twilio's.
#[tokio::test]
async fn a_lost_text_is_found_in_twilios_list_by_phone_sender_words_and_time() {
    let text = conversation(ID);
    let words = text.step(&step_name("text")).unwrap().text.expose().to_owned();
    let listed = |sid: &str, change: &dyn Fn(&mut Value)| {
        let mut listed = json!({
            "sid": sid,
            "from": "+15005550006",
            "to": "+12025550143",
            "body": words,
            "messaging_service_sid": null,
            "date_created": "Fri, 15 Jan 2027 08:00:02 +0000",
            "status": "delivered",
        });
        change(&mut listed);
        listed
    };
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({ "messages": [
        listed("SMours", &|_| {}),
        listed("SMother", &|m| m["body"] = "other words".into()),
        listed("SMbefore", &|m| m["date_created"] = "Fri, 15 Jan 2027 07:59:00 +0000".into()),
        listed("SMlater", &|m| m["date_created"] = "Fri, 15 Jan 2027 08:10:00 +0000".into()),
        listed("SMsender", &|m| m["from"] = "+15005550009".into()),
    ] })))
    .await;
    let (twilio, to) = (twilio(&server.uri(), "+15005550006").await, phone());
    let step = text.step(&step_name("text")).unwrap();
    let outbound = OutboundText {
        provider: Provider::Twilio,
        conversation: &text.id,
        to: &to,
        step,
        form: Form::Words(&step.text),
        attempt: 1,
        now: at(120),
    };
    let found: Vec<String> =
        twilio.list(&outbound, at(0)).await.into_iter().map(|message| message.id).collect();
    assert_eq!(found, ["SMours"]);
    let [request] = &server.received_requests().await.unwrap()[..] else { panic!("one request") };
    assert_eq!(request.method.as_str(), "GET");
    assert_eq!(
        request.url.query().unwrap(),
        "To=%2B12025550143&From=%2B15005550006&DateSent%3E=2027-01-15&PageSize=100"
    );
}
