//! The operator's pages: a list of the conversations, and a page for each conversation with number, name and
//! words. They are for the person who runs the machine, and are served on loopback only.
//!
//! The content security policy forbids scripts, inline styles and everything from other hosts.

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

/// The source of the data on the pages.
pub trait ConsoleSource: Send + Sync + 'static {
    /// Returns a page of the conversations, newest first. The first page is 0.
    fn newest(&self, page: usize) -> BoxFuture<'_, Result<Listing, String>>;

    /// Returns a conversation and its messages, or `None` if it does not exist.
    fn conversation(&self, id: ConversationId) -> BoxFuture<'_, Result<Option<Story>, String>>;
}

/// A conversation, and the messages of the customer.
pub struct Story {
    /// The conversation with its texts and verdicts.
    pub conversation: Conversation,
    /// The messages that counted for it, oldest first.
    pub messages: Vec<ReceivedMessage>,
}

/// A page of the list.
pub struct Listing {
    /// The conversations on this page.
    pub conversations: Vec<Conversation>,
    /// The number of conversations on all pages.
    pub total: usize,
    /// Whether another page with older conversations follows.
    pub has_more: bool,
}

type Source = Arc<dyn ConsoleSource>;

/// Returns the routes of the pages, under `/console`.
pub fn router(source: Source) -> Router {
    Router::new()
        .route("/console", get(list))
        .route("/console/conversations/{id}", get(conversation))
        .route("/console/style.css", get(async || page::style_sheet()))
        .with_state(source)
}

/// Answers with a page of the list: `?page=2` is the second page, any other query the first.
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
    let text = format!("The table cannot be read at the moment ({error}).");
    page::answer(StatusCode::SERVICE_UNAVAILABLE, &page::message(&text))
}

#[cfg(test)]
mod tests;
