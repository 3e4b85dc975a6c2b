use super::super::{Finding, Journeys, lint, reports, review};

/// A file with one of each mistake: in a comment above each text, what is wrong with it.
const ONE_OF_EACH: &str = include_str!("one-of-each.toml");

fn shown(findings: &[Finding]) -> String {
    let show = |finding: &Finding| format!("{:?} {}: {}\n", finding.severity, finding.place, finding.detail);
    findings.iter().map(show).collect()
}

#[test]
fn the_shipped_file_has_nothing_wrong_with_it() {
    let file = Journeys::stored(include_str!("../../../../../journeys.toml")).unwrap();
    assert_eq!((shown(&lint(&file)), shown(&review(&file))), (String::new(), String::new()));
}

#[test]
fn each_mistake_is_found_where_it_is() {
    let file = Journeys::stored(ONE_OF_EACH).unwrap();
    insta::assert_snapshot!(format!("lint\n{}\nreview\n{}", shown(&lint(&file)), shown(&review(&file))));
}

#[test]
fn each_text_says_how_long_and_how_dear_it_can_become() {
    let file = Journeys::from_toml(include_str!("../../../../../journeys.toml")).unwrap();
    let shown: String = reports(&file)
        .iter()
        .map(|report| {
            format!(
                "{}.{}: {:?}, {} to {} parts, at worst {} for {:?}\n",
                report.text,
                report.locale,
                report.encoding,
                report.own_parts,
                report.parts,
                report.worst_parts,
                report.worst_cost_micro_usd
            )
        })
        .collect();
    insta::assert_snapshot!(shown);
}
