//! The customer's number: looked for place after place until one can be texted.

use http_edge::violations::Violations;
use messaging::values::phone::{NumberKind, PhoneNumber, Region, Textability};

use crate::answer::{Answer, Candidate};
use crate::booking::Reason;

/// A search under way. Once a number is found, later places are not looked at.
pub(crate) struct PhoneSearch {
    /// Whose plan reads national numbers; without it they are refused and never guessed.
    region: Option<Region>,
    found: Option<PhoneNumber>,
    refused: Violations,
}

impl PhoneSearch {
    /// Starts a search.
    pub(crate) fn new(region: Option<Region>) -> Self {
        Self { region, found: None, refused: Violations::default() }
    }

    /// Whether there is nothing left to do.
    pub(crate) fn is_over(&self) -> bool {
        self.found.is_some()
    }

    /// Looks at a field that is there for a phone number.
    pub(crate) fn field(&mut self, place: &str, text: Option<&str>) {
        if self.is_over() {
            return;
        }
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return };
        self.take(place, text);
    }

    /// Looks at what the customer answered: first where a number was asked for, then elsewhere,
    /// both in the order of the form.
    pub(crate) fn answers(&mut self, answers: &[Answer<'_>]) {
        for answer in answers {
            if let (false, Some(Candidate::AskedFor(text))) = (self.is_over(), answer.candidate()) {
                self.take(&answer.place, text);
            }
        }
        for answer in answers {
            if let (false, Some(Candidate::Volunteered(text))) = (self.is_over(), answer.candidate()) {
                self.volunteered(text);
            }
        }
    }

    /// Takes a number nobody asked for only if it can be nothing else. Others are no refusals,
    /// because they may be no numbers at all.
    fn volunteered(&mut self, text: &str) {
        let Ok(phone) = PhoneNumber::parse(text, self.region) else { return };
        let kind = phone.kind();
        let is_certain = text.starts_with('+') || kind != NumberKind::Unknown;
        if is_certain && kind.textability().is_textable() {
            self.found = Some(phone);
        }
    }

    fn take(&mut self, place: &str, text: &str) {
        match PhoneNumber::parse(text, self.region) {
            Ok(phone) => match phone.textability() {
                Textability::Textable => self.found = Some(phone),
                Textability::NotTextable(_) => {
                    self.refused.add(place, "not_textable", "this kind of number takes no texts");
                }
            },
            Err(error) => self.refused.add(place, error.code(), error.to_string()),
        }
    }

    /// The number, or why there is none, with every place that was refused.
    pub(crate) fn finish(self, violations: &mut Violations) -> Result<PhoneNumber, Reason> {
        if let Some(phone) = self.found {
            return Ok(phone);
        }
        if self.refused.is_empty() {
            violations.add("/payload", "no_phone", "no place for a phone number holds one");
            return Err(Reason::NoPhone);
        }
        for refusal in self.refused.into_sorted() {
            violations.add(refusal.pointer, refusal.code, refusal.detail);
        }
        Err(Reason::PhoneNotUsable)
    }
}
