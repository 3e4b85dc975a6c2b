//! Checks that somebody receives the alarms.

use adapters::accounts::{Subscribers, subscribers};
use messaging::ports::Unavailable;

use super::Finding;
use crate::stack::Stack;

const WHAT: &str = "alarms";

pub(super) async fn check(stack: &Stack) -> Finding {
    let topic = &stack.installation.alarm_topic;
    if topic.is_empty() {
        return Finding::unknown(WHAT, "the stack does not name the topic: deploy again");
    }
    finding(subscribers(&stack.connection, topic).await)
}

fn finding(subscribers: Result<Subscribers, Unavailable>) -> Finding {
    match subscribers {
        Ok(Subscribers { confirmed: 0, pending: 0 }) => Finding::fail(
            WHAT,
            "nobody receives alarms: set AlarmEmail, or subscribe to the output AlarmTopicArn",
        ),
        Ok(Subscribers { confirmed: 0, .. }) => Finding::fail(
            WHAT,
            "nobody receives alarms: the confirmation that AWS requested by mail is missing",
        ),
        Ok(Subscribers { confirmed, .. }) => Finding::pass(WHAT, format!("{confirmed} subscription(s)")),
        Err(error) => Finding::unknown(WHAT, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use adapters::Connection;
    use wiremock::matchers::body_string_contains;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::doctor::Health;

    async fn check_with(arns: &[&str]) -> Finding {
        let members: String = arns
            .iter()
            .map(|arn| {
                format!("<member><Protocol>email</Protocol><SubscriptionArn>{arn}</SubscriptionArn></member>")
            })
            .collect();
        let body = format!(
            "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions>{members}\
             </Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>"
        );
        let server = MockServer::start().await;
        Mock::given(body_string_contains("Action=ListSubscriptionsByTopic"))
            .respond_with(ResponseTemplate::new(200).set_body_raw(body, "text/xml"))
            .mount(&server)
            .await;
        let topic = "arn:aws:sns:us-east-1:000000000000:alarms";
        finding(subscribers(&Connection::plain(server.uri()), topic).await)
    }

    #[tokio::test]
    async fn alarms_need_a_confirmed_subscription() {
        let confirmed = "arn:aws:sns:us-east-1:000000000000:alarms:0f8a";
        for (arns, health) in [
            (vec![], Health::Fail),
            (vec!["PendingConfirmation"], Health::Fail),
            (vec!["Deleted"], Health::Fail),
            (vec!["PendingConfirmation", confirmed], Health::Pass),
        ] {
            let finding = check_with(&arns).await;
            assert_eq!(finding.health, health, "{arns:?}: {}", finding.detail);
        }
        assert!(check_with(&["PendingConfirmation"]).await.detail.contains("confirmation"));
    }

    #[tokio::test]
    async fn a_check_that_aws_rejects_is_not_a_failure() {
        let server = MockServer::start().await;
        let answer = subscribers(&Connection::plain(server.uri()), "arn:aws:sns:us-east-1:0:t").await;
        assert_eq!(finding(answer).health, Health::Unknown);
    }
}
