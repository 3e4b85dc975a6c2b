//! The body of `POST /sms`.

use http_edge::fields::Fields;
use http_edge::json::Json;
use http_edge::recipient;
use http_edge::violations::Violations;
use messaging::journeys::Config;
use messaging::plan::Event;
use messaging::text::template::Variables;
use messaging::values::ids::{ConversationId, JourneyName, SourceName, hyphenated_uuid};
use messaging::values::money::{Amount, Currency};
use messaging::values::phone::PhoneNumber;
use uuid::Uuid;

use crate::Identity;

/// The most that `metadata` may hold, as canonical JSON.
const METADATA_LIMIT: usize = 4096;
/// A correlation id longer than this is not one.
const CORRELATION_ID_LIMIT: usize = 255;

/// An event of the web application.
#[derive(Debug)]
pub(crate) struct SmsCall {
    /// As the caller spelt it, to be given back.
    pub(crate) event_id: String,
    uuid: Uuid,
    source: SourceName,
    journey: JourneyName,
    phone: PhoneNumber,
    amount: Option<Amount>,
    correlation_id: Option<String>,
    content_hash: String,
}

/// Reads the body; `None`, and every violation noted, when it breaks the contract.
pub(crate) fn read(body: &Json, violations: &mut Violations) -> Option<SmsCall> {
    let fields = Fields::of_body(body, violations)?;
    fields.only(&["event_id", "event", "user", "amount", "metadata"], violations);
    let event_id = fields.required_string("event_id", violations);
    let uuid = event_id.and_then(|text| uuid_v4(text, violations));
    let journey = fields.required_string("event", violations).and_then(|name| event_name(name, violations));
    let phone = fields.required_object("user", violations).and_then(|user| phone(&user, violations));
    let amount = amount(&fields, journey.as_ref(), violations);
    let correlation_id = metadata(&fields, violations);
    // The same id in another case is the same event.
    let body = body.with_lower_case("event_id");
    let Some(content_hash) = body.canonical_hash() else {
        violations.add("", "out_of_range", "a number is larger than a double can hold");
        return None;
    };
    Some(SmsCall {
        event_id: event_id?.to_owned(),
        uuid: uuid?,
        source: SourceName::new("sms").ok()?,
        journey: journey?,
        phone: phone?,
        amount,
        correlation_id,
        content_hash,
    })
}

impl SmsCall {
    /// Returns the identity of the event.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            event_id: self.event_id.clone(),
            conversation: ConversationId::from_uuid(&self.source, self.uuid),
            content_hash: self.content_hash.clone(),
        }
    }

    /// The event as the domain knows it; amounts are shown in the source's currency. `None`, and the
    /// violation noted, for a country that the source may not text.
    pub(crate) fn into_event(self, journeys: &Config, violations: &mut Violations) -> Option<Event> {
        let source = journeys.sources.get(&self.source);
        let phone = recipient::allowed(self.phone, source, "/user/phone", violations)?;
        let (currency, locale) =
            source.map_or((Currency::Usd, "en-US"), |source| (source.currency, source.locale.as_str()));
        let mut variables = Variables::default();
        if let Some(amount) = self.amount {
            variables.set("amount", currency.show(amount, locale));
        }
        Some(Event {
            conversation: ConversationId::from_uuid(&self.source, self.uuid),
            source: self.source,
            journey: self.journey,
            contact: phone,
            name: None,
            variables,
            locale: None,
            time_zone: None,
            appointment: None,
            send_at: None,
            is_due_at_once: false,
            not_after: None,
            content_hash: self.content_hash,
            correlation_id: self.correlation_id,
        })
    }
}

fn uuid_v4(text: &str, violations: &mut Violations) -> Option<Uuid> {
    let uuid = hyphenated_uuid(text)
        .filter(|uuid| uuid.get_version_num() == 4 && uuid.get_variant() == uuid::Variant::RFC4122);
    if uuid.is_none() {
        violations.add("/event_id", "format", "must be a UUID version 4");
    }
    uuid
}

fn event_name(name: &str, violations: &mut Violations) -> Option<JourneyName> {
    if !matches!(name, "advance_in_transit" | "advance_approved") {
        violations.add("/event", "enum", "must be advance_in_transit or advance_approved");
        return None;
    }
    JourneyName::new(name).ok()
}

fn phone(user: &Fields<'_>, violations: &mut Violations) -> Option<PhoneNumber> {
    let text = user.required_string("phone", violations)?;
    recipient::textable(PhoneNumber::parse_e164(text), "/user/phone", violations)
}

fn amount(fields: &Fields<'_>, journey: Option<&JourneyName>, violations: &mut Violations) -> Option<Amount> {
    let value = if journey.is_some_and(|journey| journey.as_str() == "advance_approved") {
        fields.required("amount", violations)?
    } else {
        fields.get("amount")?
    };
    let Json::Number(literal) = value else {
        violations.add("/amount", "type", "must be a number");
        return None;
    };
    match Amount::from_literal(literal) {
        Ok(amount) => Some(amount),
        Err(error) => {
            violations.add("/amount", "out_of_range", error.to_string());
            None
        }
    }
}

/// Checks `metadata` and takes the caller's correlation id out of it.
fn metadata(fields: &Fields<'_>, violations: &mut Violations) -> Option<String> {
    let metadata = fields.optional_object("metadata", violations)?;
    if metadata.json().canonical().is_some_and(|bytes| bytes.len() > METADATA_LIMIT) {
        violations.add("/metadata", "too_large", format!("must have at most {METADATA_LIMIT} bytes"));
        return None;
    }
    let id = metadata.get("correlation_id").and_then(Json::as_str)?;
    (id.len() <= CORRELATION_ID_LIMIT).then(|| id.to_owned())
}
