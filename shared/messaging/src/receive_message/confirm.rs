//! Telling a customer, once, that they have opted out.

use crate::conversation::inbound_message::InboundMessage;
use crate::conversation::step::SendOutcome;
use crate::ports::random_id;
use crate::ports::{Inbox, Notices, Randomness, Unavailable};
use crate::text::template::MessageText;

/// What became of a confirmation that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmationOutcome {
    /// The provider has taken it.
    Confirmed,
    /// The provider refuses it.
    Refused,
    /// The provider did not answer: it is not tried again.
    Unknown,
    /// It was not due any more, or somebody else has taken it on.
    NotOurs,
}

/// How often a text that has certainly not been sent is tried in one call.
const TRIES: usize = 2;

/// Sends the confirmation, if this caller is the one who takes it on.
///
/// # Errors
/// When it could not be taken, or was certainly not sent: it stays due, and a repetition of the message
/// makes it good.
pub async fn confirm(
    inbox: &impl Inbox,
    notices: &impl Notices,
    randomness: &impl Randomness,
    message: &InboundMessage,
    words: &MessageText,
) -> Result<ConfirmationOutcome, Unavailable> {
    let by = random_id(randomness)?;
    let ours = match inbox.take_confirmation(&message.from, &by).await {
        Ok(ours) => ours,
        // Asked once more: what the first call has taken is ours under that name.
        Err(_) => inbox.take_confirmation(&message.from, &by).await?,
    };
    if !ours {
        return Ok(ConfirmationOutcome::NotOurs);
    }
    for _ in 0..TRIES {
        let (provider, channel) = (message.provider, message.channel);
        match notices.notify(provider, &message.from, channel, &message.to, words).await {
            SendOutcome::Accepted { .. } => return Ok(ConfirmationOutcome::Confirmed),
            SendOutcome::Rejected { .. } => return Ok(ConfirmationOutcome::Refused),
            SendOutcome::Unknown { .. } => return Ok(ConfirmationOutcome::Unknown),
            SendOutcome::NotSent { .. } => {}
        }
    }
    inbox.give_back_confirmation(&message.from, &by).await?;
    Err(Unavailable { operation: "the provider", reason: "the confirmation was not sent".to_owned() })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::receive_message::receive;
    use crate::testing::memory::{Fact, Fault, World, phone};
    use crate::values::provider::Provider;

    fn stop(id: &str) -> InboundMessage {
        InboundMessage {
            provider: Provider::Twilio,
            id: id.to_owned(),
            from: phone(),
            to: "+15005550006".to_owned(),
            channel: crate::values::channel::Channel::Sms,
            body: MessageText::new("please stop texting me"),
            media: 0,
            replied_to: None,
            keyword: None,
            at: crate::testing::memory::at(10),
        }
    }

    /// What the function does with a message; `None` when it died or failed.
    fn deliver(world: &World, message: &InboundMessage) -> Option<ConfirmationOutcome> {
        let handled = async {
            let received = receive(world, message, world).await.ok()?;
            if !received.confirm_opt_out {
                return Some(ConfirmationOutcome::NotOurs);
            }
            confirm(world, world, world, message, &MessageText::new("You have opted out.")).await.ok()
        };
        handled.now_or_never().flatten()
    }

    fn told(world: &World) -> usize {
        let state = world.state();
        state.facts.iter().filter(|recorded| matches!(recorded.fact, Fact::Noticed { .. })).count()
    }

    /// The next `count` calls of an operation go wrong.
    fn fail(world: &World, operation: &'static str, fault: Fault, mut count: usize) {
        world.state().faults.generator = Some(Box::new(move |call| {
            let meets = call == operation && count > 0;
            count -= usize::from(meets);
            meets.then_some(fault)
        }));
    }

    #[test]
    fn a_repetition_makes_good_what_was_not_done() {
        for (operation, fault, count, at_once) in [
            ("store", Fault::CrashAfter, 1, false),
            ("take_confirmation", Fault::CrashBefore, 1, false),
            ("take_confirmation", Fault::Before, 1, true),
            ("take_confirmation", Fault::LostAnswer, 1, true),
            ("take_confirmation", Fault::Throttled, 2, false),
            ("notify", Fault::Before, 1, true),
            ("notify", Fault::Throttled, 2, false),
        ] {
            let world = World::new();
            fail(&world, operation, fault, count);
            let first = deliver(&world, &stop("a"));
            assert_eq!(
                first == Some(ConfirmationOutcome::Confirmed),
                at_once,
                "{operation} {fault:?}: {first:?}"
            );
            for id in ["a", "a", "b"] {
                deliver(&world, &stop(id));
            }
            assert_eq!(told(&world), 1, "{operation} {fault:?}");
        }
    }

    /// Whatever goes wrong at whatever call: never two.
    #[test]
    fn nobody_is_told_twice() {
        for place in 0..8 {
            for fault in crate::testing::memory::FAULTS {
                let world = World::new();
                world.state().faults.script.insert(place, fault);
                for id in ["a", "a", "b", "a"] {
                    deliver(&world, &stop(id));
                }
                assert!(told(&world) <= 1, "call {place}: {fault:?}");
            }
        }
    }
}
