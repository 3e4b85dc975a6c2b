//! The one-time setup in the accounts of providers and booking systems: their webhooks.
//! No message passes through this module.

mod alarm_topic;
mod aws_sms;
mod calendly;
mod call;
mod twilio;

pub use alarm_topic::{Subscribers, subscribers};
pub use aws_sms::{AwsSms, OriginationNumber, PoolHabits};
pub use calendly::{Calendly, Owner, Subscription};
pub use twilio::{TwilioAccount, TwilioAddresses, Webhooks};
