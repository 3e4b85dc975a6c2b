//! Customers' phones, which reply on the channel and to the number of the last text.

use std::sync::Arc;

use http::StatusCode;
use messaging::values::provider::Provider;
use serde_json::Value;
use uuid::Uuid;

use crate::providers::aws_sms::reports::two_way;
use crate::providers::outbox::{Channel, Outbox, Text};
use crate::providers::segments;
use crate::providers::twilio::is_e164;
use crate::providers::twilio::opt_outs::OptOuts;
use crate::providers::twilio::webhooks::Webhooks;
use crate::runtime::async_invoke::AsyncInvoker;
use crate::runtime::problem::Violation;
use crate::store::keys::Keys;
use crate::store::vacuum::Vacuum;

/// The longest text that Twilio passes on, in characters.
const LONGEST: usize = 1600;

/// The route of the functions' Twilio webhook.
const ROUTE: &str = "/twilio/inbound";

/// All simulated phones.
pub struct Phones {
    keys: Keys,
    outbox: Outbox,
    opt_outs: OptOuts,
    webhooks: Arc<Webhooks>,
    vacuum: Vacuum,
    invoker: Arc<AsyncInvoker>,
}

/// A reply from a customer. It is personal data, so the type has no `Debug`.
pub(super) struct Reply {
    phone: String,
    body: String,
}

impl Reply {
    pub(super) fn parse(phone: String, body: &Value) -> Result<Self, Vec<Violation>> {
        let mut violations: Vec<_> = checked(phone.clone()).err().into_iter().collect();
        let body = body.get("body").and_then(Value::as_str);
        let body = body.filter(|body| !body.is_empty() && body.chars().count() <= LONGEST);
        match body {
            Some(body) if violations.is_empty() => {
                return Ok(Self { phone, body: body.to_owned() });
            }
            Some(_) => {}
            None => {
                let detail = "The body must be a text of 1 to 1600 characters.";
                violations.push(Violation { pointer: "/body", code: "invalid_body", detail });
            }
        }
        Err(violations)
    }
}

/// Checks the phone number in a path.
pub(super) fn checked(phone: String) -> Result<String, Violation> {
    let detail = "The path must name a phone number in E.164.";
    if is_e164(&phone) { Ok(phone) } else { Err(Violation { pointer: "", code: "invalid_phone", detail }) }
}

impl Phones {
    /// Creates the phones that the texts of this account reach.
    #[must_use]
    pub(crate) fn new(
        keys: Keys,
        outbox: Outbox,
        opt_outs: OptOuts,
        webhooks: Arc<Webhooks>,
        vacuum: Vacuum,
        invoker: Arc<AsyncInvoker>,
    ) -> Self {
        Self { keys, outbox, opt_outs, webhooks, vacuum, invoker }
    }

    /// Erases a phone (E.164) from the texts and from the opt-outs, which keep a digest of it, and returns
    /// the number of texts that it had been sent.
    pub(super) fn forget(&self, phone: &str) -> rusqlite::Result<usize> {
        let texts = self.outbox.forget(phone)?;
        self.opt_outs.forget(phone)?;
        self.vacuum.rewrite_files()?;
        Ok(texts)
    }

    /// Sends the reply through Twilio, which acts on STOP and START first, and returns the status of the
    /// inbound route.
    pub(super) async fn reply(&self, reply: Reply) -> rusqlite::Result<StatusCode> {
        let (channel, ours) = match self.outbox.last_to(&reply.phone)? {
            Some(text) if text.provider != Provider::Twilio => return self.reply_by_aws(&text, &reply).await,
            Some(text) => (text.channel, text.from),
            None => (Channel::Sms, self.keys.twilio_from.clone()),
        };
        let (from, to) = (channel.address(&reply.phone), channel.address(&ours));
        self.opt_outs.apply_keyword(&to, &from, &reply.body)?;

        let sid = format!("SM{}", Uuid::new_v4().simple());
        let segments = segments::count(&reply.body).to_string();
        let mut form = vec![
            ("AccountSid", self.keys.twilio_account_sid.as_str()),
            ("ApiVersion", "2010-04-01"),
            ("Body", &reply.body),
            ("From", &from),
            ("MessageSid", &sid),
            ("NumMedia", "0"),
            ("NumSegments", &segments),
            ("SmsMessageSid", &sid),
            ("SmsSid", &sid),
            ("SmsStatus", "received"),
            ("To", &to),
        ];
        if channel == Channel::Whatsapp {
            form.extend([
                ("MessageType", "text"),
                ("ProfileName", "Local phone"),
                ("WaId", reply.phone.trim_start_matches('+')),
            ]);
        }
        let form: Vec<_> =
            form.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(self.webhooks.post(ROUTE, &form).await)
    }

    /// Sends the reply through AWS to the two-way topic. STOP is sent there too, because the pool in
    /// template.yaml leaves opt-outs to us. A topic has no HTTP status: the result is 200 if the message was
    /// handled.
    async fn reply_by_aws(&self, last: &Text, reply: &Reply) -> rusqlite::Result<StatusCode> {
        let handled = self.invoker.invoke("inbound", two_way(last, &reply.body)).await;
        Ok(if handled { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR })
    }
}
