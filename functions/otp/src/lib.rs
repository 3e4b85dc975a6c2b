//! One-time codes for our own services.
//!
//! Follow one code: [`Otp::handle`] finds the route and checks the key, [`calls`] reads the body,
//! `messaging::one_time_code` issues the code under its limits and later verifies it, once. A code is in the text
//! and nowhere else: no log line, no answer and no execution has it.

mod calls;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use http_edge::answer::{respond, unavailable};
use http_edge::auth;
use http_edge::request::BODY_LIMIT;
use http_edge::violations::Violations;
use http_edge::{Problem, Request, Response};
use messaging::one_time_code::{self, CodeStore, IssueOutcome, IssuePorts, VerifyCode};
use messaging::ports::{CodeTexts, JourneySource, KeyRing, Randomness, SendingSwitch, Unavailable};
use messaging::values::clock::Clock;
use messaging::values::secret::SecretText;
use serde::Serialize;
use telemetry::{CodeRefusal, Decision};

/// The dependencies of the function.
pub struct Otp<C, K, J, P, R, W, T> {
    /// The table.
    pub codes: C,
    /// API keys, and the key that codes are hashed with.
    pub keys: K,
    /// The journeys in force: words and limits.
    pub journeys: J,
    /// The provider.
    pub texts: P,
    /// The source of random codes.
    pub randomness: R,
    /// The operators' switch.
    pub switch: W,
    /// Time.
    pub clock: T,
}

/// The secret's entry with the key that codes are hashed with; where there is none, the API key is one
/// that whoever reads the table does not have either.
const HASH_KEY_ENTRIES: [&str; 2] = ["otp_hash_key", "api_key"];

/// The source whose keys (`api_key_otp`) open these routes, besides those of the whole installation.
const SOURCE: &str = "otp";

#[derive(Serialize)]
struct OnItsWay {
    expires_in: u32,
}

#[derive(Serialize)]
struct Verified {
    valid: bool,
}

impl<C, K, J, P, R, W, T> IssuePorts for Otp<C, K, J, P, R, W, T>
where
    C: CodeStore,
    K: Sync,
    J: Sync,
    P: CodeTexts,
    R: Randomness,
    W: SendingSwitch,
    T: Clock,
{
    type Store = C;
    type Texts = P;
    type Randomness = R;
    type Switch = W;
    type Clock = T;

    fn store(&self) -> &C {
        &self.codes
    }
    fn texts(&self) -> &P {
        &self.texts
    }
    fn randomness(&self) -> &R {
        &self.randomness
    }
    fn switch(&self) -> &W {
        &self.switch
    }
    fn clock(&self) -> &T {
        &self.clock
    }
}

impl<C, K, J, P, R, W, T> Otp<C, K, J, P, R, W, T>
where
    C: CodeStore,
    K: KeyRing,
    J: JourneySource,
    P: CodeTexts,
    R: Randomness,
    W: SendingSwitch,
    T: Clock,
{
    /// Answers a call. Infallible: what goes wrong is a response.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request = Request::from_event(event);
        respond(&request, self.route(&request)).await
    }

    async fn route(&self, request: &Request) -> Result<Response, Problem> {
        match request.route.as_str() {
            "POST /otp" => {
                auth::api_key(request, &self.keys, &[SOURCE]).await?;
                self.issue(request).await
            }
            "POST /otp/verify" => {
                auth::api_key(request, &self.keys, &[SOURCE]).await?;
                self.verify(request).await
            }
            _ => Err(Problem::NotFound),
        }
    }

    async fn issue(&self, request: &Request) -> Result<Response, Problem> {
        let mut violations = Violations::default();
        let body = request.json(BODY_LIMIT, &mut violations)?;
        let current = self.journeys.current().await.map_err(|e| unavailable(request, &e))?;
        let settings = &current.journeys.otp;
        let call = body.and_then(|body| calls::code_request(&body, settings, &mut violations));
        let (Some(call), true) = (call, violations.is_empty()) else {
            return Err(Problem::Invalid(violations.into_sorted()));
        };
        let keys = self.hash_keys().await.map_err(|e| unavailable(request, &e))?;
        let key = keys.first().ok_or_else(|| unavailable(request, &no_key()))?;
        let issued = one_time_code::issue(self, &call, &current.journeys, key)
            .await
            .map_err(|e| unavailable(request, &e))?;
        answer(request, issued)
    }

    async fn verify(&self, request: &Request) -> Result<Response, Problem> {
        let mut violations = Violations::default();
        let body = request.json(BODY_LIMIT, &mut violations)?;
        let call = body.and_then(|body| calls::code_guess(&body, &mut violations));
        let (Some((slot, code)), true) = (call, violations.is_empty()) else {
            return Err(Problem::Invalid(violations.into_sorted()));
        };
        let keys = self.hash_keys().await.map_err(|e| unavailable(request, &e))?;
        let verify = VerifyCode { codes: &self.codes, randomness: &self.randomness, clock: &self.clock };
        let valid = verify.verify(&slot, &code, &keys).await.map_err(|e| unavailable(request, &e))?;
        let decision = telemetry::count(Decision::CodeTried);
        tracing::info!(request_id = request.id, status = 200, decision, valid, "Verified a one-time code");
        Ok(Response::json(200, &Verified { valid }))
    }

    /// The keys that codes are hashed with, newest first: the older ones still verify.
    async fn hash_keys(&self) -> Result<Vec<SecretText>, Unavailable> {
        let mut keys = Vec::new();
        for entry in HASH_KEY_ENTRIES {
            keys.extend(self.keys.keys(entry).await?);
        }
        Ok(keys)
    }
}

fn no_key() -> Unavailable {
    Unavailable { operation: "secretsmanager:GetSecretValue", reason: "no key to hash codes with".to_owned() }
}

/// Answers the caller and logs the decision.
fn answer(request: &Request, issued: IssueOutcome) -> Result<Response, Problem> {
    match issued {
        IssueOutcome::Sent { expires_in } => {
            let decision = telemetry::count(Decision::CodeSent);
            tracing::info!(request_id = request.id, status = 202, decision, "Sent a one-time code");
            Ok(Response::json(202, &OnItsWay { expires_in }))
        }
        IssueOutcome::Shadowed { expires_in } => {
            let decision = telemetry::count(Decision::CodeShadowed);
            tracing::info!(
                request_id = request.id,
                status = 202,
                decision,
                "Created a one-time code without sending it, in shadow mode"
            );
            Ok(Response::json(202, &OnItsWay { expires_in }))
        }
        IssueOutcome::TooSoon { retry_after } => Err(Problem::TooManyRequests { retry_after }),
        IssueOutcome::Limited { scope, retry_after } => {
            let decision = telemetry::count(Decision::CodeLimited);
            tracing::warn!(request_id = request.id, decision, by = scope, "A limit stopped a one-time code");
            Err(Problem::TooManyRequests { retry_after })
        }
        IssueOutcome::OptedOut => {
            log_refusal(request, CodeRefusal::OptedOut);
            Err(Problem::Undeliverable)
        }
        IssueOutcome::Undeliverable => {
            log_refusal(request, CodeRefusal::Provider);
            Err(Problem::Undeliverable)
        }
        IssueOutcome::Unavailable(trouble) => Err(unavailable(request, &trouble)),
    }
}

fn log_refusal(request: &Request, by: CodeRefusal) {
    let decision = telemetry::count(Decision::CodeRefused);
    tracing::warn!(
        request_id = request.id,
        decision,
        by = by.as_str(),
        "A one-time code cannot reach the phone"
    );
}

#[cfg(test)]
mod tests;
