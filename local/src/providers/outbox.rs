//! The texts that the simulated provider delivered, in order of delivery.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use messaging::values::clock::to_rfc3339;
use messaging::values::provider::Provider;
use rusqlite::Row;
use serde_json::{Value, json};

use crate::store::Store;

/// One delivered text. No `Debug`: it is personal data from end to end.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// E.164, without `whatsapp:`.
    pub to: String,
    /// E.164 or a sender id, without `whatsapp:`.
    pub from: String,
    /// How it went.
    pub channel: Channel,
    /// What it says; for a content template the template's id and variables as JSON.
    pub body: String,
    /// The parts it was cut into.
    pub segments: u32,
    /// Who took it.
    pub provider: Provider,
    /// The provider's id of the message.
    pub provider_message_id: String,
    /// Where Twilio's receipts go; the sender's own ids are in its query.
    pub status_callback: Option<String>,
    /// The sender's own ids as AWS was given them: a JSON object of texts.
    pub context: Option<String>,
    /// The provider took it, and it never reaches the phone: the reason that the receipt will give.
    pub failure: Option<String>,
    /// When it was accepted.
    pub at: DateTime<Utc>,
}

/// How a text travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// As a text message.
    Sms,
    /// As a WhatsApp message.
    Whatsapp,
}

/// The delivered texts, durable. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Store);

impl Outbox {
    /// The outbox of this store.
    ///
    /// # Errors
    /// When the store cannot be written.
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

    /// Delivers a text: on disk when this returns. `receipt` says whether a receipt will follow; if not,
    /// the provider's records do not show it either.
    ///
    /// # Errors
    /// When it could not be written; then nothing was delivered.
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

    /// All texts, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&self) -> rusqlite::Result<Vec<Text>> {
        self.select("WHERE failure IS NULL ORDER BY seq", ())
    }

    /// What Twilio's own records show, oldest first. A text whose answer was lost on purpose is not among
    /// them: what has become of it is to be found out otherwise.
    pub(crate) fn twilio_records(&self) -> rusqlite::Result<Vec<Text>> {
        self.select("WHERE provider = 'twilio' AND NOT hidden ORDER BY seq", ())
    }

    /// The last text to this phone (E.164).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_to(&self, phone: &str) -> rusqlite::Result<Option<Text>> {
        Ok(self.select("WHERE recipient = ?1 AND failure IS NULL ORDER BY seq DESC LIMIT 1", [phone])?.pop())
    }

    /// The text with this SID.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find(&self, sid: &str) -> rusqlite::Result<Option<Text>> {
        Ok(self.select("WHERE sid = ?1", [sid])?.pop())
    }

    /// The provider's present status of a text.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn status(&self, sid: &str) -> rusqlite::Result<String> {
        self.0.lock().query_row("SELECT status FROM outbox WHERE sid = ?1", [sid], |row| row.get(0))
    }

    /// The receipts that fall due until then, earliest first, leaving out those being posted.
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

    /// The receipts of a text have been posted.
    pub(crate) fn receipt_posted(&self, sid: &str) -> rusqlite::Result<()> {
        let sql = "UPDATE outbox SET status = 'delivered', receipt_due = NULL WHERE sid = ?1";
        self.0.lock().execute(sql, [sid]).map(drop)
    }

    /// Takes number and words out of everything that this phone (E.164) was sent, and says how many
    /// texts that were. Ids, times and states stay.
    ///
    /// # Errors
    /// When the store cannot be written.
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

/// What an outbox of an earlier version does not have: then Twilio was the only provider.
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
    /// As `GET /_local/outbox` shows it.
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

    /// Both numbers as Twilio spells them on this channel: from, to.
    #[must_use]
    pub fn addresses(&self) -> (String, String) {
        (self.channel.address(&self.from), self.channel.address(&self.to))
    }

    /// An id of the sender's own (`conversation`, `step`, `attempt`), from the callback's query or from
    /// what AWS was given: the provider gives them back with every receipt.
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
    /// `sms` or `whatsapp`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Whatsapp => "whatsapp",
        }
    }

    /// A number as Twilio spells it on this channel.
    #[must_use]
    pub fn address(self, number: &str) -> String {
        match self {
            Self::Sms => number.to_owned(),
            Self::Whatsapp => format!("whatsapp:{number}"),
        }
    }

    /// An address of Twilio's, taken apart.
    pub(crate) fn split(address: &str) -> (Self, &str) {
        match address.strip_prefix("whatsapp:") {
            Some(number) => (Self::Whatsapp, number),
            None => (Self::Sms, address),
        }
    }
}
