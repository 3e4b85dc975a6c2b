//! The bodies of `POST /otp` and `POST /otp/verify`.

use std::ops::RangeInclusive;

use http_edge::fields::Fields;
use http_edge::json::Json;
use http_edge::recipient;
use http_edge::violations::Violations;
use messaging::journeys::otp_settings::OtpSettings;
use messaging::one_time_code::CodeRequest;
use messaging::values::characters::unwanted;
use messaging::values::one_time_code::{
    CodeSlot, DEFAULT_LENGTH, DEFAULT_VALIDITY_MINUTES, LENGTHS, OneTimeCode, PURPOSE_LIMIT, VALIDITY_MINUTES,
};
use messaging::values::phone::PhoneNumber;

/// A code to be sent; `None`, and every violation noted, when the body breaks the contract.
pub(crate) fn code_request(
    body: &Json,
    settings: &OtpSettings,
    violations: &mut Violations,
) -> Option<CodeRequest> {
    let fields = Fields::of_body(body, violations)?;
    fields.only(&["phone", "purpose", "length", "validity_minutes"], violations);
    let phone = fields.required_string("phone", violations);
    let phone = phone
        .and_then(|text| recipient::textable(PhoneNumber::parse_e164(text), "/phone", violations))
        .filter(|phone| of_allowed_country(phone, settings, violations));
    let purpose = purpose(&fields, violations);
    let length = whole(&fields, "length", LENGTHS, DEFAULT_LENGTH, violations);
    let minutes = whole(&fields, "validity_minutes", VALIDITY_MINUTES, DEFAULT_VALIDITY_MINUTES, violations);
    Some(CodeRequest { slot: CodeSlot::new(phone?, purpose?), length: length?, validity_minutes: minutes? })
}

/// A code to be tried, and where; `None`, and every violation noted, when the body breaks the contract.
pub(crate) fn code_guess(body: &Json, violations: &mut Violations) -> Option<(CodeSlot, OneTimeCode)> {
    let fields = Fields::of_body(body, violations)?;
    fields.only(&["phone", "purpose", "code"], violations);
    let phone = fields.required_string("phone", violations).and_then(|text| e164(text, violations));
    let purpose = purpose(&fields, violations);
    let code = fields.required_string("code", violations).and_then(|text| {
        let code = OneTimeCode::typed(text);
        if code.is_none() {
            violations.add("/code", "format", "must be the digits of a code");
        }
        code
    });
    Some((CodeSlot::new(phone?, purpose?), code?))
}

/// A number is a number here, whether or not texts arrive there: no code is known for it then.
fn e164(text: &str, violations: &mut Violations) -> Option<PhoneNumber> {
    PhoneNumber::parse_e164(text)
        .map_err(|error| violations.add("/phone", error.code(), error.to_string()))
        .ok()
}

fn of_allowed_country(phone: &PhoneNumber, settings: &OtpSettings, violations: &mut Violations) -> bool {
    let may = settings.may_text(phone);
    if !may {
        violations.add("/phone", "country_not_allowed", "is of a country that gets no one-time codes");
    }
    may
}

fn purpose(fields: &Fields<'_>, violations: &mut Violations) -> Option<String> {
    let purpose = fields.required_string("purpose", violations)?;
    if purpose.trim().is_empty() || purpose.chars().nth(PURPOSE_LIMIT).is_some() {
        let detail = format!("must have 1 to {PURPOSE_LIMIT} characters");
        violations.add("/purpose", "out_of_range", detail);
        return None;
    }
    if unwanted(purpose).is_some() {
        violations.add(
            "/purpose",
            "unwanted_character",
            "must not contain control characters, or characters without width that hide or turn text",
        );
        return None;
    }
    Some(purpose.to_owned())
}

/// A whole number within a range, where the body has one.
fn whole(
    fields: &Fields<'_>,
    name: &str,
    range: RangeInclusive<u8>,
    default: u8,
    violations: &mut Violations,
) -> Option<u8> {
    let Some(value) = fields.get(name) else { return Some(default) };
    let Json::Number(literal) = value else {
        violations.add(fields.place(name), "type", "must be a number");
        return None;
    };
    let number = range.clone().find(|number| literal.parse() == Ok(f64::from(*number)));
    if number.is_none() {
        let detail = format!("must be a whole number from {} to {}", range.start(), range.end());
        violations.add(fields.place(name), "out_of_range", detail);
    }
    number
}
