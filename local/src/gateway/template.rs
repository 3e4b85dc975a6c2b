//! The routes of `template.yaml`, which a deployment configures in API Gateway.

mod routes;

pub use routes::{Match, Route, Throttle};

use serde_yaml_ng::{Mapping, Value};

/// The HTTP API that the template describes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    routes: Vec<Route>,
}

/// An error that keeps a template from being served.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The template is not YAML.
    #[error("the template is not YAML: {0}")]
    Yaml(#[from] serde_yaml_ng::Error),
    /// A function has no `CodeUri`.
    #[error("{0}: no CodeUri to take the function's name from")]
    NoCodeUri(String),
    /// An event has a path without a method, or a method without a path.
    #[error("{0}: an HttpApi event needs both Path and Method, or neither")]
    HalfRoute(String),
}

impl Template {
    /// Reads every `HttpApi` event of every `AWS::Serverless::Function` in a SAM template.
    ///
    /// # Errors
    /// Fails when it is not YAML, or a function or route of it cannot be named.
    pub fn parse(yaml: &str) -> Result<Self, TemplateError> {
        let document: Value = serde_yaml_ng::from_str(yaml)?;
        let mut routes = Vec::new();
        for (id, resource) in entries(plain(&document).get("Resources")) {
            if text(resource.get("Type")) != Some("AWS::Serverless::Function") {
                continue;
            }
            let Some(properties) = resource.get("Properties") else {
                continue;
            };
            for (event, properties) in http_events(properties) {
                let function =
                    function_name(properties.code).ok_or_else(|| TemplateError::NoCodeUri(id.to_owned()))?;
                let event = format!("{id}.{event}");
                routes.push(route(&event, function, properties.route, &document)?);
            }
        }
        routes.sort_by(routes::precedence);
        Ok(Self { routes })
    }

    /// Returns the routes, the more specific ones first.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Returns the route of a request, if there is one. `path` is still percent-encoded.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        self.routes.iter().find_map(|route| route.matches(method, path))
    }
}

struct HttpEvent<'a> {
    code: Option<&'a Value>,
    route: &'a Value,
}

fn http_events(function: &Value) -> impl Iterator<Item = (&str, HttpEvent<'_>)> {
    static NOTHING: Value = Value::Null;
    entries(function.get("Events")).filter(|(_, event)| text(event.get("Type")) == Some("HttpApi")).map(
        |(name, event)| {
            let route = event.get("Properties").unwrap_or(&NOTHING);
            (name, HttpEvent { code: function.get("CodeUri"), route })
        },
    )
}

fn route(event: &str, function: &str, properties: &Value, document: &Value) -> Result<Route, TemplateError> {
    let (path, method) = (text(properties.get("Path")), text(properties.get("Method")));
    let key = match (path, method) {
        (Some("$default"), _) | (None, None) => None,
        (Some(path), Some(method)) => Some((method, path)),
        _ => return Err(TemplateError::HalfRoute(event.to_owned())),
    };
    let route = Route::new(function, key);
    let settings = throttle_settings(&route.key(), properties, document);
    Ok(route.throttled(settings))
}

/// Returns the name of the folder, the last component of `target/lambda/<name>/`.
fn function_name(code: Option<&Value>) -> Option<&str> {
    text(code)?.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty())
}

/// Returns the throttling of a route: the event's settings override those of the API for this route, which
/// override the API's defaults.
fn throttle_settings(key: &str, event: &Value, document: &Value) -> Throttle {
    let globals = document.get("Globals").and_then(|globals| globals.get("HttpApi"));
    let resources = entries(document.get("Resources"))
        .filter(|(_, resource)| text(resource.get("Type")) == Some("AWS::Serverless::HttpApi"))
        .filter_map(|(_, resource)| resource.get("Properties"));
    let apis: Vec<&Value> = globals.into_iter().chain(resources).collect();
    let mut throttle = Throttle::default();
    for api in &apis {
        apply(&mut throttle, api.get("DefaultRouteSettings"), document);
    }
    for api in &apis {
        apply(&mut throttle, api.get("RouteSettings").and_then(|routes| routes.get(key)), document);
    }
    apply(&mut throttle, event.get("RouteSettings"), document);
    throttle
}

fn apply(throttle: &mut Throttle, settings: Option<&Value>, document: &Value) {
    let Some(settings) = settings else { return };
    if let Some(rate) = number(settings.get("ThrottlingRateLimit"), document) {
        throttle.rate = rate;
    }
    if let Some(burst) = number(settings.get("ThrottlingBurstLimit"), document) {
        throttle.burst = burst;
    }
}

/// Reads a number, or a `!Ref` to a parameter whose default is one.
fn number(value: Option<&Value>, document: &Value) -> Option<f64> {
    match value? {
        Value::Tagged(tagged) if tagged.tag == "Ref" => {
            let parameter = document.get("Parameters")?.get(tagged.value.as_str()?)?;
            number(parameter.get("Default"), document)
        }
        Value::String(digits) => digits.parse().ok(),
        other => other.as_f64(),
    }
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    static NONE: std::sync::LazyLock<Mapping> = std::sync::LazyLock::new(Mapping::new);
    let mapping = value.map(plain).and_then(Value::as_mapping).unwrap_or(&NONE);
    mapping.iter().filter_map(|(name, value)| Some((name.as_str()?, plain(value))))
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.map(plain).and_then(Value::as_str)
}

/// Returns the value behind an intrinsic function (`!Sub`, ...).
fn plain(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) => &tagged.value,
        other => other,
    }
}
