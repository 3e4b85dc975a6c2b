use proptest::prelude::*;

use super::*;

const JOURNEYS: &str = r#"
[sources.calendly]
locale = "de-DE"

[sources.sms]

[journeys.advance]
variables = ["amount"]
[[journeys.advance.steps]]
name = "text"
delay = "120s"
category = "transactional"
text = "advance"

[journeys.booking]
[[journeys.booking.steps]]
name = "confirmation"
delay = "0s"
deadline = "appointment"
category = "transactional"
text = "hello"
[[journeys.booking.steps]]
name = "follow_up"
delay = "30m"
deadline = "2h"
category = "conversational"
text = "hello"
unless_replied = true
follows = "confirmation"
[[journeys.booking.steps]]
name = "reminder"
before_appointment = "24h"
deadline = "appointment"
category = "transactional"
text = "hello"

[journeys.club]
optional = ["first", "second", "third"]
[[journeys.club.steps]]
name = "text"
delay = "0s"
category = "transactional"
channel = "whatsapp"
text = "club"

[journeys.late]
[[journeys.late.steps]]
name = "text"
delay = "301d"
category = "transactional"
text = "hello"

[texts.advance]
en = "{{ amount }} is yours."
dlt_template_id = { en = "1107000000000000042", hi = "1107000000000000043" }
[texts.club]
content_sid = { en = "HX00000000000000000000000000000001", de = "HX00000000000000000000000000000002" }
variables = ["first", "second", "third"]
[texts.hello]
en = "Hello."
de = "Guten Tag."
"#;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn event(source: &str, journey: &str) -> Event {
    let source = SourceName::new(source).unwrap();
    let mut variables = Variables::default();
    variables.set("amount", "$185.00");
    Event {
        conversation: ConversationId::from_key(&source, "1"),
        source,
        journey: JourneyName::new(journey).unwrap(),
        contact: PhoneNumber::parse_e164("+12025550143").unwrap(),
        variables,
        locale: None,
        time_zone: None,
        name: None,
        send_at: None,
        is_due_at_once: false,
        not_after: None,
        appointment: None,
        content_hash: "h".to_owned(),
        correlation_id: None,
    }
}

fn booking(in_hours: i64) -> Event {
    Event { appointment: Some(now() + TimeDelta::hours(in_hours)), ..event("calendly", "booking") }
}

fn planned(event: Event, now: DateTime<Utc>) -> Result<Plan, PlanError> {
    let journeys = Config::from_toml(JOURNEYS).unwrap();
    plan(event, &journeys, "v1", now).map(|conversation| conversation.plan.unwrap())
}

/// Returns the name of each step, the seconds until it is due, and the seconds from then to its deadline.
fn times(plan: &Plan) -> Vec<(&str, i64, i64)> {
    let times = |step: &'_ Step| ((step.due - now()).num_seconds(), (step.deadline - step.due).num_seconds());
    plan.steps.iter().map(|step| (step.name.as_str(), times(step).0, times(step).1)).collect()
}

#[test]
fn an_advance_is_due_after_two_minutes_with_a_deadline_of_one_day() {
    let plan = planned(event("sms", "advance"), now()).unwrap();
    assert_eq!(plan.steps[0].dlt_template_id.as_ref().unwrap().as_str(), "1107000000000000042");
    assert_eq!(times(&plan), [("text", 120, 86_400)]);
    assert_eq!(plan.steps[0].text.expose(), "$185.00 is yours.");
    assert_eq!(plan.journeys_version, "v1");
}

#[test]
fn a_message_is_due_at_once_and_what_follows_keeps_its_distance() {
    let at_once = |event: Event| Event { is_due_at_once: true, ..event };
    assert_eq!(times(&planned(at_once(event("sms", "advance")), now()).unwrap()), [("text", 0, 86_400)]);
    let tomorrow = Some(now() + TimeDelta::days(1));
    let later = Event { send_at: tomorrow, ..event("sms", "advance") };
    assert_eq!(times(&planned(at_once(later), now()).unwrap()), [("text", 86_400, 86_400)]);
    let booking = planned(at_once(booking(48)), now()).unwrap();
    assert_eq!(times(&booking).iter().map(|(_, due, _)| *due).collect::<Vec<_>>(), [0, 1800, 86_400]);
}

#[test]
fn a_booking_gets_a_confirmation_a_follow_up_and_a_reminder() {
    let plan = planned(booking(48), now()).unwrap();
    let hour = 3600;
    assert_eq!(
        times(&plan),
        [("confirmation", 0, 48 * hour), ("follow_up", 1800, 2 * hour), ("reminder", 24 * hour, 24 * hour)]
    );
    assert!(plan.steps[1].unless_replied);
    assert_eq!(plan.steps[1].follows.as_ref().map(StepName::as_str), Some("confirmation"));
    assert_eq!(plan.steps[0].text.expose(), "Guten Tag.");
}

#[test]
fn a_reminder_that_would_be_due_in_the_past_is_left_out() {
    for (in_hours, reminded) in [(23, false), (24, false), (25, true), (-1, false)] {
        let plan = planned(booking(in_hours), now()).unwrap();
        assert_eq!(plan.steps.iter().any(|step| step.name.as_str() == "reminder"), reminded, "{in_hours} h");
    }
}

#[test]
fn a_step_due_beyond_the_horizon_is_not_planned() {
    let names = |plan: Plan| plan.steps.iter().map(|step| step.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(planned(booking(301 * 24), now()).unwrap()).len(), 3, "due 300 days ahead");
    assert_eq!(names(planned(booking(301 * 24 + 1), now()).unwrap()), ["confirmation", "follow_up"]);
    assert_eq!(planned(event("sms", "late"), now()).unwrap_err(), PlanError::NothingDue);
}

#[test]
fn an_event_that_cannot_be_planned_gets_an_error_that_names_the_reason() {
    assert_eq!(planned(event("sms", "nothing"), now()).unwrap_err(), PlanError::UnknownJourney);
    assert_eq!(planned(event("calendly", "booking"), now()).unwrap_err(), PlanError::AppointmentMissing);
    let step = StepName::new("text").unwrap();
    let bare = Event { variables: Variables::default(), ..event("sms", "advance") };
    let error = TemplateError::MissingVariable;
    assert_eq!(planned(bare, now()).unwrap_err(), PlanError::Text { step: step.clone(), error });
    let french = Event { locale: Some("fr-FR".to_owned()), ..event("sms", "advance") };
    assert_eq!(planned(french, now()).unwrap_err(), PlanError::NoWords { step });
}

#[test]
fn template_variables_are_numbered_and_empty_ones_are_left_out() {
    let mut club = event("sms", "club");
    club.variables = Variables::default();
    let bare = planned(club.clone(), now()).unwrap().steps.remove(0);
    let content = bare.content.unwrap();
    assert_eq!(
        (content.sid.as_str(), content.variables_json()),
        ("HX00000000000000000000000000000001", None)
    );
    assert_eq!(bare.text.expose(), "");
    club.variables.set("first", "Zoe");
    club.variables.set("second", " ");
    club.variables.set("third", "{{ U10 }}");
    let german = Event { locale: Some("de-AT".to_owned()), ..club.clone() };
    let content = planned(german, now()).unwrap().steps.remove(0).content.unwrap();
    assert_eq!(content.sid.as_str(), "HX00000000000000000000000000000002");
    assert_eq!(content.variables_json().as_deref(), Some(r#"{"1":"Zoe","3":"{{ U10 }}"}"#));
    let french = Event { locale: Some("fr".to_owned()), ..club };
    assert!(matches!(planned(french, now()).unwrap_err(), PlanError::NoWords { .. }));
}

#[test]
fn no_plan_error_quotes_a_value() {
    let mut secret = event("sms", "advance");
    secret.variables = Variables::default();
    secret.variables.set("other", "Zoe Canary");
    let error = planned(secret, now()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("Canary"));
}

proptest! {
    #[test]
    fn due_times_are_whole_seconds_and_never_early(nanos in 0..2_000_000_000_u32, in_minutes in 1441..433_000_i64) {
        let now = now() + TimeDelta::nanoseconds(i64::from(nanos));
        let appointment = now + TimeDelta::minutes(in_minutes) + TimeDelta::milliseconds(1);
        let event = Event { appointment: Some(appointment), ..event("calendly", "booking") };
        let plan = planned(event, now).unwrap();
        // By name (and up to the horizon): a reminder for an appointment in little more than a day is due before the follow-up.
        for (name, exact) in [
            ("confirmation", now),
            ("follow_up", now + TimeDelta::minutes(30)),
            ("reminder", appointment - TimeDelta::hours(24)),
        ] {
            let step = plan.steps.iter().find(|step| step.name.as_str() == name).unwrap();
            prop_assert_eq!(step.due.timestamp_subsec_nanos(), 0);
            prop_assert_eq!(step.deadline.timestamp_subsec_nanos(), 0);
            prop_assert!(step.due >= exact && step.due - exact < TimeDelta::seconds(1));
        }
        prop_assert_eq!(plan.steps.len(), 3);
        prop_assert!(plan.steps.is_sorted_by_key(|step| step.due));
        prop_assert_eq!(plan.first_due(), plan.steps[0].due);
    }
}
