use super::*;
use crate::conversation::Supersession;
use crate::conversation::step::{Claim, Decision, LostResponse, Progress, StepState};
use crate::testing::memory::{at, conversation};
use crate::values::ids::{ConversationId, StepName};

fn name(text: &str) -> StepName {
    StepName::new(text).unwrap()
}

/// What may hold of a step, in the order in which it names the verdict.
const REASONS: [(&str, Verdict); 6] = [
    ("cancelled", Verdict::SkippedCancelled),
    ("superseded", Verdict::SkippedSuperseded),
    ("opted out", Verdict::SkippedOptedOut),
    ("replied", Verdict::SkippedCustomerReplied),
    ("nothing sent", Verdict::SkippedNothingSent),
    ("too late", Verdict::ExpiredTooLate),
];

/// The verdict of a step `second`, which is `unless_replied` and follows `first`, where these hold.
fn verdict(holds: &[bool; 6]) -> Option<Verdict> {
    let mut conversation = conversation("sms-1", &["first", "second"]);
    let [cancelled, superseded, opted_out, replied, nothing_sent, too_late] = *holds;
    conversation.life.cancelled_at = cancelled.then(|| at(1));
    conversation.life.superseded = superseded.then(|| Supersession { at: at(2), by: None });
    conversation.life.replied_at = replied.then(|| at(3));
    let contact = Contact { opted_out_at: opted_out.then(|| at(4)), ..Contact::default() };
    let plan = conversation.plan.as_mut().unwrap();
    let earlier = if nothing_sent { Verdict::RejectedByProvider } else { Verdict::Sent };
    plan.steps[0].progress = decided(earlier);
    plan.steps[1].unless_replied = true;
    plan.steps[1].follows = Some(name("first"));
    let (plan, step) = (plan.clone(), plan.steps[1].clone());
    let now = if too_late { step.deadline + chrono::TimeDelta::seconds(1) } else { step.deadline };
    blocker(&conversation, &plan, &step, &contact, now).map(|(verdict, _)| verdict)
}

fn decided(verdict: Verdict) -> Progress {
    let decision = Decision { verdict, because: Because::default(), at: at(0) };
    Progress { state: StepState::Decided(decision), ..Progress::default() }
}

#[test]
fn of_several_reasons_the_first_names_the_verdict() {
    for bits in 0..64_u32 {
        let holds: [bool; 6] = std::array::from_fn(|index| bits & (1 << index) != 0);
        let expected = holds.iter().position(|holds| *holds).map(|first| REASONS[first].1);
        let named: Vec<_> =
            REASONS.iter().zip(holds).filter(|(_, holds)| *holds).map(|((name, _), _)| *name).collect();
        assert_eq!(verdict(&holds), expected, "{named:?}");
    }
}

#[test]
fn a_reply_stops_only_what_is_unless_replied() {
    let mut conversation = conversation("sms-1", &["text"]);
    conversation.life.replied_at = Some(at(0));
    let plan = conversation.plan.clone().unwrap();
    assert_eq!(blocker(&conversation, &plan, &plan.steps[0], &Contact::default(), at(0)), None);
}

#[test]
fn a_step_follows_what_was_sent_or_may_have_been() {
    let claim = Claim { id: "a".to_owned(), at: at(0) };
    let mut cases: Vec<(Progress, bool)> = vec![
        (Progress::default(), false),
        (Progress { state: StepState::Claimed(claim.clone()), ..Progress::default() }, true),
        (
            Progress {
                state: StepState::Unknown(LostResponse { claim, since: at(0) }),
                ..Progress::default()
            },
            true,
        ),
    ];
    for verdict in Verdict::ALL {
        let counts = matches!(verdict, Verdict::Sent | Verdict::HeldUnknownOutcome);
        cases.push((decided(verdict), counts));
    }
    for (progress, is_free) in cases {
        let mut conversation = conversation("sms-1", &["first", "second"]);
        let plan = conversation.plan.as_mut().unwrap();
        plan.steps[0].progress = progress.clone();
        plan.steps[1].follows = Some(name("first"));
        let plan = plan.clone();
        let found = blocker(&conversation, &plan, &plan.steps[1], &Contact::default(), at(0));
        assert_eq!(found.is_none(), is_free, "{progress:?}");
    }
}

#[test]
fn facts_are_ids_and_times() {
    let mut conversation = conversation("sms-1", &["first", "second"]);
    let by = ConversationId::new("sms-2").unwrap();
    conversation.life.superseded = Some(Supersession { at: at(2), by: Some(by) });
    let plan = conversation.plan.clone().unwrap();
    let (_, because) = blocker(&conversation, &plan, &plan.steps[0], &Contact::default(), at(0)).unwrap();
    assert_eq!(because.get("superseded_by"), Some(&"sms-2".into()));
    conversation.life.superseded = None;
    let mut step = plan.steps[1].clone();
    step.follows = Some(name("first"));
    let (_, because) = blocker(&conversation, &plan, &step, &Contact::default(), at(0)).unwrap();
    assert_eq!(because.get("follows"), Some(&"first".into()));
    assert_eq!(because.get("verdict_of_followed"), Some(&serde_json::Value::Null));
}
