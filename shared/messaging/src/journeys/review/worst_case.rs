//! How long and how dear a text can become.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::file::{Config, Journey, VARIABLE_LIMIT};
use super::super::lint::APPOINTMENT_VARIABLES;
use crate::text::fit::FitRule;
use crate::text::segments::{Encoding, split};
use crate::text::template::{Variables, render, variables_of};
use crate::values::channel::{Category, Channel};
use crate::values::phone::Region;

/// What one text comes to in one locale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextReport {
    /// Its name.
    pub text: String,
    /// The locale.
    pub locale: String,
    /// The encoding of its own words; a value may force UCS-2 all the same.
    pub encoding: Encoding,
    /// Parts of its own words, every variable a single character.
    pub own_parts: usize,
    /// Parts with the longest values, all of them in GSM 7-bit.
    pub parts: usize,
    /// Parts with the longest values, those that a caller chooses in another alphabet.
    pub worst_parts: usize,
    /// The price of the worst parts, in millionths of a US dollar, by country of the sources.
    pub worst_cost_micro_usd: BTreeMap<String, u64>,
    /// Whether every provider takes the worst parts.
    #[serde(skip)]
    pub fits: bool,
}

/// Every text that goes out as a text message, by locale.
#[must_use]
pub fn reports(config: &Config) -> Vec<TextReport> {
    let mut reports = Vec::new();
    for (name, wording) in &config.texts {
        let users = users(config, name);
        let categories: BTreeSet<bool> =
            users.iter().map(|(_, category)| *category == Category::Promotional).collect();
        let longest = |variable: &str| {
            let limits = users.iter().map(|(journey, _)| limit(journey, variable));
            limits.max().unwrap_or(VARIABLE_LIMIT)
        };
        for (locale, words) in &wording.words {
            let Ok(variables) = variables_of(words) else { continue };
            let filled = |value: &dyn Fn(&str) -> String| {
                let mut given = Variables::default();
                for variable in &variables {
                    given.set(variable, value(variable));
                }
                render(words, &given).map(|text| text.expose().to_owned()).unwrap_or_else(|_| words.clone())
            };
            let own = split(&filled(&|_| "1".to_owned()));
            let gsm = split(&filled(&|variable| "x".repeat(longest(variable))));
            let worst = filled(&|variable| {
                let letter = if is_ours(variable) { "x" } else { "ж" };
                letter.repeat(longest(variable))
            });
            let worst_parts = split(&worst).segments;
            let any = FitRule { max_parts: usize::MAX, truncate: false, gsm_safe: false };
            reports.push(TextReport {
                text: name.clone(),
                locale: locale.clone(),
                encoding: own.encoding,
                own_parts: own.segments,
                parts: gsm.segments,
                worst_parts,
                worst_cost_micro_usd: costs(config, &categories, worst_parts),
                fits: any.holds(&worst),
            });
        }
    }
    reports
}

/// The journeys that say a text as a text message, and as what.
fn users<'a>(config: &'a Config, text: &str) -> Vec<(&'a Journey, Category)> {
    let steps =
        config.journeys.values().flat_map(|journey| journey.steps.iter().map(move |step| (journey, step)));
    let using = steps.filter(|(_, step)| step.text == text && step.channel == Channel::Sms);
    using.map(|(journey, step)| (journey, step.category)).collect()
}

fn limit(journey: &Journey, variable: &str) -> usize {
    let of_booking = APPOINTMENT_VARIABLES.iter().find(|(name, _)| *name == variable);
    match of_booking {
        Some((_, limit)) if journey.is_for_bookings() && !journey.limits.contains_key(variable) => *limit,
        _ => journey.limit(variable),
    }
}

/// Values that we write ourselves, in plain letters.
fn is_ours(variable: &str) -> bool {
    matches!(variable, "appointment" | "appointment_date" | "appointment_time")
}

/// The dearer category counts.
fn costs(config: &Config, promotional: &BTreeSet<bool>, parts: usize) -> BTreeMap<String, u64> {
    let mut countries: Vec<Region> = Vec::new();
    for source in config.sources.values() {
        countries.extend(source.region.iter().chain(&source.countries));
    }
    let category =
        |promotional: &bool| if *promotional { Category::Promotional } else { Category::Transactional };
    let cost = |country: &Region| {
        let costs = promotional.iter().filter_map(|kind| config.prices.cost(*country, category(kind), parts));
        Some((country.code(), costs.max()?))
    };
    countries.iter().filter_map(cost).collect()
}
