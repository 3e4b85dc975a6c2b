//! What an answer of Twilio's means.

use messaging::step::{ProviderMessage, SendOutcome};
use messaging::verdict::Because;
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

/// Decides what became of a text, from the status and body of Twilio's answer:
///
/// | answer | outcome | why |
/// |---|---|---|
/// | 2xx with a message SID | `Accepted` | |
/// | 2xx without one | `Unknown` | something took it |
/// | code 21610 | `Rejected`, opted out | the customer has texted STOP to this sender |
/// | 409, 429, 503, or codes 20429, 20503, 21611, 63038 | `NotSent` | turned away at the door (a conflict, a full queue, a limit); may be tried later |
/// | other 4xx | `Rejected` | wrong number, wrong sender, wrong account: no repetition helps |
/// | 408, other 5xx, anything else | `Unknown` | it may have been taken before the answer failed |
///
/// Codes: twilio.com/docs/api/errors.
#[must_use]
pub fn outcome_of(status: u16, body: &[u8], from: &str) -> SendOutcome {
    let because = Because::fact("provider", "twilio").and("status", status);
    if (200..300).contains(&status) {
        return match serde_json::from_slice::<Created>(body) {
            Ok(created) if !created.sid.is_empty() => SendOutcome::Accepted {
                message: ProviderMessage {
                    provider: "twilio".to_owned(),
                    id: created.sid,
                    from: created.from.or_else(|| Some(from.to_owned())),
                },
            },
            _ => SendOutcome::Unknown { because: because.and("reason", "accepted without a message id") },
        };
    }
    let code = serde_json::from_slice::<Refused>(body).unwrap_or_default().code;
    let because = if code == 0 { because } else { because.and("code", code) };
    match (status, code) {
        (_, 21610) => SendOutcome::Rejected { opted_out: true, because: because.and("rule", "provider_opt_out") },
        (409 | 429 | 503, _) | (_, 20429 | 20503 | 21611 | 63038) => SendOutcome::NotSent { because: because.and("reason", "turned away") },
        (408, _) => SendOutcome::Unknown { because: because.and("reason", "request time-out") },
        (400..=499, 0) => SendOutcome::Rejected {
            opted_out: false,
            because: because.explained(format!("Twilio refused the text with HTTP status {status} and no code of its own.")),
        },
        (400..=499, code) => SendOutcome::Rejected {
            opted_out: false,
            because: because.explained(format!(
                "Twilio refused the text with error {code}; https://www.twilio.com/docs/api/errors/{code} tells what it means."
            )),
        },
        _ => SendOutcome::Unknown { because: because.and("reason", "server error") },
    }
}
