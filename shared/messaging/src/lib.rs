//! The domain: what is sent to whom, when, and why not. Pure: no AWS, Lambda, HTTP, runtime, clock,
//! environment or I/O. What it needs of the outside world is in [`ports`].
//!
//! The modules are layers; each imports only from those above it in this list:
//!
//! 1. [`values`]: phone numbers, ids, money, time zones, verdicts
//! 2. [`text`]: the words of a text
//! 3. [`reply`]: the meaning of a customer's message
//! 4. [`journeys`]: the file that a business edits
//! 5. [`conversation`]: what one event opened, and the life of each step
//! 6. [`ports`]: traits for what the use cases need
//! 7. The use cases, in the order in which a message meets them: an event is planned ([`plan`]), accepted
//!    ([`accept`]; bookings: [`book`]), and each step is taken when it is due ([`take_step`]). Messages are
//!    received ([`receive_message`]), delivery receipts recorded ([`record_receipt`]).
//! 8. `testing`: the ports in memory, and the contract that they and the adapters keep

#![warn(missing_docs)]

pub mod values;

pub mod text;

pub mod reply;

pub mod journeys;

pub mod conversation;

pub mod ports;

pub mod accept;
pub mod book;
pub mod change_consent;
pub mod forget;
pub mod one_time_code;
pub mod plan;
pub mod receive_message;
pub mod record_receipt;
pub mod resolve;
pub mod take_step;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
