//! What can be wrong in `journeys.toml`, found before anything is sent.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Deadline, Journey, Journeys, StepPlan};
use crate::ids::{JourneyName, StepName};
use crate::text::{TemplateError, Variables, render, variables_of};

/// Variables that every event of a booking brings by itself.
const APPOINTMENT_VARIABLES: [&str; 5] =
    ["name", "event_name", "appointment_date", "appointment_time", "appointment"];

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is not used.
    Error,
    /// The file is used; somebody should look.
    Warning,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Where: `journeys.booking.steps.follow_up`.
    pub place: String,
    /// What.
    pub detail: String,
}

impl Finding {
    pub(super) fn error(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Error, place: place.into(), detail: detail.into() }
    }

    fn warning(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, place: place.into(), detail: detail.into() }
    }
}

/// Everything that is wrong with a file that has the right shape, errors first.
#[must_use]
pub fn lint(file: &Journeys) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, source) in &file.sources {
        let place = format!("sources.{name}");
        if source.journey.as_ref().is_some_and(|journey| !file.journeys.contains_key(journey)) {
            findings.push(Finding::error(&place, "journey: there is no such journey"));
        }
    }
    for (name, journey) in &file.journeys {
        lint_journey(file, name, journey, &mut findings);
    }
    lint_texts(file, &mut findings);
    findings.sort_by(|a, b| (a.severity, &a.place).cmp(&(b.severity, &b.place)));
    findings
}

fn lint_journey(file: &Journeys, name: &JourneyName, journey: &Journey, findings: &mut Vec<Finding>) {
    let place = format!("journeys.{name}");
    if journey.steps.is_empty() {
        findings.push(Finding::error(&place, "a journey has at least one step"));
    }
    let mut earlier: BTreeSet<&StepName> = BTreeSet::new();
    let mut used = BTreeSet::new();
    for step in &journey.steps {
        let place = format!("{place}.steps.{}", step.name);
        lint_step(step, &earlier, &place, findings);
        if !earlier.insert(&step.name) {
            findings.push(Finding::error(&place, "another step of this journey has the same name"));
        }
        let known = known_variables(journey);
        let Some(wording) = file.texts.get(&step.text) else {
            findings.push(Finding::error(&place, "text: there is no such text"));
            continue;
        };
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
    for variable in
        journey.variables.iter().chain(&journey.optional).filter(|variable| !used.contains(*variable))
    {
        findings
            .push(Finding::warning(&place, format!("declares the variable {variable}, which no text uses")));
    }
}

fn lint_step(step: &StepPlan, earlier: &BTreeSet<&StepName>, place: &str, findings: &mut Vec<Finding>) {
    if step.delay.is_some() == step.before_appointment.is_some() {
        findings.push(Finding::error(place, "give exactly one of delay and before_appointment"));
    }
    if step.follows.as_ref().is_some_and(|followed| !earlier.contains(followed)) {
        findings.push(Finding::error(place, "follows: names no earlier step of this journey"));
    }
    if matches!(step.deadline, Deadline::AfterDue(span) if span.delta().num_seconds() == 0) {
        findings.push(Finding::error(place, "deadline: a step needs some time in which it may be sent"));
    }
}

fn lint_texts(file: &Journeys, findings: &mut Vec<Finding>) {
    for (name, wording) in &file.texts {
        let place = format!("texts.{name}");
        if wording.words.is_empty() && wording.content_sid.is_none() {
            findings
                .push(Finding::error(&place, "a text has words in at least one locale, or a content_sid"));
        }
        for (locale, template) in &wording.words {
            if let Err(error) = variables_of(template) {
                findings.push(Finding::error(format!("{place}.{locale}"), error.to_string()));
            } else if template.trim().is_empty() {
                findings.push(Finding::error(format!("{place}.{locale}"), "the text is empty"));
            } else if !can_be_filled_in(template) {
                let detail = "the text cannot be filled in: an unknown filter, test or function, or a variable used as something else than text";
                findings.push(Finding::error(format!("{place}.{locale}"), detail));
            }
        }
        let is_used =
            file.journeys.values().flat_map(|journey| &journey.steps).any(|step| step.text == *name);
        if !is_used {
            findings.push(Finding::warning(&place, "no journey uses this text"));
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
    let of_booking = journey
        .steps
        .iter()
        .any(|step| step.before_appointment.is_some() || step.deadline == Deadline::Appointment);
    let mut known: BTreeSet<&str> =
        journey.variables.iter().chain(&journey.optional).map(String::as_str).collect();
    if of_booking {
        known.extend(APPOINTMENT_VARIABLES);
    }
    known
}
