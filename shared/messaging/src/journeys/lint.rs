//! What can be wrong in `journeys.toml`, found before anything is sent.

use super::file::{Config, Deadline, Journey, JourneyStep};
use super::finding::{Finding, Severity};
use super::otp_settings::ONE_TIME_CODE_VARIABLES;
use super::providers::lint_order;
use super::wording::Wording;
use crate::text::fit::FitRule;
use crate::text::template::{TemplateError, Variables, render, variables_of};
use crate::values::channel::Channel;
use crate::values::ids::{JourneyName, StepName};
use crate::values::phone::Region;
use std::collections::BTreeSet;

/// Variables that every event of a booking brings by itself, and the most characters of each.
pub(super) const APPOINTMENT_VARIABLES: [(&str, usize); 5] = [
    ("name", 40),
    ("event_name", 80),
    ("appointment_date", 28),
    ("appointment_time", 16),
    ("appointment", 48),
];

/// `<conversation>.<step>.r<n>` has at most 80 characters: 57, a dot, these, and `.r` with four digits.
const LONGEST_STEP_NAME: usize = 16;

impl Config {
    /// Reads and lints the file.
    ///
    /// # Errors
    /// Every error that the lint found, or the one place where the file is not TOML of this shape.
    pub fn from_toml(text: &str) -> Result<Self, Vec<Finding>> {
        let config = Self::stored(text).map_err(|finding| vec![finding])?;
        let errors: Vec<Finding> =
            lint(&config).into_iter().filter(|f| f.severity == Severity::Error).collect();
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }
}

/// Everything that is wrong with a file that has the right shape, errors first.
#[must_use]
pub fn lint(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, source) in &config.sources {
        let location = format!("sources.{name}");
        if !is_locale(&source.locale) {
            findings.push(Finding::error(&location, "locale: expected a locale such as en or en-US"));
        }
        if source.journey.as_ref().is_some_and(|journey| !config.journeys.contains_key(journey)) {
            findings.push(Finding::error(&location, "journey: there is no such journey"));
        }
    }
    for (name, journey) in &config.journeys {
        lint_journey(config, name, journey, &mut findings);
    }
    config.providers.lint(&mut findings);
    lint_hours(config, &mut findings);
    lint_texts(config, &mut findings);
    for country in config.prices.countries.keys().filter(|code| code.parse::<Region>().is_err()) {
        findings
            .push(Finding::error("prices", format!("{country} is no country code of two capital letters")));
    }
    lint_notices(config, &mut findings);
    findings.sort_by(|a, b| (a.severity, &a.location).cmp(&(b.severity, &b.location)));
    findings
}

fn lint_hours(config: &Config, findings: &mut Vec<Finding>) {
    for country in config.limits.countries.keys().filter(|country| country.parse::<Region>().is_err()) {
        let location = format!("limits.countries.{country}");
        findings.push(Finding::error(location, "expected a country code of two capital letters, such as US"));
    }
    for (country, hours) in &config.promotional_hours.countries {
        let location = format!("promotional_hours.{country}");
        if country.parse::<Region>().is_err() {
            findings.push(Finding::error(
                &location,
                "expected a country code of two capital letters, such as US",
            ));
        }
        if hours.is_empty() {
            findings.push(Finding::error(
                &location,
                "in these hours there is no time at which a text could be sent",
            ));
        }
    }
}

fn lint_journey(config: &Config, name: &JourneyName, journey: &Journey, findings: &mut Vec<Finding>) {
    let location = format!("journeys.{name}");
    if journey.steps.is_empty() {
        findings.push(Finding::error(&location, "a journey has at least one step"));
    }
    let mut earlier: BTreeSet<&StepName> = BTreeSet::new();
    let mut used = BTreeSet::new();
    for step in &journey.steps {
        let location = format!("{location}.steps.{}", step.name);
        lint_step(step, &earlier, &location, findings);
        if !earlier.insert(&step.name) {
            findings.push(Finding::error(&location, "another step of this journey has the same name"));
        }
        let known = known_variables(journey);
        let Some(wording) = config.texts.get(&step.text) else {
            findings.push(Finding::error(&location, "text: there is no such text"));
            continue;
        };
        if step.channel == Channel::Sms && wording.words.is_empty() && wording.content_sid.is_some() {
            let detail = "text: is a WhatsApp template without words, and this step is no WhatsApp message";
            findings.push(Finding::error(&location, detail));
        }
        for variable in &wording.variables {
            if !known.contains(variable.as_str()) {
                findings.push(Finding::error(
                    format!("texts.{}.variables", step.text),
                    format!("names the variable {variable}, which journey {name} does not declare"),
                ));
            }
            used.insert(variable.clone());
        }
        for (locale, template) in &wording.words {
            for variable in variables_of(template).unwrap_or_default() {
                if !known.contains(variable.as_str()) {
                    findings.push(Finding::error(
                        format!("texts.{}.{locale}", step.text),
                        format!("uses the variable {variable}, which journey {name} does not declare"),
                    ));
                }
                used.insert(variable);
            }
        }
    }
    lint_variables(journey, &used, &location, findings);
}

fn lint_variables(journey: &Journey, used: &BTreeSet<String>, location: &str, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for variable in journey.all_variables() {
        if !seen.insert(variable) {
            findings.push(Finding::error(location, format!("declares the variable {variable} twice")));
        } else if !is_name(variable) {
            let detail = "a variable's name is 1 to 40 of a-z, 0-9, _ and begins with a letter";
            findings.push(Finding::error(location, detail));
        } else if !used.contains(variable) {
            findings.push(Finding::error(
                location,
                format!("declares the variable {variable}, which no text uses"),
            ));
        }
    }
    for variable in journey.limits.keys().filter(|variable| !seen.contains(variable.as_str())) {
        findings.push(Finding::error(
            location,
            format!("limits: names the variable {variable}, which it does not declare"),
        ));
    }
}

/// A name that a template can say.
fn is_name(variable: &str) -> bool {
    variable.len() <= 40
        && variable.starts_with(|first: char| first.is_ascii_lowercase())
        && variable.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn lint_step(step: &JourneyStep, earlier: &BTreeSet<&StepName>, location: &str, findings: &mut Vec<Finding>) {
    let times = [step.delay, step.before_appointment, step.after_appointment];
    if times.iter().flatten().count() != 1 {
        let detail = "give exactly one of delay, before_appointment and after_appointment";
        findings.push(Finding::error(location, detail));
    }
    if step.after_appointment.is_some() && step.deadline == Deadline::Appointment {
        findings.push(Finding::error(location, "deadline: the appointment has passed when this step is due"));
    }
    if let Some(order) = &step.providers {
        lint_order(location, step.channel, order, findings);
    }
    if step.name.as_str().len() > LONGEST_STEP_NAME {
        let detail = format!(
            "name: at most {LONGEST_STEP_NAME} characters, or a repetition could not be named after it"
        );
        findings.push(Finding::error(location, detail));
    }
    if step.follows.as_ref().is_some_and(|followed| !earlier.contains(followed)) {
        findings.push(Finding::error(location, "follows: names no earlier step of this journey"));
    }
    if matches!(step.deadline, Deadline::AfterDue(span) if span.delta().num_seconds() == 0) {
        findings.push(Finding::error(location, "deadline: a step needs some time in which it may be sent"));
    }
}

fn lint_texts(config: &Config, findings: &mut Vec<Finding>) {
    for (name, wording) in &config.texts {
        let location = format!("texts.{name}");
        if wording.words.is_empty() && wording.content_sid.is_none() {
            findings
                .push(Finding::error(&location, "a text has words in at least one locale, or a content_sid"));
        }
        lint_template(wording, &location, findings);
        for (locale, template) in &wording.words {
            if !is_locale(locale) {
                let detail = format!("neither a setting nor a locale such as en or en-US: {locale}");
                findings.push(Finding::error(&location, detail));
            }
            if let Err(error) = variables_of(template) {
                findings.push(Finding::error(format!("{location}.{locale}"), error.to_string()));
            } else if template.trim().is_empty() {
                findings.push(Finding::error(format!("{location}.{locale}"), "the text is empty"));
            } else if !can_be_filled_in(template) {
                let detail = "the text cannot be filled in: an unknown filter, test or function, or a variable used as something else than text";
                findings.push(Finding::error(format!("{location}.{locale}"), detail));
            }
        }
        let is_used =
            config.journeys.values().flat_map(|journey| &journey.steps).any(|step| step.text == *name);
        if !is_used {
            findings.push(Finding::warning(&location, "no journey uses this text"));
        }
    }
}

/// What Twilio refuses in a template's variables (its error 21656), and what leads nowhere.
fn lint_template(wording: &Wording, location: &str, findings: &mut Vec<Finding>) {
    if wording.content_sid.is_none() && !wording.variables.is_empty() {
        findings.push(Finding::error(
            location,
            "variables: fill a WhatsApp template, and there is no content_sid",
        ));
    }
    if wording.variables.len() > 100 {
        findings
            .push(Finding::error(location, "variables: a WhatsApp template has at most 100 (error 21656)"));
    }
    let mut seen = BTreeSet::new();
    for variable in wording.variables.iter().filter(|variable| !seen.insert(*variable)) {
        let detail = format!("variables: {variable} fills two places of the template (error 21656)");
        findings.push(Finding::error(location, detail));
    }
    if wording.max_parts.is_some_and(|parts| !(1..=FitRule::MAX_PARTS).contains(&usize::from(parts))) {
        findings.push(Finding::error(location, format!("max_parts: 1 to {}", FitRule::MAX_PARTS)));
    }
    if wording.truncate && wording.max_parts.is_none() {
        findings
            .push(Finding::warning(location, "truncate: has no max_parts to cut to but what providers take"));
    }
}

/// `en`, `en-US`, `zh-Hant-TW`.
fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Every entry is one that something says.
fn lint_notices(config: &Config, findings: &mut Vec<Finding>) {
    for (name, words) in &config.notices {
        let location = format!("notices.{name}");
        match name.as_str() {
            "opt_out_confirmation" | "promotions_confirmation" | "help" => {}
            name if name == "one_time_code" || name.starts_with("one_time_code_") => {
                lint_one_time_code(&location, words, findings);
            }
            _ => findings.push(Finding::error(
                location,
                "nothing says this; there are opt_out_confirmation, promotions_confirmation, help, one_time_code, \
                 one_time_code_<purpose>",
            )),
        }
    }
}

/// The words of a one-time code say the code and name nothing that no code has.
fn lint_one_time_code(location: &str, words: &str, findings: &mut Vec<Finding>) {
    match variables_of(words) {
        Err(error) => findings.push(Finding::error(location, error.to_string())),
        Ok(used) => {
            let unknown = used.iter().filter(|used| !ONE_TIME_CODE_VARIABLES.contains(&used.as_str()));
            findings.extend(unknown.map(|unknown| {
                Finding::error(location, format!("uses the variable {unknown}; there are code and minutes"))
            }));
            if !used.contains("code") {
                findings.push(Finding::error(location, "does not say the code: {{ code }}"));
            }
        }
    }
}

/// Whether a text can be rendered once every variable has a value. Parsing alone does not look at the
/// names of filters and functions.
fn can_be_filled_in(template: &str) -> bool {
    let mut variables = Variables::default();
    for name in variables_of(template).unwrap_or_default() {
        variables.set(name, "1");
    }
    // An empty result may depend on the value.
    matches!(render(template, &variables), Ok(_) | Err(TemplateError::Empty))
}

/// What the texts of a journey may name: its declared variables and, where a step hangs on an
/// appointment, what a booking brings.
fn known_variables(journey: &Journey) -> BTreeSet<&str> {
    let mut known: BTreeSet<&str> = journey.all_variables().collect();
    if journey.is_for_bookings() {
        known.extend(APPOINTMENT_VARIABLES.map(|(name, _)| name));
    }
    known
}
