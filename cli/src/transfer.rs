//! `afterword export FILE` and `afterword import FILE`: move everything that waits from one installation to
//! another, as one JSON line for each item. The old installation must stay paused: if both send, texts are
//! sent twice.

mod lines;

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use adapters::clock::SystemClock;
use adapters::connection::Connection;
use adapters::executions::StateMachine;
use adapters::switch::ParameterSwitch;
use adapters::table::Table;
use adapters::table::transfer::{ExportedItem, ImportOutcome};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use messaging::conversation::Conversation;
use messaging::conversation::step::{StepState, Switch};
use messaging::ports::{Conversations, Executions, SendingSwitch, Unavailable};

use crate::block_on::block_on;
use crate::print;
use crate::stack::Stack;
use crate::target::Target;

/// Flags of `export`.
#[derive(Args)]
pub(crate) struct ExportArguments {
    /// The file to write. It contains numbers, names and words, and only you can read it.
    file: PathBuf,
    #[command(flatten)]
    target: Target,
}

/// Flags of `import`.
#[derive(Args)]
pub(crate) struct ImportArguments {
    /// A file written by `export`.
    file: PathBuf,
    #[command(flatten)]
    target: Target,
}

/// The parts of an installation that a transfer uses.
struct Installation {
    table: Table,
    machine: StateMachine,
    connection: Connection,
    switch: String,
}

impl Installation {
    async fn at(target: &Target) -> Result<Self, String> {
        let Some(stack) = &target.stack else {
            let connection = Connection::plain(format!("http://127.0.0.1:{}", target.aws_port));
            return Ok(Self {
                table: target.table()?,
                machine: StateMachine::new(&connection, local::MACHINE_ARN),
                connection,
                switch: "/afterword/sending".to_owned(),
            });
        };
        let stack = Stack::find(stack).await?;
        Ok(Self {
            table: stack.table(),
            machine: StateMachine::new(&stack.connection, &stack.installation.state_machine),
            switch: stack.installation.sending.clone(),
            connection: stack.connection,
        })
    }

    async fn is_paused(&self) -> bool {
        let switch = ParameterSwitch::new(&self.connection, &self.switch, TimeDelta::zero(), SystemClock);
        switch.read().await == Switch::Paused
    }
}

/// Describes a failure of the store. Running the command again loses nothing.
fn again(error: &Unavailable) -> String {
    format!("{error}: run the command again")
}

pub(crate) fn export(arguments: &ExportArguments) -> Result<ExitCode, String> {
    block_on(async {
        let now = arguments.target.now().await?;
        let installation = Installation::at(&arguments.target).await?;
        if !installation.is_paused().await {
            return Err(format!(
                "sending is not paused, so waiting texts would be sent by both installations. Set the parameter \
                 {} to paused, wait a minute until no text is being sent, export, and leave it paused",
                installation.switch
            ));
        }
        let mut items = Vec::new();
        let mut from = None;
        loop {
            let (page, next) = installation.table.export_page(from, now).await.map_err(|t| again(&t))?;
            items.extend(page);
            from = next;
            if from.is_none() {
                break;
            }
        }
        let mut waiting = 0;
        for item in &items {
            waiting += item.conversation(now)?.map_or(0, |conversation| unfinished(&conversation).count());
        }
        write(&arguments.file, &items, now)
            .map_err(|error| format!("cannot write {}: {error}", arguments.file.display()))?;
        print::line(format!("{} item(s), {waiting} waiting text(s)", items.len()));
        Ok(ExitCode::SUCCESS)
    })
}

/// Writes a new file that only its owner can read. An existing file is never overwritten.
fn write(path: &Path, items: &[ExportedItem], now: DateTime<Utc>) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = BufWriter::new(options.open(path)?);
    lines::write(&mut file, items, now)?;
    file.flush()?;
    file.get_ref().sync_all()
}

pub(crate) fn import(arguments: &ImportArguments) -> Result<ExitCode, String> {
    // The whole file is read and understood before anything is written.
    let file = File::open(&arguments.file)
        .map_err(|error| format!("cannot read {}: {error}", arguments.file.display()))?;
    let items = lines::read(BufReader::new(file))?;
    block_on(async {
        let now = arguments.target.now().await?;
        let installation = Installation::at(&arguments.target).await?;
        let mut waiting = Vec::new();
        for item in &items {
            waiting.extend(item.conversation(now)?);
        }
        let (mut stored, mut kept, mut opted_out, mut consents) = (0, 0, 0, 0);
        for item in &items {
            match installation.table.import(item).await.map_err(|t| again(&t))? {
                ImportOutcome::Stored => stored += 1,
                ImportOutcome::Kept => kept += 1,
                ImportOutcome::OptedOut => opted_out += 1,
                ImportOutcome::ConsentAdded => consents += 1,
            }
        }
        // Started only now, so that each text finds every reason not to send it.
        let mut started = 0;
        for conversation in &waiting {
            started += start(&installation, conversation, now).await.map_err(|t| again(&t))?;
        }
        print::line(format!(
            "{stored} item(s) stored, {kept} existed already, {opted_out} opt-out(s) and {consents} consent(s) merged; {started} text(s) wait"
        ));
        Ok(ExitCode::SUCCESS)
    })
}

/// Returns the steps that have no verdict yet.
fn unfinished(conversation: &Conversation) -> impl Iterator<Item = &messaging::conversation::Step> {
    let steps = conversation.plan.as_ref().map_or(&[][..], |plan| &plan.steps);
    steps.iter().filter(|step| !matches!(step.progress.state, StepState::Decided(_)))
}

/// Starts every step that has no verdict and is not running. It reads the stored conversation rather than the
/// file, because the conversation may have progressed since an earlier import.
async fn start(
    installation: &Installation,
    conversation: &Conversation,
    now: DateTime<Utc>,
) -> Result<usize, Unavailable> {
    let Some(stored) = installation.table.load(&conversation.id, now).await? else { return Ok(0) };
    let mut started = 0;
    for step in unfinished(&stored) {
        installation.machine.start(&stored.id, &step.name, step.due).await?;
        started += 1;
    }
    if stored.plan.is_some() && stored.life.started_at.is_none() {
        installation.table.mark_started(&stored.id, now).await?;
    }
    Ok(started)
}
