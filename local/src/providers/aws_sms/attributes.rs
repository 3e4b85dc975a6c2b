//! The account's SMS attributes, which `SetSMSAttributes` stores and `GetSMSAttributes` returns.

use std::collections::{BTreeMap, HashMap};

use super::SnsError;
use crate::store::Store;
use adapters::providers::sns::ATTRIBUTES;

/// The attributes, stored durably.
pub(crate) struct Attributes(Store);

impl Attributes {
    pub(super) fn open(store: Store) -> rusqlite::Result<Self> {
        store.lock().execute_batch(
            "CREATE TABLE IF NOT EXISTS sms_attributes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
        )?;
        Ok(Self(store))
    }

    /// Stores the attributes in `attributes.entry.N.key` and `.value`, after the same checks as in SNS.
    pub(crate) fn set(&self, form: &HashMap<String, String>) -> Result<(), SnsError> {
        let entry = |n: usize| {
            let key = form.get(&format!("attributes.entry.{n}.key"))?;
            Some((key.clone(), form.get(&format!("attributes.entry.{n}.value")).cloned().unwrap_or_default()))
        };
        let entries: Vec<(String, String)> = (1..).map_while(entry).collect();
        if entries.is_empty() || !entries.iter().all(|(name, value)| is_valid(name, value)) {
            return Err(SnsError(400, "InvalidParameter", "Invalid parameter: attributes"));
        }
        let mut connection = self.0.lock();
        let transaction = connection.transaction()?;
        for (name, value) in entries {
            let sql =
                "INSERT INTO sms_attributes VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
            transaction.execute(sql, (name, value))?;
        }
        Ok(transaction.commit()?)
    }

    pub(crate) fn get(&self) -> Result<BTreeMap<String, String>, SnsError> {
        let connection = self.0.lock();
        let mut statement = connection.prepare_cached("SELECT name, value FROM sms_attributes")?;
        let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn is_valid(name: &str, value: &str) -> bool {
    let number = |most: u32| value.parse::<u32>().is_ok_and(|number| number <= most);
    match name {
        "DefaultSMSType" => ["Promotional", "Transactional"].contains(&value),
        "MonthlySpendLimit" => number(u32::MAX),
        "DeliveryStatusSuccessSamplingRate" => number(100),
        "DefaultSenderID" => {
            (1..=11).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
        name => ATTRIBUTES.contains(&name),
    }
}
