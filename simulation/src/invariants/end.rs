//! How a schedule has to end: nothing accepted is lost, and every verdict is borne out by what happened.

use messaging::conversation::Step;
use messaging::values::verdict::Verdict;

use super::Checker;
use crate::calls::{Call, booked, event_id};
use crate::scenario::Scenario;
use crate::simulator::Run;

impl Checker {
    pub(super) fn conclude(&mut self, scenario: &Scenario, run: &Run) {
        if run.never_ended {
            self.violation("the schedule did not come to an end".to_owned());
        }
        let odd = run.world.state().inconsistencies.clone();
        self.violations.extend(odd);
        for (delivery, _) in &run.answered {
            let id = match scenario.deliveries[*delivery].call {
                Call::Sms { event, .. } => format!("sms-{}", event_id(event)),
                Call::Offer { event, .. } => format!("messages-{}", event_id(event)),
                Call::Booked { booking, .. } => booked(booking),
                _ => continue,
            };
            self.has_ended(&id, run);
        }
        for machine in run.machines.iter().filter(|machine| machine.is_running()) {
            self.violation(format!("{}.{} still runs", machine.conversation, machine.step));
        }
    }

    /// Every step of an accepted conversation ends in a verdict, and rightly so.
    fn has_ended(&mut self, id: &str, run: &Run) {
        let steps: Vec<Step> =
            self.conversations.get(id).map(|known| known.steps.clone()).unwrap_or_default();
        for step in steps {
            let name = format!("{id}.{}", step.name);
            let buried = step.progress.verdict().is_some();
            let ends: Vec<_> = run
                .machines
                .iter()
                .filter(|machine| machine.conversation == id && machine.step == step.name.as_str())
                .map(crate::machine::Machine::end)
                .collect();
            let decided = self.texts(id, step.name.as_str()).decided.map(|verdict| verdict.to_string());
            match (ends.last(), decided) {
                (None, _) if buried => {}
                (Some(&"RetriesExhausted"), _) => {}
                (Some(end), Some(decided)) if *end == decided => {}
                (Some(&"HeldUnknownOutcome"), Some(_)) => {}
                (_, decided) => {
                    self.violation(format!("{name} ended as {ends:?}, and in the table as {decided:?}"));
                }
            }
            self.is_borne_out(id, &step);
        }
    }

    fn is_borne_out(&mut self, id: &str, step: &Step) {
        let Some(known) = self.conversations.get(id) else { return };
        let Some(texts) = known.texts.get(step.name.as_str()) else { return };
        let Some(verdict) = texts.decided else { return };
        let stopped = known.phone.as_ref().is_some_and(|phone| self.stops.contains_key(phone));
        let true_enough = match verdict {
            Verdict::Sent => !texts.delivered.is_empty(),
            Verdict::HeldUnknownOutcome => !texts.unknown.is_empty(),
            Verdict::SkippedCustomerReplied => known.replied && step.unless_replied,
            Verdict::SkippedCancelled => known.ended,
            Verdict::SkippedSuperseded => known.superseded,
            Verdict::SkippedOptedOut => stopped || known.disagreed,
            Verdict::BlockedBudget => self.is_limited,
            _ => true,
        };
        let sent_all_the_same =
            texts.arrived() > 0 && !matches!(verdict, Verdict::Sent | Verdict::HeldUnknownOutcome);
        if !true_enough || sent_all_the_same {
            self.violation(format!("{id}.{} is {verdict}, which is not what happened", step.name));
        }
    }
}
