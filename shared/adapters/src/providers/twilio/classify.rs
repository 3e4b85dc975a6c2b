//! Classifies responses of Twilio.

use messaging::conversation::step::{NotSentReason, ProviderMessage, Refusal, SendOutcome};
use messaging::values::verdict::Because;
use serde::Deserialize;

#[derive(Deserialize)]
struct Created {
    sid: String,
    from: Option<String>,
}

#[derive(Default, Deserialize)]
struct Refused {
    #[serde(default)]
    code: u32,
}

/// Decides the outcome of a text from the status and body of Twilio's response:
///
/// | response | outcome | why |
/// |---|---|---|
/// | 2xx with a message SID | `Accepted` | |
/// | 2xx without one | `Unknown` | something accepted it |
/// | code 21610 | `Rejected`, opted out | the customer has texted STOP to this sender |
/// | 409, 429, 503, or codes 20429, 20503, 21611, 63038 | `NotSent` | rejected before it was accepted (a conflict, a full queue, a limit); may be tried later |
/// | other 4xx | `Rejected`, see [`refusal`] | wrong number, wrong sender, wrong account: no repetition helps |
/// | 408, other 5xx, anything else | `Unknown` | it may have been accepted before the response failed |
///
/// The codes are listed at twilio.com/docs/api/errors.
#[must_use]
pub fn outcome_of(status: u16, body: &[u8], from: &str) -> SendOutcome {
    let because = Because::fact("provider", "twilio").and("status", status);
    if (200..300).contains(&status) {
        return match serde_json::from_slice::<Created>(body) {
            Ok(created) if !created.sid.is_empty() => SendOutcome::Accepted {
                message: ProviderMessage {
                    provider: "twilio".to_owned(),
                    id: created.sid,
                    from: number(created.from.as_deref().unwrap_or(from)),
                },
            },
            _ => SendOutcome::Unknown { because: because.and("reason", "accepted without a message id") },
        };
    }
    let code = serde_json::from_slice::<Refused>(body).unwrap_or_default().code;
    let because = if code == 0 { because } else { because.and("code", code) };
    match (status, code) {
        (_, 21610) => SendOutcome::Rejected { refusal: Refusal::OptedOut, because: because.and("rule", "provider_opt_out") },
        (409 | 429 | 503, _) | (_, 20429 | 20503 | 21611 | 63038) => SendOutcome::not_sent(NotSentReason::TurnedAway, because),
        (408, _) => SendOutcome::Unknown { because: because.and("reason", "request time-out") },
        (400..=499, 0) => SendOutcome::Rejected {
            refusal: refusal(status, code),
            because: because.explained(format!("Twilio refused the text with HTTP status {status} and no code of its own.")),
        },
        (400..=499, code) => SendOutcome::Rejected {
            refusal: refusal(status, code),
            because: because.explained(format!(
                "Twilio refused the text with error {code}; https://www.twilio.com/docs/api/errors/{code} tells what it means."
            )),
        },
        _ => SendOutcome::Unknown { because: because.and("reason", "server error") },
    }
}

/// Returns the number that sent a text, without the channel, as replies name it. For a Messaging Service
/// (`MG...`) Twilio chooses the number later and does not report it here.
fn number(from: &str) -> Option<String> {
    let number = from.strip_prefix("whatsapp:").unwrap_or(from);
    number.starts_with('+').then(|| number.to_owned())
}

/// Decides the cause of a refusal. An error of Twilio's own account, sender, route or template does not
/// concern another provider. An unlisted error is attributed to the text, so that no other provider is tried.
fn refusal(status: u16, code: u32) -> Refusal {
    match (status, code) {
        // Account, authentication and resources: 20003, 20404 and similar codes.
        (_, 20000..=20999)
        // Regions, senders and routes that this account may not use; messaging services without senders.
        | (_, 21212 | 21408 | 21603 | 21606 | 21607 | 21608 | 21612 | 21618 | 21654 | 21655 | 21659 | 21660 | 21661 | 21703 | 21705 | 21910)
        // Account suspended; sender not registered; the channel's own senders and templates.
        | (_, 30002 | 30034 | 63001 | 63007 | 63018 | 92005)
        | (401 | 403 | 404 | 405, 0) => Refusal::Provider,
        _ => Refusal::Text,
    }
}
