//! Checks the journeys in force and reports their spending limits and sending rates.

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
        Err(error) => vec![Finding::fail("journeys", format!("{error}; afterword journeys push"))],
    }
}

/// Reports limits and rates. Both are optional: without them, an installation sends as much, and as fast, as
/// the providers accept.
fn own_limits(journeys: &Config) -> [Finding; 2] {
    let or_none = |subject, details: Vec<String>, none| match details.is_empty() {
        true => Finding::unknown(subject, none),
        false => Finding::pass(subject, details.join(", ")),
    };
    [
        or_none(LIMITS, limits(&journeys.limits), "none in journeys.toml: only the providers' limits apply"),
        or_none(PACING, paces(&journeys.pacing), "none in journeys.toml: texts are sent when they are due"),
    ]
}

fn limits(limits: &Limits) -> Vec<String> {
    let one = |name: &str, limit: Option<Dollars>| limit.map(|limit| format!("{name} {limit}"));
    let mut details = vec![
        one("day", limits.day),
        one("month", limits.month),
        one("recipient.day", limits.recipient.day),
        one("recipient.month", limits.recipient.month),
    ];
    for (country, spending) in &limits.countries {
        details.push(one(&format!("{country}.day"), spending.day));
        details.push(one(&format!("{country}.month"), spending.month));
    }
    details.into_iter().flatten().collect()
}

fn paces(pacing: &Pacing) -> Vec<String> {
    let senders = [
        ("twilio", pacing.twilio),
        ("twilio_whatsapp", pacing.twilio_whatsapp),
        ("end_user_messaging", pacing.end_user_messaging),
        ("sns", pacing.sns),
    ];
    let mut details: Vec<_> =
        senders.iter().filter_map(|(name, pace)| Some(format!("{name} {}/s", (*pace)?))).collect();
    if !pacing.numbers.is_empty() {
        details.push(format!("{} number(s) with a rate of their own", pacing.numbers.len()));
    }
    details
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
    fn missing_limits_and_rates_are_not_failures() {
        assert!(findings("").iter().all(|finding| finding.health == Health::Unknown));
    }

    #[test]
    fn limits_and_rates_are_listed() {
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
            (Health::Pass, "twilio 1/s, 1 number(s) with a rate of their own")
        );
    }
}
