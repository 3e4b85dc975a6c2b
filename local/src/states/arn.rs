//! The one state machine's names, and the rules for an execution's name.

/// The state machine's name.
pub const MACHINE: &str = "afterword";
/// The state machine's ARN.
pub const MACHINE_ARN: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:afterword";
/// The role that the state machine would assume on AWS.
pub const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/afterword-states";
/// What every execution's ARN starts with; its name follows.
pub const EXECUTION_PREFIX: &str = "arn:aws:states:us-east-1:000000000000:execution:afterword:";

/// The ARN of the execution called `name`.
#[must_use]
pub fn of_execution(name: &str) -> String {
    format!("{EXECUTION_PREFIX}{name}")
}

/// Whether Step Functions accepts `name` for an execution.
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
