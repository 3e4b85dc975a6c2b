//! Sends the lines in batches, at a limited rate.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::lines::Line;
use super::progress::{Outcome, Progress};
use crate::http_call::call_over;

/// The rate at which a campaign sends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    /// Messages per second at most; 0 means no limit.
    pub(super) per_second: u32,
    /// The pause before a call is repeated.
    pub(super) retry_after: Duration,
}

impl Rate {
    /// Returns the time that this number of messages takes at least.
    pub(super) fn duration_of(self, messages: usize) -> Duration {
        let messages = u32::try_from(messages).unwrap_or(u32::MAX);
        (Duration::from_secs(1) * messages).checked_div(self.per_second).unwrap_or_default()
    }
}

/// The number of times that an unanswered call, or a message that was not reached, is tried.
const TRIES: u32 = 20;

/// A running campaign.
pub(super) struct Campaign {
    pub(super) url: String,
    pub(super) api_key: String,
    pub(super) http: SharedHttpConnector,
    pub(super) batch: usize,
    pub(super) rate: Rate,
    pub(super) progress: Progress,
    pub(super) bar: ProgressBar,
}

/// Creates the progress bar. It is drawn on a terminal only.
pub(super) fn bar(length: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {per_sec}  {eta} left");
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}

impl Campaign {
    /// Sends every line that has no result yet.
    ///
    /// # Errors
    /// When the service does not accept the calls. The results so far are stored.
    pub(super) async fn send(&mut self, lines: &[Line]) -> Result<(), String> {
        let mut left: Vec<&Line> =
            lines.iter().filter(|line| !self.progress.is_done(&line.event_id)).collect();
        self.bar.set_position((lines.len() - left.len()) as u64);
        let mut next_call = Instant::now();
        let mut rounds = 0;
        while !left.is_empty() {
            let mut unreached = Vec::new();
            for batch in left.chunks(self.batch) {
                sleep_until(next_call).await;
                // Counted from the beginning of the call, so that a slow answer does not lower the rate.
                next_call = Instant::now() + self.rate.duration_of(batch.len());
                unreached.extend(self.send_batch(batch).await?);
            }
            rounds = if unreached.len() < left.len() { 0 } else { rounds + 1 };
            if rounds == TRIES {
                return Err(format!(
                    "{} message(s) could not be stored; run the same command again",
                    left.len()
                ));
            }
            if !unreached.is_empty() {
                sleep(self.rate.retry_after).await;
            }
            left = unreached;
        }
        Ok(())
    }

    /// Sends a batch and returns the lines that were not reached.
    async fn send_batch<'a>(&mut self, batch: &[&'a Line]) -> Result<Vec<&'a Line>, String> {
        let messages: Vec<&Value> = batch.iter().map(|line| &line.body).collect();
        let body = json!({ "messages": messages }).to_string().into_bytes();
        let answer = self.post(body).await?;
        let results = answer.get("results").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if results.len() != batch.len() {
            return Err("the answer does not have a result for each message".to_owned());
        }
        let mut unreached = Vec::new();
        let mut outcomes = Vec::new();
        for (line, result) in batch.iter().zip(results) {
            match result.get("status").and_then(Value::as_str) {
                None | Some("retry") => unreached.push(*line),
                Some(status) => {
                    let outcome = Outcome { status: status.to_owned(), reason: reason(result) };
                    outcomes.push((line.event_id.as_str(), outcome));
                }
            }
        }
        self.progress.record(&outcomes)?;
        self.bar.inc(outcomes.len() as u64);
        Ok(unreached)
    }

    /// Posts until the service answers. The event ids make a repetition harmless.
    async fn post(&self, body: Vec<u8>) -> Result<Value, String> {
        let headers = [("content-type", "application/json"), ("x-api-key", self.api_key.as_str())];
        let mut failure = String::new();
        for _ in 0..TRIES {
            match call_over(&self.http, "POST", &self.url, &headers, body.clone()).await {
                Ok((200, answer)) => {
                    return serde_json::from_str(&answer).map_err(|_| "the answer is not JSON".to_owned());
                }
                Ok((status @ (429 | 500..=599), _)) => failure = format!("POST /messages/bulk -> {status}"),
                Ok((status, answer)) => return Err(format!("POST /messages/bulk -> {status} {answer}")),
                Err(error) => failure = error,
            }
            sleep(self.rate.retry_after).await;
        }
        Err(format!("{failure}; run the same command again when the service is available"))
    }
}

/// Joins the pointers and details of the violations, which contain no values.
fn reason(result: &Value) -> String {
    let errors = result.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let descriptions = errors.iter().map(|error| {
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        format!("{} {}", part("pointer"), part("detail"))
    });
    descriptions.collect::<Vec<_>>().join("; ").replace(['\t', '\n'], " ")
}
