//! The texts that the simulated providers delivered, in order of delivery.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use messaging::values::clock::to_rfc3339;
use messaging::values::provider::Provider;
use rusqlite::Row;
use serde_json::{Value, json};

use crate::store::Store;

/// A delivered text. It is personal data, so the type has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// The recipient in E.164, without `whatsapp:`.
    pub to: String,
    /// The sender in E.164 or a sender id, without `whatsapp:`.
    pub from: String,
    /// The channel on which it was sent.
    pub channel: Channel,
    /// The words; for a content template its id and variables as JSON.
    pub body: String,
    /// The number of parts into which it was split.
    pub segments: u32,
    /// The provider that accepted it.
    pub provider: Provider,
    /// The provider's id of the message.
    pub provider_message_id: String,
    /// The URL to which Twilio posts receipts. Its query contains the sender's own ids.
    pub status_callback: Option<String>,
    /// The sender's own ids that were passed to AWS: a JSON object of strings.
    pub context: Option<String>,
    /// The reason in the receipt if the provider accepted the text but never delivers it.
    pub failure: Option<String>,
    /// The time at which it was accepted.
    pub at: DateTime<Utc>,
}

/// The channel of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A text message by SMS.
    Sms,
    /// A message on WhatsApp.
    Whatsapp,
}

/// The delivered texts, stored durably. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Store);

impl Outbox {
    /// Opens the outbox of this store.
    ///
    /// # Errors
    /// Fails when the store cannot be written.
    pub fn open(store: Store) -> rusqlite::Result<Self> {
        store.lock().execute_batch(
            "CREATE TABLE IF NOT EXISTS outbox (
                 seq INTEGER PRIMARY KEY AUTOINCREMENT,
                 sid TEXT NOT NULL UNIQUE,
                 recipient TEXT NOT NULL,
                 sender TEXT NOT NULL,
                 channel TEXT NOT NULL,
                 body TEXT NOT NULL,
                 segments INTEGER NOT NULL,
                 status_callback TEXT,
                 at INTEGER NOT NULL,
                 status TEXT NOT NULL DEFAULT 'sent',
                 receipt_due INTEGER
             ) STRICT;
             CREATE INDEX IF NOT EXISTS outbox_recipient ON outbox (recipient, seq);
             CREATE INDEX IF NOT EXISTS outbox_receipt ON outbox (receipt_due) WHERE receipt_due IS NOT NULL;",
        )?;
        add_columns(&store)?;
        Ok(Self(store))
    }

    /// Delivers a text, which is on disk when this returns. `receipt` states whether a receipt follows.
    /// Without one, the provider's records do not show the text either.
    ///
    /// # Errors
    /// Fails when the text cannot be written; then nothing was delivered.
    pub fn append(&self, text: &Text, receipt: bool) -> rusqlite::Result<()> {
        let at = text.at.timestamp_millis();
        let reports = text.provider != Provider::Twilio || text.status_callback.is_some();
        let receipt_due = (receipt && reports).then_some(at);
        self.0.lock().execute(
            "INSERT INTO outbox (sid, recipient, sender, channel, body, segments, status_callback, at,
                 receipt_due, provider, context, failure, hidden)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            (
                &text.provider_message_id,
                &text.to,
                &text.from,
                text.channel.name(),
                &text.body,
                text.segments,
                &text.status_callback,
                at,
                receipt_due,
                text.provider.as_str(),
                &text.context,
                &text.failure,
                !receipt,
            ),
        )?;
        Ok(())
    }

    /// Returns all texts, oldest first.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub fn list(&self) -> rusqlite::Result<Vec<Text>> {
        self.select("WHERE failure IS NULL ORDER BY seq", ())
    }

    /// Returns the texts in Twilio's records, oldest first. Texts whose response was lost by a fault are not
    /// among them: their outcome must be established in another way.
    pub(crate) fn twilio_records(&self) -> rusqlite::Result<Vec<Text>> {
        self.select("WHERE provider = 'twilio' AND NOT hidden ORDER BY seq", ())
    }

    /// Returns the last text to this phone (E.164).
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub fn last_to(&self, phone: &str) -> rusqlite::Result<Option<Text>> {
        Ok(self.select("WHERE recipient = ?1 AND failure IS NULL ORDER BY seq DESC LIMIT 1", [phone])?.pop())
    }

    /// Returns the text with this SID, if there is one.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub fn find(&self, sid: &str) -> rusqlite::Result<Option<Text>> {
        Ok(self.select("WHERE sid = ?1", [sid])?.pop())
    }

    /// Returns the provider's current status of a text.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub(crate) fn status(&self, sid: &str) -> rusqlite::Result<String> {
        self.0.lock().query_row("SELECT status FROM outbox WHERE sid = ?1", [sid], |row| row.get(0))
    }

    /// Returns the receipts that are due until then, earliest first, without those that are being posted.
    pub(crate) fn receipts(
        &self,
        until: DateTime<Utc>,
        posting: &HashSet<String>,
        most: usize,
    ) -> rusqlite::Result<Vec<(String, DateTime<Utc>)>> {
        let connection = self.0.lock();
        let sql = "SELECT sid, receipt_due FROM outbox
             WHERE receipt_due IS NOT NULL AND receipt_due <= ?1 ORDER BY receipt_due, seq";
        let mut statement = connection.prepare_cached(sql)?;
        let rows =
            statement.query_map([until.timestamp_millis()], |row| Ok((row.get(0)?, instant(row.get(1)?))))?;
        rows.filter(|row| row.as_ref().map_or(true, |(sid, _)| !posting.contains(sid))).take(most).collect()
    }

    /// Records that the receipts of a text have been posted.
    pub(crate) fn receipt_posted(&self, sid: &str) -> rusqlite::Result<()> {
        let sql = "UPDATE outbox SET status = 'delivered', receipt_due = NULL WHERE sid = ?1";
        self.0.lock().execute(sql, [sid]).map(drop)
    }

    /// Erases number and words of every text to this phone (E.164), and returns the number of texts. Ids,
    /// times and statuses stay.
    ///
    /// # Errors
    /// Fails when the store cannot be written.
    pub fn forget(&self, phone: &str) -> rusqlite::Result<usize> {
        let sql = "UPDATE outbox SET recipient = '', body = '' WHERE recipient = ?1";
        self.0.lock().execute(sql, [phone])
    }

    fn select(&self, rest: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<Vec<Text>> {
        let connection = self.0.lock();
        let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM outbox {rest}"))?;
        statement.query_map(parameters, read)?.collect()
    }
}

const COLUMNS: &str =
    "sid, recipient, sender, channel, body, segments, status_callback, at, provider, context, failure";

/// Adds the columns that an outbox of an older version lacks. Twilio was its only provider.
fn add_columns(store: &Store) -> rusqlite::Result<()> {
    let connection = store.lock();
    for (name, definition) in [
        ("provider", "provider TEXT NOT NULL DEFAULT 'twilio'"),
        ("context", "context TEXT"),
        ("failure", "failure TEXT"),
        ("hidden", "hidden INTEGER NOT NULL DEFAULT 0"),
    ] {
        let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_info('outbox') WHERE name = ?1)";
        if !connection.query_row(sql, [name], |row| row.get::<_, bool>(0))? {
            connection.execute_batch(&format!("ALTER TABLE outbox ADD COLUMN {definition}"))?;
        }
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Text> {
    let channel: String = row.get(3)?;
    Ok(Text {
        provider_message_id: row.get(0)?,
        to: row.get(1)?,
        from: row.get(2)?,
        channel: if channel == Channel::Whatsapp.name() { Channel::Whatsapp } else { Channel::Sms },
        body: row.get(4)?,
        segments: row.get(5)?,
        status_callback: row.get(6)?,
        at: instant(row.get(7)?),
        provider: Provider::of_name(&row.get::<_, String>(8)?).unwrap_or(Provider::Twilio),
        context: row.get(9)?,
        failure: row.get(10)?,
    })
}

fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

impl Text {
    /// Returns the JSON that `GET /_local/outbox` shows.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "to": self.to,
            "body": self.body,
            "channel": self.channel.name(),
            "provider": self.provider.as_str(),
            "provider_message_id": self.provider_message_id,
            "conversation_id": self.correlation("conversation"),
            "step": self.correlation("step"),
            "at": to_rfc3339(self.at),
        })
    }

    /// Returns both numbers as Twilio spells them on this channel: from, to.
    #[must_use]
    pub fn addresses(&self) -> (String, String) {
        (self.channel.address(&self.from), self.channel.address(&self.to))
    }

    /// Returns one of the sender's own ids (`conversation`, `step`, `attempt`) from the callback's query or
    /// from the context that was passed to AWS. The provider returns them with every receipt.
    #[must_use]
    pub fn correlation(&self, name: &str) -> Option<String> {
        if let Some(context) = &self.context {
            let context: Value = serde_json::from_str(context).ok()?;
            return context.get(name)?.as_str().map(str::to_owned);
        }
        let (_, query) = self.status_callback.as_deref()?.split_once('?')?;
        let query = query.split('#').next().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl Channel {
    /// Returns `sms` or `whatsapp`, as it is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Whatsapp => "whatsapp",
        }
    }

    /// Returns a number as Twilio spells it on this channel.
    #[must_use]
    pub fn address(self, number: &str) -> String {
        match self {
            Self::Sms => number.to_owned(),
            Self::Whatsapp => format!("whatsapp:{number}"),
        }
    }

    /// Splits an address of Twilio's into channel and number.
    pub(crate) fn split(address: &str) -> (Self, &str) {
        match address.strip_prefix("whatsapp:") {
            Some(number) => (Self::Whatsapp, number),
            None => (Self::Sms, address),
        }
    }
}
