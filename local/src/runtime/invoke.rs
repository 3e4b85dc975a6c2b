//! Functions run in this process, one task per invocation, as Lambda would run them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{Notify, watch};

/// Lambda's time limit for every function, in real time.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A function's handler: event in, response out.
pub type Function = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, FunctionError>> + Send + Sync>;

/// How an invocation failed, in Lambda's words.
///
/// The message is the function's own; it goes to the state machine and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}")]
pub struct FunctionError {
    /// What `Retry` and `Catch` match.
    pub error_type: String,
    /// What a person reads.
    pub message: String,
}

impl FunctionError {
    /// An error of this type.
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error_type: error_type.into(), message: message.into() }
    }

    /// Whether the function ran into Lambda's time limit.
    #[must_use]
    pub fn is_time_out(&self) -> bool {
        self.error_type == TIMED_OUT
    }
}

const TIMED_OUT: &str = "Sandbox.Timedout";

/// The deployed functions by name. Cheap to clone.
#[derive(Clone, Default)]
pub struct Functions {
    by_name: Arc<BTreeMap<String, Function>>,
    /// How many are at work.
    running: Arc<watch::Sender<usize>>,
}

/// One that is at work, as long as this lives.
struct Running(Arc<watch::Sender<usize>>);

impl Running {
    fn new(running: &Arc<watch::Sender<usize>>) -> Self {
        running.send_modify(|running| *running += 1);
        Self(Arc::clone(running))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running = running.saturating_sub(1));
    }
}

impl Functions {
    /// Nothing deployed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Deploys a function under its folder's name.
    #[must_use]
    pub fn with<F, R>(mut self, name: &str, handler: F) -> Self
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, FunctionError>> + Send + 'static,
    {
        let functions = Arc::make_mut(&mut self.by_name);
        functions.insert(name.to_owned(), Arc::new(move |event| Box::pin(handler(event))));
        self
    }

    /// Whether a function of this name is deployed.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Resolves when none is at work.
    pub async fn quiet(&self) {
        let mut running = self.running.subscribe();
        // The sender is ours: it is not gone.
        let _open = running.wait_for(|running| *running == 0).await;
    }

    /// Runs a function to its end. As on Lambda, it runs on when the caller goes away.
    ///
    /// # Errors
    /// The function's own error, or `Sandbox.Timedout` after 30 s, `Runtime.Unknown` for a panic,
    /// `Runtime.ExitError` when the invocation was killed, `ResourceNotFoundException` when there is
    /// no such function.
    pub async fn invoke(&self, name: &str, event: Value) -> Result<Value, FunctionError> {
        let Some(function) = self.by_name.get(name).cloned() else {
            return Err(FunctionError::new("ResourceNotFoundException", format!("no function named {name}")));
        };
        let death = Arc::new(Notify::new());
        let running = Running::new(&self.running);
        let life = INVOCATION.scope(Arc::clone(&death), async move {
            let _running = running;
            tokio::select! {
                biased;
                () = death.notified() => Err(FunctionError::new("Runtime.ExitError", "the invocation was killed")),
                ended = tokio::time::timeout(TIME_LIMIT, async move { function(event).await }) => {
                    ended.unwrap_or_else(|_| Err(FunctionError::new(TIMED_OUT, "Task timed out after 30.00 seconds")))
                }
            }
        });
        // The panic's own words stay out: they may quote what the function was holding.
        tokio::spawn(life).await.unwrap_or_else(|_| {
            Err(FunctionError::new("Runtime.Unknown", "Unhandled: the function panicked"))
        })
    }
}

tokio::task_local! {
    static INVOCATION: Arc<Notify>;
}

/// Marks the invocation that this task runs as dead; it is dropped at its next `await`. Outside of an
/// invocation nothing happens.
pub fn kill_current() {
    let _outside = INVOCATION.try_with(|death| death.notify_one());
}

/// Kills the current invocation and never returns.
pub async fn die() -> Infallible {
    kill_current();
    std::future::pending().await
}
