//! The customer's number: looked for in one field or answer after another until one can be texted.

use http_edge::violations::Violations;
use messaging::values::phone::{PhoneError, PhoneNumber, Region, Textability};

use crate::booking::Reason;
use crate::phone_answer::number_in;
use crate::phone_question::Subject;

/// One question of a form with its answer.
pub(crate) struct Answer<'a> {
    /// The JSON pointer of the answer.
    pub(crate) pointer: String,
    /// The question as the host put it.
    pub(crate) question: &'a str,
    /// The answer as the customer wrote it.
    pub(crate) answer: &'a str,
}

/// A search under way. Once a number is found, later fields are not looked at.
pub(crate) struct PhoneSearch {
    /// The region whose plan reads national numbers; without it they are refused and never guessed.
    region: Option<Region>,
    found: Option<PhoneNumber>,
    refused: Violations,
}

impl PhoneSearch {
    /// Starts a search.
    pub(crate) fn new(region: Option<Region>) -> Self {
        Self { region, found: None, refused: Violations::default() }
    }

    /// Returns whether a number has been found.
    pub(crate) fn is_over(&self) -> bool {
        self.found.is_some()
    }

    /// Looks at a field that is there for a phone number.
    pub(crate) fn field(&mut self, pointer: &str, text: Option<&str>) {
        if self.is_over() {
            return;
        }
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return };
        self.take(pointer, text);
    }

    /// Looks at the answers of a form, each time in its order: the person's own phones, phones of whoever books for
    /// them, and then international numbers in answers to questions that ask for no number.
    pub(crate) fn answers(&mut self, answers: &[Answer<'_>]) {
        let answers: Vec<(Subject, &Answer<'_>)> =
            answers.iter().map(|answer| (Subject::of(answer.question), answer)).collect();
        for asked_for in [Subject::OwnPhone, Subject::HouseholdPhone] {
            for (subject, answer) in &answers {
                if *subject == asked_for {
                    self.asked_for(answer);
                }
            }
        }
        for (subject, answer) in &answers {
            if *subject == Subject::Open {
                self.volunteered(answer.answer);
            }
        }
    }

    /// Takes a number that was asked for. An answer without any number is not refused: it may be "same as before".
    fn asked_for(&mut self, answer: &Answer<'_>) {
        let has_digits = answer.answer.chars().any(char::is_numeric);
        if has_digits {
            self.field(&answer.pointer, Some(answer.answer));
        }
    }

    /// Takes a number that was not asked for only if it is the whole answer and international: nothing else is
    /// written so. Other answers are not refusals, because they may not be numbers at all.
    pub(crate) fn volunteered(&mut self, text: &str) {
        let text = text.trim();
        let is_written_as_number = text.starts_with(['+', '＋'])
            && text.chars().skip(1).all(|c| c.is_numeric() || c.is_whitespace() || "-–.()/".contains(c));
        if self.is_over() || !is_written_as_number {
            return;
        }
        if let Ok(phone) = number_in(text, self.region)
            && phone.textability().is_textable()
        {
            self.found = Some(phone);
        }
    }

    fn take(&mut self, pointer: &str, text: &str) {
        match number_in(text, self.region) {
            Ok(phone) => match phone.textability() {
                Textability::Textable => self.found = Some(phone),
                Textability::NotTextable(_) => {
                    self.refused.add(pointer, "not_textable", "this kind of number takes no texts");
                }
            },
            // What is written so that no number was recognised in it is told as the library sees the whole.
            Err(PhoneError::NotANumber) => {
                let error = PhoneNumber::parse(text, self.region).err().unwrap_or(PhoneError::NotANumber);
                self.refused.add(pointer, error.code(), error.to_string());
            }
            Err(error) => self.refused.add(pointer, error.code(), error.to_string()),
        }
    }

    /// Returns the number, or the reason why there is none, with every field that was refused.
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
