//! An installation on AWS as the command line sees it: the names of a stack's resources, and its secret.

use messaging::ports::Unavailable;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::connection::{Connection, configured};
use crate::failure::unavailable;

/// The names of a stack's resources, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Installation {
    /// The name of the table.
    pub table: String,
    /// The ARN of the secret.
    pub secret: String,
    /// The ARN of the state machine.
    pub state_machine: String,
    /// The name of the parameter that holds the sending switch.
    pub sending: String,
    /// The number or Messaging Service from which Twilio sends texts.
    pub twilio_from: String,
    /// The base URL of the API, without a slash at the end.
    pub public_url: String,
    /// The topic of customers' messages to numbers of End User Messaging.
    #[serde(default)]
    pub inbound_topic: String,
    /// The topic of the events that End User Messaging reports about texts.
    #[serde(default)]
    pub delivery_topic: String,
    /// The name of the configuration set; empty where End User Messaging is not used.
    #[serde(default)]
    pub configuration_set: String,
    /// The pool of numbers; empty where there is none.
    #[serde(default)]
    pub pool: String,
    /// The kind of number that the pool should have, by AWS's name; empty where it is not set.
    #[serde(default)]
    pub number_type: String,
    /// The topic to which alarms are published; empty in stacks of an older version.
    #[serde(default)]
    pub alarm_topic: String,
}

impl Installation {
    /// Reads the stack's parameter `/<stack>/installation`.
    ///
    /// # Errors
    /// When there is no such stack (`ParameterNotFound`), or the parameter cannot be read.
    pub async fn of_stack(connection: &Connection, stack: &str) -> Result<Self, Unavailable> {
        const OPERATION: &str = "ssm:GetParameter";
        let client = configured!(aws_sdk_ssm, connection);
        let answer = client
            .get_parameter()
            .name(format!("/{stack}/installation"))
            .send()
            .await
            .map_err(|error| unavailable(OPERATION, &error))?;
        let value = answer.parameter().and_then(|parameter| parameter.value()).unwrap_or_default();
        serde_json::from_str(value).map_err(|_| Unavailable {
            operation: OPERATION,
            reason: "it is not what a deployment of this version writes; deploy again".to_owned(),
        })
    }
}

/// The whole secret of the installation, for operators who fill it in. No `Debug`.
pub struct SecretDocument {
    client: aws_sdk_secretsmanager::Client,
    id: String,
}

impl SecretDocument {
    /// Creates a client for the secret with this name or ARN.
    #[must_use]
    pub fn new(connection: &Connection, id: impl Into<String>) -> Self {
        Self { client: configured!(aws_sdk_secretsmanager, connection), id: id.into() }
    }

    /// Reads all entries of the secret.
    ///
    /// # Errors
    /// When the secret cannot be read or is not a JSON object.
    pub async fn read(&self) -> Result<Map<String, Value>, Unavailable> {
        const OPERATION: &str = "secretsmanager:GetSecretValue";
        let answer = self.client.get_secret_value().secret_id(&self.id).send().await;
        let answer = answer.map_err(|error| unavailable(OPERATION, &error))?;
        serde_json::from_str(answer.secret_string().unwrap_or_default()).map_err(|_| Unavailable {
            operation: OPERATION,
            reason: "the secret is not a JSON object".to_owned(),
        })
    }

    /// Inserts a new key before an entry's keys. The older keys stay, so that requests that are signed with
    /// them are still accepted.
    ///
    /// # Errors
    /// When the secret cannot be read or written.
    pub async fn put_first(&self, entry: &str, key: &str) -> Result<(), Unavailable> {
        let mut document = self.read().await?;
        let mut keys = vec![Value::from(key)];
        match document.remove(entry) {
            Some(Value::Array(older)) => keys.extend(older),
            Some(Value::String(older)) if !older.trim().is_empty() => keys.push(Value::from(older)),
            _ => {}
        }
        keys.truncate(KEYS_KEPT);
        document.insert(entry.to_owned(), Value::Array(keys));
        let text = Value::Object(document).to_string();
        let put = self.client.put_secret_value().secret_id(&self.id).secret_string(text).send().await;
        put.map(drop).map_err(|error| unavailable("secretsmanager:PutSecretValue", &error))
    }
}

/// The number of keys that one entry keeps: the new one, and older ones that may still be in use.
const KEYS_KEPT: usize = 3;
