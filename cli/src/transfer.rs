//! `afterword export FILE`, `afterword import FILE`: what waits moves from one installation to another,
//! one JSON line for each item. The old one must be paused for good: two that send, send twice.

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
use adapters::table::transfer::{Carried, Placed};
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
    /// The file to be written. It holds numbers, names and words: readable to you alone.
    file: PathBuf,
    #[command(flatten)]
    target: Target,
}

/// Flags of `import`.
#[derive(Args)]
pub(crate) struct ImportArguments {
    /// The file that `export` wrote.
    file: PathBuf,
    #[command(flatten)]
    target: Target,
}

/// An installation's parts.
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

/// What a command reports of trouble: nothing is lost by running it again.
fn again(trouble: &Unavailable) -> String {
    format!("{trouble}: run it again")
}

pub(crate) fn export(arguments: &ExportArguments) -> Result<ExitCode, String> {
    block_on(async {
        let now = arguments.target.now().await?;
        let installation = Installation::at(&arguments.target).await?;
        if !installation.is_paused().await {
            return Err(format!(
                "sending is not paused, and what waits would be sent here and there. Set the parameter {} to \
                 paused, wait a minute for what is under way, export, and never set it back",
                installation.switch
            ));
        }
        let mut items = Vec::new();
        let mut from = None;
        loop {
            let (page, next) = installation.table.carried_page(from, now).await.map_err(|t| again(&t))?;
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
        print::line(format!("{} item(s), {waiting} text(s) that wait", items.len()));
        Ok(ExitCode::SUCCESS)
    })
}

/// A new file, readable to its owner alone: it is never written over, and whole or not there.
fn write(path: &Path, items: &[Carried], now: DateTime<Utc>) -> std::io::Result<()> {
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
    // All of it is read and understood before anything is written.
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
            match installation.table.place_carried(item).await.map_err(|t| again(&t))? {
                Placed::Stored => stored += 1,
                Placed::Kept => kept += 1,
                Placed::OptedOut => opted_out += 1,
                Placed::Consented => consents += 1,
            }
        }
        // Only now: each text finds everything that stands against it.
        let mut started = 0;
        for conversation in &waiting {
            started += start(&installation, conversation, now).await.map_err(|t| again(&t))?;
        }
        print::line(format!(
            "{stored} item(s) stored, {kept} were there, {opted_out} opt-out(s) and {consents} consent(s) taken over; {started} text(s) wait"
        ));
        Ok(ExitCode::SUCCESS)
    })
}

/// The steps that have no verdict yet.
fn unfinished(conversation: &Conversation) -> impl Iterator<Item = &messaging::conversation::Step> {
    let steps = conversation.plan.as_ref().map_or(&[][..], |plan| &plan.steps);
    steps.iter().filter(|step| !matches!(step.progress.state, StepState::Decided(_)))
}

/// Starts every step that has no verdict; what runs already is left alone. What is there counts, not
/// what the file says: the conversation may have gone on since an earlier import.
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
