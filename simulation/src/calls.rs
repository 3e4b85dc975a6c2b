//! The calls of the outside world, signed as their senders sign them.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use chrono::{DateTime, TimeDelta, Utc};
use http_edge::signature::{timestamped, twilio};
use messaging::values::clock::to_rfc3339;
use messaging::values::ids::{ConversationId, SourceName};
use messaging::values::secret::SecretText;
use serde_json::json;

/// The API key of our own services.
pub const API_KEY: &str = "simulated-api-key";
/// The signing key of Calendly's webhooks.
pub const CALENDLY_KEY: &str = "simulated-calendly-key";
/// The auth token with which Twilio signs.
pub const TWILIO_TOKEN: &str = "simulated-twilio-token";
/// The URL at which callers reach the installation.
pub const PUBLIC_URL: &str = "https://afterword.example";
/// The number from which texts are sent.
pub const OUR_NUMBER: &str = "+12025550100";

/// The time zone of the customers who get offers.
pub const ZONE: &str = "America/New_York";
/// The hours by which [`ZONE`] is behind UTC during schedules, which take place in winter.
pub const HOURS_BEHIND: i64 = 5;
/// The local hours in which advertising may be sent (47 CFR 64.1200(c)(1)).
pub const ADVERTISING_HOURS: std::ops::Range<u32> = 8..21;

/// The index of a customer's phone.
pub type Phone = u8;
/// The index of a booking in a scenario.
pub type Booking = u8;

/// One call from outside. Equal values are the same event, however often it is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// `POST /sms`.
    Sms {
        /// The index of the event.
        event: u8,
        /// Whether the advance is approved (texted two minutes later) or in transit (texted at once).
        approved: bool,
        /// The customer's phone.
        phone: Phone,
    },
    /// `DELETE /conversations/{id}` of an event of `POST /sms`.
    Delete {
        /// The index of the event.
        event: u8,
    },
    /// `POST /messages` with an offer: advertising for a customer in [`ZONE`].
    Offer {
        /// The index of the event.
        event: u8,
        /// The customer's phone.
        phone: Phone,
    },
    /// `POST /consent`: a customer consents to advertising or withdraws the consent.
    Consent {
        /// The customer's phone.
        phone: Phone,
        /// Whether the consent is withdrawn instead of given.
        withdrawn: bool,
    },
    /// Calendly's `invitee.created`.
    Booked {
        /// The index of the booking.
        booking: Booking,
        /// The booking that it replaces.
        replaces: Option<Booking>,
        /// The customer's phone.
        phone: Phone,
        /// The appointment's time in hours after the schedule's start.
        in_hours: i64,
    },
    /// Calendly's `invitee.canceled`.
    Cancelled {
        /// The index of the booking.
        booking: Booking,
        /// The booking to which it was moved.
        moved_to: Option<Booking>,
    },
    /// A customer's message, delivered by Twilio.
    Message {
        /// The index of the message.
        message: u8,
        /// The customer's phone.
        phone: Phone,
        /// The text of the message.
        text: InboundText,
    },
}

/// The texts that customers write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InboundText {
    /// An answer in words.
    Reply,
    /// An opt-out.
    Stop,
    /// An opt-in.
    Start,
    /// A reaction to one of our texts.
    Reaction,
}

impl InboundText {
    /// Returns the text as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "Thanks, I'll bring the papers",
            Self::Stop => "Please stop texting me",
            Self::Start => "START",
            Self::Reaction => "Liked “Hi, you are booked”",
        }
    }
}

/// Returns a phone's number, from the range that is reserved for examples.
#[must_use]
pub fn number(phone: Phone) -> String {
    format!("+120255501{:02}", 40 + phone % 50)
}

/// Returns the id of an event of `POST /sms`, a UUID of version 4.
#[must_use]
pub fn event_id(event: u8) -> String {
    format!("6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d{event:04x}")
}

/// Returns Calendly's URI of a booking.
#[must_use]
pub fn booking_uri(booking: Booking) -> String {
    format!("https://api.calendly.com/scheduled_events/EV{booking:03}/invitees/IN{booking:03}")
}

/// Returns the id of a booking's conversation.
pub(crate) fn booking_conversation(booking: Booking) -> String {
    ConversationId::from_event_id(&SourceName::fixed("calendly"), &booking_uri(booking)).to_string()
}

/// Twilio's report about a text that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The id of the text's conversation.
    pub conversation: String,
    /// The name of the text's step.
    pub step: String,
    /// The number of the attempt.
    pub attempt: u32,
    /// The status that is reported.
    pub status: ReportedStatus,
}

/// The status of a text in Twilio's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportedStatus {
    /// The carrier has the text.
    Sent,
    /// The phone has the text.
    Delivered,
    /// The phone was off: the text did not arrive and may be sent again.
    Unreachable,
    /// The number is a landline: the text did not arrive and never will.
    Landline,
}

impl Report {
    /// Returns the report as an event of API Gateway.
    #[must_use]
    pub fn request(&self) -> ApiGatewayV2httpRequest {
        let (status, code) = match self.status {
            ReportedStatus::Sent => ("sent", None),
            ReportedStatus::Delivered => ("delivered", None),
            ReportedStatus::Unreachable => ("undelivered", Some("30003")),
            ReportedStatus::Landline => ("undelivered", Some("30006")),
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
    /// Returns the call as an event of API Gateway, made at `now` in a schedule that began at `start`.
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
            Self::Message { message, phone, text } => inbound(message, phone, text),
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

fn inbound(message: u8, phone: Phone, text: InboundText) -> ApiGatewayV2httpRequest {
    let fields: Vec<(String, String)> = [
        ("MessageSid", format!("SM{message:032x}")),
        ("From", number(phone)),
        ("To", OUR_NUMBER.to_owned()),
        ("Body", text.as_str().to_owned()),
        ("NumMedia", "0".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    signed_form("/twilio/inbound", "", &fields)
}

fn signed_form(path: &str, query: &str, fields: &[(String, String)]) -> ApiGatewayV2httpRequest {
    let separator = if query.is_empty() { "" } else { "?" };
    let url = format!("{PUBLIC_URL}{path}{separator}{query}");
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
