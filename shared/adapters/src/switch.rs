//! The operators' switch: an SSM parameter, `on`, `shadow` or `paused`.

use chrono::TimeDelta;
use messaging::conversation::step::Switch;
use messaging::ports::{SendingSwitch, Unavailable};
use messaging::values::clock::Clock;

use crate::cache::Cache;
use crate::connection::{Connection, configured};
use crate::failure::unavailable;

const OPERATION: &str = "ssm:GetParameter";

/// Reads the switch before every claim.
pub struct ParameterSwitch<K> {
    client: aws_sdk_ssm::Client,
    parameter: String,
    cache: Cache<Switch>,
    clock: K,
}

impl<K: Clock> ParameterSwitch<K> {
    /// Creates a reader of the parameter with this name. Its value may be `max_age` old (30 s on AWS).
    #[must_use]
    pub fn new(connection: &Connection, parameter: impl Into<String>, max_age: TimeDelta, clock: K) -> Self {
        let client = configured!(aws_sdk_ssm, connection);
        Self { client, parameter: parameter.into(), cache: Cache::new(max_age), clock }
    }

    async fn fetch(&self) -> Result<Switch, Unavailable> {
        let answer = self
            .client
            .get_parameter()
            .name(&self.parameter)
            .send()
            .await
            .map_err(|error| unavailable(OPERATION, &error))?;
        match answer.parameter().and_then(|parameter| parameter.value()).map(str::trim) {
            Some("on") => Ok(Switch::On),
            Some("shadow") => Ok(Switch::Shadow),
            Some("paused") => Ok(Switch::Paused),
            // A misspelt value was meant to stop something, so it is an error.
            _ => {
                Err(Unavailable { operation: OPERATION, reason: "neither on, shadow nor paused".to_owned() })
            }
        }
    }
}

impl<K: Clock> SendingSwitch for ParameterSwitch<K> {
    async fn read(&self) -> Switch {
        match self.cache.get(self.clock.now(), self.fetch()).await {
            Ok(switch) => switch,
            Err(trouble) => {
                tracing::warn!(error = %trouble, "Cannot read the sending switch, so the step waits");
                Switch::Unreadable
            }
        }
    }
}
