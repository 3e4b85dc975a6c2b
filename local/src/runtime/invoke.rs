//! Runs the functions in this process, one task for each invocation, as Lambda would.

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

/// A function's handler, from the event to the response.
pub type Function = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, FunctionError>> + Send + Sync>;

/// A failed invocation, described as Lambda describes it.
///
/// The message comes from the function. It goes to the state machine and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}")]
pub struct FunctionError {
    /// The error name that `Retry` and `Catch` match.
    pub error_type: String,
    /// An explanation for a person.
    pub message: String,
}

impl FunctionError {
    /// Creates an error of this type.
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error_type: error_type.into(), message: message.into() }
    }

    /// Returns whether the function reached Lambda's time limit.
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
    /// The number of running invocations.
    running: Arc<watch::Sender<usize>>,
}

/// Counts an invocation as running until it is dropped.
struct RunningGuard(Arc<watch::Sender<usize>>);

impl RunningGuard {
    fn new(running: &Arc<watch::Sender<usize>>) -> Self {
        running.send_modify(|running| *running += 1);
        Self(Arc::clone(running))
    }
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running = running.saturating_sub(1));
    }
}

impl Functions {
    /// Returns an empty set of functions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a function under the name of its folder.
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

    /// Returns whether a function of this name is deployed.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Resolves when no invocation is running.
    pub async fn quiet(&self) {
        let mut running = self.running.subscribe();
        // This value owns the sender, so the channel is open.
        let _open = running.wait_for(|running| *running == 0).await;
    }

    /// Runs a function to its end. As on Lambda, the function continues when the caller goes away.
    ///
    /// # Errors
    /// Returns the function's own error, or `Sandbox.Timedout` after 30 s, `Runtime.Unknown` for a panic,
    /// `Runtime.ExitError` when the invocation was killed, `ResourceNotFoundException` when there is
    /// no such function.
    pub async fn invoke(&self, name: &str, event: Value) -> Result<Value, FunctionError> {
        let Some(function) = self.by_name.get(name).cloned() else {
            return Err(FunctionError::new("ResourceNotFoundException", format!("no function named {name}")));
        };
        let death = Arc::new(Notify::new());
        let running = RunningGuard::new(&self.running);
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
        // The panic's message is left out: it may quote the data that the function was working on.
        tokio::spawn(life).await.unwrap_or_else(|_| {
            Err(FunctionError::new("Runtime.Unknown", "Unhandled: the function panicked"))
        })
    }
}

tokio::task_local! {
    static INVOCATION: Arc<Notify>;
}

/// Kills the invocation that runs in this task: it is dropped at its next `await`. Outside an invocation the
/// call has no effect.
pub fn kill_current() {
    let _outside = INVOCATION.try_with(|death| death.notify_one());
}

/// Kills the current invocation and never returns.
pub async fn die() -> Infallible {
    kill_current();
    std::future::pending().await
}
