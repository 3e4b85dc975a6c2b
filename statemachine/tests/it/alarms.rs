//! The alarms of the template and the actions that they lead to.

use std::collections::{BTreeMap, BTreeSet};

use messaging::values::provider::Provider;
use messaging::values::verdict::Verdict;
use serde_json::{Value, json};
use telemetry::{METRICS, NAMESPACE};

use crate::template::{folders, logical_id, resources};

/// Returns the alarms by id, each with its metrics: namespace, name and dimensions.
pub(crate) fn alarms() -> BTreeMap<String, (Value, Vec<Value>)> {
    let with_metrics = |(id, alarm): (String, Value)| {
        let metrics = match alarm["Metrics"].as_array() {
            None => vec![alarm.clone()],
            Some(list) => {
                list.iter().map(|m| m["MetricStat"]["Metric"].clone()).filter(Value::is_object).collect()
            }
        };
        (id, (alarm, metrics))
    };
    resources("AWS::CloudWatch::Alarm").into_iter().map(with_metrics).collect()
}

pub(crate) fn dimension<'a>(metric: &'a Value, name: &str) -> Option<&'a Value> {
    let dimensions = metric["Dimensions"].as_array()?;
    dimensions.iter().find(|dimension| dimension["Name"] == name).map(|dimension| &dimension["Value"])
}

#[test]
fn an_alarm_uses_a_metric_of_the_functions_and_describes_what_to_do() {
    let ends = Verdict::ALL.map(Verdict::as_str);
    let mut ours = 0;
    for (id, (alarm, metrics)) in alarms() {
        assert!(alarm["AlarmDescription"].as_str().unwrap().contains("docs/runbook.md#"), "{id}");
        assert_eq!(alarm["AlarmActions"], json!([{ "Ref": "AlarmTopic" }]), "{id}");
        for metric in metrics.iter().filter(|metric| metric["Namespace"] == NAMESPACE) {
            let name = metric["MetricName"].as_str().unwrap();
            let (_, own) =
                METRICS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}"));
            let expected = 1 + usize::from(own.is_some());
            assert_eq!(metric["Dimensions"].as_array().unwrap().len(), expected, "{id}: {name}");
            assert_eq!(dimension(metric, "Installation"), Some(&json!({ "Ref": "AWS::StackName" })), "{id}");
            if let Some(verdict) = dimension(metric, "Verdict") {
                assert!(ends.contains(&verdict.as_str().unwrap()), "{id}: {verdict}");
            }
            assert!(own.is_none_or(|own| dimension(metric, own).is_some()), "{id}: {name}");
            ours += 1;
        }
    }
    assert!(ours >= 12, "{ours}");
}

/// The reports of one provider must not hide that another's reports no longer arrive.
#[test]
fn the_receipts_of_each_provider_have_their_own_alarm() {
    for provider in Provider::ALL {
        let of_it = |metric: &Value| dimension(metric, "Provider") == Some(&json!(provider.as_str()));
        let watching: Vec<_> = alarms()
            .into_values()
            .filter(|(_, metrics)| metrics.iter().any(of_it))
            .map(|(_, metrics)| {
                assert!(metrics.iter().all(of_it), "{provider}: {metrics:?}");
                metrics.iter().map(|metric| metric["MetricName"].as_str().unwrap().to_owned()).collect()
            })
            .collect::<Vec<BTreeSet<_>>>();
        let names = ["TextsReported", "TextsTaken"].map(str::to_owned);
        assert_eq!(watching, [BTreeSet::from(names)], "{provider}");
    }
}

/// AWS bills texts by two services, each with a limit of its own.
#[test]
fn spending_on_both_aws_services_has_an_alarm() {
    let (alarm, metrics) = &alarms()["SpendAlarm"];
    let names = metrics.iter().map(|metric| (metric["Namespace"].as_str(), metric["MetricName"].as_str()));
    let expected = [("AWS/SNS", "SMSMonthToDateSpentUSD"), ("AWS/SMSVoice", "TextMessageMonthlySpend")];
    assert_eq!(names.collect::<Vec<_>>(), expected.map(|(space, name)| (Some(space), Some(name))));
    // Both metrics count from the beginning of the month, so their maximum is the month's spending.
    let stats =
        alarm["Metrics"].as_array().unwrap().iter().filter_map(|metric| metric["MetricStat"].get("Stat"));
    assert!(stats.into_iter().all(|stat| stat == "Maximum"));
}

/// Our own services and booking systems go silent for different reasons.
#[test]
fn a_silent_source_of_each_kind_has_an_alarm() {
    for (id, parameter) in
        [("SilentSourceAlarm", "SilentSource"), ("SilentBookingSourceAlarm", "SilentBookingSource")]
    {
        let (alarm, metrics) = &alarms()[id];
        assert_eq!(dimension(&metrics[0], "Source"), Some(&json!({ "Ref": parameter })), "{id}");
        assert_eq!(alarm["TreatMissingData"], "breaching", "{id}");
    }
}

#[test]
fn every_failed_verdict_has_an_alarm() {
    let watched: BTreeSet<String> = alarms()
        .into_values()
        .filter(|(alarm, _)| alarm.get("MetricName").is_some())
        .filter_map(|(alarm, _)| Some(dimension(&alarm, "Verdict")?.as_str()?.to_owned()))
        .collect();
    let failed = Verdict::ALL.into_iter().filter(|verdict| verdict.is_failure());
    assert_eq!(watched, failed.map(|verdict| verdict.as_str().to_owned()).collect());
}

#[test]
fn the_errors_and_throttles_of_every_function_have_an_alarm() {
    let functions: BTreeSet<_> = folders().iter().map(|folder| logical_id(folder)).collect();
    for id in ["FunctionErrorsAlarm", "FunctionThrottlesAlarm"] {
        let (_, metrics) = &alarms()[id];
        let name =
            |metric: &Value| dimension(metric, "FunctionName").unwrap()["Ref"].as_str().unwrap().to_owned();
        assert_eq!(metrics.iter().map(name).collect::<BTreeSet<_>>(), functions, "{id}");
    }
}

#[test]
fn the_dashboard_shows_the_errors_throttles_and_duration_of_every_function() {
    let functions: BTreeSet<_> = folders().iter().map(|folder| logical_id(folder)).collect();
    let dashboard = resources("AWS::CloudWatch::Dashboard");
    let body = dashboard["Dashboard"]["DashboardBody"]["Sub"].as_str().unwrap();
    for metric in ["Errors", "Throttles", "Duration"] {
        let beginning = format!(r#"["AWS/Lambda", "{metric}", "FunctionName", "${{"#);
        let shown = body.split(&beginning).skip(1).map(|rest| rest.split('}').next().unwrap().to_owned());
        assert_eq!(shown.collect::<BTreeSet<_>>(), functions, "{metric}");
    }
}

#[test]
fn failed_texts_by_sns_have_the_usual_alarm_and_metrics() {
    let alarm = &resources("AWS::CloudWatch::Alarm")["SnsSmsHighFailureRateAlarm"];
    assert_eq!(alarm["AlarmName"]["Sub"], "${AWS::StackName}-SNS-SMS-High-Failure-Rate");
    assert_eq!(
        (&alarm["Statistic"], &alarm["Period"], &alarm["EvaluationPeriods"], &alarm["Threshold"]),
        (&json!("Sum"), &json!(3600), &json!(1), &json!(10))
    );
    assert_eq!(alarm["ComparisonOperator"], "GreaterThanThreshold");
    let dashboard = resources("AWS::CloudWatch::Dashboard");
    let body = dashboard["Dashboard"]["DashboardBody"]["Sub"].as_str().unwrap();
    for metric in ["NumberOfMessagesPublished", "NumberOfNotificationsFailed", "SMSSuccessRate"] {
        assert!(body.contains(metric), "{metric}");
    }
    let body = body.replace("${", "{{");
    assert!(serde_json::from_str::<Value>(&body).unwrap()["widgets"].as_array().unwrap().len() > 8);
}
