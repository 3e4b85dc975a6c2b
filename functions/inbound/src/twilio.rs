//! Twilio's inbound webhook: a signed form.

use chrono::{DateTime, Utc};
use http_edge::auth;
use http_edge::signature::twilio::{SETTINGS_HEADER, SIGNATURE_HEADER, SignedBody, TwilioUrl, verify};
use http_edge::{Problem, Request};
use messaging::inbound::{InboundMessage, ProviderKeyword};
use messaging::journeys::Channel;
use messaging::phone::PhoneNumber;
use messaging::ports::KeyRing;
use messaging::text::MessageText;

/// The form's fields, decoded, in order. Twilio adds fields without notice: none is refused.
pub(crate) type Fields = Vec<(String, String)>;

/// The connection overrides that the webhook's URL is configured with, as Twilio may or may not sign
/// them (twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
const FRAGMENT: &str = "rc=5&rp=all";

/// Words on which Twilio blocks and confirms by itself when they are the whole message, any case
/// (twilio.com/docs/messaging/tutorials/advanced-opt-out, default keywords).
const STOP_BY_DEFAULT: [&str; 8] =
    ["stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"];

/// The form, if the body is one.
pub(crate) fn fields(request: &Request) -> Fields {
    if is_form(request) { form_urlencoded::parse(request.body()).into_owned().collect() } else { Vec::new() }
}

fn is_form(request: &Request) -> bool {
    let content_type = request.header("content-type").unwrap_or("application/x-www-form-urlencoded");
    let media = content_type.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Checks the signature over the URL that Twilio was told to call and the fields.
pub(crate) async fn authenticate(
    request: &Request,
    fields: &Fields,
    keys: &impl KeyRing,
    public_url: Option<&str>,
) -> Result<(), Problem> {
    let own = format!("https://{}", request.domain);
    let url = TwilioUrl {
        base: public_url.unwrap_or(&own),
        path: &request.path,
        raw_query: &request.raw_query,
        fragment: FRAGMENT,
    };
    let signature = request.headers.get(SIGNATURE_HEADER).map(|value| value.as_bytes());
    let settings = request.headers.get(SETTINGS_HEADER).map(|value| value.as_bytes());
    auth::signature(request, keys, "twilio_auth_token", |known| {
        let body = if is_form(request) { SignedBody::Form(fields) } else { SignedBody::Raw(request.body()) };
        verify(signature, settings, &url, body, known)
    })
    .await
}

/// The message; `None` when the fields that are needed are not there (another kind of callback).
pub(crate) fn message(fields: &Fields, now: DateTime<Utc>) -> Option<InboundMessage> {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let id = field("MessageSid").or_else(|| field("SmsSid")).filter(|id| is_sid(id))?;
    let (channel, from) = address(field("From")?);
    let (_, to) = address(field("To")?);
    let body = field("Body")?;
    let media = field("NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0);
    let keyword = match field("OptOutType") {
        Some("STOP") => Some(ProviderKeyword::Stop),
        Some("START") => Some(ProviderKeyword::Start),
        Some("HELP") => Some(ProviderKeyword::Help),
        _ if channel == Channel::Sms
            && STOP_BY_DEFAULT.contains(&body.trim().to_ascii_lowercase().as_str()) =>
        {
            Some(ProviderKeyword::StopByDefault)
        }
        _ => None,
    };
    Some(InboundMessage {
        provider: "twilio",
        id: id.to_owned(),
        from: PhoneNumber::parse_e164(from).ok()?,
        to: to.to_owned(),
        channel,
        body: MessageText::new(body),
        media,
        replied_to: field("OriginalRepliedMessageSid").filter(|id| is_sid(id)).map(str::to_owned),
        keyword,
        at: now,
    })
}

/// `whatsapp:+1...` or `+1...`.
fn address(text: &str) -> (Channel, &str) {
    text.strip_prefix("whatsapp:").map_or((Channel::Sms, text), |number| (Channel::Whatsapp, number))
}

/// A Twilio message id: two letters and 32 hexadecimal digits; anything of that alphabet is taken.
fn is_sid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}
