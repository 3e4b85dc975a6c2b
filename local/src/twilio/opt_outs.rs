//! Who texted STOP to which of our numbers: Twilio blocks that pair until START.

use crate::store::Store;

/// The blocked pairs, durable. Addresses are Twilio's (`whatsapp:` included). Cheap to clone.
#[derive(Clone)]
pub struct OptOuts(Store);

impl OptOuts {
    /// The pairs of this store.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn open(store: Store) -> rusqlite::Result<Self> {
        store.lock().execute_batch(
            "CREATE TABLE IF NOT EXISTS opted_out (
                 sender TEXT NOT NULL, recipient TEXT NOT NULL, PRIMARY KEY (sender, recipient)
             ) STRICT, WITHOUT ROWID",
        )?;
        Ok(Self(store))
    }

    /// From now on nothing goes from our number `from` to the customer's `to`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn opt_out(&self, from: &str, to: &str) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO opted_out (sender, recipient) VALUES (?1, ?2)";
        self.0.lock().execute(sql, [from, to]).map(drop)
    }

    /// Opens the pair again.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn opt_in(&self, from: &str, to: &str) -> rusqlite::Result<()> {
        self.0
            .lock()
            .execute("DELETE FROM opted_out WHERE sender = ?1 AND recipient = ?2", [from, to])
            .map(drop)
    }

    /// Whether the pair is blocked.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn contains(&self, from: &str, to: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM opted_out WHERE sender = ?1 AND recipient = ?2)";
        self.0.lock().query_row(sql, [from, to], |row| row.get(0))
    }

    /// Does what Twilio does with a customer's text before anybody else sees it.
    pub(crate) fn hear(&self, from: &str, to: &str, body: &str) -> rusqlite::Result<()> {
        let word = body.trim().to_ascii_uppercase();
        if STOP.contains(&word.as_str()) {
            return self.opt_out(from, to);
        }
        if START.contains(&word.as_str()) {
            return self.opt_in(from, to);
        }
        Ok(())
    }
}

/// Twilio's defaults: a single word, any case.
const STOP: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];
const START: [&str; 3] = ["START", "YES", "UNSTOP"];
