//! Delivery receipts, on the clock. Twilio posts `sent`, then `delivered`, to the callback of every text;
//! AWS reports in its own forms.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use messaging::values::clock::Clock;
use tokio::sync::watch;

use crate::providers::aws_sms::reports::reports;
use crate::providers::outbox::{Channel, Outbox, Text};
use crate::providers::twilio::webhooks::Webhooks;
use crate::runtime::async_invoke::AsyncInvoker;
use crate::runtime::clock::LocalClock;
use crate::runtime::timer_source::TimerSource;

/// Posts the receipts that are due. Callbacks that lead to other hosts are ignored: this machine calls
/// nothing outside.
#[derive(Clone)]
pub struct Receipts(Arc<Inner>);

struct Inner {
    account: String,
    outbox: Outbox,
    clock: Arc<LocalClock>,
    webhooks: Arc<Webhooks>,
    invoker: Arc<AsyncInvoker>,
    posting: watch::Sender<HashSet<String>>,
}

impl Receipts {
    /// Creates the receipts for the texts of this outbox.
    #[must_use]
    pub fn new(
        account: String,
        outbox: Outbox,
        clock: Arc<LocalClock>,
        webhooks: Arc<Webhooks>,
        invoker: Arc<AsyncInvoker>,
    ) -> Self {
        let posting = watch::Sender::new(HashSet::new());
        Self(Arc::new(Inner { account, outbox, clock, webhooks, invoker, posting }))
    }
}

impl TimerSource for Receipts {
    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.0.pending(DateTime::<Utc>::MAX_UTC, 1).pop().map(|(_, due)| due)
    }

    fn wake(&self) {
        let due = self.0.pending(self.0.clock.now(), usize::MAX);
        let batch: Vec<String> = due.into_iter().map(|(sid, _)| sid).collect();
        if !batch.is_empty() {
            self.0.posting.send_modify(|posting| posting.extend(batch.iter().cloned()));
            tokio::spawn(Arc::clone(&self.0).post_all(batch));
        }
    }

    fn idle(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let mut posting = self.0.posting.subscribe();
            // The sender outlives this borrow, so waiting cannot fail.
            let _closed = posting.wait_for(HashSet::is_empty).await;
        })
    }
}

impl Inner {
    fn pending(&self, until: DateTime<Utc>, most: usize) -> Vec<(String, DateTime<Utc>)> {
        let posting = self.posting.borrow();
        self.outbox.receipts(until, &posting, most).unwrap_or_else(|error| {
            tracing::error!(%error, "Could not read the receipts that are due");
            Vec::new()
        })
    }

    /// Posts the receipts of one text after another, so that the order is always the same.
    async fn post_all(self: Arc<Self>, batch: Vec<String>) {
        for sid in batch {
            match self.outbox.find(&sid) {
                Ok(Some(text)) => self.post(&text).await,
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "Could not read the text of a receipt"),
            }
            // Like Twilio, this makes one attempt, whatever the response.
            if let Err(error) = self.outbox.receipt_posted(&sid) {
                tracing::error!(%error, "Could not record that a receipt was posted");
            }
            self.posting.send_modify(|posting| {
                posting.remove(&sid);
            });
        }
    }

    async fn post(&self, text: &Text) {
        for event in reports(text) {
            self.invoker.invoke("delivery-status", event).await;
        }
        let Some(path) = text.status_callback.as_deref().and_then(|url| self.webhooks.path_of(url)) else {
            return;
        };
        for status in ["sent", "delivered"] {
            let answer = self.webhooks.post(path, &self.form(text, status)).await;
            if !answer.is_success() {
                tracing::warn!(status = answer.as_u16(), "The receipt route rejected a receipt");
            }
        }
    }

    fn form(&self, text: &Text, status: &str) -> Vec<(String, String)> {
        let (from, to) = text.addresses();
        let sid = text.provider_message_id.as_str();
        let mut form = vec![
            ("AccountSid", self.account.as_str()),
            ("ApiVersion", "2010-04-01"),
            ("From", &from),
            ("MessageSid", sid),
            ("MessageStatus", status),
            ("SmsSid", sid),
            ("SmsStatus", status),
            ("To", &to),
        ];
        if text.channel == Channel::Whatsapp {
            form.push(("ChannelPrefix", "whatsapp"));
        }
        form.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}
