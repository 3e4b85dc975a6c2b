use crate::journeys::otp_settings::OtpSettings;
use crate::ports::Unavailable;
use crate::values::one_time_code::CodeHash;
use crate::values::one_time_code::CodeSlot;
use crate::values::one_time_code::LENGTHS;
use crate::values::one_time_code::MAX_ATTEMPTS;
use crate::values::one_time_code::OneTimeCode;
use crate::values::one_time_code::StoredCode;
use crate::values::phone::PhoneNumber;
use crate::values::secret::SecretText;
use futures_util::FutureExt;
use futures_util::future::join_all;
use proptest::prelude::*;

use super::*;
use crate::journeys::Config;
use crate::journeys::code_limits::limits_of;
use crate::testing::memory::{Fact, Fault, World, at};
use crate::values::clock::Clock;

fn phone() -> PhoneNumber {
    PhoneNumber::parse_e164("+12025550143").unwrap()
}

fn slot() -> CodeSlot {
    CodeSlot::new(phone(), "login")
}

fn key(text: &str) -> SecretText {
    SecretText::new(text).unwrap()
}

fn world() -> World {
    World::at(at(0))
}

fn settings() -> OtpSettings {
    OtpSettings { per_phone_hour: 1000, per_phone_day: 1000, ..OtpSettings::default() }
}

fn issue_in(world: &World, slot: &CodeSlot, settings: &OtpSettings, words: Option<&str>) -> IssueOutcome {
    let request = CodeRequest { slot: slot.clone(), length: 6, validity_minutes: 10 };
    let mut journeys = Config { otp: settings.clone(), ..Config::default() };
    journeys.notices.extend(words.map(|words| ("one_time_code".to_owned(), words.to_owned())));
    super::issue(world, &request, &journeys, &key("k")).now_or_never().unwrap().unwrap()
}

/// Issues a code under the rules of a journeys file.
fn issue_under(world: &World, phone: &str, rules: &str) -> Option<Result<IssueOutcome, Unavailable>> {
    let journeys = Config::from_toml(&format!("{rules}\n[sources]\n[journeys]\n[texts]\n")).unwrap();
    let slot = CodeSlot::new(PhoneNumber::parse_e164(phone).unwrap(), "login");
    let request = CodeRequest { slot, length: 6, validity_minutes: 10 };
    super::issue(world, &request, &journeys, &key("k")).now_or_never()
}

fn texts(world: &World) -> usize {
    world.state().facts.iter().filter(|recorded| matches!(recorded.fact, Fact::Noticed { .. })).count()
}

fn spent(world: &World) -> u64 {
    world.state().spent.values().flat_map(|counters| counters.values()).copied().max().unwrap_or_default()
}

fn issue(world: &World) -> IssueOutcome {
    issue_in(world, &slot(), &settings(), Some("{{ code }}"))
}

/// Returns the code that was sent last.
fn sent(world: &World) -> OneTimeCode {
    OneTimeCode::new(&world.last_words().unwrap()).unwrap()
}

fn verify(world: &World, code: &OneTimeCode) -> bool {
    verify_by(world, code, &[key("k")])
}

fn verify_by(world: &World, code: &OneTimeCode, keys: &[SecretText]) -> bool {
    let verify = VerifyCode { codes: world, randomness: world, clock: world };
    verify.verify(&slot(), code, keys).now_or_never().unwrap().unwrap()
}

fn wrong(code: &OneTimeCode) -> OneTimeCode {
    OneTimeCode::new(if code.expose() == "000000" { "000001" } else { "000000" }).unwrap()
}

#[test]
fn the_right_code_is_valid_once() {
    let world = world();
    assert_eq!(issue(&world), IssueOutcome::Sent { expires_in: 600 });
    let code = sent(&world);
    assert!(!verify(&world, &wrong(&code)));
    assert!(verify(&world, &code));
    assert!(!verify(&world, &code), "used");
}

#[test]
fn a_code_is_valid_until_it_expires_or_is_replaced() {
    let world = world();
    issue(&world);
    let first = sent(&world);
    world.pass(600);
    assert!(!verify(&world, &first), "expired");
    issue(&world);
    let second = sent(&world);
    world.pass(30);
    issue(&world);
    assert!(!verify(&world, &second), "replaced");
    world.pass(599);
    assert!(verify(&world, &sent(&world)));
}

#[test]
fn the_sixth_attempt_is_rejected_unseen() {
    let world = world();
    issue(&world);
    let code = sent(&world);
    for _ in 0..MAX_ATTEMPTS {
        assert!(!verify(&world, &wrong(&code)));
    }
    assert!(!verify(&world, &code), "locked even for the right code");
}

#[test]
fn the_fifth_attempt_may_succeed() {
    let world = world();
    issue(&world);
    let code = sent(&world);
    for _ in 1..MAX_ATTEMPTS {
        assert!(!verify(&world, &wrong(&code)));
    }
    assert!(verify(&world, &code));
}

#[test]
fn one_of_several_concurrent_verifications_succeeds() {
    for callers in [2, 5, 20] {
        let world = world();
        issue(&world);
        world.state().interleaved = true;
        let (code, keys, slot) = (sent(&world), [key("k")], slot());
        let verifying = (0..callers).map(|_| async {
            VerifyCode { codes: &world, randomness: &world, clock: &world }
                .verify(&slot, &code, &keys)
                .await
                .unwrap()
        });
        let mut all = Box::pin(join_all(verifying));
        let mut answers = None;
        while answers.is_none() {
            answers = (&mut all).now_or_never();
        }
        assert_eq!(answers.unwrap().into_iter().filter(|valid| *valid).count(), 1, "{callers}");
    }
}

#[test]
fn an_older_key_still_verifies() {
    let world = world();
    issue(&world);
    assert!(!verify_by(&world, &sent(&world), &[key("new")]));
    assert!(verify_by(&world, &sent(&world), &[key("new"), key("k")]));
}

#[test]
fn the_next_code_for_a_purpose_is_issued_after_the_resend_interval() {
    let world = world();
    issue(&world);
    assert_eq!(issue(&world), IssueOutcome::TooSoon { retry_after: 30 });
    let reset = CodeSlot::new(phone(), "reset");
    assert_eq!(issue_in(&world, &reset, &settings(), None), IssueOutcome::Sent { expires_in: 600 });
    world.pass(29);
    assert_eq!(issue(&world), IssueOutcome::TooSoon { retry_after: 1 });
    world.pass(1);
    assert_eq!(issue(&world), IssueOutcome::Sent { expires_in: 600 });
}

#[test]
fn each_limit_on_codes_is_enforced_and_reports_when_it_is_lifted() {
    let base = OtpSettings {
        per_phone_hour: 100,
        per_phone_day: 100,
        per_prefix_hour: 100,
        per_country_hour: 100,
        ..OtpSettings::default()
    };
    let until_hour = 3600 - u32::try_from(at(0).timestamp() % 3600).unwrap();
    let until_day = 86_400 - u32::try_from(at(0).timestamp() % 86_400).unwrap();
    let others = ["+12025550143", "+12025550144", "+12125550144"];
    for (settings, scope, last, wait) in [
        (OtpSettings { per_phone_hour: 2, ..base.clone() }, "phone_hour", 0, until_hour),
        (OtpSettings { per_phone_day: 2, ..base.clone() }, "phone_day", 0, until_day),
        (OtpSettings { per_prefix_hour: 2, ..base.clone() }, "prefix_hour", 1, until_hour),
        (OtpSettings { per_country_hour: 2, ..base.clone() }, "country_hour", 2, until_hour),
    ] {
        let world = world();
        let slot =
            |number: &str, purpose: &str| CodeSlot::new(PhoneNumber::parse_e164(number).unwrap(), purpose);
        for purpose in ["a", "b"] {
            let issued = issue_in(&world, &slot(others[0], purpose), &settings, None);
            assert_eq!(issued, IssueOutcome::Sent { expires_in: 600 }, "{scope}");
        }
        let limited = issue_in(&world, &slot(others[last], "c"), &settings, None);
        assert_eq!(limited, IssueOutcome::Limited { scope: scope.to_owned(), retry_after: wait });
        let elsewhere = issue_in(&world, &slot("+447700900123", "c"), &settings, None);
        assert_eq!(elsewhere, IssueOutcome::Sent { expires_in: 600 }, "{scope}");
        world.pass(i64::from(wait));
        let later = issue_in(&world, &slot(others[last], "c"), &settings, None);
        assert_eq!(later, IssueOutcome::Sent { expires_in: 600 }, "{scope}");
    }
}

#[test]
fn a_code_that_was_not_sent_is_not_counted() {
    let world = world();
    let settings = OtpSettings { per_phone_hour: 1, ..OtpSettings::default() };
    for _ in 0..3 {
        let call = world.state().calls.len();
        let send = call + 8;
        world.state().faults.script.insert(send, Fault::Before);
        assert!(matches!(issue_in(&world, &slot(), &settings, None), IssueOutcome::Unavailable(_)));
        assert_eq!(world.state().calls[send], "send_code");
    }
    assert_eq!(issue_in(&world, &slot(), &settings, None), IssueOutcome::Sent { expires_in: 600 });
}

#[test]
fn the_answer_of_the_provider_decides_the_outcome_of_issuing() {
    for (fault, expected) in [
        (Fault::LostAnswer, IssueOutcome::Sent { expires_in: 600 }),
        (Fault::Conflict, IssueOutcome::Sent { expires_in: 600 }),
        (Fault::Refused, IssueOutcome::Undeliverable),
        (Fault::OptedOut, IssueOutcome::OptedOut),
    ] {
        let world = world();
        world.state().faults.script.insert(8, fault);
        assert_eq!(issue(&world), expected, "{fault:?}");
        assert_eq!(world.state().store.contact(&phone()).opted_out_at.is_some(), fault == Fault::OptedOut);
    }
}

#[test]
fn a_phone_that_has_opted_out_gets_no_code() {
    let world = world();
    world.state().contact().opted_out_at = Some(at(-1));
    assert_eq!(issue(&world), IssueOutcome::OptedOut);
    assert_eq!(world.last_words(), None);
}

#[test]
fn the_switch_stops_one_time_codes_too() {
    for switch in [
        crate::conversation::step::Switch::Paused,
        crate::conversation::step::Switch::Unreadable,
        crate::conversation::step::Switch::Shadow,
    ] {
        let world = world();
        world.state().switch = switch;
        let issued = issue(&world);
        match switch {
            crate::conversation::step::Switch::Shadow => {
                assert_eq!(issued, IssueOutcome::Shadowed { expires_in: 600 })
            }
            _ => assert!(matches!(issued, IssueOutcome::Unavailable(_)), "{switch:?}"),
        }
        assert_eq!(world.last_words(), None, "{switch:?}");
    }
}

#[test]
fn configured_words_without_the_code_are_replaced_by_the_built_in_words() {
    for words in [None, Some("nothing of use"), Some("{{ unknown }} {{ code }}"), Some("{{ code")] {
        let world = world();
        issue_in(&world, &slot(), &settings(), words);
        let text = world.last_words().unwrap();
        assert!(text.contains(" is your verification code. It expires in 10 minutes."), "{text}");
    }
}

#[test]
fn a_purpose_may_have_its_own_words() {
    let rules = "[notices]\none_time_code = \"{{ code }} logs you in.\"\n\
                 one_time_code_password_reset = \"{{ code }} resets your password.\"";
    let journeys = Config::from_toml(&format!("{rules}\n[sources]\n[journeys]\n[texts]\n")).unwrap();
    for (purpose, words) in [("password_reset", "resets your password."), ("login", "logs you in.")] {
        let world = world();
        let slot = CodeSlot::new(phone(), purpose);
        let request = CodeRequest { slot, length: 6, validity_minutes: 10 };
        super::issue(&world, &request, &journeys, &key("k")).now_or_never().unwrap().unwrap();
        assert!(world.last_words().unwrap().ends_with(words), "{purpose}");
    }
}

#[test]
fn debug_output_shows_no_code_no_number_and_no_purpose() {
    let world = world();
    issue(&world);
    let code = sent(&world);
    let stored = StoredCode {
        slot: slot(),
        id: "i".to_owned(),
        hash: CodeHash::of(&key("k"), &slot(), "i", &code),
        issued_at: at(0),
        valid_until: at(60),
    };
    let limits = limits_of(&phone(), &settings(), world.now());
    let shown = format!("{code:?} {stored:?} {limits:?} {:?}", slot());
    for secret in [code.expose(), "2025550143", "login", &stored.hash.to_hex()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_hash_depends_on_the_key_the_slot_the_id_and_the_code() {
    let code = OneTimeCode::new("123456").unwrap();
    let hash = CodeHash::of(&key("k"), &slot(), "i", &code);
    let other_phone = CodeSlot::new(PhoneNumber::parse_e164("+12025550144").unwrap(), "login");
    for other in [
        CodeHash::of(&key("l"), &slot(), "i", &code),
        CodeHash::of(&key("k"), &CodeSlot::new(phone(), "logi"), "ni", &code),
        CodeHash::of(&key("k"), &other_phone, "i", &code),
        CodeHash::of(&key("k"), &slot(), "j", &code),
        CodeHash::of(&key("k"), &slot(), "i", &OneTimeCode::new("123457").unwrap()),
    ] {
        assert!(!hash.matches(&other));
    }
    assert!(hash.matches(&CodeHash::from_hex(&hash.to_hex()).unwrap()));
}

#[test]
fn all_digits_are_equally_likely() {
    let world = world();
    let mut counts = [0_u32; 10];
    for _ in 0..2000 {
        for digit in super::random::random_code(10, &world).unwrap().expose().bytes() {
            counts[usize::from(digit - b'0')] += 1;
        }
    }
    // 2,000 expected each, standard deviation 42.
    assert!(counts.iter().all(|count| (1780..2220).contains(count)), "{counts:?}");
}

proptest! {
    #[test]
    fn a_random_code_is_a_valid_code(length in LENGTHS) {
        let code = super::random::random_code(length, &world()).unwrap();
        prop_assert_eq!(code.expose().len(), usize::from(length));
        prop_assert!(OneTimeCode::new(code.expose()).is_some());
    }

    #[test]
    fn a_code_consists_of_4_to_10_digits(text in "\\PC{0,12}") {
        let expected = (4..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        prop_assert_eq!(OneTimeCode::new(&text).is_some(), expected);
    }
}

const TWO: &str = "[limits]\nday = 0.0166";

#[test]
fn codes_count_against_the_spending_limits_of_all_texts() {
    let world = world();
    for phone in ["+12025550143", "+12025550144"] {
        assert_eq!(issue_under(&world, phone, TWO), Some(Ok(IssueOutcome::Sent { expires_in: 600 })));
    }
    // 2027-01-15T08:00:00Z
    let until_midnight = 16 * 3600;
    let limited = IssueOutcome::Limited { scope: "limits.day".to_owned(), retry_after: until_midnight };
    assert_eq!(issue_under(&world, "+12025550145", TWO), Some(Ok(limited)));
    assert_eq!((texts(&world), spent(&world)), (2, 16_600));
    // Without a spending limit nothing else prevents the code.
    assert_eq!(issue_under(&world, "+12025550145", ""), Some(Ok(IssueOutcome::Sent { expires_in: 600 })));
    let month = "[limits]\nmonth = 0.001";
    let Some(Ok(IssueOutcome::Limited { scope, retry_after })) = issue_under(&world, "+12025550146", month)
    else {
        panic!("limited")
    };
    assert_eq!((scope.as_str(), retry_after), ("limits.month", until_midnight + 16 * 24 * 3600));
}

#[test]
fn the_reservation_of_a_code_that_was_not_sent_is_given_back() {
    for (fault, kept) in [
        (Fault::Before, 0),
        (Fault::Refused, 0),
        (Fault::OptedOut, 0),
        (Fault::Throttled, 0),
        (Fault::LostAnswer, 8_300),
        (Fault::Conflict, 8_300),
    ] {
        let world = world();
        let mut calm = true;
        world.state().faults.generator = Some(Box::new(move |operation| {
            (operation == "send_code" && std::mem::take(&mut calm)).then_some(fault)
        }));
        issue_under(&world, "+12025550143", TWO).unwrap().unwrap();
        assert_eq!(spent(&world), kept, "{fault:?}");
    }
}

/// Each fault at each call: no code exceeds the limit, and every sent code is counted.
#[test]
fn no_fault_lets_a_code_exceed_the_spending_limit() {
    const ONE: &str = "[limits]\nday = 0.0083";
    let phones = ["+12025550143", "+12025550144", "+12025550145"];
    let calm = world();
    for phone in phones {
        issue_under(&calm, phone, ONE).unwrap().unwrap();
    }
    let calls = calm.state().calls.len();
    for call in 0..calls {
        for fault in crate::testing::memory::PROVIDER_FAULTS {
            let world = world();
            world.state().faults.script.insert(call, fault);
            for phone in phones {
                let _died = issue_under(&world, phone, ONE);
            }
            assert!(texts(&world) <= 1, "{fault:?} at {call}");
            assert!(spent(&world) >= 8_300 * texts(&world) as u64, "{fault:?} at {call}");
        }
    }
}

#[test]
fn a_code_beyond_the_rate_limit_of_its_sender_is_rejected() {
    let world = world();
    let paced = "[pacing]\ntwilio = 1";
    assert_eq!(issue_under(&world, "+12025550143", paced), Some(Ok(IssueOutcome::Sent { expires_in: 600 })));
    let limited = IssueOutcome::Limited { scope: "pacing".to_owned(), retry_after: 1 };
    assert_eq!(issue_under(&world, "+12025550144", paced), Some(Ok(limited)));
    world.pass(1);
    // The rejected request was not counted and starts no resend interval.
    assert_eq!(issue_under(&world, "+12025550144", paced), Some(Ok(IssueOutcome::Sent { expires_in: 600 })));
    assert_eq!(texts(&world), 2);
}
