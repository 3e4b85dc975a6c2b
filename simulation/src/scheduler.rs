//! The scheduler: runs one schedule from its first call to its last timer.
//!
//! One thing happens at a time: a call of a port by some invocation, a delivery, a timer. The seed decides which
//! is next, so invocations interleave at every call. An invocation that has not ended after 30 seconds
//! dies, as on Lambda.

mod effects;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use local::states::{Action, Event};
use messaging::testing::memory::World;

use crate::calls::{API_KEY, CALENDLY_KEY, Report, TWILIO_TOKEN};
use crate::faults::random_faults;
use crate::handlers::Handlers;
use crate::machine::Machine;
use crate::simulator::{Faults, Run, Schedule, Simulator};

/// The time after which Lambda ends an invocation of any of the functions.
pub const INVOCATION_LIMIT: TimeDelta = TimeDelta::seconds(30);
/// The seconds after which a sender repeats a delivery that was not answered 2xx, one after another.
const REDELIVERIES: [i64; 10] = [5, 10, 60, 60, 300, 300, 1800, 3600, 7200, 86_400];
/// The number of turns after which a schedule counts as one that never ends.
const MAX_TURNS: usize = 60_000;

enum ScheduledEvent {
    /// A call from outside, and the number of earlier tries.
    Delivery(Source, usize),
    /// The timer of the execution with this index.
    Timer(usize),
}

/// The origin of a call: the scenario's delivery or the provider's report with this index.
#[derive(Clone, Copy)]
enum Source {
    Scenario(usize),
    Report(usize),
}

/// The purpose of an invocation.
enum Role {
    /// Answers a call from outside.
    Answer { source: Source, tries: usize },
    /// Visits a step for an execution, or for none: Lambda may run an event twice.
    Visit { machine: Option<usize> },
}

/// The result of an invocation.
enum InvocationResult {
    Response(Box<ApiGatewayV2httpResponse>),
    Visit(Result<serde_json::Value, &'static str>),
}

struct Invocation {
    role: Role,
    since: DateTime<Utc>,
    work: Pin<Box<dyn Future<Output = InvocationResult>>>,
}

pub(crate) struct Scheduler<'a> {
    simulator: &'a Simulator,
    schedule: &'a Schedule,
    rng: Rng,
    start: DateTime<Utc>,
    world: World,
    handlers: Handlers,
    events: BTreeMap<(DateTime<Utc>, u64), ScheduledEvent>,
    sequence: u64,
    invocations: Vec<Invocation>,
    machines: Vec<Machine>,
    reports: Vec<Report>,
    answered: Vec<(usize, usize)>,
    facts_read: usize,
    never_ended: bool,
}

impl<'a> Scheduler<'a> {
    pub(crate) fn new(simulator: &'a Simulator, schedule: &'a Schedule) -> Self {
        let start = DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000);
        let world = World::at(start);
        {
            let mut state = world.state();
            state.interleaved = true;
            state.interceptor = simulator.interceptor();
            state.provider_searchable = schedule.turns.is_multiple_of(2);
            state.journeys = Some(simulator.journeys_of(&schedule.scenario));
            state.keys.insert("api_key", vec![API_KEY]);
            state.keys.insert("calendly_signing_key", vec![CALENDLY_KEY]);
            state.keys.insert("twilio_auth_token", vec![TWILIO_TOKEN]);
            match &schedule.faults {
                Faults::Script(script) => state.faults.script.clone_from(script),
                Faults::Random { seed, rate } => state.faults.generator = Some(random_faults(*seed, *rate)),
            }
        }
        let mut scheduler = Self {
            simulator,
            schedule,
            rng: Rng::with_seed(schedule.turns),
            start,
            handlers: Handlers::new(world.clone()),
            world,
            events: BTreeMap::new(),
            sequence: 0,
            invocations: Vec::new(),
            machines: Vec::new(),
            reports: Vec::new(),
            answered: Vec::new(),
            facts_read: 0,
            never_ended: false,
        };
        for (index, delivery) in schedule.scenario.deliveries.iter().enumerate() {
            let at = start + TimeDelta::seconds(delivery.at);
            scheduler.schedule_at(at, ScheduledEvent::Delivery(Source::Scenario(index), 0));
        }
        scheduler
    }

    fn now(&self) -> DateTime<Utc> {
        self.world.state().now
    }

    fn schedule_at(&mut self, at: DateTime<Utc>, event: ScheduledEvent) {
        self.sequence += 1;
        self.events.insert((at, self.sequence), event);
    }

    pub(crate) fn play(&mut self) {
        for _ in 0..MAX_TURNS {
            if self.invocations.is_empty() && self.events.is_empty() {
                return;
            }
            if self.is_event_next() {
                self.next_event();
            } else {
                let index = self.rng.usize(..self.invocations.len());
                self.poll_invocation(index);
            }
        }
        self.never_ended = true;
    }

    /// Whether the next scheduled event comes before the next call of an invocation.
    fn is_event_next(&mut self) -> bool {
        let Some((at, _)) = self.events.keys().next().copied() else { return false };
        let Some(oldest) = self.invocations.iter().map(|invocation| invocation.since).min() else {
            return true;
        };
        if at <= self.now() {
            return self.rng.bool();
        }
        // Time passes while calls last, sometimes so much that an invocation dies.
        let within = if self.rng.u8(..16) == 0 { TimeDelta::hours(1) } else { INVOCATION_LIMIT };
        at - oldest < within && self.rng.u8(..8) == 0
    }

    fn next_event(&mut self) {
        let Some(((at, _), event)) = self.events.pop_first() else { return };
        {
            let mut state = self.world.state();
            state.now = state.now.max(at);
        }
        self.end_overdue_invocations();
        match event {
            ScheduledEvent::Delivery(source, tries) => self.deliver(source, tries),
            ScheduledEvent::Timer(machine) => self.advance(machine, Event::TimerFired),
        }
    }

    fn end_overdue_invocations(&mut self) {
        let now = self.now();
        let is_overdue = |invocation: &Invocation| now - invocation.since >= INVOCATION_LIMIT;
        while let Some(index) = self.invocations.iter().position(is_overdue) {
            let dead = self.invocations.remove(index);
            self.died(dead.role);
        }
    }

    fn deliver(&mut self, source: Source, tries: usize) {
        let now = self.now();
        let request = match source {
            Source::Scenario(index) => self.schedule.scenario.deliveries[index].call.request(self.start, now),
            Source::Report(index) => {
                self.record_loss(index);
                self.reports[index].request()
            }
        };
        let handlers = self.handlers.clone();
        let work =
            Box::pin(async move { InvocationResult::Response(Box::new(handlers.answer(request).await)) });
        self.invocations.push(Invocation { role: Role::Answer { source, tries }, since: now, work });
    }

    fn visit(&mut self, machine: Option<usize>, input: serde_json::Value) {
        self.sequence += 1;
        let (handlers, invocation) = (self.handlers.clone(), format!("invocation-{}", self.sequence));
        let work = Box::pin(async move { InvocationResult::Visit(handlers.send(input, invocation).await) });
        self.invocations.push(Invocation { role: Role::Visit { machine }, since: self.now(), work });
    }

    /// Lets an invocation make its next call, and handles its end.
    fn poll_invocation(&mut self, index: usize) {
        let mut context = Context::from_waker(Waker::noop());
        let result = match self.invocations[index].work.as_mut().poll(&mut context) {
            Poll::Ready(result) => Some(result),
            Poll::Pending if self.world.take_crash() => None,
            Poll::Pending => {
                self.read_facts();
                return;
            }
        };
        let invocation = self.invocations.swap_remove(index);
        self.read_facts();
        match (invocation.role, result) {
            (role, None) => self.died(role),
            (Role::Answer { source, tries }, Some(InvocationResult::Response(response))) => {
                match (response.status_code, source) {
                    (200..300, Source::Scenario(index)) => self.answered.push((index, self.facts_read)),
                    (500.., source) => self.deliver_again(source, tries),
                    _ => {}
                }
            }
            (Role::Visit { machine: Some(machine) }, Some(InvocationResult::Visit(result))) => {
                let event = match result {
                    Ok(output) => Event::TaskSucceeded(output),
                    Err(error) => Event::TaskFailed { error: error.to_owned(), cause: String::new() },
                };
                self.advance(machine, event);
            }
            _ => {}
        }
    }

    fn died(&mut self, role: Role) {
        match role {
            Role::Answer { source, tries } => self.deliver_again(source, tries),
            Role::Visit { machine: Some(machine) } => {
                let error = "Lambda.Unknown".to_owned();
                self.advance(machine, Event::TaskFailed { error, cause: String::new() });
            }
            Role::Visit { machine: None } => {}
        }
    }

    fn deliver_again(&mut self, source: Source, tries: usize) {
        if let Some(seconds) = REDELIVERIES.get(tries) {
            let at = self.now() + TimeDelta::seconds(*seconds);
            self.schedule_at(at, ScheduledEvent::Delivery(source, tries + 1));
        }
    }

    fn advance(&mut self, machine: usize, event: Event) {
        let now = self.now();
        let action = self.machines[machine].on(&self.simulator.definition, event, now);
        self.act(machine, action);
    }

    fn act(&mut self, machine: usize, action: Action) {
        match action {
            Action::WaitUntil(at) => self.schedule_at(at, ScheduledEvent::Timer(machine)),
            Action::Invoke { input, .. } => {
                // Lambda may run an event twice. The result of the second run is dropped.
                if self.rng.u8(..32) == 0 {
                    self.visit(None, input.clone());
                }
                self.visit(Some(machine), input);
            }
            Action::Ended | Action::Unchanged => {}
        }
    }

    pub(crate) fn into_run(self) -> Run {
        let (facts, injected, calls, delivered) = {
            let mut state = self.world.state();
            let injected = std::mem::take(&mut state.faults.injected);
            (std::mem::take(&mut state.facts), injected, std::mem::take(&mut state.calls), state.delivered)
        };
        Run {
            start: self.start,
            facts,
            machines: self.machines,
            answered: self.answered,
            injected,
            calls,
            delivered,
            world: self.world,
            never_ended: self.never_ended,
        }
    }
}
