use crate::conversation::Conversation;
use crate::conversation::step::StepState;
use crate::testing::memory::{Fault, World, at, conversation};
use crate::text::template::MessageText;
use crate::values::ids::StepName;
use crate::values::verdict::Verdict;

const TEXT: &str = "text";

fn step() -> StepName {
    StepName::new(TEXT).unwrap()
}

/// A world whose provider lists its messages, with these conversations of one phone.
fn world(conversations: &[&Conversation]) -> World {
    let world = World::with(conversations[0]);
    let mut state = world.state();
    conversations.iter().for_each(|conversation| state.store.put(conversation, at(0)));
    state.provider_searchable = true;
    drop(state);
    world
}

/// Visits the step while the provider's answers are lost: after the text has left, or before.
fn visit_without_answer(world: &World, conversation: &Conversation, leaves: bool) {
    let fault = if leaves { Fault::LostAnswer } else { Fault::Conflict };
    world.state().faults.generator = Some(Box::new(move |call| (call == "send").then_some(fault)));
    assert!(world.visit(&conversation.id, &step(), conversation.id.as_str()).unwrap().is_ok());
    world.state().faults.generator = None;
    assert!(matches!(state_of(world, conversation), StepState::Unknown(_)));
}

fn state_of(world: &World, conversation: &Conversation) -> StepState {
    world.state().store.conversations[&conversation.id].step(&step()).unwrap().progress.state.clone()
}

fn says(conversation: &mut Conversation, words: &str) {
    conversation.plan.as_mut().unwrap().steps[0].text = MessageText::new(words);
}

#[test]
fn the_providers_records_settle_a_text_without_a_receipt() {
    let only = conversation("sms-1", &[TEXT]);
    let world = world(&[&only]);
    visit_without_answer(&world, &only, true);
    assert_eq!(world.run(&only.id, &step()), Some(Verdict::Sent));
    let state = world.state();
    assert_eq!((state.delivered, state.attempts.len()), (1, 1));
}

/// Both answers are lost and one text has left. It may belong to either.
#[test]
fn one_message_settles_neither_of_two_texts_with_the_same_words() {
    let (first, second) = (conversation("sms-1", &[TEXT]), conversation("sms-2", &[TEXT]));
    for leaves in [true, false] {
        let world = world(&[&first, &second]);
        visit_without_answer(&world, &first, leaves);
        world.pass(20);
        visit_without_answer(&world, &second, !leaves);
        for held in [&first, &second] {
            assert_eq!(world.run(&held.id, &step()), Some(Verdict::HeldUnknownOutcome));
        }
        assert_eq!(world.state().delivered, 1);
        // The first is held by now and may still own the message.
        assert_eq!(world.run(&second.id, &step()), Some(Verdict::HeldUnknownOutcome));
    }
}

#[test]
fn a_text_with_other_words_is_not_confused_with_the_message() {
    let (first, mut second) = (conversation("sms-1", &[TEXT]), conversation("sms-2", &[TEXT]));
    says(&mut second, "other words");
    let world = world(&[&first, &second]);
    visit_without_answer(&world, &first, true);
    visit_without_answer(&world, &second, false);
    assert_eq!(world.run(&first.id, &step()), Some(Verdict::Sent));
    assert_eq!(world.run(&second.id, &step()), Some(Verdict::HeldUnknownOutcome));
}

#[test]
fn a_recorded_message_settles_no_other_text_and_texts_far_apart_settle_separately() {
    let (first, second) = (conversation("sms-1", &[TEXT]), conversation("sms-2", &[TEXT]));
    let world = world(&[&first, &second]);
    assert_eq!(world.run(&first.id, &step()), Some(Verdict::Sent));
    visit_without_answer(&world, &second, false);
    assert_eq!(
        world.run(&second.id, &step()),
        Some(Verdict::HeldUnknownOutcome),
        "the message is the first's"
    );

    let world = self::world(&[&first, &second]);
    visit_without_answer(&world, &first, true);
    world.pass(120);
    visit_without_answer(&world, &second, true);
    assert_eq!(world.run(&second.id, &step()), Some(Verdict::Sent));
    assert_eq!(world.run(&first.id, &step()), Some(Verdict::Sent));
}
