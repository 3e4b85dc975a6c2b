//! Reads back numbers that we stored ourselves: `#[serde(with = "messaging::values::phone::stored")]`.
//!
//! Only the shape is checked. A stored number was possible when it was accepted; the metadata may
//! have changed since, and a conversation must not become unreadable by an upgrade.

use serde::{Deserialize, Deserializer, Serializer, de};

use super::line::canonical;
use super::{PhoneError, PhoneNumber, is_e164_shape};

/// Writes the number as E.164, as [`PhoneNumber`] itself does.
///
/// # Errors
/// Whatever the serializer reports.
pub fn serialize<S: Serializer>(number: &PhoneNumber, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(number.as_e164())
}

/// Reads a number from our own store.
///
/// # Errors
/// If the text does not have the shape of E.164.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PhoneNumber, D::Error> {
    from_stored(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// The same for a number that may have been erased:
/// `#[serde(default, with = "messaging::values::phone::stored::erasable")]`.
pub mod erasable {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::{PhoneNumber, from_stored};

    /// Writes the number as E.164, or nothing.
    ///
    /// # Errors
    /// Whatever the serializer reports.
    pub fn serialize<S: Serializer>(number: &Option<PhoneNumber>, serializer: S) -> Result<S::Ok, S::Error> {
        match number {
            Some(number) => serializer.serialize_str(number.as_e164()),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a number from our own store, if there is one.
    ///
    /// # Errors
    /// If the text does not have the shape of E.164.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PhoneNumber>, D::Error> {
        let stored = Option::<String>::deserialize(deserializer)?;
        stored.map(|text| from_stored(&text).map_err(de::Error::custom)).transpose()
    }
}

/// Reads a number from our own store, without serde.
///
/// # Errors
/// [`PhoneError::NotE164`] if the text does not have the shape of E.164.
pub fn from_stored(text: &str) -> Result<PhoneNumber, PhoneError> {
    if !is_e164_shape(text) {
        return Err(PhoneError::NotE164);
    }
    Ok(PhoneNumber(canonical(text).unwrap_or_else(|| text.to_owned())))
}
