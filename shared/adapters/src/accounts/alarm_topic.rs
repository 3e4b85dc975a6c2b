//! The subscribers of the alarm topic.

use messaging::ports::Unavailable;

use crate::connection::{Connection, configured};
use crate::failure::unavailable;

/// The number of subscribers of a topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subscribers {
    /// Confirmed subscribers, who receive alarms.
    pub confirmed: usize,
    /// Subscribers who have not yet confirmed.
    pub pending: usize,
}

/// Counts the subscribers of a topic, at most a hundred.
///
/// # Errors
/// When there is no such topic, or AWS does not answer.
pub async fn subscribers(connection: &Connection, topic: &str) -> Result<Subscribers, Unavailable> {
    let client = configured!(aws_sdk_sns, connection);
    let answer = client.list_subscriptions_by_topic().topic_arn(topic).send().await;
    let answer = answer.map_err(|error| unavailable("sns:ListSubscriptionsByTopic", &error))?;
    let all = answer.subscriptions();
    // An unconfirmed subscription has a word in place of its ARN: PendingConfirmation or Deleted.
    let confirmed =
        all.iter().filter(|one| one.subscription_arn().is_some_and(|arn| arn.starts_with("arn:")));
    let pending = all.iter().filter(|one| one.subscription_arn() == Some("PendingConfirmation"));
    Ok(Subscribers { confirmed: confirmed.count(), pending: pending.count() })
}
