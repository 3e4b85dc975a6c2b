//! What replies mean: the vectors, a labelled corpus, and what must not change a meaning.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly, too")]

use messaging::reply::{OptOutScope, Reading, ReplyMeaning, meaning_of, read};
use proptest::prelude::*;
use serde_json::Value;

fn spelled(meaning: ReplyMeaning) -> String {
    let stored = serde_json::to_value(meaning).unwrap();
    assert_eq!(stored, meaning.as_str());
    meaning.as_str().to_owned()
}

#[test]
fn every_vector_has_its_meaning() {
    let file: Value = serde_json::from_str(include_str!("vectors/reply_meaning.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len() as u64, file["count"].as_u64().unwrap());
    for vector in vectors {
        let expected = match vector["expected"].as_str().unwrap() {
            "NONE" => "reply".to_owned(),
            other => other.to_lowercase(),
        };
        assert_eq!(spelled(meaning_of(vector["text"].as_str().unwrap())), expected, "{vector}");
    }
}

#[test]
fn every_carrier_keyword_opts_out() {
    let file: Value = serde_json::from_str(include_str!("vectors/reply_meaning.json")).unwrap();
    for (list, words) in file["lists"].as_object().unwrap() {
        let expected = match list.as_str() {
            "twilio_opt_in" => ReplyMeaning::OptIn,
            "help" => ReplyMeaning::Help,
            _ => ReplyMeaning::OptOut,
        };
        for word in words.as_array().unwrap() {
            let word = word.as_str().unwrap();
            let expected = if word == "YES" { ReplyMeaning::ConfirmOrOptIn } else { expected };
            assert_eq!(meaning_of(word), expected, "{word} of {list}");
        }
    }
}

#[test]
fn every_text_of_the_corpus_has_its_label() {
    let file: Value = serde_json::from_str(include_str!("vectors/reply_corpus.json")).unwrap();
    let replies = file["replies"].as_array().unwrap();
    assert_eq!(replies.len() as u64, file["count"].as_u64().unwrap());
    assert!(replies.len() >= 200);
    let wrong: Vec<String> = replies
        .iter()
        .map(|reply| (reply["text"].as_str().unwrap(), reply["meaning"].as_str().unwrap()))
        .map(|(text, label)| (text, label, spelled(meaning_of(text))))
        .filter(|(_, label, meaning)| label != meaning)
        .map(|(text, label, meaning)| format!("{text:?} is {label}, not {meaning}"))
        .collect();
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
}

#[test]
fn meanings_are_spelled_as_in_the_contract() {
    use ReplyMeaning::{AutoReply, ConfirmOrOptIn, Help, OptIn, OptOut, Reaction, Reply, WrongNumber};
    let spellings =
        [OptOut, OptIn, Help, Reaction, AutoReply, Reply, ConfirmOrOptIn, WrongNumber].map(spelled);
    let expected =
        ["opt_out", "opt_in", "help", "reaction", "auto_reply", "reply", "confirm_or_opt_in", "wrong_number"];
    assert_eq!(spellings, expected);
    assert_eq!([OptOutScope::All, OptOutScope::Promotional].map(OptOutScope::as_str), ["all", "promotional"]);
}

#[test]
fn a_message_beyond_the_cap_is_a_real_reply() {
    assert_eq!(meaning_of(&format!("stop{}", " ".repeat(4092))), ReplyMeaning::OptOut);
    assert_eq!(meaning_of(&format!("stop{}", " ".repeat(4093))), ReplyMeaning::Reply);
    assert_eq!(meaning_of(&"stop ".repeat(63)), ReplyMeaning::OptOut);
    assert_eq!(meaning_of(&"stop ".repeat(500)), ReplyMeaning::Reply);
}

#[test]
fn a_stop_inside_our_quoted_text_opts_nobody_out() {
    for text in ["Liked “STOP”", "Reacted 👍 to \"stop\"", "👍 to “Reply STOP to opt out”"] {
        assert_eq!(meaning_of(text), ReplyMeaning::Reaction, "{text}");
    }
    assert_eq!(meaning_of("See you\n> Reply STOP to opt out"), ReplyMeaning::Reply);
}

#[test]
fn a_refusal_is_a_sentence_of_its_own_and_everyday_words_are_not() {
    assert_eq!(meaning_of("I already paid. Stop texting me."), ReplyMeaning::OptOut);
    assert_eq!(meaning_of("Stop texting me; I already paid"), ReplyMeaning::OptOut);
    assert_eq!(meaning_of("See you there 😡\nstop texting me"), ReplyMeaning::OptOut);
    assert_eq!(meaning_of("I found another dentist. Cancel."), ReplyMeaning::Reply);
    assert_eq!(meaning_of("The street has a dead end. End."), ReplyMeaning::Reply);
    assert_eq!(meaning_of("I get off at the Main St. stop"), ReplyMeaning::Reply);
}

#[test]
fn somebody_who_is_not_the_contact_refuses_everything() {
    for text in ["Wrong number. No more promotions.", "No more promotions. This is not Ada."] {
        let expected = reading(ReplyMeaning::OptOut);
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn a_long_message_has_no_near_miss() {
    let short = "please do stop the texts about my son and his dog";
    assert!(read(short).attention);
    assert!(!read(&format!("{short} and the cat")).attention);
}

/// The lists of a corpus and the readings of their texts.
const LISTS: [(&str, Reading); 11] = [
    ("refusals", reading(ReplyMeaning::OptOut)),
    ("promotional", Reading { scope: OptOutScope::Promotional, ..reading(ReplyMeaning::OptOut) }),
    ("look_alikes", reading(ReplyMeaning::Reply)),
    ("wrong_number", reading(ReplyMeaning::WrongNumber)),
    ("not_wrong_number", reading(ReplyMeaning::Reply)),
    ("auto_reply", reading(ReplyMeaning::AutoReply)),
    ("reaction", reading(ReplyMeaning::Reaction)),
    ("not_reaction", reading(ReplyMeaning::Reply)),
    ("help", reading(ReplyMeaning::Help)),
    ("opt_in", reading(ReplyMeaning::OptIn)),
    ("attention", Reading { attention: true, ..reading(ReplyMeaning::Reply) }),
];

const CORPORA: [(&str, &str); 7] = [
    ("en", include_str!("corpus/en.toml")),
    ("es", include_str!("corpus/es.toml")),
    ("fr", include_str!("corpus/fr.toml")),
    ("de", include_str!("corpus/de.toml")),
    ("pt", include_str!("corpus/pt.toml")),
    ("it", include_str!("corpus/it.toml")),
    ("nl", include_str!("corpus/nl.toml")),
];

const fn reading(meaning: ReplyMeaning) -> Reading {
    Reading { meaning, scope: OptOutScope::All, attention: false }
}

#[test]
fn every_text_of_each_language_has_its_reading() {
    let mut wrong = Vec::new();
    for (language, corpus) in CORPORA {
        let corpus: toml::Table = toml::from_str(corpus).unwrap();
        for (list, texts) in &corpus {
            let (_, expected) = LISTS.into_iter().find(|(name, _)| name == list).unwrap();
            for text in texts.as_array().unwrap() {
                let text = text.as_str().unwrap();
                let read = read(text);
                if read != expected {
                    wrong.push(format!("{language} {list}: {text:?} is {read:?}"));
                }
            }
        }
        let count = |list: &str| corpus[list].as_array().unwrap().len();
        assert!(count("refusals") + count("promotional") >= 60, "{language}");
        assert!(count("look_alikes") >= 60, "{language}");
    }
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
}

#[test]
fn one_ordinary_reply_in_a_thousand_at_most_is_a_near_miss() {
    let texts: Vec<&str> = include_str!("corpus/ordinary.txt").lines().collect();
    assert!(texts.len() >= 1000);
    let misread: Vec<(&str, Reading)> = texts
        .iter()
        .map(|text| (*text, read(text)))
        .filter(|(_, read)| read.attention || read.meaning == ReplyMeaning::OptOut)
        .collect();
    assert!(misread.len() * 1000 <= texts.len(), "{misread:#?}");
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = read(&text);
    }

    #[test]
    fn no_near_text_panics(
        words in proptest::collection::vec(
            prop_oneof![
                Just("stop"), Just("please"), Just("don't"), Just("liked"), Just("“"), Just("”"),
                Just("sent from my"), Just("\n"), Just(">"), Just("--"), Just("👍"), Just("to"),
                Just("I'm"), Just("driving"), Just("number"), Just("remove"), Just("\u{300}"),
                Just("."), Just(","), Just("Ada"), Just("12"), Just("mensajes"), Just("le gustó"), Just("nicht"),
            ],
            0..90,
        ),
    ) {
        let _ = read(&words.concat());
        let _ = read(&words.join(" "));
    }

    #[test]
    fn spaces_and_punctuation_around_a_keyword_change_nothing(
        keyword in prop_oneof![
            Just("STOP"), Just("stop texting me"), Just("Opt-out"), Just("START"), Just("help"),
            Just("take me off your list"), Just("yes"), Just("cancel"), Just("arrêt"),
        ],
        before in "[ \t\n.,;:!?*~_()>#/\u{A0}\u{200B}🛑-]{0,12}",
        after in "[ \t\n.,;:!?*~_()>#/\u{A0}\u{200B}🛑-]{0,12}",
        shout in any::<bool>(),
    ) {
        let typed = if shout { keyword.to_uppercase() } else { keyword.to_owned() };
        prop_assert_eq!(meaning_of(&format!("{before}{typed}{after}")), meaning_of(keyword));
    }

    #[test]
    fn a_negated_keyword_never_opts_out(
        no in prop_oneof![Just("don't"), Just("do not"), Just("never"), Just("please don't"), Just("not")],
        keyword in prop_oneof![Just("stop"), Just("unsubscribe"), Just("cancel"), Just("remove me"), Just("opt out"), Just("stop texting me")],
    ) {
        let text = format!("{no} {keyword}");
        prop_assert_eq!(meaning_of(&text), ReplyMeaning::Reply);
    }
}
