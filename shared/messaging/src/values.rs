//! Values that cannot be wrong: parsed once, at the edge, with private fields.

pub mod calendar;
pub mod channel;
pub mod characters;
pub mod clock;
pub mod dollars;
pub mod ids;
pub mod money;
pub mod one_time_code;
pub mod phone;
pub mod provider;
pub mod secret;
pub mod verdict;
pub mod zones;
