//! Receives the webhooks of booking systems.
//!
//! Follow one booking: [`BookingWebhook::handle`] finds the system and checks its signature
//! ([`systems`]), the system's own file turns the body into a [`booking::BookingEvent`], [`wording`]
//! into the texts' variables, and `messaging::book` stores and starts it, supersedes what it
//! replaces, or buries it under its tombstone.
//!
//! A further source is a further file beside [`calendly`] and [`calcom`]: it names its events, its
//! fields and where a phone number may stand; how bodies, numbers, zones and words are read is shared.

mod webhook;

pub mod systems;

pub mod booking;
pub mod calcom;
pub mod calendly;
pub mod wording;

mod phone_answer;
mod phone_question;
mod phone_search;
mod reading;
mod third_party;

pub use webhook::BookingWebhook;
