//! Calendly: one active subscription that posts to this installation, signed with a key of its secret.

use std::process::ExitCode;

use adapters::accounts::{Calendly, Owner, Subscription};
use adapters::installation::SecretDocument;
use messaging::values::secret::SecretText;

use super::{newest, report_pending};
use crate::print;
use crate::stack::Stack;

const KEY: &str = "calendly_signing_key";

/// What there is at Calendly.
pub(crate) struct CalendlySetup {
    api: Calendly,
    owner: Owner,
    /// The subscriptions that post to this installation.
    pub(crate) ours: Vec<Subscription>,
    /// Whether the secret has a key.
    pub(crate) key: Option<SecretText>,
}

/// Looks what there is. `Ok(None)` without a token to look with.
pub(crate) async fn find_setup(stack: &Stack) -> Result<Option<CalendlySetup>, String> {
    let token = std::env::var("CALENDLY_TOKEN").ok().and_then(|token| SecretText::new(token).ok());
    let Some(token) = token else { return Ok(None) };
    let base_url =
        std::env::var("CALENDLY_BASE_URL").unwrap_or_else(|_| "https://api.calendly.com".to_owned());
    let api = Calendly::new(&stack.connection, &base_url, &token);
    let owner = api.owner().await.map_err(|trouble| trouble.to_string())?;
    let all = api.subscriptions(&owner).await.map_err(|trouble| trouble.to_string())?;
    let url = url(stack);
    let ours = all.into_iter().filter(|subscription| subscription.callback_url == url).collect();
    let document = SecretDocument::new(&stack.connection, &stack.installation.secret).read().await;
    let key = newest(&document.map_err(|trouble| trouble.to_string())?, KEY);
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
        (true, _) => "the secret has no key to check the subscription with: subscribe anew",
        (false, true) => "there is no subscription: make one",
        (false, false) => "the subscription is of no use: subscribe anew",
    };
    if check {
        return Ok(report_pending(&format!("{what}: {url}")));
    }
    subscribe(stack, &setup, &url).await?;
    print::line(format!("calendly: subscribed: {url}"));
    print::line(format!("its signing key is the first of {KEY} in the secret"));
    Ok(ExitCode::SUCCESS)
}

/// The key is stored before anything is signed with it. Calendly takes one subscription per URL, so the
/// old one goes first; bookings made in between are told of by nobody, for about a second.
async fn subscribe(stack: &Stack, setup: &CalendlySetup, url: &str) -> Result<(), String> {
    let key = SecretText::new(format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()))
        .map_err(|error| error.to_string())?;
    let secret = SecretDocument::new(&stack.connection, &stack.installation.secret);
    let told = |trouble: messaging::ports::Unavailable| trouble.to_string();
    secret.put_first(KEY, key.expose_secret()).await.map_err(told)?;
    for subscription in &setup.ours {
        setup.api.unsubscribe(subscription).await.map_err(told)?;
    }
    setup.api.subscribe(&setup.owner, url, &key).await.map_err(|trouble| {
        let hint = if trouble.reason.starts_with("403") {
            " (webhooks need a paid plan and an owner's or admin's token)"
        } else {
            ""
        };
        format!("{trouble}{hint}; run this command again when that is mended")
    })
}

fn url(stack: &Stack) -> String {
    format!("{}/webhooks/calendly", stack.installation.public_url)
}
