//! What replies mean: the vectors, a labelled corpus, and what must not change a meaning.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly, too")]

use messaging::reply::{ReplyMeaning, meaning_of};
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
    use ReplyMeaning::{AutoReply, ConfirmOrOptIn, Help, OptIn, OptOut, Reaction, Reply};
    let spellings = [OptOut, OptIn, Help, Reaction, AutoReply, Reply, ConfirmOrOptIn].map(spelled);
    let expected = ["opt_out", "opt_in", "help", "reaction", "auto_reply", "reply", "confirm_or_opt_in"];
    assert_eq!(spellings, expected);
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

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = meaning_of(&text);
    }

    #[test]
    fn no_near_text_panics(
        words in proptest::collection::vec(
            prop_oneof![
                Just("stop"), Just("please"), Just("don't"), Just("liked"), Just("“"), Just("”"),
                Just("sent from my"), Just("\n"), Just(">"), Just("--"), Just("👍"), Just("to"),
                Just("I'm"), Just("driving"), Just("number"), Just("remove"), Just("\u{300}"),
            ],
            0..90,
        ),
    ) {
        let _ = meaning_of(&words.concat());
        let _ = meaning_of(&words.join(" "));
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
