//! Calendly's webhook subscriptions (API v2). Calendly sets a subscription that has failed for 24 hours to
//! `disabled` and never enables it again: it must be created again.

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use messaging::ports::Unavailable;
use messaging::values::secret::SecretText;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::call::Call;
use crate::connection::Connection;

/// The events that a journey needs.
const EVENTS: [&str; 2] = ["invitee.created", "invitee.canceled"];

/// A client of Calendly's API with a personal access token.
pub struct Calendly {
    http: SharedHttpConnector,
    base_url: String,
    authorization: String,
}

/// The owner of the token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Owner {
    /// The URI of the user.
    pub uri: String,
    /// The URI of the user's organization, whose bookings are subscribed to.
    pub current_organization: String,
}

/// A webhook subscription.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    /// The URI that identifies it.
    pub uri: String,
    /// The URL to which it posts.
    pub callback_url: String,
    /// Its state: `active` or `disabled`.
    pub state: String,
    /// The events that it posts.
    pub events: Vec<String>,
    /// The time since which it has failed, while Calendly still tries.
    #[serde(default)]
    pub retry_started_at: Option<String>,
}

impl Subscription {
    /// Returns whether it posts every event that a journey needs.
    #[must_use]
    pub fn is_useful(&self) -> bool {
        self.state == "active" && EVENTS.iter().all(|event| self.events.iter().any(|theirs| theirs == event))
    }
}

impl Calendly {
    /// Creates a client of the API at `base_url`, normally `https://api.calendly.com`.
    #[must_use]
    pub fn new(connection: &Connection, base_url: &str, token: &SecretText) -> Self {
        Self {
            http: connection.provider_http.clone(),
            base_url: base_url.trim_end_matches('/').to_owned(),
            authorization: format!("Bearer {}", token.expose_secret()),
        }
    }

    /// Returns the owner of the token.
    ///
    /// # Errors
    /// 401 for a token that is wrong or expired.
    pub async fn owner(&self) -> Result<Owner, Unavailable> {
        let answer = self.call("calendly:GetCurrentUser", "GET", "/users/me", None).await?;
        read("calendly:GetCurrentUser", answer.get("resource"))
    }

    /// Returns the organization's subscriptions.
    ///
    /// # Errors
    /// 403 without permission for webhooks, which depends on Calendly's plan and the user's role.
    pub async fn subscriptions(&self, owner: &Owner) -> Result<Vec<Subscription>, Unavailable> {
        const OPERATION: &str = "calendly:ListSubscriptions";
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("organization", &owner.current_organization)
            .append_pair("scope", "organization")
            .append_pair("count", "100")
            .finish();
        let answer = self.call(OPERATION, "GET", &format!("/webhook_subscriptions?{query}"), None).await?;
        read(OPERATION, answer.get("collection"))
    }

    /// Subscribes to the organization's bookings. Calendly signs them with this key.
    ///
    /// # Errors
    /// 403 as above; 409 when there is already a subscription for this URL.
    pub async fn subscribe(&self, owner: &Owner, url: &str, key: &SecretText) -> Result<(), Unavailable> {
        let body = json!({
            "url": url,
            "events": EVENTS,
            "organization": owner.current_organization,
            "scope": "organization",
            "signing_key": key.expose_secret(),
        });
        self.call("calendly:CreateSubscription", "POST", "/webhook_subscriptions", Some(&body))
            .await
            .map(drop)
    }

    /// Deletes a webhook subscription.
    ///
    /// # Errors
    /// When the subscription does not exist or belongs to another account.
    pub async fn unsubscribe(&self, subscription: &Subscription) -> Result<(), Unavailable> {
        let id = subscription.uri.rsplit('/').next().unwrap_or_default();
        let path = format!("/webhook_subscriptions/{id}");
        self.call("calendly:DeleteSubscription", "DELETE", &path, None).await.map(drop)
    }

    async fn call(
        &self,
        operation: &'static str,
        method: &'static str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Unavailable> {
        let call = Call {
            operation,
            method,
            url: format!("{}{path}", self.base_url),
            authorization: &self.authorization,
            body: body.map(|body| ("application/json", body.to_string())),
        };
        call.make(&self.http).await
    }
}

fn read<T: DeserializeOwned>(operation: &'static str, value: Option<&Value>) -> Result<T, Unavailable> {
    let value = value.cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|_| Unavailable {
        operation,
        reason: "an answer of another form than documented".to_owned(),
    })
}
