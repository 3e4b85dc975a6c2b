//! What is dear, unwise or against the rules of carriers in texts that would work: found before
//! anything is sent. `afterword check journeys` and a push heed it; a file in force stays in force.

mod traps;
mod worst_case;

use std::collections::BTreeSet;

use super::file::{Config, JourneyStep};
use super::finding::Finding;
use super::wording::Wording;
use crate::text::fit::FitRule;
use crate::text::gsm7;
use crate::text::segments::{Encoding, characters_outside_gsm7, gsm_safe};
use crate::text::template::variables_of;
use crate::values::channel::{Category, Channel};
use crate::values::ids::JourneyName;
use crate::values::phone::Region;
use crate::values::provider::Provider;

pub use worst_case::{TextReport, reports};

/// Everything that speaks against a file that the lint has nothing against, errors first.
#[must_use]
pub fn review(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, journey) in &config.journeys {
        lint_locales(config, name, &journey.steps, &mut findings);
        for step in &journey.steps {
            let location = format!("journeys.{name}.steps.{}", step.name);
            if let Some(wording) = config.texts.get(&step.text) {
                review_step(step, wording, &location, &mut findings);
            }
        }
    }
    for (name, wording) in &config.texts {
        for (locale, words) in &wording.words {
            review_words(wording, words, &format!("texts.{name}.{locale}"), &mut findings);
        }
        review_places(name, wording, &mut findings);
    }
    review_for_india(config, &mut findings);
    for report in reports(config) {
        review_length(config, &report, &mut findings);
    }
    findings.sort_by(|a, b| (a.severity, &a.location, &a.detail).cmp(&(b.severity, &b.location, &b.detail)));
    findings.dedup();
    findings
}

/// A customer whose language one text of a journey lacks is refused altogether.
fn lint_locales(config: &Config, name: &JourneyName, steps: &[JourneyStep], findings: &mut Vec<Finding>) {
    let wordings: Vec<_> =
        steps.iter().filter_map(|step| Some((step, config.texts.get(&step.text)?))).collect();
    let mut locales: BTreeSet<(String, String)> = BTreeSet::new();
    for (_, wording) in &wordings {
        locales.extend(
            wording.words.keys().map(|locale| (locale.clone(), "another text of its journey".to_owned())),
        );
    }
    for (source, settings) in &config.sources {
        if settings.journey.as_ref() == Some(name) {
            locales.insert((settings.locale.clone(), format!("source {source}")));
        }
    }
    for (step, wording) in wordings {
        for (locale, whose) in &locales {
            if !wording.speaks(locale, step.channel) {
                let detail = format!(
                    "has no words for {locale}, the locale of {whose}: such customers' events are refused"
                );
                findings.push(Finding::error(format!("texts.{}", step.text), detail));
            }
        }
    }
}

/// AWS tells India's operators by which registered template a text is known; without it they drop it. (With
/// Twilio the registry is kept there.)
fn review_for_india(config: &Config, findings: &mut Vec<Finding>) {
    let india: Result<Region, _> = "IN".parse();
    let Ok(india) = india else { return };
    let is_told = config
        .sources
        .values()
        .any(|source| source.region == Some(india) || source.countries.contains(&india));
    let by_aws = |step: &JourneyStep| {
        step.channel == Channel::Sms
            && config.providers_of(step).iter().any(|provider| *provider != Provider::Twilio)
    };
    if !is_told {
        return;
    }
    for step in config.journeys.values().flat_map(|journey| &journey.steps).filter(|step| by_aws(step)) {
        let Some(wording) = config.texts.get(&step.text) else { continue };
        for locale in wording.words.keys().filter(|locale| wording.dlt_template_id(locale).is_none()) {
            let detail = format!("has no dlt_template_id for {locale}: India's operators drop it");
            findings.push(Finding::warning(format!("texts.{}", step.text), detail));
        }
    }
}

fn review_step(step: &JourneyStep, wording: &Wording, location: &str, findings: &mut Vec<Finding>) {
    if step.channel == Channel::Whatsapp && wording.content_sid.is_none() {
        let detail = "a WhatsApp message without a content_sid is taken only within 24 hours of the customer's last one";
        findings.push(Finding::warning(location, detail));
    }
    if step.category == Category::Promotional {
        for (locale, words) in &wording.words {
            if !traps::tells_how_to_opt_out(words) {
                let detail = "is advertising and does not say how to opt out (\"Reply STOP to opt out\")";
                findings.push(Finding::error(format!("texts.{}.{locale}", step.text), detail));
            }
        }
    }
}

fn review_words(wording: &Wording, words: &str, location: &str, findings: &mut Vec<Finding>) {
    for trap in traps::traps(words) {
        let detail = format!(
            "asks for the reply {}, which carriers take for an opt-{}: the customer would {} your texts; ask for another word",
            trap.word,
            if trap.opts_in { "in" } else { "out" },
            if trap.opts_in { "consent to all" } else { "get none of" }
        );
        let finding =
            if trap.opts_in { Finding::warning(location, detail) } else { Finding::error(location, detail) };
        findings.push(finding);
    }
    for host in traps::shorteners(words) {
        let detail = format!(
            "has a link of the shared shortener {host}, which carriers filter; use a domain of your own"
        );
        findings.push(Finding::error(location, detail));
    }
    let outside = characters_outside_gsm7(words);
    if !wording.gsm_safe && !outside.is_empty() && Encoding::of(&gsm_safe(words)) == Encoding::Gsm7 {
        let spelt: Vec<_> = outside.iter().map(|character| spelling(*character)).collect();
        let detail = format!(
            "is sent in UCS-2 (70 characters a part instead of 160) because of {}; or set gsm_safe = true",
            spelt.join(", ")
        );
        findings.push(Finding::warning(location, detail));
    }
}

/// A character that forces UCS-2, and what to write instead.
fn spelling(character: char) -> String {
    let code = u32::from(character);
    match gsm7::spelling(character) {
        Some("") => format!("U+{code:04X} (leave it out)"),
        Some(spelling) => format!("{character} U+{code:04X} (write {spelling:?})"),
        None => format!("{character} U+{code:04X}"),
    }
}

/// A variable that one locale says and another does not has most likely been forgotten there.
fn review_places(name: &str, wording: &Wording, findings: &mut Vec<Finding>) {
    let used = |words: &String| variables_of(words).unwrap_or_default();
    let all: BTreeSet<String> = wording.words.values().flat_map(used).collect();
    for (locale, words) in &wording.words {
        let here = used(words);
        for missing in all.iter().filter(|variable| !here.contains(*variable)) {
            let detail = format!("does not say the variable {missing}, which other locales of this text say");
            findings.push(Finding::warning(format!("texts.{name}.{locale}"), detail));
        }
    }
}

fn review_length(config: &Config, report: &TextReport, findings: &mut Vec<Finding>) {
    let Some(wording) = config.texts.get(&report.text) else { return };
    let fitting = wording.fit_rule();
    if fitting.truncate || (report.fits && report.worst_parts <= fitting.max_parts) {
        return;
    }
    let location = format!("texts.{}.{}", report.text, report.locale);
    let most = fitting.max_parts.min(FitRule::MAX_PARTS);
    if report.own_parts > most {
        let detail = format!("has {} parts without its variables, and may have {most}", report.own_parts);
        findings.push(Finding::error(location, detail));
    } else {
        let detail = format!(
            "may come to {} parts with the longest values and is refused beyond {most}: set limits for its variables, or truncate = true",
            report.worst_parts
        );
        findings.push(Finding::warning(location, detail));
    }
}

#[cfg(test)]
mod tests;
