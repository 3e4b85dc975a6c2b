//! The stage: one schedule, played from its first call to its last timer.
//!
//! One thing happens at a time: a call of a port by some invocation, a delivery, a timer. Who is
//! next is the seed's choice, so invocations interleave at every call; an invocation that has not
//! ended after 30 seconds dies, as on Lambda.

mod aftermath;

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
use crate::company::Company;
use crate::machine::Machine;
use crate::theatre::{Faults, Plot, Run, Theatre};
use crate::weather::forecast;

/// Lambda's limit for every function of ours.
pub const INVOCATION_LIMIT: TimeDelta = TimeDelta::seconds(30);
/// How often a sender delivers what is not answered 2xx, and after how many seconds.
const REDELIVERIES: [i64; 10] = [5, 10, 60, 60, 300, 300, 1800, 3600, 7200, 86_400];
/// A schedule that does not end is a failure of its own.
const MAX_TURNS: usize = 60_000;

enum Happening {
    /// A call from outside, and how often it was tried before.
    Delivery(Source, usize),
    /// An execution's timer.
    Timer(usize),
}

/// Whose call it is: the scenario's of that index, or the provider's report of that one.
#[derive(Clone, Copy)]
enum Source {
    Scenario(usize),
    Report(usize),
}

enum Role {
    Answer {
        source: Source,
        tries: usize,
    },
    /// A visit for an execution, or one that nobody asked for.
    Visit {
        machine: Option<usize>,
    },
}

enum Said {
    Answer(Box<ApiGatewayV2httpResponse>),
    Visit(Result<serde_json::Value, &'static str>),
}

struct Invocation {
    role: Role,
    since: DateTime<Utc>,
    work: Pin<Box<dyn Future<Output = Said>>>,
}

pub(crate) struct Stage<'a> {
    theatre: &'a Theatre,
    plot: &'a Plot,
    rng: Rng,
    start: DateTime<Utc>,
    world: World,
    company: Company,
    agenda: BTreeMap<(DateTime<Utc>, u64), Happening>,
    sequence: u64,
    invocations: Vec<Invocation>,
    machines: Vec<Machine>,
    reports: Vec<Report>,
    answered: Vec<(usize, usize)>,
    facts_read: usize,
    endless: bool,
}

impl<'a> Stage<'a> {
    pub(crate) fn set(theatre: &'a Theatre, plot: &'a Plot) -> Self {
        let start = DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000);
        let world = World::at(start);
        {
            let mut state = world.state();
            state.interleaved = true;
            state.mutation = plot.mutation;
            state.provider_tells = plot.turns.is_multiple_of(2);
            state.journeys = Some(theatre.journeys_of(&plot.scenario));
            state.keys.insert("api_key", vec![API_KEY]);
            state.keys.insert("calendly_signing_key", vec![CALENDLY_KEY]);
            state.keys.insert("twilio_auth_token", vec![TWILIO_TOKEN]);
            match &plot.faults {
                Faults::Script(script) => state.weather.script.clone_from(script),
                Faults::Random { seed, rate } => state.weather.forecast = Some(forecast(*seed, *rate)),
            }
        }
        let mut stage = Self {
            theatre,
            plot,
            rng: Rng::with_seed(plot.turns),
            start,
            company: Company::new(world.clone()),
            world,
            agenda: BTreeMap::new(),
            sequence: 0,
            invocations: Vec::new(),
            machines: Vec::new(),
            reports: Vec::new(),
            answered: Vec::new(),
            facts_read: 0,
            endless: false,
        };
        for (n, delivery) in plot.scenario.deliveries.iter().enumerate() {
            stage
                .expect(start + TimeDelta::seconds(delivery.at), Happening::Delivery(Source::Scenario(n), 0));
        }
        stage
    }

    fn now(&self) -> DateTime<Utc> {
        self.world.state().now
    }

    fn expect(&mut self, at: DateTime<Utc>, happening: Happening) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), happening);
    }

    pub(crate) fn play(&mut self) {
        for _ in 0..MAX_TURNS {
            if self.invocations.is_empty() && self.agenda.is_empty() {
                return;
            }
            if self.is_time_for_the_agenda() {
                self.next_happening();
            } else {
                let chosen = self.rng.usize(..self.invocations.len());
                self.give_turn(chosen);
            }
        }
        self.endless = true;
    }

    /// Whether the next thing on the agenda comes before the next call of an invocation.
    fn is_time_for_the_agenda(&mut self) -> bool {
        let Some((at, _)) = self.agenda.keys().next().copied() else { return false };
        let Some(oldest) = self.invocations.iter().map(|invocation| invocation.since).min() else {
            return true;
        };
        if at <= self.now() {
            return self.rng.bool();
        }
        // While calls last: the agenda overtakes them, now and then so far that an invocation dies.
        let within = if self.rng.u8(..16) == 0 { TimeDelta::hours(1) } else { INVOCATION_LIMIT };
        at - oldest < within && self.rng.u8(..8) == 0
    }

    fn next_happening(&mut self) {
        let Some(((at, _), happening)) = self.agenda.pop_first() else { return };
        {
            let mut state = self.world.state();
            state.now = state.now.max(at);
        }
        self.end_what_takes_too_long();
        match happening {
            Happening::Delivery(source, tries) => self.deliver(source, tries),
            Happening::Timer(machine) => self.advance(machine, Event::TimerFired),
        }
    }

    fn end_what_takes_too_long(&mut self) {
        let now = self.now();
        while let Some(n) = self.invocations.iter().position(|one| now - one.since >= INVOCATION_LIMIT) {
            let dead = self.invocations.remove(n);
            self.died(dead.role);
        }
    }

    fn deliver(&mut self, source: Source, tries: usize) {
        let now = self.now();
        let request = match source {
            Source::Scenario(n) => self.plot.scenario.deliveries[n].call.request(self.start, now),
            Source::Report(n) => {
                self.note_loss(n);
                self.reports[n].request()
            }
        };
        let company = self.company.clone();
        let work = Box::pin(async move { Said::Answer(Box::new(company.answer(request).await)) });
        self.invocations.push(Invocation { role: Role::Answer { source, tries }, since: now, work });
    }

    fn visit(&mut self, machine: Option<usize>, input: serde_json::Value) {
        self.sequence += 1;
        let (company, invocation) = (self.company.clone(), format!("invocation-{}", self.sequence));
        let work = Box::pin(async move { Said::Visit(company.send(input, invocation).await) });
        self.invocations.push(Invocation { role: Role::Visit { machine }, since: self.now(), work });
    }

    fn give_turn(&mut self, chosen: usize) {
        let mut context = Context::from_waker(Waker::noop());
        let said = match self.invocations[chosen].work.as_mut().poll(&mut context) {
            Poll::Ready(said) => Some(said),
            Poll::Pending if self.world.take_crash() => None,
            Poll::Pending => {
                self.read_facts();
                return;
            }
        };
        let invocation = self.invocations.swap_remove(chosen);
        self.read_facts();
        match (invocation.role, said) {
            (role, None) => self.died(role),
            (Role::Answer { source, tries }, Some(Said::Answer(answer))) => {
                match (answer.status_code, source) {
                    (200..300, Source::Scenario(n)) => self.answered.push((n, self.facts_read)),
                    (500.., source) => self.deliver_again(source, tries),
                    _ => {}
                }
            }
            (Role::Visit { machine: Some(machine) }, Some(Said::Visit(said))) => {
                let event = said.map_or_else(
                    |error| Event::TaskFailed { error: error.to_owned(), cause: String::new() },
                    Event::TaskSucceeded,
                );
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
            self.expect(at, Happening::Delivery(source, tries + 1));
        }
    }

    fn advance(&mut self, machine: usize, event: Event) {
        let now = self.now();
        let action = self.machines[machine].on(&self.theatre.definition, event, now);
        self.act(machine, action);
    }

    fn act(&mut self, machine: usize, action: Action) {
        match action {
            Action::WaitUntil(at) => self.expect(at, Happening::Timer(machine)),
            Action::Invoke { input, .. } => {
                // Lambda may run an event twice; the second answer goes nowhere.
                if self.rng.u8(..32) == 0 {
                    self.visit(None, input.clone());
                }
                self.visit(Some(machine), input);
            }
            Action::Ended | Action::Unchanged => {}
        }
    }

    pub(crate) fn clear(self) -> Run {
        let (facts, met, calls, delivered) = {
            let mut state = self.world.state();
            let met = std::mem::take(&mut state.weather.met);
            (std::mem::take(&mut state.facts), met, std::mem::take(&mut state.calls), state.delivered)
        };
        Run {
            start: self.start,
            facts,
            machines: self.machines,
            answered: self.answered,
            met,
            calls,
            delivered,
            world: self.world,
            endless: self.endless,
        }
    }
}
