//! Opt-outs as operators see and set them. Those that customers send are stored by [`super::inbox`].

use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::consent::{Act, ConsentChange};
use messaging::ports::Unavailable;
use messaging::values::phone::PhoneNumber;

use super::builder::{Update, Write, upsert};
use super::item::{Worklist, expiry};
use super::keys::{Key, phone_in};
use super::{Table, consents};

impl Table {
    /// Returns the numbers that have opted out, oldest first.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn opted_out(&self) -> Result<Vec<PhoneNumber>, Unavailable> {
        let keys = self.keys_on(Worklist::OptedOut).await?;
        Ok(keys.iter().filter_map(|pk| phone_in(pk)).collect())
    }

    /// Stores an opt-out and what caused it, `by`. An earlier opt-out keeps its time and its cause.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn set_opt_out(
        &self,
        phone: &PhoneNumber,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        self.move_from_older_spelling(phone).await?;
        let change = ConsentChange::global(Act::OptedOut, by, at);
        let writes = vec![opt_out(phone, by, at).into(), consents::put_change(phone, &change)];
        self.transact(writes).await.map(drop)
    }

    /// Lifts an opt-out, also the one that is kept for an erased person, and stores what caused it, `by`.
    ///
    /// # Errors
    /// When the table cannot be read or written.
    pub async fn lift_opt_out(
        &self,
        phone: &PhoneNumber,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        self.move_from_older_spelling(phone).await?;
        let mut writes: Vec<Write> = vec![opt_in(phone, by, at, self.retention).into()];
        if self.suppression(phone).await?.is_some() {
            writes.push(self.lift_suppression(phone, at).into());
        }
        let change = ConsentChange::global(Act::OptedIn, by, at);
        writes.push(consents::put_change(phone, &change));
        self.transact(writes).await.map(drop)
    }
}

/// Opts a contact out. The contact does not expire then: the wish outlives every conversation.
pub(super) fn opt_out(phone: &PhoneNumber, by: &str, at: DateTime<Utc>) -> Update {
    upsert(Key::contact(phone))
        .set_once("opted_out_at", at)
        .set_once("opted_out_by", by)
        .put_on(Worklist::OptedOut, at)
        .remove("expires_at")
}

fn opt_in(phone: &PhoneNumber, by: &str, at: DateTime<Utc>, retention: TimeDelta) -> Update {
    opted_in(upsert(Key::contact(phone)), by, at, retention).remove("confirmation")
}

/// Adds to the update of a contact that it has opted in.
pub(super) fn opted_in(contact: Update, by: &str, at: DateTime<Utc>, retention: TimeDelta) -> Update {
    contact
        .set("opted_in_at", at)
        .set("opted_in_by", by)
        .set("expires_at", expiry(at, retention))
        .remove("opted_out_at")
        .remove("opted_out_by")
        .take_off_worklist()
}
