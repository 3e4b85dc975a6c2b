//! Which conversations a message counts for, and what it does.

use crate::text::template::MessageText;
use crate::values::channel::Channel;
use crate::values::ids::Scope;
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;
use futures_util::FutureExt;

use super::*;
use crate::conversation::Supersession;
use crate::conversation::step::{Decision, Progress};
use crate::testing::memory::{World, at, conversation};
use crate::values::verdict::Because;

const OURS: &str = "+15005550006";

fn message(id: &str, body: &str) -> InboundMessage {
    InboundMessage {
        provider: Provider::Twilio,
        id: id.to_owned(),
        from: PhoneNumber::parse_e164("+12025550143").unwrap(),
        to: OURS.to_owned(),
        channel: Channel::Sms,
        body: MessageText::new(body),
        media: 0,
        replied_to: None,
        keyword: None,
        at: at(600),
    }
}

/// A conversation whose first text left from a number of ours at an instant.
fn texted(id: &str, from: Option<&str>, sent: i64) -> Conversation {
    let mut texted = conversation(id, &["confirmation", "follow_up"]);
    let step = &mut texted.plan.as_mut().unwrap().steps[0];
    let decision = Decision { verdict: Verdict::Sent, because: Because::default(), at: at(sent) };
    step.progress = Progress { state: StepState::Decided(decision), attempt: 1, ..Progress::default() };
    step.sent_from = from.map(str::to_owned);
    texted
}

fn world(conversations: &[Conversation]) -> World {
    let world = World::new();
    for conversation in conversations {
        world.state().store.conversations.insert(conversation.id.clone(), conversation.clone());
    }
    world
}

fn receive_now(world: &World, message: &InboundMessage) -> MessageOutcome {
    receive(world, message, world).now_or_never().unwrap().unwrap()
}

/// The ids of the conversations that have a reply, sorted.
fn replied(world: &World) -> Vec<String> {
    let state = world.state();
    let mut ids: Vec<String> = state
        .store
        .conversations
        .values()
        .filter(|conversation| conversation.life.replied_at.is_some())
        .map(|conversation| conversation.id.to_string())
        .collect();
    ids.sort();
    ids
}

#[test]
fn a_reply_counts_for_the_conversation_of_the_last_text() {
    let world = world(&[texted("sms-1", Some(OURS), 0), texted("sms-2", Some(OURS), 300)]);
    let received = receive_now(&world, &message("a", "yes that works"));
    assert_eq!(received.conversations, [ConversationId::new("sms-2").unwrap()]);
    assert_eq!(replied(&world), ["sms-2"]);
}

#[test]
fn a_refusal_of_promotions_alone_withdraws_them_and_is_a_reply() {
    let world = world(&[texted("sms-1", Some(OURS), 0)]);
    let refusal = message("a", "No more promotions please");
    let received = receive_now(&world, &refusal);
    assert!(received.confirm_no_promotions && !received.confirm_opt_out, "{received:?}");
    assert_eq!(replied(&world), ["sms-1"]);
    {
        let state = world.state();
        assert_eq!(state.store.contact(&refusal.from).opted_out_at, None);
        let withdrawn = &state.store.consents[&refusal.from].withdrawn;
        assert_eq!(withdrawn[&Scope::promotional()].source, "reply");
    }
    let again = receive_now(&world, &refusal);
    assert!(again.duplicate && !again.confirm_no_promotions && !again.confirm_opt_out, "{again:?}");
}

#[test]
fn whoever_has_opted_out_is_told_nothing_of_promotions() {
    let world = world(&[]);
    receive_now(&world, &message("a", "please stop texting me"));
    let received = receive_now(&world, &message("b", "no more promotions"));
    assert!(!received.confirm_no_promotions, "{received:?}");
    assert!(world.state().store.contact(&message("a", "").from).opted_out_at.is_some());
}

#[test]
fn texts_that_cannot_be_told_apart_share_the_reply() {
    let world = world(&[texted("sms-1", Some(OURS), 270), texted("sms-2", Some(OURS), 300)]);
    receive_now(&world, &message("a", "yes that works"));
    assert_eq!(replied(&world), ["sms-1", "sms-2"]);
}

#[test]
fn the_number_that_it_came_to_decides() {
    let other = "+15005550010";
    let world = world(&[texted("sms-1", Some(OURS), 0), texted("sms-2", Some(other), 300)]);
    receive_now(&world, &message("a", "yes that works"));
    assert_eq!(replied(&world), ["sms-1"]);
}

#[test]
fn a_sender_written_otherwise_is_still_that_number() {
    for from in ["whatsapp:+15005550006", "MG00000000000000000000000000000001"] {
        let world = world(&[texted("sms-1", Some(OURS), 0), texted("sms-2", Some(from), 300)]);
        receive_now(&world, &message("a", "yes that works"));
        assert_eq!(replied(&world), ["sms-2"], "{from}");
    }
}

#[test]
fn a_reply_answers_a_text_of_its_own_channel() {
    let mut by_whatsapp = texted("trigger-1", Some("whatsapp:+15005550006"), 300);
    by_whatsapp.plan.as_mut().unwrap().steps[0].channel = Channel::Whatsapp;
    for (channel, expected) in [(Channel::Sms, "calendly-1"), (Channel::Whatsapp, "trigger-1")] {
        let world = world(&[texted("calendly-1", Some(OURS), 0), by_whatsapp.clone()]);
        receive_now(&world, &InboundMessage { channel, ..message("a", "yes that works") });
        assert_eq!(replied(&world), [expected]);
    }
}

#[test]
fn help_is_answered_once_and_only_where_nobody_else_does() {
    let help = |provider, channel, body: &str| {
        let world = world(&[]);
        let message = InboundMessage { provider, channel, ..message("a", body) };
        let first = receive_now(&world, &message).answer_help;
        assert!(!receive_now(&world, &message).answer_help, "a repetition is answered again");
        first
    };
    assert!(help(Provider::EndUserMessaging, Channel::Sms, "HELP"));
    assert!(help(Provider::Twilio, Channel::Whatsapp, "help"));
    assert!(!help(Provider::Twilio, Channel::Sms, "HELP"));
    assert!(!help(Provider::EndUserMessaging, Channel::Sms, "Can you help me?"));
}

#[test]
fn a_reply_before_any_text_or_to_a_superseded_booking_counts_for_every_open_one() {
    let planned = [conversation("sms-1", &["follow_up"]), conversation("sms-2", &["follow_up"])];
    let early = world(&planned);
    receive_now(&early, &message("a", "running late"));
    assert_eq!(replied(&early), ["sms-1", "sms-2"]);

    let mut old = texted("sms-1", Some(OURS), 0);
    old.life.superseded = Some(Supersession { at: at(1), by: None });
    let moved = world(&[old, conversation("sms-2", &["follow_up"])]);
    receive_now(&moved, &message("a", "running late"));
    assert_eq!(replied(&moved), ["sms-1", "sms-2"]);
}

#[test]
fn a_message_is_stored_once() {
    let world = world(&[texted("sms-1", Some(OURS), 0)]);
    assert!(!receive_now(&world, &message("a", "hello")).duplicate);
    assert!(receive_now(&world, &message("a", "hello")).duplicate);
    assert_eq!(world.state().store.conversations.values().next().unwrap().life.replies.len(), 1);
}

#[test]
fn only_a_real_reply_stops_what_waits_for_one() {
    for (body, media, is_reply) in [
        ("See you then", 0, true),
        ("", 1, true),
        ("YES", 0, true),
        ("Liked \u{201c}See you on Tuesday\u{201d}", 0, false),
        ("I'm driving with Do Not Disturb While Driving turned on.", 0, false),
        ("HELP", 0, false),
        ("STOP", 0, false),
    ] {
        let world = world(&[texted("sms-1", Some(OURS), 0)]);
        receive_now(&world, &InboundMessage { media, ..message("a", body) });
        assert_eq!(!replied(&world).is_empty(), is_reply, "{body:?}");
    }
}

#[test]
fn an_opt_out_is_confirmed_once_and_only_where_nobody_else_does() {
    let opts_out = |keyword, body: &str| {
        let world = world(&[]);
        let first = receive_now(&world, &InboundMessage { keyword, ..message("a", body) });
        assert!(world.state().contact().opted_out_at.is_some(), "{body:?}");
        let taken =
            world.take_confirmation(&message("a", body).from, "somebody").now_or_never().unwrap().unwrap();
        assert_eq!(taken, first.confirm_opt_out);
        let second = receive_now(&world, &message("b", "please stop texting me"));
        assert!(!second.confirm_opt_out, "once");
        first.confirm_opt_out
    };
    assert!(opts_out(None, "please stop texting me"));
    assert!(opts_out(None, "ARRET"));
    assert!(!opts_out(Some(ProviderKeyword::StopByDefault), "STOP"));
    assert!(!opts_out(Some(ProviderKeyword::Stop), "no thank you"));
}

#[test]
fn a_bare_yes_opts_in_who_is_opted_out_and_is_a_reply_otherwise() {
    let out = world(&[texted("sms-1", Some(OURS), 0)]);
    receive_now(&out, &message("a", "please stop texting me"));
    receive_now(&out, &message("b", "YES"));
    assert!(out.state().contact().opted_out_at.is_none());
    assert!(replied(&out).is_empty());
    receive_now(&out, &message("c", "YES"));
    assert_eq!(replied(&out), ["sms-1"]);
}
