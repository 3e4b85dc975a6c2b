//! What a function tells about itself: log lines, and the metrics that alarms watch.

mod emf;
mod metric;

use std::io;

use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

pub use emf::{EmbeddedMetrics, NAMESPACE};
pub use metric::{METRICS, Metric, Noted};

use crate::environment::optional;

/// Starts a Lambda function's telemetry: each log line as JSON (as text where `AWS_LAMBDA_LOG_FORMAT`
/// says so), and a line in CloudWatch's embedded metric format for each log line that an alarm counts.
///
/// A function logs once per call, at its boundary, with a `decision`; what is counted is read off that
/// line, so that no function names a metric. Without `INSTALLATION` nothing is counted.
pub fn init() {
    let level = optional("AWS_LAMBDA_LOG_LEVEL").or_else(|| optional("RUST_LOG"));
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    let lines = fmt::layer().with_target(false).without_time();
    let lines = match optional("AWS_LAMBDA_LOG_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("text") => lines.with_filter(filter).boxed(),
        _ => lines.json().with_filter(filter).boxed(),
    };
    // Counted whatever the log level is, as long as it is worth an ordinary log line.
    let metrics = optional("INSTALLATION")
        .map(|installation| EmbeddedMetrics::new(installation, io::stdout).with_filter(LevelFilter::INFO));
    tracing_subscriber::registry().with(lines).with(metrics).init();
}
