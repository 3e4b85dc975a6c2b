//! `afterword resolve` and `afterword retry`: what an operator decides about texts whose fate is unknown,
//! and about those that have certainly not been sent.

use std::process::ExitCode;

use adapters::executions::StateMachine;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use messaging::conversation::step::StepState;
use messaging::ports::Conversations;
use messaging::resolve::{OperatorFinding, ResolveOutcome, resolve, retry};
use messaging::values::clock::to_rfc3339;
use messaging::values::ids::{ConversationId, StepName, step_of_execution};
use messaging::values::verdict::Verdict;

use crate::block_on::block_on;
use crate::print;
use crate::target::Target;

/// Flags of `resolve`.
#[derive(Args)]
pub(crate) struct ResolveArguments {
    /// The conversation: `sms-...`.
    conversation: String,
    /// Its step: `text`.
    step: String,
    /// What you have found out.
    finding: FindingArgument,
    #[command(flatten)]
    target: Target,
}

/// What became of a text.
#[derive(Clone, Copy, ValueEnum)]
enum FindingArgument {
    /// The provider or the customer has it: it counts as sent.
    Sent,
    /// It did not leave, or did not arrive: it is sent again, under the same checks.
    NotSent,
}

/// Flags of `retry`.
#[derive(Args)]
pub(crate) struct RetryArguments {
    /// Steps that ended so: `RejectedByProvider`, `BlockedBudget`, `ExpiredTooLate`, `Shadowed`, ..., or
    /// `RetriesExhausted`.
    #[arg(long)]
    verdict: String,
    /// And not before this instant (RFC 3339).
    #[arg(long)]
    since: DateTime<Utc>,
    /// Only tell what would be tried again.
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
        match resolve(&table, &executions, &id, &step, finding, now).await {
            Ok(ResolveOutcome::Sent) => print::line(format!("{id}.{step} counts as sent")),
            Ok(ResolveOutcome::RunsAgain(number)) => {
                print::line(format!("{id}.{step} runs again: execution {id}.{step}.r{number}"));
            }
            Err(error) => return Err(error.to_string()),
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What is looked for.
enum RetrySelector {
    /// Steps with this verdict.
    Verdict(Verdict),
    /// Executions that gave up without one.
    RetriesExhausted,
}

impl RetrySelector {
    fn read(name: &str) -> Result<Self, String> {
        match Verdict::of_name(name) {
            _ if name == "RetriesExhausted" => Ok(Self::RetriesExhausted),
            Some(verdict) if verdict.is_provably_not_sent() => Ok(Self::Verdict(verdict)),
            Some(verdict) => Err(format!(
                "a text that ended as {verdict} may have left and is not sent again; `afterword resolve` settles one"
            )),
            None => Err(format!("{name} is no verdict")),
        }
    }

    /// Whether the execution ends in a Fail state.
    const fn is_failure(&self) -> bool {
        match self {
            Self::Verdict(verdict) => verdict.is_failure(),
            Self::RetriesExhausted => true,
        }
    }

    /// Whether a step stands so: decided in this way and since then, or not decided at all.
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
    let selector = RetrySelector::read(&arguments.verdict)?;
    block_on(async {
        let now = arguments.target.now().await?;
        let (table, executions) = (arguments.target.table()?, arguments.target.executions().await?);
        let (mut again, mut failed) = (0, 0);
        for (id, step) in ended_steps(&executions, &selector, arguments.since).await? {
            let conversation =
                table.load(&id, now).await.map_err(|trouble| format!("cannot read the table: {trouble}"))?;
            let state =
                conversation.as_ref().and_then(|stored| stored.step(&step)).map(|step| &step.progress);
            if !state.is_some_and(|progress| selector.matches(&progress.state, arguments.since)) {
                continue;
            }
            again += 1;
            if arguments.dry_run {
                print::line(format!("{id}.{step} would run again"));
                continue;
            }
            match retry(&table, &executions, &id, &step, now).await {
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
        print::line(format!("{again} step(s) {} since {since}, {failed} failed", arguments.verdict));
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// The steps whose executions ended so since then, each once.
async fn ended_steps(
    executions: &StateMachine,
    selector: &RetrySelector,
    since: DateTime<Utc>,
) -> Result<Vec<(ConversationId, StepName)>, String> {
    let names = executions.ended_since(selector.is_failure(), since).await;
    let names = names.map_err(|trouble| format!("cannot list the executions: {trouble}"))?;
    let mut steps: Vec<_> = names.iter().filter_map(|name| step_of_execution(name)).collect();
    steps.sort();
    steps.dedup();
    Ok(steps)
}
