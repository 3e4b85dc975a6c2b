use super::*;
use messaging::conversation::step::Refusal;

#[test]
fn the_number_is_what_replies_are_addressed_to() {
    for (answer, configured, number) in [
        (r#"{"sid":"SM1","from":"+15005550006"}"#, "MG1", Some("+15005550006")),
        (r#"{"sid":"SM1","from":"whatsapp:+15005550006"}"#, "+15005550006", Some("+15005550006")),
        (r#"{"sid":"SM1","from":null}"#, "+15005550006", Some("+15005550006")),
        // The service chooses the number later.
        (r#"{"sid":"SM1","from":null}"#, "MG1", None),
    ] {
        let SendOutcome::Accepted { message } = outcome_of(201, answer.as_bytes(), configured) else {
            panic!()
        };
        assert_eq!(message.from.as_deref(), number, "{answer}");
    }
}

#[test]
fn every_answer_has_its_meaning() {
    let kind = |status, body: &str| match outcome_of(status, body.as_bytes(), "+15005550006") {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Rejected { refusal: Refusal::OptedOut, .. } => "opted out",
        SendOutcome::Rejected { refusal: Refusal::Text, .. } => "rejected",
        SendOutcome::Rejected { refusal: Refusal::Provider, .. } => "rejected, Twilio's own",
        SendOutcome::NotSent { .. } => "not sent",
        SendOutcome::Unknown { .. } => "unknown",
    };
    for (status, body, expected) in [
        (201, r#"{"sid":"SM1","from":"+15005550006"}"#, "accepted"),
        (200, r#"{"sid":"SM1"}"#, "accepted"),
        (201, r#"{"sid":"SM"#, "unknown"),
        (201, "<html>", "unknown"),
        (201, r#"{"sid":""}"#, "unknown"),
        (400, r#"{"code":21211,"status":400}"#, "rejected"),
        (400, r#"{"code":21610,"status":400}"#, "opted out"),
        (400, "<html>", "rejected"),
        (401, r#"{"code":20003}"#, "rejected, Twilio's own"),
        (404, r#"{"code":20404}"#, "rejected, Twilio's own"),
        (400, r#"{"code":21408}"#, "rejected, Twilio's own"),
        (400, r#"{"code":21606}"#, "rejected, Twilio's own"),
        (400, r#"{"code":21614}"#, "rejected"),
        (400, r#"{"code":99999}"#, "rejected"),
        (403, "<html>", "rejected, Twilio's own"),
        (400, r#"{"code":21611}"#, "not sent"),
        (408, "", "unknown"),
        (409, r#"{"code":20409}"#, "not sent"),
        (429, r#"{"code":20429}"#, "not sent"),
        (429, r#"{"code":63038}"#, "not sent"),
        (429, "slow down", "not sent"),
        (500, r#"{"code":20500}"#, "unknown"),
        (502, "", "unknown"),
        (503, r#"{"code":20503}"#, "not sent"),
        (504, "", "unknown"),
        (302, "", "unknown"),
    ] {
        assert_eq!(kind(status, body), expected, "{status} {body}");
    }
}
