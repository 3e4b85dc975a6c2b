//! `journeys.toml`: sources, journeys, their steps and texts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::budgets::Limits;
use super::finding::Finding;
use super::otp_settings::OtpSettings;
use super::prices::Prices;
use super::providers::ProviderOrder;
use super::quiet_hours::PromotionalHours;
use super::rate_limits::Pacing;
use super::span::Span;
use super::wording::Wording;
use crate::values::channel::{Category, Channel};
use crate::values::ids::{JourneyName, Scope, SourceName, StepName};
use crate::values::money::Currency;
use crate::values::phone::{NumberKind, PhoneNumber, Region};
use crate::values::provider::Provider;

/// The most characters that a variable may have if its journey says nothing: longer values belong
/// into no text.
pub const VARIABLE_LIMIT: usize = 500;

/// The whole file. Read with [`Config::from_toml`], which lints it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who calls.
    pub sources: BTreeMap<SourceName, Source>,
    /// What happens after an event.
    pub journeys: BTreeMap<JourneyName, Journey>,
    /// What is said, by name.
    pub texts: BTreeMap<String, Wording>,
    /// Prices that go before the built-in ones.
    #[serde(default)]
    pub prices: Prices,
    /// Who carries the texts of each channel.
    #[serde(default)]
    pub providers: ProviderOrder,
    /// How much may be spent; nothing is limited if nothing is said.
    #[serde(default)]
    pub limits: Limits,
    /// How many texts each sender takes in a second; nothing is held back if nothing is said.
    #[serde(default)]
    pub pacing: Pacing,
    /// The hours in which advertising may be sent, which go before the built-in ones.
    #[serde(default)]
    pub promotional_hours: PromotionalHours,
    /// Words outside journeys: `opt_out_confirmation`, `promotions_confirmation`, `help`, `one_time_code`, and `one_time_code_<purpose>`
    /// for codes of one purpose.
    #[serde(default)]
    pub notices: BTreeMap<String, String>,
    /// Limits of one-time codes.
    #[serde(default)]
    pub otp: OtpSettings,
}

/// A source's habits: what its numbers, amounts and texts mean.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The currency of its amounts.
    #[serde(default = "usd")]
    pub currency: Currency,
    /// The region of its national phone numbers (ISO 3166 alpha-2). Without it only numbers with a
    /// country code are accepted: a region is never guessed.
    pub region: Option<Region>,
    /// The countries whose numbers it may text; empty: every country.
    #[serde(default)]
    pub countries: Vec<Region>,
    /// Which numbers it may text at all.
    #[serde(default)]
    pub numbers: Numbers,
    /// The language of its customers (`en-US`).
    #[serde(default = "en_us")]
    pub locale: String,
    /// The journey that its events open, for sources whose events do not name one.
    pub journey: Option<JourneyName>,
}

/// How much is asked of a number before it is texted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    /// It has the right length: numbers that are reserved for tests and fiction, and new ranges, too.
    #[default]
    Possible,
    /// It lies in a range in use: a text to any other is paid for and reaches nobody.
    Valid,
}

/// Why a source may not text a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisallowedNumber {
    /// It is of a country that the source may not text.
    Country,
    /// It lies in no range in use.
    NotValid,
}

impl DisallowedNumber {
    /// A word for machines.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Country => "country_not_allowed",
            Self::NotValid => "phone_not_valid",
        }
    }

    /// What is wrong with the number, without it.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Country => "is of a country that this source may not text",
            Self::NotValid => "lies in no range of numbers in use",
        }
    }
}

/// What one event leads to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    /// What its texts are about, for agreements and withdrawals (`offers`).
    pub program: Option<Scope>,
    /// Variables that every event of this journey must bring.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Variables that an event may bring. Where one is missing, words get an empty text and a
    /// WhatsApp template leaves its place out.
    #[serde(default)]
    pub optional: Vec<String>,
    /// The most characters that a variable may have, where that is not [`VARIABLE_LIMIT`].
    #[serde(default)]
    pub limits: BTreeMap<String, usize>,
    /// The texts, in order.
    pub steps: Vec<JourneyStep>,
}

/// One text of a journey.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JourneyStep {
    /// Its name; also the end of its execution's name.
    pub name: StepName,
    /// Due this long after acceptance.
    pub delay: Option<Span>,
    /// Due this long before the appointment.
    pub before_appointment: Option<Span>,
    /// Due this long after the appointment.
    pub after_appointment: Option<Span>,
    /// Until when it may be sent.
    #[serde(default)]
    pub deadline: Deadline,
    /// What kind of text it is, for policy.
    pub category: Category,
    /// How it travels.
    #[serde(default)]
    pub channel: Channel,
    /// Who carries it, in order; without this, whoever carries the channel.
    pub providers: Option<Vec<Provider>>,
    /// Not sent once the customer has answered.
    #[serde(default)]
    pub unless_replied: bool,
    /// Not sent when that earlier step was not sent.
    pub follows: Option<StepName>,
    /// The words: a name in `texts`.
    pub text: String,
}

/// Until when a step may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Deadline {
    /// This long after the due time.
    AfterDue(Span),
    /// The appointment.
    Appointment,
}

impl Default for Deadline {
    /// 24 hours after the due time.
    fn default() -> Self {
        Self::AfterDue(Span::hours(24))
    }
}

impl TryFrom<String> for Deadline {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text == "appointment" { Ok(Self::Appointment) } else { Span::try_from(text).map(Self::AfterDue) }
    }
}

const fn usd() -> Currency {
    Currency::Usd
}

fn en_us() -> String {
    "en-US".to_owned()
}

impl Source {
    /// Why it may not text a number, if it may not. A number of no country is no country's.
    #[must_use]
    pub fn refuses(&self, phone: &PhoneNumber) -> Option<DisallowedNumber> {
        let is_allowed = |country| self.countries.contains(&country);
        if !self.countries.is_empty() && !phone.country().is_some_and(is_allowed) {
            return Some(DisallowedNumber::Country);
        }
        let is_valid = self.numbers == Numbers::Possible || phone.kind() != NumberKind::Unknown;
        (!is_valid).then_some(DisallowedNumber::NotValid)
    }
}

impl JourneyStep {
    /// Whether it needs an appointment to be planned.
    #[must_use]
    pub const fn needs_appointment(&self) -> bool {
        self.before_appointment.is_some() || self.after_appointment.is_some()
    }
}

impl Journey {
    /// Every variable that its events may bring.
    pub fn all_variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().chain(&self.optional).map(String::as_str)
    }

    /// Whether its events are bookings, which bring variables by themselves.
    #[must_use]
    pub fn is_for_bookings(&self) -> bool {
        self.steps.iter().any(|step| step.needs_appointment() || step.deadline == Deadline::Appointment)
    }

    /// The most characters that a variable may have.
    #[must_use]
    pub fn limit(&self, variable: &str) -> usize {
        self.limits.get(variable).copied().unwrap_or(VARIABLE_LIMIT)
    }
}

impl Config {
    /// Reads a file that was in force before: only its shape counts, because a lint that has become
    /// stricter must not keep what runs from running.
    ///
    /// # Errors
    /// The one place where the file is not TOML of this shape.
    pub fn stored(text: &str) -> Result<Self, Finding> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let place = before.map_or_else(
                || "journeys.toml".to_owned(),
                |before| format!("journeys.toml, line {}", before.matches('\n').count() + 1),
            );
            Finding::error(place, error.message().to_owned())
        })
    }

    /// The words of a text in a locale: of the locale itself, else of its language, else of any other
    /// locale of the same language.
    #[must_use]
    pub fn template(&self, text: &str, locale: &str) -> Option<&str> {
        self.texts.get(text)?.words(locale)
    }

    /// Who carries a step, in the order in which they are asked.
    #[must_use]
    pub fn providers_of(&self, step: &JourneyStep) -> Vec<Provider> {
        step.providers.clone().unwrap_or_else(|| self.providers.of(step.channel).to_vec())
    }
}

impl Config {
    /// The variables of a journey that fill places of a WhatsApp template.
    #[must_use]
    pub fn template_variables(&self, journey: &Journey) -> BTreeSet<&str> {
        let on_whatsapp = journey.steps.iter().filter(|step| step.channel == Channel::Whatsapp);
        let wordings = on_whatsapp.filter_map(|step| self.texts.get(&step.text));
        wordings.flat_map(|wording| &wording.variables).map(String::as_str).collect()
    }

    /// Words outside journeys.
    #[must_use]
    pub fn notice(&self, name: &str) -> Option<&str> {
        self.notices.get(name).map(String::as_str)
    }

    /// The words of one-time codes for a purpose: its own, else those of all.
    #[must_use]
    pub fn one_time_code_text(&self, purpose: &str) -> Option<&str> {
        self.notice(&format!("one_time_code_{purpose}")).or_else(|| self.notice("one_time_code"))
    }
}

/// The version of a file: the first 16 hexadecimal digits of its SHA-256.
#[must_use]
pub fn version_of(toml: &str) -> String {
    hex::encode(&Sha256::digest(toml.as_bytes())[..8])
}
