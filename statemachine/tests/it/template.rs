//! `template.yaml`: one name per thing, least privilege, logs that end.

use std::collections::{BTreeMap, BTreeSet};

use adapters::telemetry::{METRICS, NAMESPACE};
use messaging::provider::Provider;
use messaging::verdict::Verdict;
use serde_json::{Value, json};

use crate::files::{TEMPLATE, root, template};

/// Resources of this type.
fn resources(kind: &str) -> BTreeMap<String, Value> {
    let template = template();
    let all = template["Resources"].as_object().unwrap();
    let wanted = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    wanted.map(|(id, resource)| (id.clone(), resource["Properties"].clone())).collect()
}

/// The folders of functions: those that have something to run.
fn folders() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("functions")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().join("src/main.rs").exists());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// `booking-webhook` -> `BookingWebhookFunction`.
fn logical_id(folder: &str) -> String {
    let words = folder.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect::<String>() + "Function"
}

#[test]
fn a_folder_is_a_package_is_a_binary_is_a_function() {
    let functions = resources("AWS::Serverless::Function");
    let named: BTreeSet<_> = functions.keys().cloned().collect();
    assert_eq!(named, folders().iter().map(|folder| logical_id(folder)).collect());
    for folder in folders() {
        let function = &functions[&logical_id(&folder)];
        assert_eq!(function["CodeUri"], format!("target/lambda/{folder}/"));
        assert!(
            function.get("FunctionName").is_none(),
            "{folder}: a fixed name stands in the way of a second stack"
        );
        let manifest =
            std::fs::read_to_string(root().join("functions").join(&folder).join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("name = \"{folder}\"\n")), "{folder}");
    }
}

#[test]
fn every_function_ends_in_time_and_logs_json_into_a_group_of_its_own() {
    let logging = &template()["Globals"]["Function"]["LoggingConfig"];
    assert_eq!(logging["LogFormat"], "JSON");
    let mut groups = BTreeSet::new();
    for (id, function) in resources("AWS::Serverless::Function") {
        // API Gateway gives up after 30 s, whatever the function's own limit.
        assert!(function["Timeout"].as_u64().is_some_and(|seconds| seconds <= 30), "{id}");
        assert!(function["Description"].is_string(), "{id}");
        let group = function["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap().to_owned();
        assert_eq!(group, id.replace("Function", "Log"));
        assert!(groups.insert(group));
    }
}

#[test]
fn no_log_is_kept_for_ever() {
    let groups = resources("AWS::Logs::LogGroup");
    assert_eq!(groups.len(), folders().len() + 4, "functions, API, state machine, SNS's two");
    for (id, group) in groups {
        assert_eq!(group["RetentionInDays"], json!({ "Ref": "LogRetentionDays" }), "{id}");
    }
}

/// Every statement of every role.
fn statements() -> Vec<(String, Value)> {
    let roles = resources("AWS::Serverless::Function").into_iter();
    let roles = roles.chain(resources("AWS::Serverless::StateMachine"));
    let mut statements = Vec::new();
    for (id, properties) in roles {
        for policy in properties["Policies"].as_array().into_iter().flatten() {
            // No managed policy and no policy template: what a role may do stands here.
            let list = policy["Statement"].as_array().unwrap_or_else(|| panic!("{id}: {policy}"));
            statements.extend(list.iter().map(|statement| (id.clone(), statement.clone())));
        }
    }
    statements
}

fn actions(statement: &Value) -> Vec<&str> {
    match &statement["Action"] {
        Value::Array(actions) => actions.iter().map(|action| action.as_str().unwrap()).collect(),
        action => vec![action.as_str().unwrap()],
    }
}

#[test]
fn every_permission_names_its_action_and_its_resource() {
    for (id, statement) in statements() {
        let actions = actions(&statement);
        assert!(actions.iter().all(|action| !action.contains('*')), "{id}: {actions:?}");
        // The delivery of logs, and a text by SNS to a phone number, have no resource level at AWS.
        let without_resource =
            actions.iter().all(|action| action.starts_with("logs:") || *action == "sns:Publish");
        assert!(statement["Resource"] != "*" || without_resource, "{id}: {actions:?} on everything");
    }
}

#[test]
fn nobody_scans_or_deletes() {
    for (id, statement) in statements() {
        for action in actions(&statement) {
            assert!(
                !["dynamodb:Scan", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"].contains(&action),
                "{id}"
            );
        }
    }
}

/// The names in `required("...")` (or `optional`) of a source file.
fn asked<'a>(source: &'a str, function: &str) -> BTreeSet<&'a str> {
    source.split(&format!("{function}(\"")).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn a_function_is_given_the_environment_that_its_main_reads() {
    let globals = &template()["Globals"]["Function"]["Environment"]["Variables"];
    assert!(globals.get("RETENTION_DAYS").is_some());
    for folder in folders() {
        let main =
            std::fs::read_to_string(root().join("functions").join(&folder).join("src/main.rs")).unwrap();
        let (required, optional) = (asked(&main, "required"), asked(&main, "optional"));
        let function = &resources("AWS::Serverless::Function")[&logical_id(&folder)];
        let own = function["Environment"]["Variables"].as_object();
        let own: BTreeSet<_> = own.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        assert!(own.is_superset(&required), "{folder}: {required:?} of {own:?}");
        assert!(
            own.is_subset(&required.union(&optional).copied().collect()),
            "{folder}: nobody reads one of {own:?}"
        );
    }
}

/// What a `main` reads and no deployment sets.
const NOT_DEPLOYED: [&str; 2] = [
    // Of tests.
    "TWILIO_BASE_URL",
    // The parameter for the pool's id takes its ARN too.
    "AWS_SMS_PHONE_POOL_ARN",
];

#[test]
fn what_a_main_can_be_told_can_be_deployed() {
    for folder in folders() {
        let main =
            std::fs::read_to_string(root().join("functions").join(&folder).join("src/main.rs")).unwrap();
        let function = &resources("AWS::Serverless::Function")[&logical_id(&folder)];
        for name in asked(&main, "optional").into_iter().filter(|name| !NOT_DEPLOYED.contains(name)) {
            assert!(!function["Environment"]["Variables"][name].is_null(), "{folder}: nothing sets {name}");
        }
    }
}

#[test]
fn what_is_stored_survives_the_stack() {
    for id in ["Table", "Secret"] {
        let resource = &template()["Resources"][id];
        assert_eq!(resource["DeletionPolicy"], "Retain", "{id}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{id}");
    }
    let table = &resources("AWS::DynamoDB::Table")["Table"];
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["TimeToLiveSpecification"], json!({ "AttributeName": "expires_at", "Enabled": true }));
}

#[test]
fn no_secret_has_a_value_here() {
    let secret = &resources("AWS::SecretsManager::Secret")["Secret"];
    assert!(secret.get("SecretString").is_none());
    assert!(!TEMPLATE.contains("NoEcho"), "secrets are no parameters");
}

/// Own services are few and known; a provider delivers in bursts, and what it is refused it may not repeat.
#[test]
fn providers_webhooks_take_twenty_times_what_own_services_do() {
    let api = &resources("AWS::Serverless::HttpApi")["Api"];
    let throttle = |settings: &Value| {
        (settings["ThrottlingRateLimit"].as_u64(), settings["ThrottlingBurstLimit"].as_u64())
    };
    let special = api["RouteSettings"].as_object().unwrap();
    for (route, settings) in special {
        assert_eq!(throttle(settings), (Some(500), Some(1000)), "{route}");
    }
    assert_eq!(throttle(&api["DefaultRouteSettings"]), (Some(25), Some(50)));
    let mut routes = BTreeSet::new();
    for function in resources("AWS::Serverless::Function").values() {
        for event in function["Events"].as_object().into_iter().flatten().map(|(_, event)| event) {
            let of = |name: &str| event["Properties"][name].as_str();
            if let Some((method, path)) = of("Method").zip(of("Path")) {
                routes.insert(format!("{method} {path}"));
            }
        }
    }
    let is_webhook = |route: &&String| route.contains("/webhook") || route.contains("/twilio/");
    let webhooks: BTreeSet<_> = routes.iter().filter(is_webhook).collect();
    assert_eq!(special.keys().collect::<BTreeSet<_>>(), webhooks, "those and no other");
    for own in ["POST /sms", "POST /trigger", "POST /messages", "POST /messages/bulk", "POST /otp"] {
        assert!(routes.contains(own) && !special.contains_key(own), "{own}");
    }
}

/// Alarms by id, and every metric that each looks at: namespace, name and dimensions.
fn alarms() -> BTreeMap<String, (Value, Vec<Value>)> {
    let told = |(id, alarm): (String, Value)| {
        let metrics = match alarm["Metrics"].as_array() {
            None => vec![alarm.clone()],
            Some(list) => {
                list.iter().map(|m| m["MetricStat"]["Metric"].clone()).filter(Value::is_object).collect()
            }
        };
        (id, (alarm, metrics))
    };
    resources("AWS::CloudWatch::Alarm").into_iter().map(told).collect()
}

fn dimension<'a>(metric: &'a Value, name: &str) -> Option<&'a Value> {
    let dimensions = metric["Dimensions"].as_array()?;
    dimensions.iter().find(|dimension| dimension["Name"] == name).map(|dimension| &dimension["Value"])
}

#[test]
fn an_alarm_counts_what_the_functions_count_and_tells_what_to_do() {
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

/// What one provider reports must not hide that another's way back is cut off.
#[test]
fn the_receipts_of_each_provider_are_watched_by_themselves() {
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

/// Texts by AWS are paid for in two places, each with a limit of its own.
#[test]
fn what_both_of_awss_services_spend_is_watched() {
    let (alarm, metrics) = &alarms()["SpendAlarm"];
    let names = metrics.iter().map(|metric| (metric["Namespace"].as_str(), metric["MetricName"].as_str()));
    let expected = [("AWS/SNS", "SMSMonthToDateSpentUSD"), ("AWS/SMSVoice", "TextMessageMonthlySpend")];
    assert_eq!(names.collect::<Vec<_>>(), expected.map(|(space, name)| (Some(space), Some(name))));
    // Both count from the month's beginning: their highest is what was spent.
    let stats =
        alarm["Metrics"].as_array().unwrap().iter().filter_map(|metric| metric["MetricStat"].get("Stat"));
    assert!(stats.into_iter().all(|stat| stat == "Maximum"));
}

/// Own services and booking systems go silent for reasons of their own.
#[test]
fn a_silent_source_of_each_family_is_told_of() {
    for (id, parameter) in
        [("SilentSourceAlarm", "SilentSource"), ("SilentBookingSourceAlarm", "SilentBookingSource")]
    {
        let (alarm, metrics) = &alarms()[id];
        assert_eq!(dimension(&metrics[0], "Source"), Some(&json!({ "Ref": parameter })), "{id}");
        assert_eq!(alarm["TreatMissingData"], "breaching", "{id}");
    }
}

#[test]
fn every_failed_verdict_has_its_alarm() {
    let watched: BTreeSet<String> = alarms()
        .into_values()
        .filter(|(alarm, _)| alarm.get("MetricName").is_some())
        .filter_map(|(alarm, _)| Some(dimension(&alarm, "Verdict")?.as_str()?.to_owned()))
        .collect();
    let failed = Verdict::ALL.into_iter().filter(|verdict| verdict.is_failure());
    assert_eq!(watched, failed.map(|verdict| verdict.as_str().to_owned()).collect());
}

#[test]
fn the_errors_and_throttles_of_every_function_are_watched() {
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
fn texts_by_sns_that_fail_are_told_of_as_everybody_does() {
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

/// Whoever calls a function without waiting for its answer leaves what fails in a queue.
#[test]
fn every_asynchronous_path_ends_in_a_dead_letter_queue() {
    for (id, function) in resources("AWS::Serverless::Function") {
        let events = function["Events"].as_object().cloned().unwrap_or_default();
        let asynchronous: Vec<_> = events.iter().filter(|(_, event)| event["Type"] != "HttpApi").collect();
        if !asynchronous.is_empty() {
            assert!(function["DeadLetterQueue"]["TargetArn"].is_object(), "{id}: {asynchronous:?}");
        }
        for (name, event) in asynchronous.into_iter().filter(|(_, event)| event["Type"] == "SNS") {
            let target = &event["Properties"]["RedrivePolicy"]["deadLetterTargetArn"];
            assert!(target.is_object(), "{id}.{name}: {target}");
        }
    }
    for (id, rule) in resources("AWS::Events::Rule") {
        for target in rule["Targets"].as_array().unwrap() {
            assert!(target["DeadLetterConfig"]["Arn"].is_object(), "{id}: {target}");
        }
    }
    for (id, queue) in resources("AWS::SQS::Queue") {
        assert_eq!(queue["SqsManagedSseEnabled"], true, "{id}");
        let watched = &alarms()["DeadLettersAlarm"].1;
        let wanted = json!({ "GetAtt": format!("{id}.QueueName") });
        assert!(watched.iter().any(|metric| dimension(metric, "QueueName") == Some(&wanted)), "{id}");
    }
}

/// What the rule lets through is what the function is tested with.
#[test]
fn the_rule_matches_the_event_that_is_read() {
    let pattern = &resources("AWS::Events::Rule")["DeliveryRule"]["EventPattern"];
    let payload = root().join("test-payloads/delivery-status/end-user-messaging-by-eventbridge.json");
    let event: Value = serde_json::from_str(&std::fs::read_to_string(payload).unwrap()).unwrap();
    for (field, wanted) in pattern.as_object().unwrap() {
        assert!(wanted.as_array().unwrap().contains(&event[field]), "{field}: {wanted}");
    }
    assert_eq!(pattern.as_object().unwrap().len(), 2);
}

#[test]
fn every_parameter_is_in_a_group_and_checked() {
    let template = template();
    let groups = &template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let grouped: Vec<_> =
        groups.as_array().unwrap().iter().flat_map(|g| g["Parameters"].as_array().unwrap()).collect();
    let parameters = template["Parameters"].as_object().unwrap();
    assert_eq!(grouped.len(), parameters.len());
    for (name, parameter) in parameters {
        assert!(grouped.iter().any(|grouped| *grouped == name), "{name}");
        assert!(parameter["Description"].is_string(), "{name}");
        let checks = ["AllowedPattern", "AllowedValues", "MinValue"];
        assert!(checks.iter().any(|check| parameter.get(check).is_some()), "{name} takes anything");
        assert!(name == "TwilioFrom" || parameter.get("Default").is_some(), "{name}");
    }
}
