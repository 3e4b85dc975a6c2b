//! A customer's message as AWS publishes it to the two-way topic
//! (docs.aws.amazon.com/sms-voice, "Two-way SMS messaging").

use chrono::{DateTime, Utc};
use http_edge::lambda_event::Failed;
use messaging::conversation::inbound_message::InboundMessage;
use messaging::text::template::MessageText;
use messaging::values::channel::Channel;
use messaging::values::provider::Provider;
use serde_json::Value;

use crate::sender::{Incoming, address};

/// A published message, or an event of RCS beside the messages. Fields are read one by one, because AWS adds kinds of
/// messages without notice. No `Debug`: it is personal data.
struct Published(Value);

impl Published {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Recognises a typing indicator or a read receipt: nothing has been said.
    fn is_presence(&self) -> bool {
        let kinds = ["eventType", "messageType", "event"]
            .map(|name| self.text(name).unwrap_or_default().to_uppercase());
        kinds.iter().any(|kind| kind.contains("TYPING") || kind.contains("READ"))
    }

    /// Returns the words: of the message, else the payload or the label of a suggestion that was tapped.
    fn words(&self) -> &str {
        let tapped = || found(&self.0, "postbackData").or_else(|| found(&self.0, "text"));
        self.text("messageBody").or_else(tapped).unwrap_or_default()
    }

    fn id(&self) -> Option<&str> {
        ["inboundMessageId", "messageId", "eventId"].iter().find_map(|name| self.text(name))
    }
}

/// Finds the first text of that name, however deep.
fn found<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    match value {
        Value::Object(members) => members
            .get(name)
            .and_then(Value::as_str)
            .or_else(|| members.values().find_map(|member| found(member, name))),
        Value::Array(items) => items.iter().find_map(|item| found(item, name)),
        _ => None,
    }
}

/// Reads a published message; `None` for a typing indicator or a read receipt.
///
/// # Errors
/// When it is not a message: it goes to the dead-letter queue, and the error names what is wrong with it, not what it
/// says.
pub(crate) fn message(published: &str, now: DateTime<Utc>) -> Result<Option<Incoming>, Failed> {
    let published: Value =
        serde_json::from_str(published).map_err(|_| Failed::Malformed("not a two-way message"))?;
    let published = Published(published);
    if published.is_presence() {
        return Ok(None);
    }
    let id = published.id().filter(|id| is_id(id)).ok_or(Failed::Malformed("no inbound message id"))?;
    let sender = published.text("originationNumber").ok_or(Failed::Malformed("no origination number"))?;
    let (_, sender) = address(sender);
    let (_, to) = address(published.text("destinationNumber").unwrap_or_default());
    let body = MessageText::new(published.words());
    let replied_to = published.text("previousPublishedMessageId").filter(|id| is_id(id)).map(str::to_owned);
    let (id, to) = (id.to_owned(), to.to_owned());
    let media = u32::from(body.expose().is_empty());
    Ok(Some(Incoming::new(sender, id.clone(), replied_to.clone(), body.clone(), move |from| {
        InboundMessage {
            provider: Provider::EndUserMessaging,
            id,
            from,
            to,
            channel: Channel::Sms,
            body,
            media,
            replied_to,
            // STOP and HELP come here only where AWS does not act on them (docs/adr/0019).
            keyword: None,
            at: now,
        }
    })))
}

/// Recognises an id of AWS: its documentation shows letters, digits, dashes, slashes and plus signs.
fn is_id(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
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

    fn read(published: &str) -> InboundMessage {
        let incoming = message(published, DateTime::UNIX_EPOCH).unwrap().unwrap();
        (incoming.draft)(incoming.phone.unwrap())
    }

    #[test]
    fn other_kinds_of_messages_are_read_too() {
        let bare = read(&published(|m| m["originationNumber"] = "14255550182".into()));
        assert_eq!(bare.from.as_e164(), "+14255550182");
        let tapped = read(&published(|m| {
            m["messageBody"] = json!(null);
            m["suggestionResponse"] = json!({ "postbackData": "STOP", "text": "No more texts" });
        }));
        assert_eq!(tapped.body.expose(), "STOP");
        let picture = read(&published(|m| m["messageBody"] = json!(null)));
        assert_eq!((picture.body.expose(), picture.media), ("", 1));
        let named = read(&published(|m| m["inboundMessageId"] = "wJalrXUtnFEMI/K7MDENG+bPxRfi=".into()));
        assert_eq!(named.id, "wJalrXUtnFEMI/K7MDENG+bPxRfi=");
        for kind in ["RCS_TYPING_INDICATOR", "IS_TYPING", "RCS_READ"] {
            let event = published(|m| m["eventType"] = kind.into());
            assert!(message(&event, DateTime::UNIX_EPOCH).unwrap().is_none(), "{kind}");
        }
        let short = message(&published(|m| m["originationNumber"] = "22395".into()), DateTime::UNIX_EPOCH);
        assert!(short.unwrap().unwrap().phone.is_none());
    }

    #[test]
    fn a_two_way_message_is_read() {
        let read = read(&published(|_| {}));
        assert_eq!((read.from.as_e164(), read.to.as_str()), ("+14255550182", "+14255550101"));
        assert_eq!(read.replied_to.as_deref(), Some("862a8790-60c0-4430-9b2b-658bdexample"));
        // AWS does not act on it: whoever wrote it hears from us.
        let read = super::tests::read(&published(|m| m["messageBody"] = "STOP".into()));
        assert_eq!(read.keyword, None);
    }

    #[test]
    fn an_unreadable_two_way_message_is_an_error_that_quotes_nothing() {
        for text in [
            "".to_owned(),
            "hello".to_owned(),
            "{}".to_owned(),
            published(|m| m["originationNumber"] = json!(null)),
            published(|m| m["inboundMessageId"] = "a b".into()),
        ] {
            let Err(failed) = message(&text, DateTime::UNIX_EPOCH) else { panic!("{text}") };
            assert_eq!(failed.error_type(), "MalformedEvent");
            assert!(!failed.to_string().contains("dog") && !failed.to_string().contains('+'));
        }
    }
}
