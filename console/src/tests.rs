use axum::body::Body;
use axum::http::Request;
use chrono::DateTime;
use http_body_util::BodyExt;
use messaging::conversation::delivery::{Delivery, DeliveryStatus};
use messaging::conversation::step::{Decision, Progress, StepState};
use messaging::conversation::{Plan, Step};
use messaging::testing::builders;
use messaging::text::template::{MessageText, PersonName};
use messaging::text::whatsapp_template::{ContentSid, WhatsappTemplate};
use messaging::values::verdict::{Because, Verdict};
use tower::ServiceExt;

use super::*;

struct SingleConversation(Conversation);

impl ConsoleSource for SingleConversation {
    fn newest(&self, page: usize) -> BoxFuture<'_, Result<Listing, String>> {
        let conversations = vec![self.0.clone()];
        Box::pin(async move { Ok(Listing { conversations, total: 3, has_more: page < 2 }) })
    }

    fn conversation(&self, id: ConversationId) -> BoxFuture<'_, Result<Option<Story>, String>> {
        let message = ReceivedMessage {
            at: DateTime::from_timestamp(1_800_000_100, 0).unwrap(),
            meaning: messaging::reply::ReplyMeaning::Reply,
            words: MessageText::new("<b>Can I bring my dog?</b>"),
            media: 1,
        };
        let story = Story { conversation: self.0.clone(), messages: vec![message] };
        Box::pin(async move { Ok(Some(story).filter(|story| story.conversation.id == id)) })
    }
}

fn conversation_with_markup() -> Conversation {
    let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let because = Because::fact("provider", "<i>twilio</i>").and("attempt", 1);
    let decision = Decision { verdict: Verdict::Sent, because, at };
    let step = Step {
        text: MessageText::new("<script>alert(1)</script> & more"),
        content: Some(WhatsappTemplate {
            sid: ContentSid::try_from("HX00000000000000000000000000000001".to_owned()).unwrap(),
            variables: [("3".to_owned(), "<b>Tigers</b>".to_owned())].into(),
        }),
        delivery: Some(Delivery {
            attempt: 1,
            status: DeliveryStatus::Undelivered,
            code: Some("30003".to_owned()),
            at,
        }),
        progress: Progress {
            state: StepState::Decided(decision),
            attempt: 1,
            reruns: 2,
            ..Progress::default()
        },
        ..builders::step("text", at)
    };
    let plan = Plan { name: Some(PersonName::new("\"><img src=x>")), ..builders::plan(at, vec![step]) };
    builders::conversation("sms-1", plan)
}

async fn get_page(path: &str) -> (u16, String, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response =
        router(Arc::new(SingleConversation(conversation_with_markup()))).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let policy =
        response.headers().get("content-security-policy").map(|value| value.to_str().unwrap().to_owned());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, policy.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_list_links_each_conversation_and_shows_no_number() {
    let (status, policy, body) = get_page("/console").await;
    assert_eq!(status, 200);
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    assert!(body.contains("href=\"/console/conversations/sms-1\""));
    assert!(!body.contains("+12025550143") && !body.contains("img src"));
}

#[tokio::test]
async fn a_long_list_has_pages() {
    for (page, newer, older) in [
        ("/console", None, Some(2)),
        ("/console?page=2", Some(1), Some(3)),
        ("/console?page=3", Some(2), None),
        ("/console?page=x", None, Some(2)),
        ("/console?page=0", None, Some(2)),
    ] {
        let (status, _, body) = get_page(page).await;
        assert_eq!(status, 200, "{page}");
        for (word, to) in [("Newer", newer), ("Older", older)] {
            assert_eq!(body.contains(word), to.is_some(), "{page} {word}");
            if let Some(to) = to {
                assert!(body.contains(&format!("href=\"/console?page={to}\">{word}")), "{page} {body}");
            }
        }
    }
}

#[tokio::test]
async fn a_conversation_is_shown_completely_and_escaped() {
    let (status, policy, body) = get_page("/console/conversations/sms-1").await;
    assert_eq!(status, 200);
    assert!(!policy.contains("unsafe"));
    assert!(
        body.contains("+12025550143") && body.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; more")
    );
    assert!(!body.contains("<script") && !body.contains("<img"));
    assert!(body.contains("&lt;b&gt;Can I bring my dog?&lt;/b&gt;") && body.contains("1 attachment(s)"));
    assert!(
        body.contains("HX00000000000000000000000000000001") && body.contains("&lt;b&gt;Tigers&lt;/b&gt;")
    );
}

#[tokio::test]
async fn the_outcome_of_a_text_is_shown_with_all_its_facts() {
    let (_, _, body) = get_page("/console/conversations/sms-1").await;
    for expected in [
        "text: Sent",
        "<li>attempt: 1</li><li>provider: &lt;i&gt;twilio&lt;/i&gt;</li>",
        "attempt 1: undelivered (30003) at 2027-01-15T08:00:00Z",
        "<code>sms-1.text</code> and <code>sms-1.text.r2</code>",
    ] {
        assert!(body.contains(expected), "{expected}: {body}");
    }
}

#[tokio::test]
async fn an_unknown_conversation_is_answered_404() {
    assert_eq!(get_page("/console/conversations/sms-2").await.0, 404);
    assert_eq!(get_page("/console/conversations/%3Cb%3E").await.0, 404);
}
