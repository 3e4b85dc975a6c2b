//! The operator's pages: which conversations there are, and one conversation's whole story with
//! number, name and words. For the eyes of whoever runs the machine: served on loopback only.
//!
//! No script, no inline style, nothing from elsewhere: the content security policy forbids them all.

mod conversation_page;
mod list_page;
mod page;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use futures_util::future::BoxFuture;
use messaging::conversation::Conversation;
use messaging::conversation::inbound_message::ReceivedMessage;
use messaging::values::ids::ConversationId;

/// Where the pages' data come from.
pub trait ConsoleSource: Send + Sync + 'static {
    /// A page of the conversations, newest first; the first page is 0.
    fn newest(&self, page: usize) -> BoxFuture<'_, Result<Listing, String>>;

    /// One conversation.
    fn conversation(&self, id: ConversationId) -> BoxFuture<'_, Result<Option<Story>, String>>;
}

/// One conversation, and what the customer has written.
pub struct Story {
    /// Texts and verdicts.
    pub conversation: Conversation,
    /// The messages that counted for it, oldest first.
    pub messages: Vec<ReceivedMessage>,
}

/// A page of the list.
pub struct Listing {
    /// What stands on it.
    pub conversations: Vec<Conversation>,
    /// How many there are on all pages.
    pub total: usize,
    /// There are older ones.
    pub has_more: bool,
}

type Source = Arc<dyn ConsoleSource>;

/// The pages, below `/console`.
pub fn router(source: Source) -> Router {
    Router::new()
        .route("/console", get(list))
        .route("/console/conversations/{id}", get(conversation))
        .route("/console/style.css", get(async || page::style_sheet()))
        .with_state(source)
}

/// `?page=2` is the second page; whatever else is asked for, the first.
async fn list(State(source): State<Source>, RawQuery(query): RawQuery) -> Response {
    let page = query.and_then(|query| query.strip_prefix("page=")?.parse().ok()).unwrap_or(1).max(1);
    match source.newest(page - 1).await {
        Ok(listing) => page::answer(StatusCode::OK, &list_page::render(&listing, page)),
        Err(error) => unavailable(&error),
    }
}

async fn conversation(State(source): State<Source>, Path(id): Path<String>) -> Response {
    let Ok(id) = ConversationId::new(id) else { return not_found() };
    match source.conversation(id).await {
        Ok(Some(story)) => page::answer(StatusCode::OK, &conversation_page::render(&story)),
        Ok(None) => not_found(),
        Err(error) => unavailable(&error),
    }
}

fn not_found() -> Response {
    page::answer(StatusCode::NOT_FOUND, &page::message("There is no such conversation, or it has expired."))
}

fn unavailable(error: &str) -> Response {
    let text = format!("The table cannot be read now ({error}).");
    page::answer(StatusCode::SERVICE_UNAVAILABLE, &page::message(&text))
}

#[cfg(test)]
mod tests;
