use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn phone() -> PhoneNumber {
    PhoneNumber::parse_e164("+447700900123").unwrap()
}

fn limits(toml: &str) -> Limits {
    toml::from_str(toml).unwrap()
}

#[test]
fn limits_without_any_limit_are_none() {
    assert!(Limits::default().is_none());
    assert!(limits("unpriced = 1\ncountries = { GB = {} }").is_none());
    for some in ["day = 1", "month = 1", "recipient = { day = 1 }", "countries = { GB = { month = 1 } }"] {
        assert!(!limits(some).is_none(), "{some}");
    }
}

#[test]
fn every_limit_has_a_counter_and_names_its_setting() {
    let limits = limits(
        "day = 20\nmonth = 300\nrecipient = { day = 0.5, month = 2 }\ncountries = { GB = { day = 5, month = 50 } }",
    );
    let charge = Charge { to: &phone(), cost: Dollars::from_micro(1), now: at("2026-11-09T23:59:59Z") };
    let budgets = limits.budgets(&charge);
    let shown: Vec<_> = budgets
        .iter()
        .flat_map(|(budget, counters)| counters.iter().map(move |counter| (budget, counter)))
        .map(|(budget, counter)| {
            let CounterLimit { setting, allows } = counter.limit.clone().unwrap();
            format!("{budget:?} {} {setting} {allows}", counter.name)
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    Recipient("2026-11") d_09 limits.recipient.day $0.50
    Recipient("2026-11") month limits.recipient.month $2.00
    Month("2026-11") c_GB_d_09 limits.countries.GB.day $5.00
    Month("2026-11") c_GB limits.countries.GB.month $50.00
    Month("2026-11") d_09 limits.day $20.00
    Month("2026-11") month limits.month $300.00
    "#);
    let reservation = Reservation {
        at: charge.now,
        micro_usd: 1,
        budgets: budgets.iter().map(|(budget, _)| budget.clone()).collect(),
    };
    let names = |budgets: &[(Budget, Vec<Counter>)]| -> Vec<String> {
        budgets.iter().flat_map(|(_, counters)| counters.iter().map(|counter| counter.name.clone())).collect()
    };
    assert_eq!(
        names(&reservation.counters(&phone())),
        names(&budgets),
        "the reservation names the counters that it was added to"
    );
}

#[test]
fn a_budget_without_limits_is_left_out() {
    let charge = Charge { to: &phone(), cost: Dollars::from_micro(1), now: at("2026-11-09T00:00:00Z") };
    let budgets =
        |toml: &str| limits(toml).budgets(&charge).into_iter().map(|(budget, _)| budget).collect::<Vec<_>>();
    assert_eq!(budgets("day = 1"), [Budget::Month("2026-11".to_owned())]);
    assert_eq!(budgets("recipient = { month = 1 }"), [Budget::Recipient("2026-11".to_owned())]);
    assert_eq!(budgets("countries = { US = { day = 1 } }"), [], "the limit is another country's");
}

#[test]
fn a_text_that_exceeds_a_limit_names_it() {
    let limits = limits("day = 1\nmonth = 2");
    let charge = Charge { to: &phone(), cost: Dollars::from_micro(400_000), now: at("2026-11-09T00:00:00Z") };
    let (_, counters) = limits.budgets(&charge).remove(0);
    let spent = |day: u64, month: u64| {
        move |name: &str| {
            Dollars::from_micro(if name == "d_09" {
                day
            } else if name == "month" {
                month
            } else {
                0
            })
        }
    };
    assert_eq!(
        ExceededLimit::find(&counters, charge.cost, spent(600_000, 600_000)),
        None,
        "a sum equal to the limit is allowed"
    );
    let day = ExceededLimit::find(&counters, charge.cost, spent(600_001, 600_001)).unwrap();
    assert_eq!((day.limit.to_string().as_str(), day.spent.micro()), ("limits.day", 600_001));
    let month = ExceededLimit::find(&counters, charge.cost, spent(0, 1_999_999)).unwrap();
    assert_eq!(month.limit.to_string(), "limits.month");
    insta::assert_snapshot!(month.because(charge.cost).get("explanation").unwrap().as_str().unwrap(), @"The money limit limits.month of $2.00 is reached ($1.999999 spent), so the text was not sent. Raise the limit in journeys.toml or wait until it resets, then run: afterword retry --verdict BlockedBudget --since <time>.");
}

#[test]
fn a_limit_is_reported_once_when_80_percent_are_spent() {
    let limits = limits("day = 1\nmonth = 100");
    let cost = Dollars::from_micro(100_000);
    let charge = Charge { to: &phone(), cost, now: at("2026-11-09T00:00:00Z") };
    let (_, counters) = limits.budgets(&charge).remove(0);
    let reported: Vec<_> = (1..=10)
        .map(|texts: u64| {
            let near = nearly_spent(&counters, cost, |_| Dollars::from_micro(texts * 100_000));
            near.into_iter().map(LimitSetting::to_string).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(reported.iter().filter(|limits| !limits.is_empty()).count(), 1);
    assert_eq!(reported[7], ["limits.day"]);
}

#[test]
fn a_text_without_a_price_costs_unpriced_for_each_part() {
    assert_eq!(Limits::default().cost(None, 1).micro(), 100_000);
    assert_eq!(limits("unpriced = 0.02").cost(None, 1).micro(), 20_000);
    // A carrier charges by the part; a template, whose parts are not known, has one.
    assert_eq!(limits("unpriced = 0.02").cost(None, 10).micro(), 200_000);
    assert_eq!(limits("unpriced = 0.02").cost(None, 0).micro(), 20_000);
    assert_eq!(limits("unpriced = 0.02").cost(Some(8_300), 10).micro(), 8_300);
}

#[test]
fn a_limit_resets_at_the_next_day_or_month_of_utc() {
    let exceeded = |period| ExceededLimit {
        limit: LimitSetting { scope: LimitScope::All, period },
        allows: Dollars::default(),
        spent: Dollars::default(),
    };
    for (now, day, month) in [
        ("2026-11-09T23:59:59Z", "2026-11-10T00:00:00Z", "2026-12-01T00:00:00Z"),
        ("2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    ] {
        assert_eq!(exceeded(Period::Day).resets_at(at(now)), at(day));
        assert_eq!(exceeded(Period::Month).resets_at(at(now)), at(month));
    }
}
