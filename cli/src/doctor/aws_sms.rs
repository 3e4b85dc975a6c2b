//! AWS End User Messaging, where the stack uses it.

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
        events(&sms, stack).await,
    ];
    if installation.pool.is_empty() {
        findings.push(Finding::unknown(NUMBERS, "no pool (OriginationIdentity and PhonePoolId are empty)"));
    } else {
        findings.extend(pool(&sms, stack).await);
    }
    findings
}

/// Whether what becomes of texts is told here.
async fn events(sms: &AwsSms, stack: &Stack) -> Finding {
    let installation = &stack.installation;
    if installation.configuration_set.is_empty() {
        return Finding::unknown(
            EVENTS,
            "no configuration set: EventBridge tells at best (EventBridgeEvents)",
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
        Err(trouble) => unknown(EVENTS, &trouble),
    }
}

async fn pool(sms: &AwsSms, stack: &Stack) -> Vec<Finding> {
    let pool = &stack.installation.pool;
    let mut findings = match sms.pool(pool).await {
        Ok(Some(habits)) => replies(&habits, &stack.installation.inbound_topic),
        Ok(None) => vec![Finding::fail(TWO_WAY, format!("AWS has no {pool}: deploy again"))],
        Err(trouble) => vec![unknown(TWO_WAY, &trouble)],
    };
    match sms.numbers(pool).await {
        Ok(numbers) if numbers.is_empty() => {
            findings.push(Finding::unknown(NUMBERS, "no number in the pool; a sender ID cannot be answered"));
        }
        Ok(numbers) => {
            findings.push(ready(&numbers));
            findings.push(kind(&numbers, &stack.installation.number_type));
        }
        Err(trouble) => findings.push(unknown(NUMBERS, &trouble)),
    }
    findings
}

/// Whether what customers write arrives, STOP included.
fn replies(habits: &PoolHabits, topic: &str) -> Vec<Finding> {
    let Some(found) = &habits.two_way else {
        return vec![Finding::fail(TWO_WAY, "off: no reply arrives, not even STOP; deploy again")];
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
                "AWS answers STOP itself and tells nobody (SelfManagedOptOutsEnabled is false): \
                 the opt-out is not known here, nor heeded by other providers",
            )
        },
    ]
}

/// Whether texts can leave from every number.
fn ready(numbers: &[OriginationNumber]) -> Finding {
    let told = |number: &OriginationNumber| {
        let registration = number.registration.as_deref().unwrap_or("no registration");
        format!("{} {}, {registration}", number.number, number.status)
    };
    let told = numbers.iter().map(told).collect::<Vec<_>>().join("; ");
    let is_ready = |number: &OriginationNumber| {
        number.status == "ACTIVE" && number.registration.as_deref().is_none_or(|status| status == "COMPLETE")
    };
    if numbers.iter().all(is_ready) {
        Finding::pass(NUMBERS, told)
    } else {
        Finding::fail(NUMBERS, format!("{told}: see AWS's console"))
    }
}

/// Whether the numbers are of the kind that was asked for: nobody is texted from a number that was for
/// development, and no development texts people.
fn kind(numbers: &[OriginationNumber], wanted: &str) -> Finding {
    let wanted = if wanted.is_empty() { NumberType::default().as_str() } else { wanted };
    match numbers.iter().find(|number| number.kind != wanted) {
        Some(other) => Finding::fail(
            KIND,
            format!("{} is {}, and NumberType is {wanted}: one of them is wrong", other.number, other.kind),
        ),
        None if wanted == NumberType::Simulator.as_str() => {
            Finding::pass(KIND, format!("{wanted}: AWS's simulated phones only, and no customer's"))
        }
        None => Finding::pass(KIND, wanted),
    }
}

fn unknown(subject: &'static str, trouble: &Unavailable) -> Finding {
    Finding::unknown(subject, trouble.to_string())
}
