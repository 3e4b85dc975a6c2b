//! The list of conversations, with the state of each text.

use maud::{Markup, html};
use messaging::conversation::Conversation;
use messaging::conversation::step::StepState;
use messaging::values::clock::to_rfc3339;

use crate::Listing;
use crate::page::page;

/// Renders a page of the list. It shows no numbers and names, because bystanders may see a list.
pub(crate) fn render(listing: &Listing, number: usize) -> Markup {
    let conversations = &listing.conversations;
    page(
        "Conversations",
        &html! {
            h1 { "Conversations" }
            @if listing.total == 0 {
                p { "None yet. Post an event to the gateway, and its conversation appears here." }
            } @else {
                table {
                    tr { th { "Accepted" } th { "Conversation" } th { "Journey" } th { "Texts" } }
                    @for conversation in conversations { (row(conversation)) }
                }
                p class="quiet" { (conversations.len()) " of " (listing.total) ", newest first" }
                @if number > 1 || listing.has_more {
                    p {
                        @if number > 1 { a href={ "/console?page=" (number - 1) } { "Newer" } }
                        @if number > 1 && listing.has_more { " · " }
                        @if listing.has_more { a href={ "/console?page=" (number + 1) } { "Older" } }
                    }
                }
            }
        },
    )
}

fn row(conversation: &Conversation) -> Markup {
    let plan = conversation.plan.as_ref();
    html! {
        tr {
            td { @if let Some(plan) = plan { (to_rfc3339(plan.accepted_at)) } @else { "not arrived" } }
            td { a href={ "/console/conversations/" (conversation.id) } { code { (conversation.id) } } }
            td class="name" { @if let Some(plan) = plan { (plan.journey) } }
            td {
                @for step in plan.iter().flat_map(|plan| &plan.steps) {
                    (badge(step.name.as_str(), &step.progress.state))
                }
            }
        }
    }
}

/// Renders the state of a text as a word with a colour.
pub(crate) fn badge(name: &str, state: &StepState) -> Markup {
    let (class, word) = match state {
        StepState::Planned => ("open", "waits"),
        StepState::Claimed(_) => ("open", "is being sent"),
        StepState::Unknown(_) => ("failed", "unknown"),
        StepState::Decided(decision) if decision.verdict.is_failure() => {
            ("failed", decision.verdict.as_str())
        }
        StepState::Decided(decision) if decision.verdict.as_str() == "Sent" => ("sent", "Sent"),
        StepState::Decided(decision) => ("skipped", decision.verdict.as_str()),
    };
    html! { span class={ "state " (class) } { (name) ": " (word) } }
}
