//! A call of Twilio's: a signed form.

use messaging::ports::KeyRing;

use crate::signature::twilio::{SETTINGS_HEADER, SIGNATURE_HEADER, SignedBody, TwilioUrl, verify};
use crate::{Problem, Request, auth};

/// The form's fields, decoded, in order. Twilio adds fields without notice: none is refused. No `Debug`:
/// they are personal data.
pub struct TwilioCall {
    fields: Vec<(String, String)>,
}

/// The connection overrides that a webhook's URL is configured with, as Twilio may or may not sign them
/// (twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
const FRAGMENT: &str = "rc=5&rp=all";

impl TwilioCall {
    /// Reads a call and checks its signature, over the URL that Twilio was told to call and the fields:
    /// `public_url`, or the address that API Gateway names.
    ///
    /// # Errors
    /// 401 when it is not Twilio's, 503 when the keys cannot be had.
    pub async fn authenticated(
        request: &Request,
        keys: &impl KeyRing,
        public_url: Option<&str>,
    ) -> Result<Self, Problem> {
        let is_form = is_form(request);
        let fields = match is_form {
            true => form_urlencoded::parse(request.body()).into_owned().collect(),
            false => Vec::new(),
        };
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
            let body = if is_form { SignedBody::Form(&fields) } else { SignedBody::Raw(request.body()) };
            verify(signature, settings, &url, body, known)
        })
        .await?;
        Ok(Self { fields })
    }

    /// A field; the first of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The message's id: two letters and 32 hexadecimal digits; anything of that alphabet is taken.
    #[must_use]
    pub fn message_sid(&self) -> Option<&str> {
        self.field("MessageSid").or_else(|| self.field("SmsSid")).filter(|id| is_sid(id))
    }
}

fn is_form(request: &Request) -> bool {
    let content_type = request.header("content-type").unwrap_or("application/x-www-form-urlencoded");
    let media = content_type.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Whether a text can be a Twilio id.
#[must_use]
pub fn is_sid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}
