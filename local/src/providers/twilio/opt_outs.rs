//! Who texted STOP to which of our numbers: Twilio blocks that pair until START.

use sha2::{Digest, Sha256};

use crate::providers::outbox::Channel;
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
        let sql = "DELETE FROM opted_out WHERE sender = ?1 AND recipient IN (?2, ?3)";
        self.0.lock().execute(sql, [from, to, &digest(to)]).map(drop)
    }

    /// Whether the pair is blocked.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn contains(&self, from: &str, to: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM opted_out WHERE sender = ?1 AND recipient IN (?2, ?3))";
        self.0.lock().query_row(sql, [from, to, &digest(to)], |row| row.get(0))
    }

    /// Goes on blocking this phone (E.164) without naming it.
    pub(crate) fn forget(&self, phone: &str) -> rusqlite::Result<()> {
        for address in [Channel::Sms.address(phone), Channel::Whatsapp.address(phone)] {
            let sql = "UPDATE OR REPLACE opted_out SET recipient = ?2 WHERE recipient = ?1";
            self.0.lock().execute(sql, [&address, &digest(&address)])?;
        }
        Ok(())
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

/// An address that is not to be read.
fn digest(address: &str) -> String {
    hex::encode(Sha256::digest(address))
}

/// Twilio's defaults: a single word, any case.
const STOP: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];
const START: [&str; 3] = ["START", "YES", "UNSTOP"];
