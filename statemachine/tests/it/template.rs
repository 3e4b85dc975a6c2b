//! Rules of `template.yaml`: one name per thing, least privilege, logs that expire.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::alarms::{alarms, dimension};
use crate::files::{TEMPLATE, root, template};

/// Returns the properties of the resources of a type, by logical id.
pub(crate) fn resources(kind: &str) -> BTreeMap<String, Value> {
    let template = template();
    let all = template["Resources"].as_object().unwrap();
    let wanted = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    wanted.map(|(id, resource)| (id.clone(), resource["Properties"].clone())).collect()
}

/// Returns the folders of functions that have a `main`.
pub(crate) fn folders() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("functions")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().join("src/main.rs").exists());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Returns the logical id of a function's folder: `BookingWebhookFunction` for `booking-webhook`.
pub(crate) fn logical_id(folder: &str) -> String {
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
        assert!(function.get("FunctionName").is_none(), "{folder}: a fixed name prevents a second stack");
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
        // API Gateway times out after 30 s, regardless of the function's own limit.
        assert!(function["Timeout"].as_u64().is_some_and(|seconds| seconds <= 30), "{id}");
        assert!(function["Description"].is_string(), "{id}");
        let group = function["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap().to_owned();
        assert_eq!(group, id.replace("Function", "Log"));
        assert!(groups.insert(group));
    }
}

#[test]
fn every_log_group_has_a_retention() {
    let groups = resources("AWS::Logs::LogGroup");
    assert_eq!(groups.len(), folders().len() + 4, "functions, API, state machine, SNS's two");
    for (id, group) in groups {
        assert_eq!(group["RetentionInDays"], json!({ "Ref": "LogRetentionDays" }), "{id}");
    }
}

/// Returns every statement of every role, with the logical id.
fn statements() -> Vec<(String, Value)> {
    let roles = resources("AWS::Serverless::Function").into_iter();
    let roles = roles.chain(resources("AWS::Serverless::StateMachine"));
    let mut statements = Vec::new();
    for (id, properties) in roles {
        for policy in properties["Policies"].as_array().into_iter().flatten() {
            // Managed policies and policy templates are not used: each permission is written out.
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
fn no_function_may_scan_or_delete() {
    for (id, statement) in statements() {
        for action in actions(&statement) {
            assert!(
                !["dynamodb:Scan", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"].contains(&action),
                "{id}"
            );
        }
    }
}

/// Returns the names in `required("...")` (or `optional`) of a source file.
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
            "{folder}: its main does not read one of {own:?}"
        );
    }
}

/// The variables that a `main` reads and no deployment sets.
const NOT_DEPLOYED: [&str; 2] = [
    // Set by tests only.
    "TWILIO_BASE_URL",
    // The parameter for the pool's id takes its ARN too.
    "AWS_SMS_PHONE_POOL_ARN",
];

#[test]
fn every_variable_that_a_main_reads_can_be_deployed() {
    for folder in folders() {
        let main =
            std::fs::read_to_string(root().join("functions").join(&folder).join("src/main.rs")).unwrap();
        let function = &resources("AWS::Serverless::Function")[&logical_id(&folder)];
        for name in asked(&main, "optional").into_iter().filter(|name| !NOT_DEPLOYED.contains(name)) {
            assert!(
                !function["Environment"]["Variables"][name].is_null(),
                "{folder}: the template does not set {name}"
            );
        }
    }
}

#[test]
fn stored_data_survives_the_deletion_of_the_stack() {
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
fn the_template_contains_no_secret_value() {
    let secret = &resources("AWS::SecretsManager::Secret")["Secret"];
    assert!(secret.get("SecretString").is_none());
    assert!(!TEMPLATE.contains("NoEcho"), "a secret must not be a parameter");
}

/// Our own services are few and known. A provider delivers in bursts, and may not repeat a call that is throttled.
#[test]
fn webhooks_have_twenty_times_the_throttling_limit_of_own_services() {
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
    assert_eq!(special.keys().collect::<BTreeSet<_>>(), webhooks, "exactly the webhooks have other limits");
    for own in ["POST /sms", "POST /trigger", "POST /messages", "POST /messages/bulk", "POST /otp"] {
        assert!(routes.contains(own) && !special.contains_key(own), "{own}");
    }
}

/// An asynchronous call that fails ends in a queue.
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

/// AWS would apply an opt-out to the pool only and not report it (docs/adr/0019).
#[test]
fn the_pool_leaves_opt_outs_to_us() {
    let pool = &resources("AWS::SMSVOICE::Pool")["Pool"];
    assert_eq!(pool["SelfManagedOptOutsEnabled"], true);
    assert_eq!(pool["TwoWay"], json!({ "Enabled": true, "ChannelArn": { "Ref": "InboundTopic" } }));
}

/// The rule matches the events that the function is tested with.
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
        assert!(checks.iter().any(|check| parameter.get(check).is_some()), "{name} accepts any value");
        assert!(name == "TwilioFrom" || parameter.get("Default").is_some(), "{name}");
    }
}
