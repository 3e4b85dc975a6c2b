//! Opt-outs as operators see and set them. (Customers' own stand in `inbox`.)

use chrono::{DateTime, Utc};
use messaging::conversation::consent::{Act, ConsentChange};
use messaging::ports::Unavailable;
use messaging::values::phone::PhoneNumber;
use messaging::values::phone::stored::from_stored;

use super::Table;
use super::consents;
use super::expression::{Placeholders, number, text};
use super::item::{VERSION, contact_key, expiry};
use super::write::{instant, transact_update, worklist};

impl Table {
    /// Everybody who has opted out, oldest first.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn opted_out(&self) -> Result<Vec<PhoneNumber>, Unavailable> {
        let keys = self.worklist("opted_out").await?;
        Ok(keys
            .iter()
            .filter_map(|pk| pk.strip_prefix("P#"))
            .filter_map(|phone| from_stored(phone).ok())
            .collect())
    }

    /// Sets or lifts an opt-out; `by` says who did. Setting keeps the first time.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn set_opt_out(
        &self,
        phone: &PhoneNumber,
        opted_out: bool,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        let mut p = Placeholders::default();
        let (opted_out_at, opted_out_by) = (p.path("opted_out_at"), p.path("opted_out_by"));
        let version = format!("SET {} = {}", p.path("v"), p.value("v", number(VERSION)));
        let update = if opted_out {
            format!(
                "{version}, {opted_out_at} = if_not_exists({opted_out_at}, {}), {opted_out_by} = if_not_exists({opted_out_by}, {}){} REMOVE {}",
                p.value("at", instant(at)),
                p.value("by", text(by)),
                worklist(&mut p, "opted_out", at),
                p.path("expires_at"),
            )
        } else {
            format!(
                "{version}, {} = {}, {} = {}, {} = {} REMOVE {opted_out_at}, {opted_out_by}, {}, {}, {}",
                p.path("opted_in_at"),
                p.value("at", instant(at)),
                p.path("opted_in_by"),
                p.value("by", text(by)),
                p.path("expires_at"),
                p.value("expires_at", number(expiry(at, self.retention))),
                p.path("worklist"),
                p.path("worklist_at"),
                p.path("confirmation"),
            )
        };
        let mut items = vec![transact_update(&self.name, contact_key(phone), update, None, &p)?];
        if !opted_out && self.suppression(phone).await?.is_some() {
            items.push(self.lifted(phone, at)?);
        }
        let act = if opted_out { Act::OptedOut } else { Act::OptedIn };
        items.push(consents::kept(&self.name, phone, &ConsentChange::global(act, by, at))?);
        self.transact(items).await.map(drop)
    }
}
