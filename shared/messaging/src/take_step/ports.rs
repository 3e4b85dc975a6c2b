//! The ports of a visit as one trait.

use crate::ports::{
    Budgets, Consents, Conversations, Inbox, RateLimiters, Receipts, Sender, SendingRules, SendingSwitch,
};
use crate::values::clock::Clock;

/// The ports of the table that a visit needs.
pub trait VisitStore: Conversations + Consents + Budgets + RateLimiters + Receipts + Inbox {}

impl<T: Conversations + Consents + Budgets + RateLimiters + Receipts + Inbox> VisitStore for T {}

/// The outside world of a visit.
pub trait VisitPorts: Sync {
    /// The type of the table.
    type Store: VisitStore;
    /// The type of the providers.
    type Sender: Sender;
    /// The type of the operators' switch.
    type Switch: SendingSwitch;
    /// The type of the source of spending limits and rate limits.
    type Rules: SendingRules;
    /// The type of the clock.
    type Clock: Clock;

    /// Returns the table with conversations, contacts and counters.
    fn store(&self) -> &Self::Store;
    /// Returns the providers that carry texts.
    fn sender(&self) -> &Self::Sender;
    /// Returns the operators' switch.
    fn switch(&self) -> &Self::Switch;
    /// Returns the source of spending limits and rate limits.
    fn rules(&self) -> &Self::Rules;
    /// Returns the clock.
    fn clock(&self) -> &Self::Clock;
}
