//! Consequences of recorded effects: executions that start, and the provider's reports about texts that left.

use chrono::TimeDelta;
use messaging::testing::memory::{Fact, RecordedFact};
use messaging::values::ids::{ConversationId, StepName};

use super::{ScheduledEvent, Scheduler, Source};
use crate::calls::{Report, ReportedStatus};
use crate::machine::Machine;

impl Scheduler<'_> {
    /// Reads the facts that were recorded since the last reading: starts their executions and schedules their
    /// reports.
    pub(super) fn read_facts(&mut self) {
        let new: Vec<Fact> = {
            let state = self.world.state();
            state.facts[self.facts_read..].iter().map(|recorded| recorded.fact.clone()).collect()
        };
        self.facts_read += new.len();
        for fact in new {
            match fact {
                Fact::Started { execution } => self.start_execution(&execution),
                Fact::Delivered { conversation, step, attempt } => {
                    self.report(conversation.as_str(), step.as_str(), attempt);
                }
                _ => {}
            }
        }
    }

    fn start_execution(&mut self, name: &str) {
        let (now, due) = {
            let state = self.world.state();
            (state.now, state.executions.get(name).cloned().unwrap_or_default())
        };
        if let Some((machine, action)) = Machine::start(&self.simulator.definition, name, &due, now) {
            self.machines.push(machine);
            self.act(self.machines.len() - 1, action);
        }
    }

    /// Records that the provider reports a text as lost: from then on it may be sent again.
    pub(super) fn record_loss(&mut self, report: usize) {
        let report = &self.reports[report];
        if report.status != ReportedStatus::Unreachable {
            return;
        }
        let (Ok(conversation), Ok(step)) =
            (ConversationId::new(report.conversation.clone()), StepName::new(report.step.clone()))
        else {
            return;
        };
        let mut state = self.world.state();
        let at = state.now;
        let fact = Fact::Lost { conversation, step, attempt: report.attempt };
        state.facts.push(RecordedFact { at, fact });
    }

    /// Schedules the provider's reports about a text: none, or some at once or days later, in any order, repeatedly.
    fn report(&mut self, conversation: &str, step: &str, attempt: u32) {
        let statuses: &[ReportedStatus] = match self.rng.u8(..16) {
            0..4 => &[],
            4 => &[ReportedStatus::Unreachable],
            5 => &[ReportedStatus::Sent, ReportedStatus::Landline],
            6 => &[ReportedStatus::Sent],
            _ => &[ReportedStatus::Sent, ReportedStatus::Delivered],
        };
        for status in statuses {
            self.reports.push(Report {
                conversation: conversation.to_owned(),
                step: step.to_owned(),
                attempt,
                status: *status,
            });
            for _ in 0..self.rng.usize(1..=2) {
                let delays = [0, 1, 3, 60, 121, 721, 4000, 80_000, 260_000];
                let delay = delays[self.rng.usize(..delays.len())];
                let at = self.now() + TimeDelta::seconds(delay);
                self.schedule_at(at, ScheduledEvent::Delivery(Source::Report(self.reports.len() - 1), 0));
            }
        }
    }
}
