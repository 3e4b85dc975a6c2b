//! The opt-outs of the simulated Twilio: it blocks each pair of numbers from STOP until START.

use sha2::{Digest, Sha256};

use crate::providers::outbox::Channel;
use crate::store::Store;

/// The blocked pairs, stored durably. Addresses are in Twilio's form (`whatsapp:` included). Cheap to clone.
#[derive(Clone)]
pub struct OptOuts(Store);

impl OptOuts {
    /// Opens the pairs of this store.
    ///
    /// # Errors
    /// Fails when the store cannot be written.
    pub fn open(store: Store) -> rusqlite::Result<Self> {
        store.lock().execute_batch(
            "CREATE TABLE IF NOT EXISTS opted_out (
                 sender TEXT NOT NULL, recipient TEXT NOT NULL, PRIMARY KEY (sender, recipient)
             ) STRICT, WITHOUT ROWID",
        )?;
        Ok(Self(store))
    }

    /// Blocks texts from our number `from` to the customer's `to`.
    ///
    /// # Errors
    /// Fails when the store cannot be written.
    pub fn opt_out(&self, from: &str, to: &str) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO opted_out (sender, recipient) VALUES (?1, ?2)";
        self.0.lock().execute(sql, [from, to]).map(drop)
    }

    /// Unblocks a pair of numbers.
    ///
    /// # Errors
    /// Fails when the store cannot be written.
    pub fn opt_in(&self, from: &str, to: &str) -> rusqlite::Result<()> {
        let sql = "DELETE FROM opted_out WHERE sender = ?1 AND recipient IN (?2, ?3)";
        self.0.lock().execute(sql, [from, to, &digest(to)]).map(drop)
    }

    /// Returns whether the pair is blocked.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub fn contains(&self, from: &str, to: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM opted_out WHERE sender = ?1 AND recipient IN (?2, ?3))";
        self.0.lock().query_row(sql, [from, to, &digest(to)], |row| row.get(0))
    }

    /// Replaces a phone (E.164) with its digest in all pairs, which stay blocked.
    pub(crate) fn forget(&self, phone: &str) -> rusqlite::Result<()> {
        for address in [Channel::Sms.address(phone), Channel::Whatsapp.address(phone)] {
            let sql = "UPDATE OR REPLACE opted_out SET recipient = ?2 WHERE recipient = ?1";
            self.0.lock().execute(sql, [&address, &digest(&address)])?;
        }
        Ok(())
    }

    /// Blocks or unblocks the pair if the text is one of Twilio's keywords, as Twilio does before it calls
    /// the webhook.
    pub(crate) fn apply_keyword(&self, from: &str, to: &str, body: &str) -> rusqlite::Result<()> {
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

/// Returns the digest that replaces an erased address.
fn digest(address: &str) -> String {
    hex::encode(Sha256::digest(address))
}

/// Twilio's default keywords: a single word in any case.
const STOP: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];
const START: [&str; 3] = ["START", "YES", "UNSTOP"];
