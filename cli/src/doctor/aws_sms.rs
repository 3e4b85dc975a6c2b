//! AWS End User Messaging, where the stack uses it.

use adapters::accounts::AwsSms;
use messaging::ports::Unavailable;

use super::Finding;
use crate::stack::Stack;

const ACCOUNT: &str = "aws sms account";
const LIMIT: &str = "aws spend limit";
const EVENTS: &str = "aws sms events";
const NUMBERS: &str = "aws sms numbers";
const TWO_WAY: &str = "aws sms two-way";

pub(super) async fn check(stack: &Stack) -> Vec<Finding> {
    let installation = &stack.installation;
    if installation.configuration_set.is_empty() {
        return vec![Finding::unknown(ACCOUNT, "not used (EndUserMessaging is off)")];
    }
    let sms = AwsSms::new(&stack.connection);
    let mut findings = vec![
        match sms.is_in_sandbox().await {
            Ok(false) => Finding::pass(ACCOUNT, "out of the sandbox"),
            Ok(true) => Finding::fail(
                ACCOUNT,
                "in the sandbox: ten verified numbers, 1 USD a month; ask AWS to move it out (docs/setup-guide.md)",
            ),
            Err(trouble) => unknown(ACCOUNT, &trouble),
        },
        match sms.spend_limit().await {
            Ok(Some((enforced, _))) if enforced > 1 => {
                Finding::pass(LIMIT, format!("{enforced} USD a month"))
            }
            Ok(Some((enforced, most))) => Finding::fail(
                LIMIT,
                format!("{enforced} USD a month, {most} at most: soon every text is refused; raise it"),
            ),
            Ok(None) => Finding::unknown(LIMIT, "AWS names none for texts"),
            Err(trouble) => unknown(LIMIT, &trouble),
        },
        match sms.event_topics(&installation.configuration_set).await {
            Ok(topics) if topics.contains(&installation.delivery_topic) => {
                Finding::pass(EVENTS, "the configuration set reports here")
            }
            Ok(_) => Finding::fail(EVENTS, "the configuration set does not report here: deploy again"),
            Err(trouble) => unknown(EVENTS, &trouble),
        },
    ];
    if installation.pool.is_empty() {
        findings.push(Finding::unknown(NUMBERS, "no pool (OriginationIdentity is empty)"));
    } else {
        findings.extend(pool(&sms, stack).await);
    }
    findings
}

async fn pool(sms: &AwsSms, stack: &Stack) -> Vec<Finding> {
    let (pool, topic) = (&stack.installation.pool, &stack.installation.inbound_topic);
    let two_way = match sms.two_way(pool).await {
        Ok(Some(found)) if found == *topic => Finding::pass(TWO_WAY, "replies reach this installation"),
        Ok(Some(found)) => Finding::fail(TWO_WAY, format!("replies go to {found}: deploy again")),
        Ok(None) => Finding::fail(TWO_WAY, "off: no reply arrives, not even STOP; deploy again"),
        Err(trouble) => unknown(TWO_WAY, &trouble),
    };
    let numbers = match sms.numbers(pool).await {
        Ok(numbers) if numbers.is_empty() => {
            Finding::unknown(NUMBERS, "no number in the pool; a sender ID cannot be answered")
        }
        Ok(numbers) => {
            let told: Vec<String> = numbers
                .iter()
                .map(|number| {
                    let registration = number.registration.as_deref().unwrap_or("no registration");
                    format!("{} {}, {registration}", number.number, number.status)
                })
                .collect();
            let ready = numbers.iter().all(|number| {
                number.status == "ACTIVE"
                    && number.registration.as_deref().is_none_or(|status| status == "COMPLETE")
            });
            let told = told.join("; ");
            if ready {
                Finding::pass(NUMBERS, told)
            } else {
                Finding::fail(NUMBERS, format!("{told}: see AWS's console"))
            }
        }
        Err(trouble) => unknown(NUMBERS, &trouble),
    };
    vec![two_way, numbers]
}

fn unknown(what: &'static str, trouble: &Unavailable) -> Finding {
    Finding::unknown(what, trouble.to_string())
}
