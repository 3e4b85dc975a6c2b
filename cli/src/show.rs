//! `afterword show <conversation>`: prints everything that happened in a conversation. The output contains
//! the number and the words, so it goes to the terminal only.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use messaging::conversation::delivery::AttemptPrice;
use messaging::conversation::inbound_message::{ReceivedMessage, wordless};
use messaging::conversation::step::StepState;
use messaging::conversation::{Conversation, Step};
use messaging::ports::Conversations;
use messaging::reply::ReplyMeaning;
use messaging::text::segments::{self, Encoding};
use messaging::values::clock::to_rfc3339;
use messaging::values::ids::{ConversationId, execution_name};

use crate::block_on::block_on;
use crate::print;
use crate::target::Target;

/// Flags of `show`.
#[derive(Args)]
pub(crate) struct ShowArguments {
    /// The id of the conversation: `sms-...`.
    conversation: String,
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run(arguments: &ShowArguments) -> Result<ExitCode, String> {
    let id = ConversationId::new(&arguments.conversation).map_err(|error| error.to_string())?;
    let unreadable = |error| format!("cannot read the table: {error}");
    let stored = block_on(async {
        let now = arguments.target.now().await?;
        let table = arguments.target.table()?;
        let Some(conversation) = table.load(&id, now).await.map_err(unreadable)? else { return Ok(None) };
        let messages = table.messages_of(&conversation, now).await.map_err(unreadable)?;
        Ok(Some((conversation, messages, now)))
    })?;
    let (conversation, messages, now) =
        stored.ok_or_else(|| format!("there is no conversation {id} (or it has expired)"))?;
    print_conversation(&conversation, &messages, now);
    Ok(ExitCode::SUCCESS)
}

fn print_conversation(conversation: &Conversation, messages: &[ReceivedMessage], now: DateTime<Utc>) {
    print::line(format!("conversation  {}", conversation.id));
    let life = &conversation.life;
    if let Some(plan) = &conversation.plan {
        let phone = plan.contact.as_ref().map_or("erased", |phone| phone.as_e164());
        print::line(format!("phone         {phone}"));
        if let Some(name) = &plan.name {
            print::line(format!("name          {}", name.expose()));
        }
        print::line(format!("journey       {} (version {})", plan.journey, plan.journeys_version));
        print::line(format!("accepted      {}", to_rfc3339(plan.accepted_at)));
        if let Some(id) = &plan.correlation_id {
            print::line(format!("correlation   {id}"));
        }
    } else {
        print::line("a tombstone: the conversation was cancelled before its event arrived");
    }
    let moments = [
        ("started", life.started_at),
        ("cancelled", life.cancelled_at),
        ("erased", life.erased_at),
        ("superseded", life.superseded.as_ref().map(|superseded| superseded.at)),
        ("replied", life.replied_at),
    ];
    for (what, at) in moments {
        if let Some(at) = at {
            print::line(format!("{what:<13} {}", to_rfc3339(at)));
        }
    }
    if let Some(by) = life.superseded.as_ref().and_then(|superseded| superseded.by.as_ref()) {
        print::line(format!("superseded by {by}"));
    }
    let inbound = |at, meaning: ReplyMeaning| {
        print::line(format!("inbound       {} {}", to_rfc3339(at), meaning.as_str()))
    };
    wordless(conversation, messages).for_each(|reply| inbound(reply.at, reply.meaning));
    for message in messages {
        inbound(message.at, message.meaning);
        print_words(message);
    }
    for step in conversation.plan.iter().flat_map(|plan| &plan.steps) {
        print_step(conversation, step, now);
    }
}

fn print_words(message: &ReceivedMessage) {
    for line in message.words.expose().lines() {
        print::line(format!("              {line}"));
    }
    if message.media > 0 {
        print::line(format!("              {} attachment(s), kept by the provider", message.media));
    }
}

fn print_step(conversation: &Conversation, step: &Step, now: DateTime<Utc>) {
    let split = segments::split(step.text.expose());
    let encoding = if split.encoding == Encoding::Gsm7 { "GSM-7" } else { "UCS-2" };
    print::line(format!("\nstep          {}", step.name));
    print::line(format!("execution     {}", execution_name(&conversation.id, &step.name)));
    print::line(format!("due           {}   deadline {}", to_rfc3339(step.due), to_rfc3339(step.deadline)));
    if let Some(content) = &step.content {
        print::line(format!("template      {}", content.sid.as_str()));
        for (slot, value) in &content.variables {
            print::line(format!("              {slot} = {value}"));
        }
    }
    if !step.text.expose().is_empty() {
        print::line(format!("text          {}", step.text.expose()));
        let cut = if step.truncated { ", cut to fit" } else { "" };
        print::line(format!("              {} segment(s), {encoding}{cut}", split.segments));
    }
    if let Some(cost) = step.cost_micro_usd {
        print::line(format!("cost          about {cost} millionths of a US dollar"));
    }
    for price in &step.prices {
        let AttemptPrice { attempt, micro_usd } = price;
        print::line(format!("price         attempt {attempt}: {micro_usd} millionths of a US dollar"));
    }
    print::line(format!(
        "attempts      {}   put off {} time(s)",
        step.progress.attempt, step.progress.deferrals
    ));
    let state = match &step.progress.state {
        StepState::Planned if now > step.deadline => {
            "not decided although its deadline is over: read its execution, then run afterword retry"
                .to_owned()
        }
        StepState::Planned if now > step.due => "was due, and is put off or tried again".to_owned(),
        StepState::Planned => "waits until it is due".to_owned(),
        StepState::Claimed(claim) => format!("being sent since {}", to_rfc3339(claim.at)),
        StepState::Unknown(lost) => format!("the provider's answer was lost at {}", to_rfc3339(lost.since)),
        StepState::Decided(decision) => {
            let because = serde_json::to_string(&decision.because).unwrap_or_default();
            format!("{} at {}, because {because}", decision.verdict, to_rfc3339(decision.at))
        }
    };
    print::line(format!("outcome       {state}"));
    for tried in &step.progress.tried {
        let because = serde_json::to_string(&tried.because).unwrap_or_default();
        print::line(format!("turned away   by {}: {because}", tried.provider));
    }
    if let Some(delivery) = &step.delivery {
        let code = delivery.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
        print::line(format!(
            "delivery      attempt {}: {}{code} at {}",
            delivery.attempt,
            delivery.status.as_str(),
            to_rfc3339(delivery.at)
        ));
    }
}
