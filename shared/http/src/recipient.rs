//! Recipients: numbers that can receive texts, of countries that the source may text.

use crate::fields::Fields;
use crate::violations::Violations;
use messaging::journeys::Source;
use messaging::values::phone::{PhoneError, PhoneNumber, Region};

/// A number as the caller wrote it: national ones by the source's region, never by a guess.
pub fn national(
    fields: &Fields<'_>,
    name: &str,
    region: Option<Region>,
    source: Option<&Source>,
    violations: &mut Violations,
) -> Option<PhoneNumber> {
    let text = fields.required_string(name, violations)?;
    let region = region.or_else(|| source?.region);
    let phone = textable(PhoneNumber::parse(text, region), &fields.place(name), violations)?;
    allowed(phone, source, &fields.place(name), violations)
}

/// A number that was read, if texts can arrive there.
pub fn textable(
    phone: Result<PhoneNumber, PhoneError>,
    place: &str,
    violations: &mut Violations,
) -> Option<PhoneNumber> {
    match phone {
        Ok(phone) if phone.textability().is_textable() => Some(phone),
        Ok(_) => {
            violations.add(place, "phone_not_textable", "is a kind of number that cannot receive texts");
            None
        }
        Err(error) => {
            violations.add(place, error.code(), error.to_string());
            None
        }
    }
}

/// A number that the source may text.
pub fn allowed(
    phone: PhoneNumber,
    source: Option<&Source>,
    place: &str,
    violations: &mut Violations,
) -> Option<PhoneNumber> {
    let Some(off_limits) = source.and_then(|source| source.refuses(&phone)) else { return Some(phone) };
    violations.add(place, off_limits.code(), off_limits.detail());
    None
}
