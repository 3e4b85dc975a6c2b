//! Metrics as log lines in CloudWatch's embedded metric format: CloudWatch reads them from the
//! function's log, nothing is called and no permission is needed.
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>)

use std::io::Write;

use messaging::values::clock::Clock;
use serde_json::{Map, Value, json};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;

use super::metric::{Metric, Noted};
use crate::clock::SystemClock;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Afterword";

/// The dimension that every metric has: two installations in one account are not added up.
const INSTALLATION: &str = "Installation";

/// Watches log lines and writes a metric for those that count.
#[derive(Debug)]
pub struct EmbeddedMetrics<W> {
    installation: String,
    writer: W,
}

impl<W> EmbeddedMetrics<W> {
    /// Metrics of an installation (the stack's name), written where the log goes.
    pub fn new(installation: impl Into<String>, writer: W) -> Self {
        Self { installation: installation.into(), writer }
    }

    fn document(&self, metric: &Metric, millis: i64) -> Value {
        let mut dimensions = vec![INSTALLATION];
        dimensions.extend(metric.dimension.as_ref().map(|(name, _)| *name));
        let mut document = Map::new();
        let directive = json!({
            "Namespace": NAMESPACE,
            "Dimensions": [dimensions],
            "Metrics": [{ "Name": metric.name, "Unit": "Count" }],
        });
        document.insert("_aws".to_owned(), json!({ "Timestamp": millis, "CloudWatchMetrics": [directive] }));
        document.insert(INSTALLATION.to_owned(), json!(self.installation));
        if let Some((name, value)) = &metric.dimension {
            document.insert((*name).to_owned(), json!(value));
        }
        document.insert(metric.name.to_owned(), json!(1));
        Value::Object(document)
    }
}

impl<S, W> Layer<S> for EmbeddedMetrics<W>
where
    S: Subscriber,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut noted = Noted::default();
        event.record(&mut noted);
        for metric in noted.metrics() {
            let line = format!("{}\n", self.document(&metric, SystemClock.now().timestamp_millis()));
            // A metric that cannot be written is no reason to fail a customer's text.
            let _lost = self.writer.make_writer().write_all(line.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::METRICS;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The metrics that some log lines make.
    fn counted(log: impl FnOnce()) -> Vec<Value> {
        let captured = Captured::default();
        let writer = captured.clone();
        let layer = EmbeddedMetrics::new("test", move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Name and what it is told apart by.
    fn told(documents: &[Value]) -> Vec<(String, String)> {
        let tell = |document: &Value| {
            let directive = &document["_aws"]["CloudWatchMetrics"][0];
            let name = directive["Metrics"][0]["Name"].as_str().unwrap().to_owned();
            assert_eq!(document[&name], 1);
            let dimensions = directive["Dimensions"][0].as_array().unwrap();
            let own = dimensions.get(1).map(|own| own.as_str().unwrap());
            assert!(METRICS.contains(&(name.as_str(), own)), "{name} by {own:?}");
            (name, own.map(|own| document[own].as_str().unwrap().to_owned()).unwrap_or_default())
        };
        documents.iter().map(tell).collect()
    }

    #[test]
    fn a_metric_is_what_cloudwatch_reads() {
        let mut documents = counted(|| tracing::info!(step = "text", decision = "Sent"));
        let at = documents[0]["_aws"]["Timestamp"].take();
        assert!(at.as_i64().is_some_and(|millis| millis > 1_700_000_000_000));
        let expected = json!({
            "_aws": {
                "Timestamp": null,
                "CloudWatchMetrics": [{
                    "Namespace": "Afterword",
                    "Dimensions": [["Installation", "Verdict"]],
                    "Metrics": [{ "Name": "Verdicts", "Unit": "Count" }],
                }],
            },
            "Installation": "test",
            "Verdict": "Sent",
            "Verdicts": 1,
        });
        assert_eq!(documents, [expected]);
    }

    #[test]
    fn every_line_that_an_alarm_is_about_counts_once() {
        let id = "calendly-b8e2b0e013d921e8a740e74f1ff4d001";
        let lines = counted(|| {
            tracing::info!(conversation_id = %id, step = %"text", decision = "Wait");
            tracing::warn!(conversation_id = %id, step = %"text", decision = "Transient");
            tracing::info!(conversation_id = %id, step = %"text", decision = String::from("ConversationNotFound"));
            tracing::info!(conversation_id = %id, status = 202, decision = "accepted");
            tracing::info!(source = "calcom", status = 200, decision = "rescheduled");
            tracing::error!(source = "calcom", quarantine_id = "calcom-1", decision = "quarantined");
            tracing::info!(source = "calcom", status = 200, decision = "quarantined");
            tracing::warn!(route = "POST /sms", decision = "unauthenticated");
            tracing::info!(route = "POST /sms", status = 401, decision = "unauthorized");
            tracing::error!(route = "POST /sms", decision = "unavailable");
            tracing::warn!(limit = "limits.day", decision = "budget_nearly_spent");
            tracing::info!(receipt = "delivered", outcome = "delivered", decision = "receipt");
            tracing::warn!(decision = "code_limited", by = "phone_hour");
        });
        let expected = [
            ("Deferrals", ""),
            ("FailedVisits", ""),
            ("Verdicts", "EndedOther"),
            ("Events", "calendly"),
            ("Events", "calcom"),
            ("Quarantined", ""),
            ("Events", "calcom"),
            ("AuthenticationFailures", ""),
            ("DependencyFailures", ""),
            ("MoneyLimitsNearlySpent", ""),
            ("Receipts", "delivered"),
            ("CodesLimited", ""),
        ];
        let expected = expected.map(|(name, own)| (name.to_owned(), own.to_owned()));
        assert_eq!(told(&lines), expected);
    }

    /// A text that was taken, and what became of it, count by provider too: each provider's way back is
    /// watched by itself.
    #[test]
    fn texts_and_their_ends_count_by_provider() {
        let lines = counted(|| {
            tracing::info!(step = %"text", decision = "Sent", provider = Some("twilio"));
            tracing::info!(step = %"text", decision = "Shadowed", provider = None::<&str>);
            tracing::info!(step = %"text", decision = "Sent", provider = Some("somebody"));
            tracing::info!(provider = %"sns", receipt = "noted", outcome = "failed", decision = "receipt");
            tracing::info!(provider = %"sns", receipt = "noted", outcome = "pending", decision = "receipt");
        });
        let expected = [
            ("Verdicts", "Sent"),
            ("TextsTaken", "twilio"),
            ("Verdicts", "Shadowed"),
            ("Verdicts", "Sent"),
            ("Receipts", "failed"),
            ("TextsReported", "sns"),
            ("Receipts", "pending"),
        ];
        let expected = expected.map(|(name, own)| (name.to_owned(), own.to_owned()));
        assert_eq!(told(&lines), expected);
    }

    #[test]
    fn nothing_else_counts_and_nothing_of_a_person_is_in_a_metric() {
        let lines = counted(|| {
            tracing::info!("starting");
            tracing::info!(conversation_id = "sms-1", status = 200, decision = "shown");
            tracing::info!(decision = "opt_out_confirmation", outcome = "accepted");
            tracing::info!(status = 404, decision = "not_found");
            tracing::info!(step = "text", decision = "Sent", because = r#"{"to":"+12025550143"}"#);
        });
        assert_eq!(told(&lines), [("Verdicts".to_owned(), "Sent".to_owned())]);
        assert!(!format!("{lines:?}").contains("2025550143"));
    }
}
