//! An entry of `[texts]`: words by locale, or a WhatsApp template at the provider, or both.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::text::dlt::DltTemplateId;
use crate::text::fit::FitRule;
use crate::text::template::Variables;
use crate::text::whatsapp_template::{ContentSid, WhatsappTemplate};
use crate::values::channel::Channel;

/// What is said.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Wording {
    /// The WhatsApp template, for every locale or by locale.
    pub content_sid: Option<PerLocale<ContentSid>>,
    /// The template that India's operators know it by, for every locale or by locale.
    pub dlt_template_id: Option<PerLocale<DltTemplateId>>,
    /// Which variables fill the template's places: the first one place `1`, and so on.
    #[serde(default)]
    pub variables: Vec<String>,
    /// The most parts that it may have; without it, what the providers take ([`FitRule`]).
    pub max_parts: Option<u8>,
    /// Longer words are cut, and the conversation says so; without it they are an error.
    #[serde(default)]
    pub truncate: bool,
    /// Typographic characters are spelt in GSM 7-bit where that is enough to make all of it GSM 7-bit.
    #[serde(default)]
    pub gsm_safe: bool,
    /// The words by locale.
    #[serde(flatten)]
    pub words: BTreeMap<String, String>,
}

/// Templates are approved language by language; one id serves where there is only one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum PerLocale<T> {
    /// For every locale.
    One(T),
    /// By locale.
    ByLocale(BTreeMap<String, T>),
}

impl<T> PerLocale<T> {
    /// The one of a locale.
    #[must_use]
    pub fn of(&self, locale: &str) -> Option<&T> {
        match self {
            Self::One(one) => Some(one),
            Self::ByLocale(by_locale) => in_locale(by_locale, locale),
        }
    }
}

impl Wording {
    /// How its words are to be made to fit.
    #[must_use]
    pub fn fit_rule(&self) -> FitRule {
        let max_parts = self.max_parts.map_or(FitRule::MAX_PARTS, usize::from);
        FitRule { max_parts, truncate: self.truncate, gsm_safe: self.gsm_safe }
    }

    /// Whether a customer of that locale can be told it.
    #[must_use]
    pub fn speaks(&self, locale: &str, channel: Channel) -> bool {
        let has_template = || self.content(locale, &Variables::default()).is_some();
        self.words(locale).is_some() || (channel == Channel::Whatsapp && has_template())
    }

    /// The words in a locale.
    #[must_use]
    pub fn words(&self, locale: &str) -> Option<&str> {
        in_locale(&self.words, locale).map(String::as_str)
    }

    /// The template that India's operators know the words in a locale by.
    #[must_use]
    pub fn dlt_template_id(&self, locale: &str) -> Option<&DltTemplateId> {
        self.dlt_template_id.as_ref()?.of(locale)
    }

    /// The template in a locale, its places filled. A variable without a value, or with an empty one,
    /// leaves its place out.
    #[must_use]
    pub fn content(&self, locale: &str, variables: &Variables) -> Option<WhatsappTemplate> {
        let sid = self.content_sid.as_ref()?.of(locale)?;
        let filled = self.variables.iter().enumerate().filter_map(|(index, name)| {
            let value = variables.get(name).filter(|value| !value.trim().is_empty())?;
            Some(((index + 1).to_string(), value.to_owned()))
        });
        Some(WhatsappTemplate { sid: sid.clone(), variables: filled.collect() })
    }
}

/// The locale itself, else its language, else any other locale of the same language.
fn in_locale<'a, T>(by_locale: &'a BTreeMap<String, T>, locale: &str) -> Option<&'a T> {
    let language = |locale: &str| locale.split('-').next().unwrap_or_default().to_owned();
    by_locale.get(locale).or_else(|| by_locale.get(&language(locale))).or_else(|| {
        by_locale.iter().find(|(other, _)| language(other) == language(locale)).map(|(_, found)| found)
    })
}
