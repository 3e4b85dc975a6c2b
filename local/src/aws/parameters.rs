//! SSM's Parameter Store, with the operators' switch `sending` and any other parameter that is stored.

use std::sync::Arc;

use messaging::values::clock::Clock;
use rusqlite::OptionalExtension;
use serde_json::{Value, json};

use crate::runtime::aws_error::AwsError;
use crate::runtime::clock::LocalClock;
use crate::store::Store;

/// The full name of the switch, and the short name that is accepted too.
const SENDING: &str = "/afterword/sending";
const SENDING_SHORT: &str = "sending";

const ARN: &str = "arn:aws:ssm:us-east-1:000000000000:parameter";

/// The parameters, stored durably.
pub struct Parameters {
    store: Store,
    clock: Arc<LocalClock>,
}

impl Parameters {
    /// Opens the parameters of this store. In a new store `sending` is `on`.
    ///
    /// # Errors
    /// Fails when the store cannot be written.
    pub fn open(store: Store, clock: Arc<LocalClock>) -> rusqlite::Result<Self> {
        {
            let connection = store.lock();
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS parameters (
                     name TEXT PRIMARY KEY, type TEXT NOT NULL, value TEXT NOT NULL,
                     version INTEGER NOT NULL, modified INTEGER NOT NULL
                 ) STRICT",
            )?;
            connection.execute(
                "INSERT OR IGNORE INTO parameters VALUES (?1, 'String', 'on', 1, ?2)",
                (SENDING, clock.now().timestamp()),
            )?;
        }
        Ok(Self { store, clock })
    }

    /// Answers `GetParameter` as Parameter Store does.
    pub(super) fn get(&self, request: &Value) -> Result<Value, AwsError> {
        let name = name(request)?;
        let sql = "SELECT type, value, version, modified FROM parameters WHERE name = ?1";
        let found = self.store.lock().query_row(sql, [&name], |row| {
            Ok(json!({
                "ARN": format!("{ARN}{}{name}", if name.starts_with('/') { "" } else { "/" }),
                "DataType": "text",
                "LastModifiedDate": row.get::<_, i64>(3)?,
                "Name": name,
                "Type": row.get::<_, String>(0)?,
                "Value": row.get::<_, String>(1)?,
                "Version": row.get::<_, i64>(2)?,
            }))
        });
        let parameter = found
            .optional()?
            .ok_or_else(|| AwsError::new("ParameterNotFound", "The parameter does not exist."))?;
        Ok(json!({ "Parameter": parameter }))
    }

    /// Answers `PutParameter` as Parameter Store does.
    pub(super) fn put(&self, request: &Value) -> Result<Value, AwsError> {
        let name = name(request)?;
        let text = |field: &str| request.get(field).and_then(Value::as_str);
        let value = text("Value").filter(|value| !value.is_empty()).ok_or(invalid("Value is required."))?;
        if text("Type").is_some_and(|kind| !["String", "StringList", "SecureString"].contains(&kind)) {
            return Err(invalid("Type is one of String, StringList, SecureString."));
        }
        let overwrite = request.get("Overwrite").and_then(Value::as_bool).unwrap_or_default();
        let connection = self.store.lock();
        let exists: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM parameters WHERE name = ?1)",
            [&name],
            |row| row.get(0),
        )?;
        if exists && !overwrite {
            return Err(AwsError::new(
                "ParameterAlreadyExists",
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            ));
        }
        let kind = match text("Type") {
            None if !exists => {
                return Err(invalid("A parameter type is required when you create a parameter."));
            }
            kind => kind.unwrap_or("String"),
        };
        let version: i64 = connection.query_row(
            "INSERT INTO parameters VALUES (?1, ?2, ?3, 1, ?4)
             ON CONFLICT (name) DO UPDATE SET value = ?3, version = version + 1, modified = ?4
             RETURNING version",
            (&name, kind, value, self.clock.now().timestamp()),
            |row| row.get(0),
        )?;
        Ok(json!({ "Tier": "Standard", "Version": version }))
    }
}

fn name(request: &Value) -> Result<String, AwsError> {
    let name = request.get("Name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or(invalid("Name is required."))?;
    let name = name.strip_prefix(ARN).unwrap_or(name);
    Ok(if name == SENDING_SHORT { SENDING } else { name }.to_owned())
}

fn invalid(message: &'static str) -> AwsError {
    AwsError::new("ValidationException", message)
}
