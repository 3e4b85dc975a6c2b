//! The journeys that are in force, and what they hold back by themselves: money and pace.

use adapters::clock::SystemClock;
use adapters::journeys::JourneyStore;
use chrono::TimeDelta;
use messaging::journeys::Config;
use messaging::journeys::budgets::Limits;
use messaging::journeys::rate_limits::Pacing;
use messaging::ports::JourneySource;
use messaging::values::dollars::Dollars;

use super::Finding;
use crate::stack::Stack;

const LIMITS: &str = "money limits";
const PACING: &str = "pacing";

pub(super) async fn check(stack: &Stack) -> Vec<Finding> {
    let store = JourneyStore::new(stack.table(), TimeDelta::zero(), SystemClock);
    match store.current().await {
        Ok(current) => {
            let mut findings = vec![Finding::pass("journeys", format!("version {}", current.version))];
            findings.extend(own_limits(&current.journeys));
            findings
        }
        Err(trouble) => vec![Finding::fail("journeys", format!("{trouble}; afterword journeys push"))],
    }
}

/// Neither is needed; an installation without them sends as much, and as fast, as providers take.
fn own_limits(journeys: &Config) -> [Finding; 2] {
    let or_none = |subject, told: Vec<String>, none| match told.is_empty() {
        true => Finding::unknown(subject, none),
        false => Finding::pass(subject, told.join(", ")),
    };
    [
        or_none(LIMITS, limits(&journeys.limits), "none in journeys.toml: the providers' alone count"),
        or_none(PACING, paces(&journeys.pacing), "none in journeys.toml: texts leave as they fall due"),
    ]
}

fn limits(limits: &Limits) -> Vec<String> {
    let one = |name: &str, limit: Option<Dollars>| limit.map(|limit| format!("{name} {limit}"));
    let mut told = vec![
        one("day", limits.day),
        one("month", limits.month),
        one("recipient.day", limits.recipient.day),
        one("recipient.month", limits.recipient.month),
    ];
    for (country, spending) in &limits.countries {
        told.push(one(&format!("{country}.day"), spending.day));
        told.push(one(&format!("{country}.month"), spending.month));
    }
    told.into_iter().flatten().collect()
}

fn paces(pacing: &Pacing) -> Vec<String> {
    let senders = [
        ("twilio", pacing.twilio),
        ("twilio_whatsapp", pacing.twilio_whatsapp),
        ("end_user_messaging", pacing.end_user_messaging),
        ("sns", pacing.sns),
    ];
    let mut told: Vec<_> =
        senders.iter().filter_map(|(name, pace)| Some(format!("{name} {}/s", (*pace)?))).collect();
    if !pacing.numbers.is_empty() {
        told.push(format!("{} number(s) of their own pace", pacing.numbers.len()));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    fn findings(more: &str) -> [Finding; 2] {
        let shipped = include_str!("../../../journeys.toml");
        own_limits(&Config::stored(&format!("{shipped}\n{more}")).unwrap())
    }

    #[test]
    fn what_is_not_limited_is_told_and_is_no_failure() {
        assert!(findings("").iter().all(|finding| finding.health == Health::Unknown));
    }

    #[test]
    fn limits_and_paces_are_told() {
        let [money, pace] = findings(
            "[limits]\nmonth = 500\n[limits.recipient]\nday = 1\n[limits.countries.GB]\nday = 20\n\
             [pacing]\ntwilio = 1\n[pacing.numbers]\n\"+12025550100\" = 3\n",
        );
        assert_eq!(
            (money.health, money.detail.as_str()),
            (Health::Pass, "month $500.00, recipient.day $1.00, GB.day $20.00")
        );
        assert_eq!(
            (pace.health, pace.detail.as_str()),
            (Health::Pass, "twilio 1/s, 1 number(s) of their own pace")
        );
    }
}
