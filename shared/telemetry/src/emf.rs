//! Metrics as lines in CloudWatch's embedded metric format: CloudWatch reads them from the function's log, so
//! that no call is made and no permission is needed.
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>)

use std::io::Write;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::metric::Metric;

/// The CloudWatch namespace of all metrics.
pub const NAMESPACE: &str = "Afterword";

/// The dimension that every metric has, so that two installations in one account are not added up.
const INSTALLATION: &str = "Installation";

/// Writes the metrics of one installation.
#[derive(Debug)]
pub(crate) struct EmbeddedMetrics {
    installation: String,
}

impl EmbeddedMetrics {
    /// Creates the metrics of an installation, which is named after its stack.
    pub(crate) fn new(installation: impl Into<String>) -> Self {
        Self { installation: installation.into() }
    }

    /// Writes one metric as one line. A failure is ignored: a customer's text is worth more than its metric.
    pub(crate) fn write(&self, metric: &Metric<'_>, at: DateTime<Utc>, mut output: impl Write) {
        let line = format!("{}\n", self.document(metric, at));
        let _ignored = output.write_all(line.as_bytes());
    }

    fn document(&self, metric: &Metric<'_>, at: DateTime<Utc>) -> Value {
        let mut dimensions = vec![INSTALLATION];
        let mut document = Map::new();
        if let Some((name, value)) = metric.dimension() {
            dimensions.push(name);
            document.insert(name.to_owned(), json!(value));
        }
        let directive = json!({
            "Namespace": NAMESPACE,
            "Dimensions": [dimensions],
            "Metrics": [{ "Name": metric.name(), "Unit": "Count" }],
        });
        let metadata = json!({ "Timestamp": at.timestamp_millis(), "CloudWatchMetrics": [directive] });
        document.insert("_aws".to_owned(), metadata);
        document.insert(INSTALLATION.to_owned(), json!(self.installation));
        document.insert(metric.name().to_owned(), json!(1));
        Value::Object(document)
    }
}

#[cfg(test)]
mod tests {
    use messaging::values::verdict::Verdict;

    use super::*;

    fn written(metric: Metric<'_>) -> Value {
        let mut line = Vec::new();
        let at = DateTime::from_timestamp_millis(1_800_000_000_123).unwrap();
        EmbeddedMetrics::new("test").write(&metric, at, &mut line);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn a_metric_is_written_as_cloudwatch_reads_it() {
        let expected = json!({
            "_aws": {
                "Timestamp": 1_800_000_000_123_i64,
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
        assert_eq!(written(Metric::Verdict(Verdict::Sent.as_str())), expected);
    }

    #[test]
    fn a_metric_without_a_dimension_of_its_own_is_told_apart_by_installation_only() {
        let document = written(Metric::Quarantined);
        let directive = &document["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["Installation"]]));
        assert_eq!(document["Quarantined"], 1);
    }
}
