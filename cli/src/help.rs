//! `afterword --help`: the commands under headings. Clap has no groups of subcommands, so the list is
//! generated here from the commands and their descriptions.

use clap::{Command, CommandFactory};

use crate::Arguments;

/// The headings, and the commands under each in the order in which they are listed.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Run", &["serve"]),
    ("Send", &["send-event", "campaign"]),
    ("Operate", &["show", "resolve", "retry", "quarantine", "opt-outs", "consent", "forget", "prices"]),
    ("Install", &["journeys", "check", "connect", "doctor", "sms-attributes", "export", "import"]),
];

const TEMPLATE: &str = "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}Options:\n{options}";

/// Returns the command line, with a help text that groups the commands.
pub(crate) fn command() -> Command {
    let command = Arguments::command();
    let listing = listing(&command);
    command.help_template(TEMPLATE).before_help(listing)
}

/// A paragraph for each group: its heading, and a line for each command.
fn listing(command: &Command) -> String {
    let mut paragraphs = Vec::new();
    for (heading, names) in GROUPS {
        let mut paragraph = format!("{heading}:");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            paragraph.push_str(&format!("\n  {name:<15} {about}"));
        }
        paragraphs.push(paragraph);
    }
    paragraphs.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_exactly_one_group() {
        let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        grouped.sort_unstable();
        let command = Arguments::command();
        let mut commands: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
        commands.sort_unstable();
        assert_eq!(grouped, commands);
    }

    #[test]
    fn the_help_lists_each_command_once_with_its_description() {
        let help = command().render_long_help().to_string();
        for (heading, names) in GROUPS {
            assert!(help.contains(&format!("\n{heading}:\n")), "{heading}: {help}");
            for name in names {
                let about = command().find_subcommand(name).unwrap().get_about().unwrap().to_string();
                let line = format!("\n  {name:<15} {about}\n");
                assert_eq!(help.matches(&line).count(), 1, "{name}: {help}");
            }
        }
        assert!(help.contains("\nUsage: afterword <COMMAND>\n"), "{help}");
        assert!(help.contains("\nOptions:\n"), "{help}");
    }
}
