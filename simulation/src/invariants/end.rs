//! The end of a schedule: nothing accepted is lost, and the record supports every verdict.

use messaging::conversation::Step;
use messaging::values::verdict::Verdict;

use super::Checker;
use crate::calls::{Call, booking_conversation, event_id};
use crate::scenario::Scenario;
use crate::simulator::Run;

impl Checker {
    pub(super) fn conclude(&mut self, scenario: &Scenario, run: &Run) {
        if run.never_ended {
            self.violation("the schedule did not come to an end".to_owned());
        }
        let inconsistencies = run.world.state().inconsistencies.clone();
        self.violations.extend(inconsistencies);
        for (delivery, _) in &run.answered {
            let id = match scenario.deliveries[*delivery].call {
                Call::Sms { event, .. } => format!("sms-{}", event_id(event)),
                Call::Offer { event, .. } => format!("messages-{}", event_id(event)),
                Call::Booked { booking, .. } => booking_conversation(booking),
                _ => continue,
            };
            self.check_ended(&id, run);
        }
        for machine in run.machines.iter().filter(|machine| machine.is_running()) {
            self.violation(format!("{}.{} still runs", machine.conversation, machine.step));
        }
    }

    /// Checks that every step of an accepted conversation has ended in a verdict that the record supports.
    fn check_ended(&mut self, id: &str, run: &Run) {
        let steps: Vec<Step> =
            self.conversations.get(id).map(|known| known.steps.clone()).unwrap_or_default();
        for step in steps {
            let name = format!("{id}.{}", step.name);
            let decided_at_acceptance = step.progress.verdict().is_some();
            let ends: Vec<_> = run
                .machines
                .iter()
                .filter(|machine| machine.conversation == id && machine.step == step.name.as_str())
                .map(crate::machine::Machine::end)
                .collect();
            let decided = self.attempts(id, step.name.as_str()).decided.map(|verdict| verdict.to_string());
            match (ends.last(), decided) {
                (None, _) if decided_at_acceptance => {}
                (Some(&"RetriesExhausted"), _) => {}
                (Some(end), Some(decided)) if *end == decided => {}
                (Some(&"HeldUnknownOutcome"), Some(_)) => {}
                (_, decided) => {
                    self.violation(format!("{name} ended as {ends:?}, and in the table as {decided:?}"));
                }
            }
            self.check_verdict(id, &step);
        }
    }

    /// Checks that the record supports the verdict of a step.
    fn check_verdict(&mut self, id: &str, step: &Step) {
        let Some(known) = self.conversations.get(id) else { return };
        let Some(attempts) = known.attempts.get(step.name.as_str()) else { return };
        let Some(verdict) = attempts.decided else { return };
        let opted_out = known.phone.as_ref().is_some_and(|phone| self.opt_outs.contains_key(phone));
        let is_supported = match verdict {
            Verdict::Sent => !attempts.delivered.is_empty(),
            Verdict::HeldUnknownOutcome => !attempts.unknown.is_empty(),
            Verdict::SkippedCustomerReplied => known.replied && step.unless_replied,
            Verdict::SkippedCancelled => known.cancelled,
            Verdict::SkippedSuperseded => known.superseded,
            Verdict::SkippedOptedOut => opted_out || known.lacked_consent,
            Verdict::BlockedBudget => self.is_limited,
            _ => true,
        };
        let arrived_nevertheless =
            attempts.arrived() > 0 && !matches!(verdict, Verdict::Sent | Verdict::HeldUnknownOutcome);
        if !is_supported || arrived_nevertheless {
            self.violation(format!("{id}.{} is {verdict}, which the record does not support", step.name));
        }
    }
}
