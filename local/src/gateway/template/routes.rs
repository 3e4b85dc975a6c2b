//! The routes of the HTTP API, and the requests that match them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// A route and the function that answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    function: String,
    /// `None` for the `$default` route.
    key: Option<(Method, Vec<Segment>)>,
    throttle: Throttle,
}

/// The throttling of a route: tokens per second and the size of the bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    /// The sustained rate, in requests per second.
    pub rate: f64,
    /// The most requests in a burst.
    pub burst: f64,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { rate: 500.0, burst: 1000.0 }
    }
}

/// A matching route with the decoded variables of its path.
#[derive(Debug, Clone, PartialEq)]
pub struct Match<'a> {
    /// The route that matches.
    pub route: &'a Route,
    /// The decoded variables of the path, by name.
    pub parameters: BTreeMap<&'a str, String>,
}

impl Route {
    pub(super) fn new(function: &str, key: Option<(&str, &str)>) -> Self {
        let key =
            key.map(|(method, path)| (Method::parse(method), segments(path).map(Segment::parse).collect()));
        Self { function: function.to_owned(), key, throttle: Throttle::default() }
    }

    pub(super) fn throttled(self, throttle: Throttle) -> Self {
        Self { throttle, ..self }
    }

    /// Returns the name of the function.
    #[must_use]
    pub fn function(&self) -> &str {
        &self.function
    }

    /// Returns the limits that apply when throttling is on.
    #[must_use]
    pub fn throttle(&self) -> Throttle {
        self.throttle
    }

    /// Returns the route key as API Gateway spells it: `POST /sms`, `$default`.
    #[must_use]
    pub fn key(&self) -> String {
        let Some((method, path)) = &self.key else {
            return "$default".to_owned();
        };
        let path: String = path.iter().map(|segment| format!("/{}", segment.spelling())).collect();
        format!("{} {path}", method.spelling())
    }

    pub(super) fn matches(&self, method: &str, path: &str) -> Option<Match<'_>> {
        let Some((wanted, pattern)) = &self.key else {
            return Some(Match { route: self, parameters: BTreeMap::new() });
        };
        if !wanted.takes(method) {
            return None;
        }
        let mut parameters = BTreeMap::new();
        let mut rest = segments(path).collect::<Vec<_>>().into_iter();
        for segment in pattern {
            match segment {
                Segment::Static(text) => {
                    rest.next().filter(|part| decode(part) == text.as_str())?;
                }
                Segment::Variable(name) => {
                    let part = rest.next().filter(|part| !part.is_empty())?;
                    parameters.insert(name.as_str(), decode(part).into_owned());
                }
                Segment::Greedy(name) => {
                    let parts: Vec<&str> = rest.by_ref().collect();
                    let joined = Some(parts.join("/")).filter(|joined| !joined.is_empty())?;
                    parameters.insert(name.as_str(), decode(&joined).into_owned());
                }
            }
        }
        rest.next().is_none().then_some(Match { route: self, parameters })
    }
}

/// Orders routes by precedence, segment by segment: static before variable before greedy. A named method
/// comes before ANY, and `$default` is last.
pub(super) fn precedence(left: &Route, right: &Route) -> Ordering {
    let rank = |route: &Route| match &route.key {
        None => (1, Vec::new(), false),
        Some((method, path)) => (0, path.iter().map(Segment::rank).collect(), *method == Method::Any),
    };
    rank(left).cmp(&rank(right))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Method {
    Any,
    Named(String),
}

impl Method {
    fn parse(text: &str) -> Self {
        match text.to_ascii_uppercase().as_str() {
            "ANY" | "X-AMAZON-APIGATEWAY-ANY-METHOD" => Self::Any,
            named => Self::Named(named.to_owned()),
        }
    }

    fn spelling(&self) -> &str {
        match self {
            Self::Any => "ANY",
            Self::Named(name) => name,
        }
    }

    fn takes(&self, method: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Named(name) => name == method,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Static(String),
    Variable(String),
    Greedy(String),
}

impl Segment {
    fn parse(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            None => Self::Static(text.to_owned()),
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Variable(name.to_owned()),
            },
        }
    }

    fn spelling(&self) -> String {
        match self {
            Self::Static(text) => text.clone(),
            Self::Variable(name) => format!("{{{name}}}"),
            Self::Greedy(name) => format!("{{{name}+}}"),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Static(_) => 0,
            Self::Variable(_) => 1,
            Self::Greedy(_) => 2,
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

fn decode(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}
