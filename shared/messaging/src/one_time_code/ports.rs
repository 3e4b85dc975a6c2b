//! The ports of issuing a code as one trait.

use crate::ports::{Budgets, CodeTexts, Codes, Conversations, Randomness, RateLimiters, SendingSwitch};
use crate::values::clock::Clock;

/// The ports of the table that issuing a code needs.
pub trait CodeStore: Codes + Conversations + Budgets + RateLimiters {}

impl<T: Codes + Conversations + Budgets + RateLimiters> CodeStore for T {}

/// The outside world of issuing a code.
pub trait IssuePorts: Sync {
    /// The type of the table.
    type Store: CodeStore;
    /// The type of the provider.
    type Texts: CodeTexts;
    /// The type of the source of randomness.
    type Randomness: Randomness;
    /// The type of the operators' switch.
    type Switch: SendingSwitch;
    /// The type of the clock.
    type Clock: Clock;

    /// Returns the table with codes, contacts and counters.
    fn store(&self) -> &Self::Store;
    /// Returns the provider that carries codes.
    fn texts(&self) -> &Self::Texts;
    /// Returns the source of the digits.
    fn randomness(&self) -> &Self::Randomness;
    /// Returns the operators' switch.
    fn switch(&self) -> &Self::Switch;
    /// Returns the clock.
    fn clock(&self) -> &Self::Clock;
}
