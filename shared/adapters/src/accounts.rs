//! What an operator sets up once in the accounts of providers and booking systems: their webhooks.
//! Nothing here is on the way of a message.

mod calendly;
mod call;
mod twilio;

pub use calendly::{Calendly, Owner, Subscription};
pub use twilio::{TwilioAccount, TwilioAddresses, Webhooks};
