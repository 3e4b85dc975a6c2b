use local::gateway::template::{Template, Throttle};

use crate::rig::TEMPLATE;

#[test]
fn lists_the_routes_by_function() {
    let template = Template::parse(TEMPLATE).unwrap();
    let routes: Vec<_> = template.routes().iter().map(|route| (route.key(), route.function())).collect();
    assert_eq!(routes.len(), 7);
    assert!(routes.contains(&("POST /sms".to_owned(), "echo")));
    assert!(routes.contains(&("POST /twilio/inbound".to_owned(), "inbound")));
}

#[test]
fn static_beats_variable_and_values_are_decoded() {
    let template = Template::parse(TEMPLATE).unwrap();
    let key = |method, path| template.find(method, path).map(|found| found.route.key());
    assert_eq!(key("GET", "/conversations/special").unwrap(), "GET /conversations/special");
    assert_eq!(key("DELETE", "/any").unwrap(), "ANY /any");
    for (method, path) in [
        ("GET", "/sms"),
        ("POST", "/sms/"),
        ("POST", "/SMS"),
        ("GET", "/conversations/"),
        ("GET", "/conversations/a/b"),
        ("GET", "/"),
    ] {
        assert_eq!(key(method, path), None, "{method} {path}");
    }
    let found = template.find("GET", "/conversations/a%2Fb+c").unwrap();
    assert_eq!(found.parameters["id"], "a/b+c");
}

#[test]
fn a_default_route_takes_the_rest_and_greedy_variables_take_many() {
    let yaml = r#"
Resources:
  A: { Type: AWS::Serverless::Function, Properties: { CodeUri: target/lambda/all/, Events: { E: { Type: HttpApi } } } }
  B: { Type: AWS::Serverless::Function, Properties: { CodeUri: target/lambda/files/, Events: {
        E: { Type: HttpApi, Properties: { Path: "/files/{rest+}", Method: GET } } } } }
"#;
    let template = Template::parse(yaml).unwrap();
    let found = template.find("GET", "/files/a/b").unwrap();
    assert_eq!((found.route.function(), found.parameters["rest"].as_str()), ("files", "a/b"));
    let found = template.find("PUT", "/files/a/b").unwrap();
    assert_eq!((found.route.function(), found.route.key().as_str()), ("all", "$default"));
}

#[test]
fn throttles_come_from_the_route_then_the_defaults() {
    let template = Template::parse(TEMPLATE).unwrap();
    let throttle = |method, path| template.find(method, path).unwrap().route.throttle();
    assert_eq!(throttle("POST", "/sms"), Throttle { rate: 1.0, burst: 2.0 });
    assert_eq!(throttle("GET", "/any"), Throttle { rate: 500.0, burst: 1000.0 });
}

#[test]
fn says_what_is_wrong_with_a_template() {
    let no_code = "Resources: { A: { Type: AWS::Serverless::Function, Properties: { Events: { E: { Type: HttpApi } } } } }";
    let half = "Resources: { A: { Type: AWS::Serverless::Function, Properties: { CodeUri: a/, Events: { E: { Type: HttpApi, Properties: { Path: /x } } } } } }";
    for (yaml, message) in [(no_code, "A: no CodeUri"), (half, "A.E: an HttpApi event"), ("[", "not YAML")] {
        let error = Template::parse(yaml).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}
