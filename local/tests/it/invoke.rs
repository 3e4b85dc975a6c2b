use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use local::runtime::invoke::{FunctionError, Functions, die, kill_current};
use serde_json::{Value, json};

async fn error_type(functions: &Functions, name: &str) -> String {
    functions.invoke(name, Value::Null).await.unwrap_err().error_type
}

#[tokio::test(start_paused = true)]
async fn every_outcome_has_the_name_that_lambda_uses() {
    let functions = Functions::new()
        .with("good", async |event| Ok(json!({ "got": event })))
        .with("bad", async |_| Err(FunctionError::new("Transient", "no store")))
        .with("slow", async |_| std::future::pending().await)
        .with("panics", async |_| panic!("on purpose"))
        .with("dies", async |_| match die().await {});
    assert_eq!(functions.invoke("good", json!(1)).await, Ok(json!({ "got": 1 })));
    for (name, expected) in [
        ("bad", "Transient"),
        ("slow", "Sandbox.Timedout"),
        ("panics", "Runtime.Unknown"),
        ("dies", "Runtime.ExitError"),
        ("missing", "ResourceNotFoundException"),
    ] {
        assert_eq!(error_type(&functions, name).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_killed_invocation_stops_at_its_next_await_and_no_other_does() {
    let went_on = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&went_on);
    let functions = Functions::new()
        .with("killed", move |_| {
            let flag = Arc::clone(&flag);
            async move {
                kill_current();
                tokio::task::yield_now().await;
                flag.store(true, Ordering::SeqCst);
                Ok(Value::Null)
            }
        })
        .with("other", async |_| {
            tokio::task::yield_now().await;
            Ok(Value::Null)
        });
    let (killed, other) =
        tokio::join!(functions.invoke("killed", Value::Null), functions.invoke("other", Value::Null));
    assert_eq!(killed.unwrap_err().error_type, "Runtime.ExitError");
    assert_eq!(other, Ok(Value::Null));
    assert!(!went_on.load(Ordering::SeqCst));
    kill_current();
}
