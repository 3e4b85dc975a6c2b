//! The body of a system that is not ours: fields that we do not use may be anything, but a body
//! that two parsers could read differently is not used at all.

use http_edge::fields::Fields;
use http_edge::json::Json;
use http_edge::violations::{Violation, Violations};

use crate::booking::{Reason, Unusable};

/// A body that is JSON.
pub(crate) struct ThirdParty {
    json: Json,
    /// The violations that the strict reader found. Those values are absent from `json`.
    flaws: Vec<Violation>,
}

impl ThirdParty {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is not JSON.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Unusable> {
        let mut violations = Violations::default();
        let json = Json::parse(body, &mut violations);
        let flaws = violations.into_sorted();
        match json {
            Some(json) => Ok(Self { json, flaws }),
            None if flaws.is_empty() => {
                let mut null = Violations::default();
                null.add("", "type", "must be an object");
                Err(malformed(null.into_sorted()))
            }
            None => Err(malformed(flaws)),
        }
    }

    /// The name of the event, which stands in `member`. It is read before anything else is held
    /// against the body, so that events that we do not use are ignored whatever they look like.
    ///
    /// # Errors
    /// When there is no such name, or two.
    pub(crate) fn event_name(&self, member: &str) -> Result<&str, Unusable> {
        let mut wrong = Violations::default();
        let fields = Fields::of_body(&self.json, &mut wrong);
        let name = fields.and_then(|fields| fields.required_string(member, &mut wrong));
        let is_doubtful = self.flaws.iter().any(|flaw| flaw.pointer == format!("/{member}"));
        match name {
            Some(name) if !is_doubtful => Ok(name),
            _ => Err(self.unusable(Reason::Malformed, wrong)),
        }
    }

    /// The object of the event, which stands in `payload`.
    ///
    /// # Errors
    /// When it is missing or the body has two meanings: duplicate names, or more levels than are read.
    /// Other flaws (a NUL or half a surrogate pair in some answer) only make that value absent.
    pub(crate) fn payload(&self) -> Result<Fields<'_>, Unusable> {
        let mut wrong = Violations::default();
        let payload = Fields::of_body(&self.json, &mut wrong)
            .and_then(|fields| fields.required_object("payload", &mut wrong));
        let is_doubtful = self.flaws.iter().any(|flaw| matches!(flaw.code, "duplicate_key" | "too_deep"));
        match payload {
            Some(payload) if !is_doubtful => Ok(payload),
            _ => Err(self.unusable(Reason::Malformed, wrong)),
        }
    }

    /// A string of the envelope.
    pub(crate) fn envelope_string(&self, member: &str) -> Option<&str> {
        self.json.get(member).and_then(Json::as_str)
    }

    /// SHA-256 of the canonical body; `None` never happens, as numbers without a double are flaws.
    pub(crate) fn content_hash(&self) -> Option<String> {
        self.json.canonical_hash()
    }

    /// The refusal with everything that is known to be wrong.
    pub(crate) fn unusable(&self, reason: Reason, mut wrong: Violations) -> Unusable {
        for flaw in &self.flaws {
            wrong.add(flaw.pointer.clone(), flaw.code, flaw.detail.clone());
        }
        Unusable { reason, violations: wrong.into_sorted(), booking: None }
    }
}

fn malformed(violations: Vec<Violation>) -> Unusable {
    Unusable { reason: Reason::Malformed, violations, booking: None }
}
