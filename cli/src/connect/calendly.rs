//! Ensures that Calendly has one active subscription that posts to this installation, signed with a key of
//! its secret.

use std::process::ExitCode;

use adapters::accounts::{Calendly, Owner, Subscription};
use adapters::installation::SecretDocument;
use messaging::values::secret::SecretText;

use super::{newest, report_pending};
use crate::print;
use crate::stack::Stack;

const KEY: &str = "calendly_signing_key";

/// The present setup at Calendly.
pub(crate) struct CalendlySetup {
    api: Calendly,
    owner: Owner,
    /// The subscriptions that post to this installation.
    pub(crate) ours: Vec<Subscription>,
    /// The signing key in the secret, if there is one.
    pub(crate) key: Option<SecretText>,
}

/// Reads the present setup. Returns `Ok(None)` if `CALENDLY_TOKEN` is not set.
pub(crate) async fn find_setup(stack: &Stack) -> Result<Option<CalendlySetup>, String> {
    let token = std::env::var("CALENDLY_TOKEN").ok().and_then(|token| SecretText::new(token).ok());
    let Some(token) = token else { return Ok(None) };
    let base_url =
        std::env::var("CALENDLY_BASE_URL").unwrap_or_else(|_| "https://api.calendly.com".to_owned());
    let api = Calendly::new(&stack.connection, &base_url, &token);
    let owner = api.owner().await.map_err(|error| error.to_string())?;
    let all = api.subscriptions(&owner).await.map_err(|error| error.to_string())?;
    let url = url(stack);
    let ours = all.into_iter().filter(|subscription| subscription.callback_url == url).collect();
    let document = SecretDocument::new(&stack.connection, &stack.installation.secret).read().await;
    let key = newest(&document.map_err(|error| error.to_string())?, KEY);
    Ok(Some(CalendlySetup { api, owner, ours, key }))
}

pub(super) async fn connect(stack: &Stack, check: bool) -> Result<ExitCode, String> {
    let setup = find_setup(stack)
        .await?
        .ok_or("set CALENDLY_TOKEN to a personal access token (docs/setup-guide.md)")?;
    let url = url(stack);
    let useful = setup.ours.iter().any(Subscription::is_useful);
    if useful && setup.key.is_some() {
        print::line(format!("calendly: subscribed and active: {url}"));
        return Ok(ExitCode::SUCCESS);
    }
    for subscription in &setup.ours {
        print::line(format!(
            "calendly: {} is {}, posts {}",
            subscription.uri,
            subscription.state,
            subscription.events.join(", ")
        ));
    }
    let what = match (useful, setup.ours.is_empty()) {
        (true, _) => "the secret has no key for the subscription: subscribe again",
        (false, true) => "there is no subscription: create one",
        (false, false) => "the subscription is disabled or incomplete: subscribe again",
    };
    if check {
        return Ok(report_pending(&format!("{what}: {url}")));
    }
    subscribe(stack, &setup, &url).await?;
    print::line(format!("calendly: subscribed: {url}"));
    print::line(format!("the first key of {KEY} in the secret is its signing key"));
    Ok(ExitCode::SUCCESS)
}

/// Stores a new key before anything is signed with it, then subscribes. Calendly accepts one subscription per
/// URL, so the old one is deleted first: bookings made in between, for about a second, are not reported.
async fn subscribe(stack: &Stack, setup: &CalendlySetup, url: &str) -> Result<(), String> {
    let key = SecretText::new(format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()))
        .map_err(|error| error.to_string())?;
    let secret = SecretDocument::new(&stack.connection, &stack.installation.secret);
    let message = |error: messaging::ports::Unavailable| error.to_string();
    secret.put_first(KEY, key.expose_secret()).await.map_err(message)?;
    for subscription in &setup.ours {
        setup.api.unsubscribe(subscription).await.map_err(message)?;
    }
    setup.api.subscribe(&setup.owner, url, &key).await.map_err(|error| {
        let hint = if error.reason.starts_with("403") {
            " (webhooks need a paid plan and the token of an owner or admin)"
        } else {
            ""
        };
        format!("{error}{hint}; correct this and run the command again")
    })
}

fn url(stack: &Stack) -> String {
    format!("{}/webhooks/calendly", stack.installation.public_url)
}
