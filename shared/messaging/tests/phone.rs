//! Phone numbers against the vectors, and what strictness must refuse.

use messaging::values::phone::{PhoneError, PhoneNumber, PhoneReport, Region, Textability, stored};
use proptest::prelude::*;
use serde_json::{Value, json};

fn region(code: &str) -> Option<Region> {
    code.parse().ok()
}

#[test]
fn every_vector_is_reported_as_libphonenumber_reports_it() {
    let file: Value = serde_json::from_str(include_str!("vectors/phone_numbers.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len() as u64, file["count"].as_u64().unwrap());
    for vector in vectors {
        let input = vector["input"].as_str().unwrap();
        let region = vector["default_region"].as_str().and_then(region);
        let expected = json!({
            "valid": vector["valid"], "possible": vector["possible"], "e164": vector["e164"],
            "type": vector["type"], "region": vector["region"],
        });
        let report = PhoneReport::of(input, region);
        assert_eq!(serde_json::to_value(&report).unwrap(), expected, "{vector}");

        // Accepted exactly when it parses and is possible, and then as that E.164. A Mexican mobile with the 1 of
        // before 2019 is accepted in its canonical spelling.
        let number = PhoneNumber::parse(input, region);
        if vector["e164"] == "+5215512345678" {
            assert_eq!(number.unwrap().as_e164(), "+525512345678");
        } else if vector["possible"] == true {
            assert_eq!(number.unwrap().as_e164(), vector["e164"].as_str().unwrap(), "{vector}");
        } else {
            assert!(number.is_err(), "{vector}");
        }
    }
}

#[test]
fn strict_e164_takes_what_the_contract_samples_use() {
    for text in ["+15555551234", "+14254147755", "+447700900000", "+15005550006", "+390612345678"] {
        assert_eq!(PhoneNumber::parse_e164(text).unwrap().as_e164(), text);
    }
}

#[test]
fn strict_e164_refuses_all_but_the_exact_form() {
    for text in [
        "",
        "+",
        "15555551234",
        " +15555551234",
        "+15555551234 ",
        "+15555551234\n",
        "+15555551234\0",
        "\u{202A}+15555551234\u{202C}",
        "+1 555 555 1234",
        "+1-555-555-1234",
        "+1800FLOWERS",
        "+15555551234x9",
        "+15555551234;ext=9",
        "++15555551234",
        "\u{FF0B}15555551234",
        "+\u{0661}5555551234",
        "tel:+15555551234",
        "whatsapp:+15555551234",
        "+05555551234",
        "+4407911123456",
        "0015555551234",
        "+1555555123456789",
    ] {
        assert_eq!(PhoneNumber::parse_e164(text), Err(PhoneError::NotE164), "{text:?}");
    }
    for text in ["+1000000000", "+1234567890"] {
        assert_eq!(PhoneNumber::parse_e164(text), Err(PhoneError::NotPossible), "{text:?}");
    }
    assert_eq!(PhoneNumber::parse_e164("+9991234567"), Err(PhoneError::UnknownCountryCode));
    assert_eq!(PhoneNumber::parse_e164(&"+1".repeat(126)), Err(PhoneError::TooLong));
}

#[test]
fn a_national_number_without_a_region_is_never_guessed() {
    for text in ["2025551234", "07400 123456", "(415) 867-5309", "0091 98765 43210"] {
        assert_eq!(PhoneNumber::parse(text, None), Err(PhoneError::RegionRequired), "{text}");
    }
    assert_eq!(PhoneNumber::parse("abc", None), Err(PhoneError::NotANumber));
    assert_eq!(PhoneNumber::parse("", region("US")), Err(PhoneError::NotANumber));
    assert_eq!(PhoneNumber::parse("+0 123456789", None), Err(PhoneError::UnknownCountryCode));
    let national = PhoneNumber::parse("(202) 555-1234", region("US")).unwrap();
    assert_eq!(national.as_e164(), "+12025551234");
}

#[test]
fn input_is_capped_at_250_characters() {
    let padded = |spaces: usize| format!("{}+14158675309", " ".repeat(spaces));
    assert!(PhoneNumber::parse(&padded(238), None).is_ok());
    assert_eq!(PhoneNumber::parse(&padded(239), None), Err(PhoneError::TooLong));
}

#[test]
fn kinds_that_take_no_texts_are_known() {
    let textable = |text: &str| PhoneNumber::parse_e164(text).unwrap().textability();
    for text in ["+919876543210", "+14158675309", "+15005550006", "+8821650012345", "+15555551234"] {
        assert_eq!(textable(text), Textability::Textable, "{text}");
    }
    for text in ["+918041123456", "+18005551212", "+448701234567", "+443450001234", "+979123456789"] {
        assert!(!textable(text).is_textable(), "{text}");
    }
}

#[test]
fn regions_are_two_uppercase_letters_with_a_numbering_plan() {
    for code in ["US", "IN", "GB", "GG"] {
        assert_eq!(code.parse::<Region>().unwrap().code(), code);
        assert_eq!(serde_json::to_value(code.parse::<Region>().unwrap()).unwrap(), json!(code));
    }
    for code in ["", "us", "USA", "ZZ", "XX", "001", "U1", "ÜS", "U"] {
        assert!(code.parse::<Region>().is_err(), "{code}");
        assert!(serde_json::from_value::<Region>(json!(code)).is_err());
    }
    assert_eq!(PhoneNumber::parse_e164("+447911123456").unwrap().region(), region("GG"));
    assert_eq!(PhoneNumber::parse_e164("+8821650012345").unwrap().region(), None);
}

#[test]
fn neither_debug_nor_errors_show_the_number() {
    let debug = |text: &str| format!("{:?}", PhoneNumber::parse_e164(text).unwrap());
    assert_eq!(debug("+14254147700"), "PhoneNumber(+1…00)");
    assert_eq!(debug("+447911123456"), "PhoneNumber(+44…56)");
    assert_eq!(debug("+8801712345678"), "PhoneNumber(+880…78)");
    for text in ["+1000000000", "98765", "secret"] {
        let error = PhoneNumber::parse(text, None).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(text));
        assert!(!error.code().contains(' '));
    }
}

#[test]
fn a_number_is_a_string_in_json_and_is_checked_on_the_way_in() {
    let number = PhoneNumber::parse_e164("+14254147755").unwrap();
    assert_eq!(serde_json::to_value(&number).unwrap(), json!("+14254147755"));
    assert_eq!(serde_json::from_value::<PhoneNumber>(json!("+14254147755")).unwrap(), number);
    let error = serde_json::from_value::<PhoneNumber>(json!("+1000000000")).unwrap_err();
    assert_eq!(error.to_string(), "not a possible phone number");
    assert!(serde_json::from_value::<PhoneNumber>(json!(14254147755_u64)).is_err());
}

#[test]
fn a_stored_number_stays_readable_whatever_the_metadata_says() {
    assert_eq!(stored::from_stored("+1000000000").unwrap().as_e164(), "+1000000000");
    assert_eq!(stored::from_stored("14254147755"), Err(PhoneError::NotE164));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_accepted_is_e164_and_reads_back(text in "[+0-9() .\\-a-z;=\u{0}\u{660}-\u{669}\u{FF0B}]{0,20}") {
        for region in [None, region("US"), region("IN"), region("DE")] {
            let _ = PhoneReport::of(&text, region);
            if let Ok(number) = PhoneNumber::parse(&text, region) {
                let e164 = number.as_e164();
                prop_assert!(e164.starts_with('+') && (8..=16).contains(&e164.len()));
                prop_assert_eq!(stored::from_stored(e164), Ok(number.clone()));
                let shown = format!("{number:?}");
                prop_assert!(!shown.contains(&e164[1..]));
            }
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = PhoneReport::of(&text, region("US"));
        let _ = PhoneNumber::parse(&text, region("GB"));
        let _ = PhoneNumber::parse_e164(&text);
    }
}

#[test]
fn one_line_is_one_number_however_it_is_spelt() {
    let number = |text: &str, region: Option<&str>| {
        let region = region.map(|code| code.parse::<Region>().unwrap());
        PhoneNumber::parse(text, region).map(|number| number.as_e164().to_owned())
    };
    for (text, region, expected) in [
        ("+52 1 55 1234 5678", None, "+525512345678"),
        ("+525512345678", None, "+525512345678"),
        ("044 55 1234 5678", Some("MX"), "+525512345678"),
        ("55 1234 5678", Some("MX"), "+525512345678"),
        ("(11) 8765-4321", Some("BR"), "+5511987654321"),
        ("+55 11 8765-4321", None, "+5511987654321"),
        ("+54 11 6907 1234", None, "+5491169071234"),
        ("011 15 6907 1234", Some("AR"), "+5491169071234"),
        ("11 6907-1234", Some("AR"), "+5491169071234"),
    ] {
        assert_eq!(number(text, region).as_deref(), Ok(expected), "{text}");
    }
    assert_eq!(PhoneNumber::parse_e164("+5215512345678").unwrap().as_e164(), "+525512345678");
    let stored = messaging::values::phone::stored::from_stored("+5215512345678").unwrap();
    assert_eq!(stored, PhoneNumber::parse_e164("+525512345678").unwrap());
    assert_eq!(stored.older_spelling().unwrap().as_e164(), "+5215512345678");
}
