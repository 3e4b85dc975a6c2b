//! The real binary: started, killed, started again, and met by AWS's own client.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests and their helpers")]

mod aws_client;
mod killed;
mod serve;
mod started;
