//! What follows from what took effect: executions that run, reports of texts that left.

use chrono::TimeDelta;
use messaging::testing::memory::{Fact, RecordedFact};
use messaging::values::ids::{ConversationId, StepName};

use super::{ScheduledEvent, Scheduler, Source};
use crate::calls::{Report, Says};
use crate::machine::Machine;

impl Scheduler<'_> {
    /// What has taken effect since the last reading leads to more: executions that run, reports of texts
    /// that left.
    pub(super) fn read_facts(&mut self) {
        let news: Vec<Fact> = {
            let state = self.world.state();
            state.facts[self.facts_read..].iter().map(|recorded| recorded.fact.clone()).collect()
        };
        self.facts_read += news.len();
        for fact in news {
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

    /// From the first report of a loss on, the provider has established it.
    pub(super) fn note_loss(&mut self, report: usize) {
        let report = &self.reports[report];
        if report.says != Says::Unreachable {
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

    /// The provider reports about a text, or does not: soon or days later, in any order, repeatedly.
    fn report(&mut self, conversation: &str, step: &str, attempt: u32) {
        let says: &[Says] = match self.rng.u8(..16) {
            0..4 => &[],
            4 => &[Says::Unreachable],
            5 => &[Says::Sent, Says::Landline],
            6 => &[Says::Sent],
            _ => &[Says::Sent, Says::Delivered],
        };
        for says in says {
            let report =
                Report { conversation: conversation.to_owned(), step: step.to_owned(), attempt, says: *says };
            self.reports.push(report);
            for _ in 0..self.rng.usize(1..=2) {
                let delays = [0, 1, 3, 60, 121, 721, 4000, 80_000, 260_000];
                let delay = delays[self.rng.usize(..delays.len())];
                let at = self.now() + TimeDelta::seconds(delay);
                self.expect(at, ScheduledEvent::Delivery(Source::Report(self.reports.len() - 1), 0));
            }
        }
    }
}
