//! What a function tells about itself: log lines, and the metrics that alarms watch.

mod emf;
mod metric;

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
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
    let filter = filter(optional("AWS_LAMBDA_LOG_LEVEL").as_deref(), optional("RUST_LOG").as_deref());
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

/// What is logged, by level and target (`info,send=debug`). By fields of spans, too, would link a regular
/// expression engine into every function.
fn filter(level: Option<&str>, directives: Option<&str>) -> Targets {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let filter: Targets = directives.and_then(|directives| directives.parse().ok()).unwrap_or_default();
    let level = filter.default_level().unwrap_or(level);
    filter.with_default(level)
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::filter;

    #[test]
    fn the_level_is_lambdas_unless_a_directive_says_otherwise() {
        for (level, directives, most) in [
            (None, None, LevelFilter::INFO),
            (Some("WARN"), None, LevelFilter::WARN),
            (None, Some("debug"), LevelFilter::DEBUG),
            (Some("WARN"), Some("debug"), LevelFilter::DEBUG),
            (Some("loud"), Some("=,="), LevelFilter::INFO),
        ] {
            assert_eq!(filter(level, directives).default_level(), Some(most), "{level:?} {directives:?}");
        }
        let one = filter(Some("WARN"), Some("send=debug"));
        assert!(one.would_enable("send", &tracing::Level::DEBUG));
        assert!(!one.would_enable("ingest", &tracing::Level::INFO));
        assert!(one.would_enable("ingest", &tracing::Level::WARN));
    }
}
