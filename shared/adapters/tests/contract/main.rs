//! The adapters, each held to its port's contract against the real thing or its stand-in on loopback.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests, called by nothing else"
)]

mod aws_sms;
mod erasure;
mod items;
mod older_spelling;
mod rig;
mod secrets;
mod table;
mod twilio;

macro_rules! on_dynamodb {
    ($($case:ident)*) => {$(
        #[tokio::test]
        async fn $case() {
            messaging::testing::contract::$case(rig::Rig::start().await.patient()).await;
        }
    )*};
}

mod keeps_the_contract {
    use crate::rig;
    messaging::for_each_case!(on_dynamodb);
}
