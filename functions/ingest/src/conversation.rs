//! `GET` and `DELETE /conversations/{id}`: what became of an event, and stopping what has not left.

use http_edge::answer::unavailable;
use http_edge::auth::Caller;
use http_edge::{Problem, Request, Response};
use messaging::conversation::step::StepState;
use messaging::conversation::{Conversation, Reply, Step};
use messaging::ports::{CancelOutcome, Consents, Conversations, Executions, JourneySource, KeyRing};
use messaging::reply::ReplyMeaning;
use messaging::text::segments;
use messaging::values::clock::{Clock, to_rfc3339};
use messaging::values::ids::StepName;
use messaging::values::verdict::{Because, Verdict};
use serde::Serialize;
use telemetry::{Decision, EventStatus};

use crate::Ingest;

/// A conversation as its source sees it: no number, no words.
#[derive(Serialize)]
struct View<'a> {
    conversation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    steps: Vec<StepView<'a>>,
    replies: Vec<ReplyView>,
}

#[derive(Serialize)]
struct StepView<'a> {
    step: &'a StepName,
    due: String,
    verdict: Option<Verdict>,
    because: Option<&'a Because>,
    segments: usize,
    /// The words were cut to fit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    cost_micro_usd: Option<u64>,
    delivery: Option<&'a str>,
}

#[derive(Serialize)]
struct ReplyView {
    at: String,
    meaning: ReplyMeaning,
}

#[derive(Serialize)]
struct Cancelled {
    status: &'static str,
}

impl<C, E, K, J, T> Ingest<C, E, K, J, T>
where
    C: Conversations + Consents,
    E: Executions,
    K: KeyRing,
    J: JourneySource,
    T: Clock,
{
    pub(crate) async fn show(&self, request: &Request, caller: &Caller) -> Result<Response, Problem> {
        let id = Self::named(request, caller)?;
        let found =
            self.conversations.load(&id, self.clock.now()).await.map_err(|e| unavailable(request, &e))?;
        let conversation = found.ok_or(Problem::NotFound)?;
        let decision = telemetry::count(Decision::Shown);
        tracing::info!(
            request_id = request.id,
            conversation_id = %id,
            status = 200,
            decision,
            "Showed a conversation"
        );
        Ok(Response::json(200, &view(&conversation)))
    }

    pub(crate) async fn cancel(&self, request: &Request, caller: &Caller) -> Result<Response, Problem> {
        let id = Self::named(request, caller)?;
        let cancelling =
            self.conversations.cancel(&id, self.clock.now()).await.map_err(|e| unavailable(request, &e))?;
        if cancelling == CancelOutcome::Absent {
            return Err(Problem::NotFound);
        }
        let decision = Decision::Event { source: id.source(), status: EventStatus::Cancelled };
        let decision = telemetry::count(decision);
        tracing::info!(
            request_id = request.id,
            conversation_id = %id,
            status = 202,
            decision,
            "Cancelled a conversation"
        );
        Ok(Response::json(202, &Cancelled { status: "cancelled" }))
    }
}

fn view(conversation: &Conversation) -> View<'_> {
    let plan = conversation.plan.as_ref();
    View {
        conversation_id: conversation.id.as_str(),
        correlation_id: plan.and_then(|plan| plan.correlation_id.as_deref()),
        steps: plan.map_or(&[][..], |plan| &plan.steps).iter().map(step_view).collect(),
        replies: conversation.life.replies.iter().map(reply_view).collect(),
    }
}

fn reply_view(reply: &Reply) -> ReplyView {
    ReplyView { at: to_rfc3339(reply.at), meaning: reply.meaning }
}

fn step_view(step: &Step) -> StepView<'_> {
    let decision = match &step.progress.state {
        StepState::Decided(decision) => Some(decision),
        _ => None,
    };
    StepView {
        step: &step.name,
        due: to_rfc3339(step.due),
        verdict: decision.map(|decision| decision.verdict),
        because: decision.map(|decision| &decision.because),
        segments: segments::split(step.text.expose()).segments,
        truncated: step.truncated,
        cost_micro_usd: step.cost(),
        delivery: step.delivery.as_ref().map(|delivery| delivery.status.as_str()),
    }
}
