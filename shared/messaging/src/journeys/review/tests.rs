use super::super::{Config, Finding, lint, reports, review};

/// A file with one of each mistake: in a comment above each text, what is wrong with it.
const ONE_OF_EACH: &str = include_str!("one-of-each.toml");

fn shown(findings: &[Finding]) -> String {
    let show =
        |finding: &Finding| format!("{:?} {}: {}\n", finding.severity, finding.location, finding.detail);
    findings.iter().map(show).collect()
}

#[test]
fn the_shipped_file_has_nothing_wrong_with_it() {
    let config = Config::stored(include_str!("../../../../../journeys.toml")).unwrap();
    assert_eq!((shown(&lint(&config)), shown(&review(&config))), (String::new(), String::new()));
}

#[test]
fn each_mistake_is_found_where_it_is() {
    let config = Config::stored(ONE_OF_EACH).unwrap();
    insta::assert_snapshot!(format!("lint\n{}\nreview\n{}", shown(&lint(&config)), shown(&review(&config))));
}

/// By AWS, and by AWS alone, texts to India name their template.
#[test]
fn what_india_drops_is_told() {
    let file = |region: &str, providers: &str, own: &str| {
        let toml = format!(
            "[providers]\nsms = {providers}\n[sources.shop]\nregion = \"{region}\"\njourney = \"j\"\n\
             [journeys.j]\n[[journeys.j.steps]]\nname = \"text\"\ndelay = \"0s\"\n\
             category = \"transactional\"\ntext = \"t\"\n[texts.t]\nen-US = \"Hello\"\nhi = \"Namaste\"\n{own}\n"
        );
        shown(&review(&Config::stored(&toml).unwrap()))
    };
    let aws = "[\"end_user_messaging\", \"twilio\"]";
    let one = "dlt_template_id = { hi = \"1107\" }";
    assert_eq!(
        file("IN", aws, one),
        "Warning texts.t: has no dlt_template_id for en-US: India's operators drop it\n"
    );
    assert_eq!(file("IN", aws, "dlt_template_id = \"1107\""), "");
    assert_eq!(file("IN", "[\"twilio\"]", ""), "");
    assert_eq!(file("US", aws, ""), "");
}

#[test]
fn each_text_says_how_long_and_how_dear_it_can_become() {
    let config = Config::from_toml(include_str!("../../../../../journeys.toml")).unwrap();
    let shown: String = reports(&config)
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
