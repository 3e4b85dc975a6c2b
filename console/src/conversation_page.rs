//! The page of a conversation: the person, every text with its verdict and reasons, and every reply.

use maud::{Markup, html};
use messaging::conversation::delivery::Delivery;
use messaging::conversation::inbound_message::wordless;
use messaging::conversation::step::StepState;
use messaging::conversation::{Conversation, Step};
use messaging::text::segments;
use messaging::text::whatsapp_template::WhatsappTemplate;
use messaging::values::clock::to_rfc3339;
use messaging::values::ids::execution_name;
use messaging::values::verdict::Because;

use crate::Story;
use crate::list_page::badge;
use crate::page::page;

/// Renders the page of a conversation.
pub(crate) fn render(story: &Story) -> Markup {
    let conversation = &story.conversation;
    let life = &conversation.life;
    let plan = conversation.plan.as_ref();
    page(
        conversation.id.as_str(),
        &html! {
            h1 { (conversation.id) }
            table class="facts" {
                @if let Some(plan) = plan {
                    @if let Some(name) = &plan.name { (fact("Name", name.expose())) }
                    (fact("Number", plan.contact.as_ref().map_or("erased", |phone| phone.as_e164())))
                    (fact("Journey", &format!("{} (version {})", plan.journey, plan.journeys_version)))
                    (fact("Accepted", &to_rfc3339(plan.accepted_at)))
                    @if let Some(id) = &plan.correlation_id { (fact("Correlation id", id)) }
                } @else {
                    (fact("State", "ended before its event arrived"))
                }
                @if let Some(at) = life.cancelled_at { (fact("Cancelled", &to_rfc3339(at))) }
                @if let Some(at) = life.erased_at { (fact("Erased", &to_rfc3339(at))) }
                @if let Some(superseded) = &life.superseded {
                    (fact("Superseded", &to_rfc3339(superseded.at)))
                    @if let Some(by) = &superseded.by {
                        tr { th { "by" } td { a href={ "/console/conversations/" (by) } { code { (by) } } } }
                    }
                }
                @if let Some(at) = life.replied_at { (fact("Replied", &to_rfc3339(at))) }
            }
            @for step in plan.iter().flat_map(|plan| &plan.steps) { (text(conversation, step)) }
            (from_the_customer(story))
        },
    )
}

/// Renders the customer's messages. Of erased messages, only times and meanings remain.
fn from_the_customer(story: &Story) -> Markup {
    let wordless: Vec<_> = wordless(&story.conversation, &story.messages).collect();
    html! {
        @if !wordless.is_empty() || !story.messages.is_empty() {
            h2 { "From the customer" }
            table {
                tr { th { "At" } th { "Meaning" } th { "Words" } }
                @for reply in wordless {
                    tr { td { (to_rfc3339(reply.at)) } td class="name" { (reply.meaning.as_str()) } td {} }
                }
                @for message in &story.messages {
                    tr {
                        td { (to_rfc3339(message.at)) }
                        td class="name" { (message.meaning.as_str()) }
                        td {
                            p class="words" { (message.words.expose()) }
                            @if message.media > 0 { (message.media) " attachment(s), kept by the provider" }
                        }
                    }
                }
            }
        }
    }
}

fn text(conversation: &Conversation, step: &Step) -> Markup {
    let split = segments::split(step.text.expose());
    html! {
        h2 { (badge(step.name.as_str(), &step.progress.state)) }
        @if !step.text.expose().is_empty() || step.content.is_none() { p class="words" { (step.text.expose()) } }
        @if let Some(content) = &step.content { (template(content)) }
        table class="facts" {
            (fact("Due", &to_rfc3339(step.due)))
            (fact("Deadline", &to_rfc3339(step.deadline)))
            (fact("Segments", &split.segments.to_string()))
            (fact("Attempts", &step.progress.attempt.to_string()))
            @if step.progress.deferrals > 0 { (fact("Put off", &format!("{} time(s)", step.progress.deferrals))) }
            @if let StepState::Decided(decision) = &step.progress.state {
                (fact("Decided", &to_rfc3339(decision.at)))
                tr { th { "Because" } td { (because(&decision.because)) } }
            }
            @if let StepState::Unknown(lost) = &step.progress.state {
                (fact("Answer lost", &to_rfc3339(lost.since)))
            }
            @for tried in &step.progress.tried {
                tr { th { "Turned away" } td { (tried.provider) (because(&tried.because)) } }
            }
            @if let Some(delivery) = &step.delivery { (fact("Delivery", &reported(delivery))) }
            tr { th { "Execution" } td { (executions(conversation, step)) } }
        }
    }
}

/// Renders the values of a template. Its words are stored by the provider.
fn template(content: &WhatsappTemplate) -> Markup {
    html! {
        p { "WhatsApp template " code { (content.sid.as_str()) } }
        ol class="words" {
            @for (slot, value) in &content.variables { li value=(slot) { (value) } }
        }
    }
}

/// Renders each fact on a line of its own.
fn because(because: &Because) -> Markup {
    html! {
        ul class="because" {
            @for (name, fact) in because.facts() {
                li { (name) ": " @if let Some(text) = fact.as_str() { (text) } @else { (fact) } }
            }
        }
    }
}

/// Formats the latest delivery status that the provider has reported.
fn reported(delivery: &Delivery) -> String {
    let code = delivery.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    format!("attempt {}: {}{code} at {}", delivery.attempt, delivery.status.as_str(), to_rfc3339(delivery.at))
}

/// Renders the names of the first execution and of the last rerun.
fn executions(conversation: &Conversation, step: &Step) -> Markup {
    let first = execution_name(&conversation.id, &step.name);
    let last = Some(step.progress.reruns).filter(|number| *number > 0);
    html! {
        code { (first) }
        @if let Some(number) = last { " and " code { (first) ".r" (number) } }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { tr { th { (name) } td { (value) } } }
}
