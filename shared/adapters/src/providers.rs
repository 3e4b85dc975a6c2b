//! Providers that send texts, each behind the ports [`Sender`](messaging::ports::Sender) and
//! [`Notices`](messaging::ports::Notices).

mod aws;
pub mod end_user_messaging;
pub mod http;
pub mod notices;
pub mod router;
pub mod sns;
pub mod twilio;
