//! The state of an account at AWS End User Messaging: sandbox, spending limit, numbers, events. Read only.

use aws_sdk_pinpointsmsvoicev2::types::{AccountAttributeName, SpendLimitName};
use messaging::ports::Unavailable;

use crate::connection::{Connection, configured};
use crate::failure::unavailable;

/// End User Messaging of an account and region.
pub struct AwsSms {
    client: aws_sdk_pinpointsmsvoicev2::Client,
}

/// A number that texts can leave from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginationNumber {
    /// The number in E.164.
    pub number: String,
    /// AWS's name of its kind: `TEN_DLC`, `SIMULATOR`, ...
    pub kind: String,
    /// Its status at AWS: `ACTIVE`, `PENDING`, ...
    pub status: String,
    /// The topic to which received messages are published, if two-way messages are on.
    pub two_way: Option<String>,
    /// The status of its registration, where the country requires one: `COMPLETE`, `REVIEWING`, ...
    pub registration: Option<String>,
}

/// The two-way settings of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolHabits {
    /// The topic to which they are published, if two-way messages are on.
    pub two_way: Option<String>,
    /// Whether AWS leaves STOP to the reader of that topic. Otherwise AWS answers STOP and does not publish it.
    pub leaves_opt_outs_to_us: bool,
}

impl AwsSms {
    /// Creates a client with the connection's credentials.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self { client: configured!(aws_sdk_pinpointsmsvoicev2, connection) }
    }

    /// Returns whether the account is in the sandbox, where only ten verified numbers can be texted.
    ///
    /// # Errors
    /// When AWS does not answer, or refuses.
    pub async fn is_in_sandbox(&self) -> Result<bool, Unavailable> {
        let answer = self.client.describe_account_attributes().send().await;
        let answer = answer.map_err(|e| unavailable("sms-voice:DescribeAccountAttributes", &e))?;
        let mut tiers = answer.account_attributes().iter();
        let tier = tiers.find(|attribute| *attribute.name() == AccountAttributeName::AccountTier);
        Ok(tier.is_none_or(|tier| tier.value() == "SANDBOX"))
    }

    /// Returns the monthly spending limit for texts in USD: the enforced limit and the largest allowed one.
    ///
    /// # Errors
    /// When AWS does not answer, or refuses.
    pub async fn spend_limit(&self) -> Result<Option<(i64, i64)>, Unavailable> {
        let answer = self.client.describe_spend_limits().send().await;
        let answer = answer.map_err(|e| unavailable("sms-voice:DescribeSpendLimits", &e))?;
        let mut limits = answer.spend_limits().iter();
        let texts = limits.find(|limit| *limit.name() == SpendLimitName::TextMessageMonthlySpendLimit);
        Ok(texts.map(|limit| (limit.enforced_limit(), limit.max_limit())))
    }

    /// Returns the numbers of a pool.
    ///
    /// # Errors
    /// When there is no such pool, or AWS does not answer.
    pub async fn numbers(&self, pool: &str) -> Result<Vec<OriginationNumber>, Unavailable> {
        let filter = aws_sdk_pinpointsmsvoicev2::types::PhoneNumberFilter::builder()
            .name("pool-id".into())
            .values(pool)
            .build()
            .map_err(|_| Unavailable {
                operation: "sms-voice:DescribePhoneNumbers",
                reason: "the request could not be built".to_owned(),
            })?;
        let answer = self.client.describe_phone_numbers().filters(filter).send().await;
        let answer = answer.map_err(|e| unavailable("sms-voice:DescribePhoneNumbers", &e))?;
        let mut numbers = Vec::new();
        for number in answer.phone_numbers() {
            let registration = match number.registration_id() {
                Some(id) => Some(self.registration(id).await?),
                None => None,
            };
            numbers.push(OriginationNumber {
                number: number.phone_number().to_owned(),
                kind: number.number_type().as_str().to_owned(),
                status: number.status().as_str().to_owned(),
                two_way: number.two_way_channel_arn().filter(|_| number.two_way_enabled()).map(str::to_owned),
                registration,
            });
        }
        Ok(numbers)
    }

    async fn registration(&self, id: &str) -> Result<String, Unavailable> {
        let answer = self.client.describe_registrations().registration_ids(id).send().await;
        let answer = answer.map_err(|e| unavailable("sms-voice:DescribeRegistrations", &e))?;
        let status =
            answer.registrations().first().map(|found| found.registration_status().as_str().to_owned());
        Ok(status.unwrap_or_else(|| "UNKNOWN".to_owned()))
    }

    /// Returns the two-way settings of a pool; `None` where there is no such pool.
    ///
    /// # Errors
    /// When AWS does not answer, or refuses.
    pub async fn pool(&self, pool: &str) -> Result<Option<PoolHabits>, Unavailable> {
        let answer = self.client.describe_pools().pool_ids(pool).send().await;
        let answer = answer.map_err(|e| unavailable("sms-voice:DescribePools", &e))?;
        Ok(answer.pools().first().map(|pool| PoolHabits {
            two_way: pool.two_way_channel_arn().filter(|_| pool.two_way_enabled()).map(str::to_owned),
            leaves_opt_outs_to_us: pool.self_managed_opt_outs_enabled(),
        }))
    }

    /// Returns the topics to which a configuration set publishes the events of texts.
    ///
    /// # Errors
    /// When there is no such set, or AWS does not answer.
    pub async fn event_topics(&self, configuration_set: &str) -> Result<Vec<String>, Unavailable> {
        let answer =
            self.client.describe_configuration_sets().configuration_set_names(configuration_set).send().await;
        let answer = answer.map_err(|e| unavailable("sms-voice:DescribeConfigurationSets", &e))?;
        let sets = answer.configuration_sets().iter().flat_map(|set| set.event_destinations());
        let enabled = sets.filter(|destination| destination.enabled());
        let topics = enabled.filter_map(|destination| destination.sns_destination());
        Ok(topics.map(|topic| topic.topic_arn().to_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wiremock::matchers::header;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    async fn answering(operation: &str, body: &Value) -> MockServer {
        let server = MockServer::start().await;
        let target = format!("PinpointSMSVoiceV2.{operation}");
        let answer = ResponseTemplate::new(200).set_body_raw(body.to_string(), "application/x-amz-json-1.0");
        Mock::given(header("x-amz-target", target.as_str())).respond_with(answer).mount(&server).await;
        server
    }

    fn sms(server: &MockServer) -> AwsSms {
        AwsSms::new(&Connection::plain(server.uri()))
    }

    #[tokio::test]
    async fn the_account_tier_says_whether_it_is_the_sandbox() {
        for (tier, sandbox) in [("SANDBOX", true), ("PRODUCTION", false)] {
            let body = json!({ "AccountAttributes": [{ "Name": "ACCOUNT_TIER", "Value": tier }] });
            let server = answering("DescribeAccountAttributes", &body).await;
            assert_eq!(sms(&server).is_in_sandbox().await.unwrap(), sandbox);
        }
    }

    #[tokio::test]
    async fn the_limit_for_texts_is_not_the_one_for_calls() {
        let limit = |name, enforced| json!({ "Name": name, "EnforcedLimit": enforced, "MaxLimit": 100, "Overridden": false });
        let body = json!({ "SpendLimits": [
            limit("VOICE_MESSAGE_MONTHLY_SPEND_LIMIT", 7),
            limit("TEXT_MESSAGE_MONTHLY_SPEND_LIMIT", 1),
        ] });
        let server = answering("DescribeSpendLimits", &body).await;
        assert_eq!(sms(&server).spend_limit().await.unwrap(), Some((1, 100)));
    }

    #[tokio::test]
    async fn only_enabled_topics_count_as_event_destinations() {
        let destination = |name: &str, enabled| {
            json!({
                "EventDestinationName": name,
                "Enabled": enabled,
                "MatchingEventTypes": ["TEXT_ALL"],
                "SnsDestination": { "TopicArn": format!("arn:aws:sns:us-east-1:000000000000:{name}") },
            })
        };
        let body = json!({ "ConfigurationSets": [{
            "ConfigurationSetArn": "arn:aws:sms-voice:us-east-1:000000000000:configuration-set/afterword",
            "ConfigurationSetName": "afterword",
            "EventDestinations": [destination("ours", true), destination("off", false)],
            "CreatedTimestamp": 0,
        }] });
        let server = answering("DescribeConfigurationSets", &body).await;
        let topics = sms(&server).event_topics("afterword").await.unwrap();
        assert_eq!(topics, ["arn:aws:sns:us-east-1:000000000000:ours"]);
    }

    #[tokio::test]
    async fn a_refusal_names_the_operation() {
        let trouble = sms(&MockServer::start().await).pool("pool-1").await.unwrap_err();
        assert_eq!(trouble.operation, "sms-voice:DescribePools");
    }
}
