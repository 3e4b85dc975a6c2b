//! What the outside world can call, signed as its senders sign it.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use chrono::{DateTime, TimeDelta, Utc};
use http_edge::signature::{timestamped, twilio};
use messaging::values::clock::to_rfc3339;
use messaging::values::ids::{ConversationId, SourceName};
use messaging::values::secret::SecretText;
use serde_json::json;

/// The API key of every service of ours.
pub const API_KEY: &str = "simulated-api-key";
/// Calendly's signing key.
pub const CALENDLY_KEY: &str = "simulated-calendly-key";
/// Twilio's auth token.
pub const TWILIO_TOKEN: &str = "simulated-twilio-token";
/// Where callers reach us.
pub const PUBLIC_URL: &str = "https://afterword.example";
/// The number that texts leave from.
pub const OUR_NUMBER: &str = "+12025550100";

/// Where the customers of offers live.
pub const ZONE: &str = "America/New_York";
/// How many hours its clocks are behind UTC while schedules last: winter.
pub const HOURS_BEHIND: i64 = 5;
/// The hours of its day in which advertising may be sent (47 CFR 64.1200(c)(1)).
pub const ADVERTISING_HOURS: std::ops::Range<u32> = 8..21;

/// Which of the customers' phones.
pub type Phone = u8;
/// Which booking, of all in a scenario.
pub type Booking = u8;

/// One call from outside. The same value is the same event, however often it is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// `POST /sms`.
    Sms {
        /// Which event.
        event: u8,
        /// Approved (two minutes later) or in transit (at once).
        approved: bool,
        /// Whose.
        phone: Phone,
    },
    /// `DELETE /conversations/{id}` of an event of `POST /sms`.
    Delete {
        /// Which event.
        event: u8,
    },
    /// `POST /messages`, an offer: advertising for somebody in [`ZONE`].
    Offer {
        /// Which event.
        event: u8,
        /// Whose.
        phone: Phone,
    },
    /// `POST /consent`: a customer agrees to advertising, or withdraws that.
    Consent {
        /// Whose.
        phone: Phone,
        /// Withdrawn; else given.
        withdrawn: bool,
    },
    /// Calendly's `invitee.created`.
    Booked {
        /// Which booking.
        booking: Booking,
        /// In whose place.
        replaces: Option<Booking>,
        /// Whose.
        phone: Phone,
        /// When the appointment is, in hours after the schedule's start.
        in_hours: i64,
    },
    /// Calendly's `invitee.canceled`.
    Cancelled {
        /// Which booking.
        booking: Booking,
        /// It was moved to another one.
        moved_to: Option<Booking>,
    },
    /// A customer's message, by Twilio.
    Message {
        /// Which message.
        message: u8,
        /// Whose.
        phone: Phone,
        /// The words.
        words: Words,
    },
}

/// What customers write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Words {
    /// A real reply.
    Reply,
    /// STOP.
    Stop,
    /// START.
    Start,
    /// A tapback.
    Reaction,
}

impl Words {
    /// As written.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Reply => "Thanks, I'll bring the papers",
            Self::Stop => "Please stop texting me",
            Self::Start => "START",
            Self::Reaction => "Liked “Hi, you are booked”",
        }
    }
}

/// A phone's number, from the range that is reserved for examples.
#[must_use]
pub fn number(phone: Phone) -> String {
    format!("+120255501{:02}", 40 + phone % 50)
}

/// The id of an event of `POST /sms`: a UUID of version 4.
#[must_use]
pub fn event_id(event: u8) -> String {
    format!("6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d{event:04x}")
}

/// Calendly's URI of a booking.
#[must_use]
pub fn booking_uri(booking: Booking) -> String {
    format!("https://api.calendly.com/scheduled_events/EV{booking:03}/invitees/IN{booking:03}")
}

/// The id of a booking's conversation.
pub(crate) fn booked(booking: Booking) -> String {
    ConversationId::from_event_id(&SourceName::fixed("calendly"), &booking_uri(booking)).to_string()
}

/// Twilio's report about a text that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Of which conversation.
    pub conversation: String,
    /// Of which step.
    pub step: String,
    /// Under which attempt.
    pub attempt: u32,
    /// What it says.
    pub says: Says,
}

/// What a report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// The carrier has it.
    Sent,
    /// The phone has it.
    Delivered,
    /// The phone was off: it did not arrive, and may be tried again.
    Unreachable,
    /// A landline: it did not arrive and never will.
    Landline,
}

impl Report {
    /// The report as API Gateway hands it over.
    #[must_use]
    pub fn request(&self) -> ApiGatewayV2httpRequest {
        let (status, code) = match self.says {
            Says::Sent => ("sent", None),
            Says::Delivered => ("delivered", None),
            Says::Unreachable => ("undelivered", Some("30003")),
            Says::Landline => ("undelivered", Some("30006")),
        };
        let sid = format!("{}.{}.{}", self.conversation, self.step, self.attempt);
        let mut fields =
            vec![("MessageSid".to_owned(), sid), ("MessageStatus".to_owned(), status.to_owned())];
        fields.extend(code.map(|code| ("ErrorCode".to_owned(), code.to_owned())));
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("conversation", &self.conversation)
            .append_pair("step", &self.step)
            .append_pair("attempt", &self.attempt.to_string())
            .finish();
        signed_form("/twilio/status", &query, &fields)
    }
}

impl Call {
    /// The call as API Gateway hands it over at an instant of a schedule that began at `start`.
    #[must_use]
    pub fn request(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> ApiGatewayV2httpRequest {
        match *self {
            Self::Sms { event, approved, phone } => {
                let name = if approved { "advance_approved" } else { "advance_in_transit" };
                let body = json!({
                    "event_id": event_id(event),
                    "event": name,
                    "user": { "phone": number(phone) },
                    "amount": 185,
                });
                keyed("POST /sms", "/sms", &body.to_string())
            }
            Self::Delete { event } => {
                let id = format!("sms-{}", event_id(event));
                let mut request = keyed("DELETE /conversations/{id}", &format!("/conversations/{id}"), "");
                request.path_parameters.insert("id".to_owned(), id);
                request
            }
            Self::Offer { event, phone } => {
                let body = json!({
                    "event_id": event_id(event),
                    "journey": "promotion",
                    "to": number(phone),
                    "timezone": ZONE,
                    "variables": {
                        "offer_title": "Two for one",
                        "offer_details": "on all courses.",
                        "promo_code": "TWO",
                        "valid_until": "Sunday",
                    },
                });
                keyed("POST /messages", "/messages", &body.to_string())
            }
            Self::Consent { phone, withdrawn } => {
                let body = json!({
                    "phone": number(phone),
                    "scope": "promotional",
                    "text_version": "1",
                    "source": "simulation",
                    "withdrawn": withdrawn,
                });
                keyed("POST /consent", "/consent", &body.to_string())
            }
            Self::Booked { booking, replaces, phone, in_hours } => {
                let payload = json!({
                    "uri": booking_uri(booking),
                    "name": "Alex Sample",
                    "email": "alex@example.com",
                    "status": "active",
                    "rescheduled": false,
                    "old_invitee": replaces.map(booking_uri),
                    "new_invitee": null,
                    "text_reminder_number": number(phone),
                    "timezone": "America/New_York",
                    "questions_and_answers": [],
                    "scheduled_event": {
                        "uri": format!("https://api.calendly.com/scheduled_events/EV{booking:03}"),
                        "name": "30 Minute Consultation",
                        "start_time": to_rfc3339(start + TimeDelta::hours(in_hours)),
                        "end_time": to_rfc3339(start + TimeDelta::hours(in_hours) + TimeDelta::minutes(30)),
                        "status": "active",
                        "location": { "type": "custom", "location": "Room 1" },
                    },
                });
                calendly("invitee.created", &payload, start, now)
            }
            Self::Cancelled { booking, moved_to } => {
                let payload = json!({
                    "uri": booking_uri(booking),
                    "status": "canceled",
                    "rescheduled": moved_to.is_some(),
                    "old_invitee": null,
                    "new_invitee": moved_to.map(booking_uri),
                });
                calendly("invitee.canceled", &payload, start, now)
            }
            Self::Message { message, phone, words } => inbound(message, phone, words),
        }
    }
}

fn keyed(route: &str, path: &str, body: &str) -> ApiGatewayV2httpRequest {
    request(route, path, &[("x-api-key", API_KEY), ("content-type", "application/json")], body)
}

fn calendly(
    event: &str,
    payload: &serde_json::Value,
    start: DateTime<Utc>,
    now: DateTime<Utc>,
) -> ApiGatewayV2httpRequest {
    let body = json!({ "event": event, "created_at": to_rfc3339(start), "payload": payload }).to_string();
    let signature = timestamped::sign(body.as_bytes(), &secret(CALENDLY_KEY), now.timestamp());
    let headers = [(timestamped::CALENDLY_HEADER, signature.as_str()), ("content-type", "application/json")];
    request("POST /webhooks/calendly", "/webhooks/calendly", &headers, &body)
}

fn inbound(message: u8, phone: Phone, words: Words) -> ApiGatewayV2httpRequest {
    let fields: Vec<(String, String)> = [
        ("MessageSid", format!("SM{message:032x}")),
        ("From", number(phone)),
        ("To", OUR_NUMBER.to_owned()),
        ("Body", words.text().to_owned()),
        ("NumMedia", "0".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    signed_form("/twilio/inbound", "", &fields)
}

fn signed_form(path: &str, query: &str, fields: &[(String, String)]) -> ApiGatewayV2httpRequest {
    let question = if query.is_empty() { "" } else { "?" };
    let url = format!("{PUBLIC_URL}{path}{question}{query}");
    let signature = twilio::sign(twilio::Algorithm::HmacSha1, &url, fields, &secret(TWILIO_TOKEN));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let form = "application/x-www-form-urlencoded";
    let headers = [(twilio::SIGNATURE_HEADER, signature.as_str()), ("content-type", form)];
    let mut request = request(&format!("POST {path}"), path, &headers, &body);
    request.raw_query_string = Some(query.to_owned());
    request
}

fn request(route: &str, path: &str, headers: &[(&'static str, &str)], body: &str) -> ApiGatewayV2httpRequest {
    let mut request = ApiGatewayV2httpRequest::default();
    request.route_key = Some(route.to_owned());
    request.raw_path = Some(path.to_owned());
    request.body = Some(body.to_owned());
    request.request_context.request_id = Some("simulated".to_owned());
    request.request_context.domain_name = Some("afterword.example".to_owned());
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            request.headers.insert(*name, value);
        }
    }
    request
}

fn secret(text: &str) -> SecretText {
    #[expect(clippy::expect_used, reason = "the constants above are keys")]
    SecretText::new(text).expect("a key")
}
