//! The telemetry of a function: its decisions, its log lines and the metrics that alarms watch.
//!
//! A function logs one line per call, at its boundary, with its [`Decision`]. [`count`] counts the decision and
//! returns the name that the line carries, so that a decision cannot be logged without being counted
//! (docs/adr/0049).

mod decision;
mod emf;
mod metric;

use std::io;
use std::sync::OnceLock;

use chrono::Utc;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use self::emf::EmbeddedMetrics;

pub use decision::{CodeRefusal, Decision, EventStatus, TextReport};
pub use emf::NAMESPACE;
pub use metric::{METRICS, Metric};

/// The metrics of this process; unset where nothing reads them.
static METRICS_OUTPUT: OnceLock<EmbeddedMetrics> = OnceLock::new();

/// Starts the telemetry of a Lambda function: log lines as JSON (as text where `AWS_LAMBDA_LOG_FORMAT` is
/// `text`) and metrics in CloudWatch's embedded metric format, both on standard output.
///
/// Without `INSTALLATION`, nothing is counted. The log level does not affect the metrics.
pub fn init() {
    let filter = filter(variable("AWS_LAMBDA_LOG_LEVEL").as_deref(), variable("RUST_LOG").as_deref());
    let lines = fmt::layer().with_target(false).without_time();
    let lines = match variable("AWS_LAMBDA_LOG_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("text") => lines.with_filter(filter).boxed(),
        _ => lines.json().with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with(lines).init();
    if let Some(installation) = variable("INSTALLATION") {
        METRICS_OUTPUT.get_or_init(|| EmbeddedMetrics::new(installation));
    }
}

/// Counts a decision for each of its metrics and returns its name, for the field `decision` of the log line.
///
/// Call it outside the log macro: a field is evaluated only if the line's level is enabled.
pub fn count(decision: Decision<'_>) -> &'static str {
    if let Some(output) = METRICS_OUTPUT.get() {
        for metric in decision.metrics() {
            output.write(&metric, Utc::now(), io::stdout());
        }
    }
    decision.name()
}

/// Returns a variable of the environment; an empty one counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Selects log lines by level and target (`info,send=debug`). Selecting by fields of spans would link a regular
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
    fn the_level_is_lambdas_unless_a_directive_overrides_it() {
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
