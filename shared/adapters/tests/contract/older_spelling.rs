//! A table from before numbers of Mexico, Brazil and Argentina were spelt in one way.

use messaging::conversation::inbound_message::InboundMessage;
use messaging::conversation::step::{Claim, Progress, StepState};
use messaging::forget::forget;
use messaging::ports::{ClaimRequest, Consents, Conversations, Inbox, WriteOutcome};
use messaging::receive_message::receive;
use messaging::text::template::MessageText;
use messaging::values::channel::Channel;
use messaging::values::ids::{ConversationId, Scope};
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;
use serde_json::{Value, json};

use crate::rig::{HandClock, Rig, at, conversation};

const LINES: [(&str, &str); 3] = [
    ("+5215512345678", "+525512345678"),
    ("+551187654321", "+5511987654321"),
    ("+541169071234", "+5491169071234"),
];

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse_e164(text).unwrap()
}

fn opted_out(older: &str) -> Value {
    json!({
        "pk": format!("P#{older}"),
        "sk": "C",
        "v": 1,
        "opted_out_at": "2027-01-15T08:00:05Z",
        "opted_out_by": "SM3",
        "worklist": "opted_out",
        "worklist_at": "2027-01-15T08:00:05Z",
    })
}

async fn claim(rig: &Rig, id: &str, phone: &PhoneNumber) -> WriteOutcome {
    let conversation = {
        let mut conversation = conversation(id);
        conversation.plan.as_mut().unwrap().contact = Some(phone.clone());
        conversation
    };
    rig.table.accept(&conversation, None).await.unwrap();
    let step = &conversation.plan.as_ref().unwrap().steps[0];
    let state = StepState::Claimed(Claim { id: "i".to_owned(), at: at(0) });
    let next = Progress { state, attempt: 1, ..Progress::default() };
    let request =
        ClaimRequest { conversation: &conversation.id, contact: phone, step, next: &next, now: at(0) };
    rig.table.claim(&request).await.unwrap()
}

fn wrote(id: &str, from: &PhoneNumber, words: &str) -> InboundMessage {
    InboundMessage {
        provider: Provider::Twilio,
        id: id.to_owned(),
        from: from.clone(),
        to: "+12025550100".to_owned(),
        channel: Channel::Sms,
        body: MessageText::new(words),
        media: 0,
        replied_to: None,
        keyword: None,
        at: at(5),
    }
}

#[tokio::test]
async fn an_opt_out_under_the_older_spelling_holds_until_it_is_lifted() {
    for (older, canonical) in LINES {
        let (rig, clock) = (Rig::start().await, HandClock::new());
        rig.put(&opted_out(older)).await;
        let phone = number(canonical);
        assert!(rig.table.contact(&phone).await.unwrap().opted_out_at.is_some(), "{canonical}");
        assert_eq!(claim(&rig, "sms-1", &phone).await, WriteOutcome::Overtaken, "{canonical}");
        assert_eq!(rig.table.opted_out().await.unwrap(), std::slice::from_ref(&phone), "{canonical}");
        assert_eq!(claim(&rig, "sms-2", &phone).await, WriteOutcome::Overtaken, "moved, and still held");

        receive(&rig.table, &wrote("SM9", &phone, "START"), &clock).await.unwrap();
        assert!(rig.table.contact(&phone).await.unwrap().opted_out_at.is_none(), "{canonical}");
        assert_eq!(claim(&rig, "sms-3", &phone).await, WriteOutcome::Done, "{canonical}");
    }
}

#[tokio::test]
async fn a_conversation_of_the_older_spelling_hears_its_customer() {
    for (older, canonical) in LINES {
        let (rig, clock) = (Rig::start().await, HandClock::new());
        let phone = number(canonical);
        let id = ConversationId::new("sms-1").unwrap();
        claim(&rig, "sms-1", &phone).await;
        // As it was stored before: contact and pointer under the older spelling.
        rig.change("V#sms-1", "V", |item| item["contact"] = json!(older)).await;
        let mut pointer = rig.item(&format!("P#{canonical}"), "V#sms-1").await.unwrap();
        pointer["pk"] = json!(format!("P#{older}"));
        rig.put(&pointer).await;
        rig.change(&format!("P#{canonical}"), "V#sms-1", |item| item["open_until"] = json!(0)).await;

        let (_, open) = rig.table.open_conversations(&phone, at(1)).await.unwrap();
        assert_eq!(open.iter().map(|open| &open.id).collect::<Vec<_>>(), [&id], "{canonical}");
        receive(&rig.table, &wrote("SM1", &phone, "See you"), &clock).await.unwrap();
        assert!(rig.table.load(&id, at(1)).await.unwrap().unwrap().life.replied_at.is_some());

        let forgotten = forget(&rig.table, &phone, &clock).await.unwrap();
        assert_eq!(forgotten.conversations, 1, "{canonical}");
        let left = format!("{:?}", rig.everything_raw().await);
        assert!(!left.contains(&older[1..]) && !left.contains(&canonical[1..]), "{left}");
    }
}

#[tokio::test]
async fn of_two_consents_the_later_counts() {
    let (older, canonical) = LINES[0];
    let rig = Rig::start().await;
    let agreement = |at: &str| json!({ "at": at, "source": "web-form" });
    let consent = |phone: &str, name: &str, at: &str| json!({ "pk": format!("P#{phone}"), "sk": "K", "v": 1, name: agreement(at) });
    rig.put(&consent(older, "withdrawn_offers", "2027-01-02T00:00:00Z")).await;
    rig.put(&consent(canonical, "given_offers", "2027-01-01T00:00:00Z")).await;
    let scope = Scope::new("offers").unwrap();
    let read = rig.table.consent(&number(canonical)).await.unwrap();
    assert!(read.withdrawn.contains_key(&scope) && !read.given.contains_key(&scope));
    assert_eq!(rig.table.consent(&number(canonical)).await.unwrap(), read, "moved once");
}
