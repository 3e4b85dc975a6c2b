//! The domain: what is sent to whom, when, and why not. Pure: no AWS, Lambda, HTTP, runtime, clock,
//! environment or I/O; what it needs of the world stands in [`ports`].
//!
//! In the order in which a message meets it: an event is [`plan`]ned from [`journeys`] and
//! [`accept`]ed; when a step is due it is taken ([`take_step`]): looked at ([`obstacle`]), moved
//! through its life ([`step`]) and sent, skipped or deferred, which is its [`verdict`].

pub mod accept;
pub mod book;
pub mod calendar;
pub mod clock;
pub mod consent;
pub mod content;
#[cfg(any(test, feature = "memory"))]
pub mod contract;
pub mod conversation;
pub mod cost;
pub mod dlt;
pub mod fitting;
pub mod forget;
pub mod gsm7;
pub mod hygiene;
pub mod ids;
pub mod inbound;
pub mod journeys;
pub mod limits;
#[cfg(any(test, feature = "memory"))]
pub mod memory;
pub mod money;
pub mod obstacle;
pub mod otp;
pub mod pacing;
pub mod phone;
pub mod plan;
pub mod policy;
pub mod ports;
pub mod provider;
pub mod quiet_hours;
pub mod receipt;
pub mod reply;
pub mod resolve;
pub mod secret;
pub mod segments;
pub mod step;
pub mod take_step;
pub mod text;
pub mod verdict;
pub mod zones;
