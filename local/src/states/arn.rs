//! The ARNs of the state machine and its executions, and the rules for the name of an execution.

/// The name of the state machine.
pub const MACHINE: &str = "afterword";
/// The ARN of the state machine.
pub const MACHINE_ARN: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:afterword";
/// The ARN of the role that the state machine would assume on AWS.
pub const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/afterword-states";
/// The prefix of every execution's ARN, before its name.
pub const EXECUTION_PREFIX: &str = "arn:aws:states:us-east-1:000000000000:execution:afterword:";

/// Returns the ARN of the execution called `name`.
#[must_use]
pub fn of_execution(name: &str) -> String {
    format!("{EXECUTION_PREFIX}{name}")
}

/// Returns whether Step Functions accepts `name` for an execution.
#[must_use]
pub fn is_execution_name(name: &str) -> bool {
    (1..=80).contains(&name.chars().count())
        && !name.chars().any(|c| {
            c.is_whitespace()
                || c.is_control()
                || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c)
                || matches!(c, '\u{fffe}' | '\u{ffff}')
        })
}
