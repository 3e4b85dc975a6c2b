//! Checks the accounts and webhooks at Twilio and Calendly.

use adapters::accounts::Subscription;

use super::Finding;
use crate::connect::{expected_webhooks, find_setup, twilio_account};
use crate::stack::Stack;

pub(super) async fn check(stack: &Stack) -> Vec<Finding> {
    let mut findings = twilio(stack).await;
    findings.push(calendly(stack).await);
    findings
}

async fn twilio(stack: &Stack) -> Vec<Finding> {
    let account = match twilio_account(stack).await {
        Ok(account) => account,
        Err(missing) => return vec![Finding::fail("twilio", missing)],
    };
    let standing = match account.standing().await {
        Ok((status, _)) if status != "active" => {
            Finding::fail("twilio account", format!("{status}, so no text is sent: see Twilio's console"))
        }
        Ok((_, kind)) if kind == "Trial" => {
            Finding::fail("twilio account", "a trial account, which texts verified numbers only: upgrade it")
        }
        Ok(_) => Finding::pass("twilio account", "active"),
        // Without the account, nothing else can be checked.
        Err(error) => {
            return vec![Finding::fail("twilio account", format!("{error}; check the auth token"))];
        }
    };
    let from = &stack.installation.twilio_from;
    let webhooks = match account.webhooks(from).await {
        Ok(None) => Finding::fail("twilio sender", format!("the account has no {from}: TwilioFrom is wrong")),
        Ok(Some(found)) if found == expected_webhooks(stack, &found.sid) => {
            Finding::pass("twilio webhooks", format!("{from} posts here, with retries and a fallback"))
        }
        Ok(Some(found)) => Finding::fail(
            "twilio webhooks",
            format!("{from} ({}) does not post here as it should: run afterword connect twilio", found.sid),
        ),
        Err(error) => Finding::unknown("twilio webhooks", error.to_string()),
    };
    vec![standing, webhooks]
}

async fn calendly(stack: &Stack) -> Finding {
    const WHAT: &str = "calendly webhook";
    match find_setup(stack).await {
        Ok(None) => Finding::unknown(WHAT, "set CALENDLY_TOKEN to check Calendly, if you use it"),
        Err(error) => Finding::unknown(WHAT, error),
        Ok(Some(setup)) => match setup.ours.iter().find(|subscription| subscription.is_useful()) {
            Some(Subscription { retry_started_at: Some(since), .. }) => Finding::fail(
                WHAT,
                format!(
                    "deliveries have failed since {since}; after 24 hours Calendly disables the webhook: see the log"
                ),
            ),
            Some(_) if setup.key.is_none() => Finding::fail(
                WHAT,
                "active, but the secret has no key for it: run afterword connect calendly",
            ),
            Some(_) => Finding::pass(WHAT, "active"),
            None if setup.ours.is_empty() => Finding::fail(WHAT, "none: run afterword connect calendly"),
            None => Finding::fail(WHAT, "disabled or incomplete: run afterword connect calendly"),
        },
    }
}
