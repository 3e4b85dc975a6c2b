//! Ensures that Twilio posts incoming messages to this installation, with retries, and to a second route if
//! the first one fails.

use std::process::ExitCode;

use adapters::accounts::{TwilioAccount, TwilioAddresses, Webhooks};
use adapters::installation::SecretDocument;

use super::{newest, report_pending};
use crate::print;
use crate::stack::Stack;

/// Five retries on any failure. By default Twilio retries once, and only if it could not connect, so a reply
/// that is answered with an error would be lost.
const RETRIES: &str = "#rc=5&rp=all";

/// Returns the account that the secret names.
///
/// # Errors
/// The entry that is missing in the secret.
pub(crate) async fn twilio_account(stack: &Stack) -> Result<TwilioAccount, String> {
    let document = SecretDocument::new(&stack.connection, &stack.installation.secret).read().await;
    let document = document.map_err(|error| error.to_string())?;
    let entry = |name: &str| {
        newest(&document, name)
            .ok_or_else(|| format!("the secret has no {name}: fill it in (docs/setup-guide.md)"))
    };
    let address = |name: &str, default: &str| {
        let given = std::env::var(name).ok().filter(|given| !given.is_empty());
        given.unwrap_or_else(|| default.to_owned()).trim_end_matches('/').to_owned()
    };
    let addresses = TwilioAddresses {
        api: address("TWILIO_BASE_URL", "https://api.twilio.com"),
        messaging: address("TWILIO_MESSAGING_BASE_URL", "https://messaging.twilio.com"),
    };
    let (sid, token) = (entry("twilio_account_sid")?, entry("twilio_auth_token")?);
    Ok(TwilioAccount::new(&stack.connection, addresses, &sid, &token))
}

/// Returns the webhooks that a number or service should have.
pub(crate) fn expected_webhooks(stack: &Stack, sid: &str) -> Webhooks {
    let base = &stack.installation.public_url;
    Webhooks {
        sid: sid.to_owned(),
        url: format!("{base}/twilio/inbound{RETRIES}"),
        fallback: format!("{base}/webhook{RETRIES}"),
    }
}

pub(super) async fn connect(stack: &Stack, check: bool) -> Result<ExitCode, String> {
    let account = twilio_account(stack).await?;
    let from = &stack.installation.twilio_from;
    let found = account.webhooks(from).await.map_err(|error| error.to_string())?;
    let found = found.ok_or_else(|| format!("the account has no {from}"))?;
    let expected = expected_webhooks(stack, &found.sid);
    if found == expected {
        print::line(format!("twilio: {from} posts to {}, then to {}", expected.url, expected.fallback));
        return Ok(ExitCode::SUCCESS);
    }
    for (what, is, should) in
        [("url", &found.url, &expected.url), ("fallback", &found.fallback, &expected.fallback)]
    {
        if is != should {
            print::line(format!("twilio: {from}: {what} is {}", if is.is_empty() { "not set" } else { is }));
        }
    }
    if check {
        return Ok(report_pending(&format!(
            "set {from} to post to {}, then to {}",
            expected.url, expected.fallback
        )));
    }
    account.set_webhooks(&expected).await.map_err(|error| error.to_string())?;
    print::line(format!("twilio: {from} posts to {}, then to {}", expected.url, expected.fallback));
    Ok(ExitCode::SUCCESS)
}
