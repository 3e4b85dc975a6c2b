//! A customer's message as AWS publishes it to the two-way topic
//! (docs.aws.amazon.com/sms-voice, "Two-way SMS messaging").

use chrono::{DateTime, Utc};
use http_edge::lambda_event::Failed;
use messaging::conversation::inbound_message::InboundMessage;
use messaging::text::template::MessageText;
use messaging::values::channel::Channel;
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;
use serde::Deserialize;

/// No `Debug`: it is personal data.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TwoWay {
    origination_number: String,
    destination_number: String,
    message_body: String,
    inbound_message_id: String,
    previous_published_message_id: Option<String>,
}

/// Reads a published message.
///
/// # Errors
/// When it is none: it is put aside, and names what is wrong with it, not what it says.
pub(crate) fn message(published: &str, now: DateTime<Utc>) -> Result<InboundMessage, Failed> {
    let two_way: TwoWay =
        serde_json::from_str(published).map_err(|_| Failed::Malformed("no two-way message"))?;
    let id = Some(two_way.inbound_message_id).filter(|id| is_id(id));
    let id = id.ok_or(Failed::Malformed("no inbound message id"))?;
    let from = PhoneNumber::parse_e164(&two_way.origination_number)
        .map_err(|_| Failed::Malformed("no origination number"))?;
    Ok(InboundMessage {
        provider: Provider::EndUserMessaging,
        id,
        from,
        to: two_way.destination_number,
        channel: Channel::Sms,
        body: MessageText::new(two_way.message_body),
        media: 0,
        replied_to: two_way.previous_published_message_id.filter(|id| is_id(id)),
        // STOP and HELP come here only where AWS does not act on them (docs/adr/0019).
        keyword: None,
        at: now,
    })
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn published(change: impl FnOnce(&mut serde_json::Value)) -> String {
        let mut message = json!({
            "originationNumber": "+14255550182",
            "destinationNumber": "+14255550101",
            "messageKeyword": "KEYWORD_1",
            "messageBody": "Can I bring my dog?",
            "inboundMessageId": "cae173d2-66b9-564c-8309-21f858e9fb84",
            "previousPublishedMessageId": "862a8790-60c0-4430-9b2b-658bdexample",
        });
        change(&mut message);
        message.to_string()
    }

    #[test]
    fn a_two_way_message_is_read() {
        let read = message(&published(|_| {}), DateTime::UNIX_EPOCH).unwrap();
        assert_eq!((read.from.as_e164(), read.to.as_str()), ("+14255550182", "+14255550101"));
        assert_eq!(read.replied_to.as_deref(), Some("862a8790-60c0-4430-9b2b-658bdexample"));
        // AWS does not act on it: whoever wrote it hears from us.
        let read = message(&published(|m| m["messageBody"] = "STOP".into()), DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(read.keyword, None);
    }

    #[test]
    fn an_unreadable_two_way_message_is_an_error_that_quotes_nothing() {
        for text in [
            "".to_owned(),
            "hello".to_owned(),
            "{}".to_owned(),
            published(|m| m["originationNumber"] = "CLINIC".into()),
            published(|m| m["inboundMessageId"] = "a b".into()),
            published(|m| m["messageBody"] = json!(null)),
        ] {
            let failed = message(&text, DateTime::UNIX_EPOCH).unwrap_err();
            assert_eq!(failed.error_type(), "MalformedEvent");
            assert!(!failed.to_string().contains("dog") && !failed.to_string().contains('+'));
        }
    }
}
