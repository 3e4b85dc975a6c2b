use super::*;
use crate::text::template::{Variables, render, variables_of};

const GOOD: &str = include_str!("../../../../journeys.toml");

/// A file with one journey of these steps, one text and these further lines.
fn file(steps: &str, rest: &str) -> String {
    format!(
        "[sources.sms]\n[journeys.j]\nvariables = [\"a\"]\n{steps}\n[texts.t]\nen = \"{{{{ a }}}}\"\n{rest}"
    )
}

fn step(name: &str, more: &str) -> String {
    format!("[[journeys.j.steps]]\nname = \"{name}\"\ncategory = \"transactional\"\ntext = \"t\"\n{more}\n")
}

fn findings(toml: &str) -> Vec<String> {
    let show = |finding: &Finding| format!("{:?} {}: {}", finding.severity, finding.location, finding.detail);
    match toml::from_str::<Config>(toml) {
        Ok(config) => lint(&config).iter().map(show).collect(),
        Err(_) => Config::from_toml(toml).unwrap_err().iter().map(show).collect(),
    }
}

#[test]
fn the_shipped_file_has_nothing_wrong_with_it() {
    assert_eq!(findings(GOOD), Vec::<String>::new());
    let config = Config::from_toml(GOOD).unwrap();
    assert_eq!(config.template("advance_approved", "en-US"), config.template("advance_approved", "en-GB"));
}

#[test]
fn notices_are_what_something_says() {
    let file = format!(
        "[notices]\nopt_out_confirmation = \"a\"\npromotions_confirmation = \"d\"\nhelp = \"b\"\none_time_code = \"{{{{ code }}}}\"\n\
         one_time_code_login = \"no code\"\nhelp_text = \"c\"\n{}",
        "[sources]\n[journeys]\n[texts]\n"
    );
    assert_eq!(
        findings(&file),
        [
            "Error notices.help_text: nothing says this; there are opt_out_confirmation, promotions_confirmation, \
             help, one_time_code, one_time_code_<purpose>",
            "Error notices.one_time_code_login: does not say the code: {{ code }}",
        ]
    );
}

/// Each text as a customer reads it.
#[test]
fn the_shipped_texts_read_well() {
    let config = Config::from_toml(GOOD).unwrap();
    let sample = |name: &str| match name {
        "amount" | "total_amount" => "$185.00",
        "appointment" => "Tuesday, November 24 at 10:30 AM",
        "appointment_date" => "Tuesday, November 24",
        "code" => "491827",
        "customer_name" | "name" => "Alex",
        "customer_phone" | "driver_phone" => "+12025550143",
        "delivery_address" => "12 Sample Street",
        "driver_name" => "Sam",
        "estimated_time" => "30 min",
        "event_name" => "30 Minute Consultation",
        "feedback_url" | "track_url" => "https://example.com/o/1042",
        "items_count" => "3",
        "minutes" => "10",
        "offer_details" => "2 pizzas for 1, tonight only.",
        "offer_title" => "Pizza night",
        "order_number" => "1042",
        "payment_method" => "card",
        "pickup_address" => "1 Kitchen Lane",
        "promo_code" => "PIZZA2",
        "restaurant_name" => "Luigi's",
        "valid_until" => "Nov 30",
        _ => "",
    };
    let mut shown = String::new();
    for (name, wording) in &config.texts {
        for (locale, words) in &wording.words {
            let statuses = ["preparing", "ready", "out_for_delivery", "delivered", "lost"];
            for status in statuses.iter().take(if name == "order_status" { 5 } else { 1 }) {
                let mut variables = Variables::default();
                for variable in variables_of(words).unwrap() {
                    let value = if variable == "status" { status } else { sample(&variable) };
                    assert_ne!(value, "", "{name}: {variable}");
                    variables.set(variable, value);
                }
                shown
                    .push_str(&format!("{name}.{locale}: {}\n", render(words, &variables).unwrap().expose()));
            }
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn every_finding_names_its_place() {
    let fine = step("s", "delay = \"0s\"");
    let cases = [
        ("fine", file(&fine, "")),
        ("unknown journey of a source", file(&fine, "[sources.b]\njourney = \"nothing\"")),
        ("no steps", "[sources.sms]\n[journeys.j]\nsteps = []\n[texts]".to_owned()),
        ("neither delay nor appointment", file(&step("s", ""), "")),
        ("both", file(&step("s", "delay = \"0s\"\nbefore_appointment = \"1h\""), "")),
        ("the same name twice", file(&format!("{fine}{fine}"), "")),
        ("follows nothing", file(&step("s", "delay = \"0s\"\nfollows = \"x\""), "")),
        ("follows itself", file(&step("s", "delay = \"0s\"\nfollows = \"s\""), "")),
        ("no time to send", file(&step("s", "delay = \"0s\"\ndeadline = \"0s\""), "")),
        ("no such text", file(&fine.replace("\"t\"", "\"x\""), "")),
        ("unknown variable", file(&fine, "de = \"{{ b }}\"")),
        ("template broken", file(&fine, "de = \"{{ a\"")),
        ("empty text", file(&fine, "de = \" \"")),
        ("text without words", file(&fine, "[texts.u]")),
        ("unused text", file(&fine, "[texts.u]\nen = \"u\"")),
        ("unused variable", file(&fine, "").replace("{{ a }}", "words")),
        ("unknown field", file(&step("s", "delay = \"0s\"\nmedia = 1"), "")),
        ("wrong length of time", file(&step("s", "delay = \"2 minutes\""), "")),
        ("unknown category", file(&fine.replace("transactional", "spam"), "")),
        ("bad name", file(&step("Big", "delay = \"0s\""), "")),
        (
            "an order of providers",
            file(&fine, "[providers]\nsms = [\"sns\", \"end_user_messaging\", \"twilio\"]"),
        ),
        ("no provider", file(&fine, "[providers]\nsms = []")),
        ("a provider twice", file(&fine, "[providers]\nsms = [\"sns\", \"sns\"]")),
        ("no carrier of WhatsApp", file(&fine, "[providers]\nwhatsapp = [\"sns\"]")),
        ("unknown provider", file(&fine, "[providers]\nsms = [\"pigeon\"]")),
        ("an order of a step's own", file(&step("s", "delay = \"0s\"\nproviders = []"), "")),
        ("a name too long to run again", file(&step("a_very_long_name_x", "delay = \"0s\""), "")),
        ("no TOML", "[".to_owned()),
    ];
    let mut told = String::new();
    for (name, toml) in cases {
        told.push_str(&format!("{name}\n"));
        for finding in findings(&toml) {
            told.push_str(&format!("  {finding}\n"));
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn warnings_do_not_keep_a_file_from_being_used() {
    let toml = file(&step("s", "delay = \"0s\""), "[texts.u]\nen = \"u\"");
    assert!(Config::from_toml(&toml).is_ok());
    assert!(Config::from_toml(&toml.replace("delay", "follows")).is_err());
}

#[test]
fn words_are_found_by_locale_then_language() {
    let words = "[sources]\n[journeys]\n[texts.t]\nen-GB = \"colour\"\nde = \"Farbe\"\nde-AT = \"Farb\"";
    let config = Config::from_toml(words).unwrap();
    for (locale, expected) in [
        ("en-GB", Some("colour")),
        ("en-US", Some("colour")),
        ("en", Some("colour")),
        ("de", Some("Farbe")),
        ("de-AT", Some("Farb")),
        ("de-CH", Some("Farbe")),
        ("fr", None),
        ("", None),
    ] {
        assert_eq!(config.template("t", locale), expected, "{locale}");
    }
    assert_eq!(config.template("u", "en"), None);
}

#[test]
fn a_file_is_versioned_by_its_bytes() {
    assert_eq!(version_of("a").len(), 16);
    assert_ne!(version_of("a"), version_of("a "));
}

/// What the lint lets pass must not fail when a customer's text is filled in.
#[test]
fn a_text_that_cannot_be_filled_in_is_found() {
    for template in [
        "{{ a | nosuchfilter }}",
        "{{ nosuchfunction(a) }}",
        "{{ a.b.c }}",
        "{{ a / 2 }}",
        "{{ a is nosuchtest }}",
    ] {
        let toml = file(&step("s", "delay = \"0s\""), "").replace("{{ a }}", template);
        assert!(Config::from_toml(&toml).is_err(), "{template}");
    }
}
