//! Compares the contract with the template and the code: routes, codes and enums. The tests in
//! `local/tests/python` check that the document is valid and that the machine answers as documented.

use std::collections::BTreeSet;

use http_edge::Problem;
use http_edge::signature::{plain_hmac, timestamped, twilio};
use local::gateway::template::Template;
use messaging::reply::ReplyMeaning;
use messaging::values::phone::PhoneError;
use messaging::values::verdict::Verdict;
use serde_json::Value;

use crate::files::{files, openapi, read};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Lists the routes of the template, each with its function. `$default` does not count as a route.
fn routes() -> Vec<(String, String)> {
    let template = Template::parse(&read("template.yaml")).unwrap();
    let routes = template.routes().iter().map(|route| (route.key(), route.function().to_owned()));
    routes.filter(|(key, _)| key != "$default").collect()
}

fn strings(value: &Value) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_documented_routes_are_those_of_the_template() {
    let mut documented = BTreeSet::new();
    for (path, item) in openapi()["paths"].as_object().unwrap() {
        for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
            documented.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let served: BTreeSet<_> = routes().into_iter().map(|(key, _)| key).collect();
    assert_eq!(documented, served);
}

/// The source of a function contains the keys of its routes, as `"POST /sms" => ...` or `route: "..."`.
#[test]
fn each_function_matches_the_routes_that_lead_to_it_and_no_others() {
    let mut matched = BTreeSet::new();
    for file in files("functions", "rs") {
        let function = file.iter().nth(1).unwrap().to_str().unwrap().to_owned();
        let in_src = file.iter().nth(2).is_some_and(|part| part == "src");
        for line in read(&file).lines().filter(|line| in_src && names_route(line)) {
            let keys = line.split('"').skip(1).step_by(2).filter(|text| text.contains(" /"));
            matched.extend(keys.map(|key| (key.to_owned(), function.clone())));
        }
    }
    assert_eq!(matched, routes().into_iter().collect());
}

fn names_route(line: &str) -> bool {
    line.contains("\" =>") || line.trim_start().starts_with("route: \"")
}

#[test]
fn only_health_and_version_need_no_key() {
    let document = openapi();
    assert_eq!(document["security"][0]["apiKey"], Value::Array(Vec::new()));
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS.iter().filter_map(|method| item.get(*method)) {
            let open = method.get("security").is_some_and(|security| security == &Value::Array(Vec::new()));
            assert_eq!(open, ["/healthz", "/version"].contains(&path.as_str()), "{path}");
            assert_eq!(method["responses"].get("401").is_some(), !open, "{path}");
        }
    }
}

#[test]
fn every_problem_has_its_code_and_its_response() {
    let problems = [
        Problem::NotFound,
        Problem::Unauthorized,
        Problem::PayloadTooLarge { limit: http_edge::request::BODY_LIMIT },
        Problem::UnsupportedMediaType { expected: "application/json" },
        Problem::Invalid(Vec::new()),
        Problem::IdempotencyKeyReused,
        Problem::TooManyRequests { retry_after: 30 },
        Problem::Undeliverable,
        Problem::DependencyUnavailable,
    ];
    let document = openapi();
    let codes: BTreeSet<_> =
        problems.iter().map(|problem| format!("urn:afterword:{}", problem.code())).collect();
    assert_eq!(strings(&document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]), codes);
    let responses = document["components"]["responses"].as_object().unwrap();
    assert_eq!(responses.len(), problems.len());
    for problem in problems {
        let matches = |response: &Value| {
            let example = &response["content"]["application/problem+json"]["example"];
            example["status"] == problem.status()
                && example["type"].as_str().unwrap().ends_with(problem.code())
        };
        assert_eq!(responses.values().filter(|response| matches(response)).count(), 1, "{}", problem.code());
    }
}

/// Calls of Twilio, booking systems and declared sources are signed. All other routes take an API key.
#[test]
fn each_signed_route_names_the_header_that_its_function_checks() {
    let document = openapi();
    for (path, scheme, header) in [
        ("/webhooks/calendly", "calendlySignature", timestamped::CALENDLY_HEADER),
        ("/webhooks/calcom", "calcomSignature", plain_hmac::CALCOM_HEADER),
        ("/webhooks/{source}", "afterwordSignature", timestamped::AFTERWORD_HEADER),
        ("/twilio/inbound", "twilioSignature", twilio::SIGNATURE_HEADER),
        ("/twilio/status", "twilioSignature", twilio::SIGNATURE_HEADER),
        ("/webhook", "twilioSignature", twilio::SIGNATURE_HEADER),
    ] {
        let security = &document["paths"][path]["post"]["security"];
        assert_eq!(security, &serde_json::json!([{ scheme: [] }]), "{path}");
        let documented = document["components"]["securitySchemes"][scheme]["name"].as_str().unwrap();
        assert_eq!(documented.to_lowercase(), header, "{scheme}");
    }
    let signed = document["paths"].as_object().unwrap().keys().filter(|path| path.contains("webhook"));
    assert_eq!(signed.count(), 4);
}

#[test]
fn every_meaning_of_a_reply_is_documented() {
    let document = openapi();
    let replies = &document["components"]["schemas"]["Conversation"]["properties"]["replies"];
    let documented = strings(&replies["items"]["properties"]["meaning"]["enum"]);
    let meanings = [
        ReplyMeaning::OptOut,
        ReplyMeaning::OptIn,
        ReplyMeaning::Help,
        ReplyMeaning::Reaction,
        ReplyMeaning::AutoReply,
        ReplyMeaning::Reply,
        ReplyMeaning::ConfirmOrOptIn,
        ReplyMeaning::WrongNumber,
    ];
    let names = meanings.map(|meaning| meaning.as_str().to_owned());
    assert_eq!(documented, BTreeSet::from(names));
}

/// In each call of `violations.add(`, the first string that is neither empty nor a pointer is a code.
#[test]
fn every_violation_of_the_code_is_documented() {
    let documented = strings(&openapi()["components"]["schemas"]["Violation"]["properties"]["code"]["enum"]);
    let phones = [
        PhoneError::NotANumber,
        PhoneError::NotE164,
        PhoneError::RegionRequired,
        PhoneError::UnknownCountryCode,
        PhoneError::NotPossible,
        PhoneError::TooLong,
    ];
    let mut found: BTreeSet<_> = phones.into_iter().map(|error| error.code().to_owned()).collect();
    for file in ["shared/http/src", "functions/ingest/src", "functions/otp/src"]
        .map(|folder| files(folder, "rs"))
        .concat()
    {
        for call in read(&file).split("violations.add(").skip(1) {
            let call = call.split(';').next().unwrap();
            let texts = call.split('"').skip(1).step_by(2);
            found.extend(
                texts.filter(|text| !text.is_empty() && !text.starts_with('/')).map(str::to_owned).take(1),
            );
        }
    }
    assert!(found.len() > 8, "{found:?}");
    assert_eq!(found.difference(&documented).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_documented_verdicts_are_those_of_the_domain() {
    let verdicts = Verdict::ALL.map(|verdict| verdict.as_str().to_owned());
    assert_eq!(strings(&openapi()["components"]["schemas"]["Verdict"]["enum"]), BTreeSet::from(verdicts));
}

#[test]
fn the_contract_has_the_version_of_the_code() {
    assert_eq!(openapi()["info"]["version"], env!("CARGO_PKG_VERSION"));
}
