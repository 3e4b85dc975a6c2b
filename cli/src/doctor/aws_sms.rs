//! Checks AWS End User Messaging, if the stack uses it.

#[cfg(test)]
mod tests;

use adapters::accounts::{AwsSms, OriginationNumber, PoolHabits};
use adapters::providers::end_user_messaging::NumberType;
use messaging::ports::Unavailable;

use super::Finding;
use crate::stack::Stack;

const ACCOUNT: &str = "aws sms account";
const LIMIT: &str = "aws spend limit";
const EVENTS: &str = "aws sms events";
const NUMBERS: &str = "aws sms numbers";
const KIND: &str = "aws sms number type";
const TWO_WAY: &str = "aws sms two-way";
const OPT_OUTS: &str = "aws sms opt-outs";

pub(super) async fn check(stack: &Stack) -> Vec<Finding> {
    let installation = &stack.installation;
    if installation.configuration_set.is_empty() && installation.pool.is_empty() {
        return vec![Finding::unknown(ACCOUNT, "no configuration set and no pool (EndUserMessaging is off)")];
    }
    let sms = AwsSms::new(&stack.connection);
    let mut findings = vec![
        match sms.is_in_sandbox().await {
            Ok(false) => Finding::pass(ACCOUNT, "out of the sandbox"),
            Ok(true) => Finding::fail(
                ACCOUNT,
                "in the sandbox, which allows ten verified numbers and 1 USD a month: ask AWS to move the account out (docs/setup-guide.md)",
            ),
            Err(error) => unknown(ACCOUNT, &error),
        },
        match sms.spend_limit().await {
            Ok(Some((enforced, _))) if enforced > 1 => {
                Finding::pass(LIMIT, format!("{enforced} USD a month"))
            }
            Ok(Some((enforced, most))) => Finding::fail(
                LIMIT,
                format!("{enforced} USD a month, {most} at most: raise it before texts are rejected"),
            ),
            Ok(None) => Finding::unknown(LIMIT, "AWS reports no limit for texts"),
            Err(error) => unknown(LIMIT, &error),
        },
        events(&sms, stack).await,
    ];
    if installation.pool.is_empty() {
        findings.push(Finding::unknown(NUMBERS, "no pool (OriginationIdentity and PhonePoolId are empty)"));
    } else {
        findings.extend(pool(&sms, stack).await);
    }
    findings
}

/// Checks that events of texts are reported to this installation.
async fn events(sms: &AwsSms, stack: &Stack) -> Finding {
    let installation = &stack.installation;
    if installation.configuration_set.is_empty() {
        return Finding::unknown(
            EVENTS,
            "no configuration set: only EventBridge can report events (EventBridgeEvents)",
        );
    }
    match sms.event_topics(&installation.configuration_set).await {
        Ok(topics) if topics.contains(&installation.delivery_topic) => {
            Finding::pass(EVENTS, "the configuration set reports here")
        }
        Ok(_) => Finding::fail(
            EVENTS,
            format!("the configuration set does not report to {}", installation.delivery_topic),
        ),
        Err(error) => unknown(EVENTS, &error),
    }
}

async fn pool(sms: &AwsSms, stack: &Stack) -> Vec<Finding> {
    let pool = &stack.installation.pool;
    let mut findings = match sms.pool(pool).await {
        Ok(Some(habits)) => replies(&habits, &stack.installation.inbound_topic),
        Ok(None) => vec![Finding::fail(TWO_WAY, format!("AWS has no {pool}: deploy again"))],
        Err(error) => vec![unknown(TWO_WAY, &error)],
    };
    match sms.numbers(pool).await {
        Ok(numbers) if numbers.is_empty() => {
            findings.push(Finding::unknown(NUMBERS, "no number in the pool; a sender ID cannot be answered"));
        }
        Ok(numbers) => {
            findings.push(ready(&numbers));
            findings.push(kind(&numbers, &stack.installation.number_type));
        }
        Err(error) => findings.push(unknown(NUMBERS, &error)),
    }
    findings
}

/// Checks that replies arrive, including STOP.
fn replies(habits: &PoolHabits, topic: &str) -> Vec<Finding> {
    let Some(found) = &habits.two_way else {
        return vec![Finding::fail(TWO_WAY, "off, so no reply arrives, not even STOP: deploy again")];
    };
    vec![
        if found == topic {
            Finding::pass(TWO_WAY, "replies reach this installation")
        } else {
            Finding::fail(TWO_WAY, format!("replies go to {found}: deploy again"))
        },
        if habits.leaves_opt_outs_to_us {
            Finding::pass(OPT_OUTS, "STOP reaches this installation too")
        } else {
            Finding::fail(
                OPT_OUTS,
                "AWS answers STOP itself and does not report it (SelfManagedOptOutsEnabled is false): \
                 the opt-out is not known here, and other providers keep sending",
            )
        },
    ]
}

/// Checks that every number can send texts.
fn ready(numbers: &[OriginationNumber]) -> Finding {
    let describe = |number: &OriginationNumber| {
        let registration = number.registration.as_deref().unwrap_or("no registration");
        format!("{} {}, {registration}", number.number, number.status)
    };
    let details = numbers.iter().map(describe).collect::<Vec<_>>().join("; ");
    let is_ready = |number: &OriginationNumber| {
        number.status == "ACTIVE" && number.registration.as_deref().is_none_or(|status| status == "COMPLETE")
    };
    if numbers.iter().all(is_ready) {
        Finding::pass(NUMBERS, details)
    } else {
        Finding::fail(NUMBERS, format!("{details}: see AWS's console"))
    }
}

/// Checks that the numbers have the configured type, so that a number for development texts no customer and a
/// development stack texts nobody.
fn kind(numbers: &[OriginationNumber], configured: &str) -> Finding {
    let expected = if configured.is_empty() { NumberType::default().as_str() } else { configured };
    match numbers.iter().find(|number| number.kind != expected) {
        Some(other) => Finding::fail(
            KIND,
            format!("{} is {}, but NumberType is {expected}: correct one of them", other.number, other.kind),
        ),
        None if expected == NumberType::Simulator.as_str() => {
            Finding::pass(KIND, format!("{expected}: it reaches AWS's simulated phones, but no customers"))
        }
        None => Finding::pass(KIND, expected),
    }
}

fn unknown(subject: &'static str, error: &Unavailable) -> Finding {
    Finding::unknown(subject, error.to_string())
}
