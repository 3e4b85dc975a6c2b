//! The account's SMS attributes: `afterword sms-attributes get|set`.

use std::collections::BTreeMap;

use aws_sdk_sns::Client;
use messaging::ports::Unavailable;

use crate::connection::{Connection, configured};
use crate::failure::unavailable;

/// The names of the SMS attributes that SNS supports.
pub const ATTRIBUTES: [&str; 6] = [
    "DefaultSMSType",
    "MonthlySpendLimit",
    "DefaultSenderID",
    "UsageReportS3Bucket",
    "DeliveryStatusIAMRole",
    "DeliveryStatusSuccessSamplingRate",
];

/// Reads and writes the SMS attributes.
pub struct SmsAttributes(Client);

impl SmsAttributes {
    /// Creates a client for the connection's account and region.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self(configured!(aws_sdk_sns, connection))
    }

    /// Reads the attributes that are set.
    ///
    /// # Errors
    /// When SNS cannot be called.
    pub async fn get(&self) -> Result<BTreeMap<String, String>, Unavailable> {
        let got = self.0.get_sms_attributes().send().await;
        let got = got.map_err(|error| unavailable("sns:GetSMSAttributes", &error))?;
        Ok(got.attributes.unwrap_or_default().into_iter().collect())
    }

    /// Sets one attribute.
    ///
    /// # Errors
    /// When SNS cannot be called, or refuses the value (`InvalidParameter`).
    pub async fn set(&self, name: &str, value: &str) -> Result<(), Unavailable> {
        let set = self.0.set_sms_attributes().attributes(name, value).send().await;
        set.map(drop).map_err(|error| unavailable("sns:SetSMSAttributes", &error))
    }
}
