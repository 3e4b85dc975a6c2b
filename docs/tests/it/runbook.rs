//! The runbook describes every end of an execution, every error of the API and every alarm.

use messaging::values::verdict::Verdict;

use crate::files::{openapi, read};

#[test]
fn every_end_of_an_execution_is_under_the_heading_for_its_kind() {
    let runbook = read("docs/runbook.md");
    let (no_action, operator) = runbook.split_once("\n## Verdicts that need an operator\n").unwrap();
    let ends = Verdict::ALL.map(|verdict| (verdict.as_str(), verdict.is_failure()));
    for (name, needs_operator) in ends.into_iter().chain([("EndedOther", false), ("RetriesExhausted", true)])
    {
        let part = if needs_operator { operator } else { no_action };
        assert!(part.contains(&format!("\n### {name}\n")), "{name}");
    }
    let headings = runbook.lines().filter(|line| line.starts_with("### ")).count();
    assert_eq!(headings, Verdict::ALL.len() + 2);
}

#[test]
fn every_error_of_the_api_is_in_the_table() {
    let runbook = read("docs/runbook.md");
    let document = openapi();
    for code in document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"].as_array().unwrap()
    {
        let code = code.as_str().unwrap().trim_start_matches("urn:afterword:");
        assert!(runbook.contains(&format!(" | `{code}` | ")), "{code}");
    }
}

#[test]
fn every_saved_query_is_named() {
    let (runbook, template) = (read("docs/runbook.md"), read("template.yaml"));
    let names = template.split("Name: !Sub ${AWS::StackName}/").skip(1);
    let names: Vec<_> = names.map(|rest| rest.lines().next().unwrap()).collect();
    assert_eq!(names.len(), template.matches("Type: AWS::Logs::QueryDefinition").count());
    for name in names {
        assert!(runbook.contains(&format!("\"{name}\"")), "{name}");
    }
}

/// Converts a heading to its anchor: lower case, words joined by hyphens.
fn anchor(heading: &str) -> String {
    let letters = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    letters.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[test]
fn every_alarm_links_to_an_existing_heading() {
    let runbook = read("docs/runbook.md");
    let headings = runbook.lines().filter(|line| line.starts_with('#'));
    let anchors: Vec<String> = headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect();
    let template = read("template.yaml");
    let mut checked = 0;
    for link in template.split("docs/runbook.md#").skip(1) {
        let link = link.split_whitespace().next().unwrap();
        assert!(anchors.iter().any(|anchor| anchor == link), "{link}");
        checked += 1;
    }
    assert!(checked > 10, "{checked}");
}
