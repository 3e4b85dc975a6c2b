//! `afterword resolve` settles a text whose outcome is unknown, and `afterword retry` sends texts again that
//! were certainly not sent.

use std::process::ExitCode;

use adapters::executions::StateMachine;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use messaging::conversation::step::StepState;
use messaging::ports::Conversations;
use messaging::resolve::{OperatorFinding, ResolveOutcome, Resolver};
use messaging::values::clock::to_rfc3339;
use messaging::values::ids::{ConversationId, StepName, step_of_execution};
use messaging::values::verdict::Verdict;

use crate::block_on::block_on;
use crate::print;
use crate::target::Target;

/// Flags of `resolve`.
#[derive(Args)]
pub(crate) struct ResolveArguments {
    /// The id of the conversation: `sms-...`.
    conversation: String,
    /// The name of the step: `text`.
    step: String,
    /// The outcome that you have established.
    finding: FindingArgument,
    #[command(flatten)]
    target: Target,
}

/// The outcome of a text.
#[derive(Clone, Copy, ValueEnum)]
enum FindingArgument {
    /// The provider or the customer has the text: it counts as sent.
    Sent,
    /// The text did not leave or did not arrive: it is sent again, after the same checks.
    NotSent,
}

/// Flags of `retry`.
#[derive(Args)]
pub(crate) struct RetryArguments {
    /// Retry the steps with this verdict: `RejectedByProvider`, `BlockedBudget`, `ExpiredTooLate`, `Shadowed`, ..., or
    /// `RetriesExhausted`.
    #[arg(long)]
    verdict: String,
    /// Retry only steps that ended at or after this time (RFC 3339).
    #[arg(long)]
    since: DateTime<Utc>,
    /// List what would be retried, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run_resolve(arguments: &ResolveArguments) -> Result<ExitCode, String> {
    let id = ConversationId::new(&arguments.conversation).map_err(|error| error.to_string())?;
    let step = StepName::new(&arguments.step).map_err(|error| error.to_string())?;
    let finding = match arguments.finding {
        FindingArgument::Sent => OperatorFinding::Sent,
        FindingArgument::NotSent => OperatorFinding::NotSent,
    };
    block_on(async {
        let now = arguments.target.now().await?;
        let (table, executions) = (arguments.target.table()?, arguments.target.executions().await?);
        let resolver = Resolver { conversations: &table, executions: &executions, now };
        match resolver.resolve(&id, &step, finding).await {
            Ok(ResolveOutcome::Sent) => print::line(format!("{id}.{step} counts as sent")),
            Ok(ResolveOutcome::RunsAgain(number)) => {
                print::line(format!("{id}.{step} runs again: execution {id}.{step}.r{number}"));
            }
            Err(error) => return Err(error.to_string()),
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The steps that `retry` selects.
enum RetrySelector {
    /// Steps with this verdict.
    Verdict(Verdict),
    /// Steps whose executions gave up without a verdict.
    RetriesExhausted,
}

impl RetrySelector {
    fn parse(name: &str) -> Result<Self, String> {
        match Verdict::of_name(name) {
            _ if name == "RetriesExhausted" => Ok(Self::RetriesExhausted),
            Some(verdict) if verdict.is_provably_not_sent() => Ok(Self::Verdict(verdict)),
            Some(verdict) => Err(format!(
                "a text that ended as {verdict} may have left and is not sent again: use `afterword resolve`"
            )),
            None => Err(format!("{name} is not a verdict")),
        }
    }

    /// Returns whether such an execution ends in a Fail state.
    const fn is_failure(&self) -> bool {
        match self {
            Self::Verdict(verdict) => verdict.is_failure(),
            Self::RetriesExhausted => true,
        }
    }

    /// Returns whether a step is in the selected state: decided with the verdict since that time, or not
    /// decided at all.
    fn matches(&self, state: &StepState, since: DateTime<Utc>) -> bool {
        match (self, state) {
            (Self::Verdict(verdict), StepState::Decided(decision)) => {
                decision.verdict == *verdict && decision.at >= since
            }
            (Self::RetriesExhausted, StepState::Planned) => true,
            _ => false,
        }
    }
}

pub(crate) fn run_retry(arguments: &RetryArguments) -> Result<ExitCode, String> {
    let selector = RetrySelector::parse(&arguments.verdict)?;
    block_on(async {
        let now = arguments.target.now().await?;
        let (table, executions) = (arguments.target.table()?, arguments.target.executions().await?);
        let resolver = Resolver { conversations: &table, executions: &executions, now };
        let (mut retried, mut failed) = (0, 0);
        for (id, step) in ended_steps(&executions, &selector, arguments.since).await? {
            let conversation =
                table.load(&id, now).await.map_err(|error| format!("cannot read the table: {error}"))?;
            let state =
                conversation.as_ref().and_then(|stored| stored.step(&step)).map(|step| &step.progress);
            if !state.is_some_and(|progress| selector.matches(&progress.state, arguments.since)) {
                continue;
            }
            retried += 1;
            if arguments.dry_run {
                print::line(format!("{id}.{step} would run again"));
                continue;
            }
            match resolver.retry(&id, &step).await {
                Ok(ResolveOutcome::RunsAgain(number)) => {
                    print::line(format!("{id}.{step} runs again: execution {id}.{step}.r{number}"));
                }
                Ok(ResolveOutcome::Sent) => {}
                Err(error) => {
                    failed += 1;
                    print::line(format!("{id}.{step}: {error}"));
                }
            }
        }
        let since = to_rfc3339(arguments.since);
        print::line(format!("{retried} step(s) {} since {since}, {failed} failed", arguments.verdict));
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// Lists the steps whose executions ended in the selected way since that time, each once.
async fn ended_steps(
    executions: &StateMachine,
    selector: &RetrySelector,
    since: DateTime<Utc>,
) -> Result<Vec<(ConversationId, StepName)>, String> {
    let names = executions.ended_since(selector.is_failure(), since).await;
    let names = names.map_err(|error| format!("cannot list the executions: {error}"))?;
    let mut steps: Vec<_> = names.iter().filter_map(|name| step_of_execution(name)).collect();
    steps.sort();
    steps.dedup();
    Ok(steps)
}
