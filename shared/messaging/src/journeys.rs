//! What a business edits: sources, journeys, their steps and texts (`journeys.toml`).

pub mod budgets;
pub mod code_limits;
mod file;
mod finding;
mod lint;
pub mod otp_settings;
pub mod prices;
mod providers;
pub mod quiet_hours;
pub mod rate_limits;
mod review;
mod span;
mod wording;

pub use file::{
    Config, Deadline, DisallowedNumber, Journey, JourneyStep, Numbers, Source, VARIABLE_LIMIT, version_of,
};
pub use finding::{Finding, Severity};
pub use lint::lint;
pub use otp_settings::OtpSettings;
pub use providers::ProviderOrder;
pub use review::{TextReport, reports, review};
pub use span::Span;
pub use wording::{PerLocale, Wording};

#[cfg(test)]
mod tests;
