//! The ports that all functions need together.

use messaging::ports::{
    Budgets, CodeTexts, Codes, Consents, Conversations, Executions, Inbox, JourneySource, KeyRing, Notices,
    Quarantine, Randomness, RateLimiters, Receipts, Sender, SendingRules, SendingSwitch,
};
use messaging::values::clock::Clock;

/// Creates the clients that the functions are composed of. A function may get a client of its own at each call.
pub trait Ports {
    /// The table.
    type Table: Conversations + Consents + Quarantine + Inbox + Receipts + Budgets + RateLimiters + Codes;
    /// The state machine.
    type Executions: Executions;
    /// API keys, signing keys and providers' keys.
    type Keys: KeyRing;
    /// The journeys in force, with the rules of sending.
    type Journeys: JourneySource + SendingRules;
    /// The providers of texts.
    type Sender: Sender;
    /// The providers of answers to customers' messages.
    type Notices: Notices;
    /// The provider of one-time codes.
    type CodeTexts: CodeTexts;
    /// The operators' switch.
    type Switch: SendingSwitch;
    /// The source of randomness.
    type Randomness: Randomness;
    /// The clock of all functions.
    type Clock: Clock;

    /// Creates a client of the table.
    fn table(&self) -> Self::Table;
    /// Creates a client of the state machine.
    fn executions(&self) -> Self::Executions;
    /// Creates a client of the secret.
    fn keys(&self) -> Self::Keys;
    /// Creates a client of the journeys.
    fn journeys(&self) -> Self::Journeys;
    /// Creates the clients of the providers that send texts.
    fn sender(&self) -> Self::Sender;
    /// Creates the clients of the providers that answer customers.
    fn notices(&self) -> Self::Notices;
    /// Creates the client of the provider that sends one-time codes.
    fn code_texts(&self) -> Self::CodeTexts;
    /// Creates a client of the switch.
    fn switch(&self) -> Self::Switch;
    /// Returns the source of randomness.
    fn randomness(&self) -> Self::Randomness;
    /// Returns the clock.
    fn clock(&self) -> Self::Clock;
    /// Returns the public base URL that providers call; `None` stands for the address of the call itself.
    fn public_url(&self) -> Option<String>;
}
