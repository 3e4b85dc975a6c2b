//! Words that mean something else to carriers than to whoever wrote the text.

/// What carriers and providers take for an opt-out when it is all that a customer answers: AWS's
/// required words, Twilio's default ones, and those of US law (47 CFR 64.1200).
const OPT_OUT: [&str; 13] = [
    "stop",
    "stopall",
    "end",
    "cancel",
    "quit",
    "unsubscribe",
    "revoke",
    "remove",
    "optout",
    "opt-out",
    "arret",
    "td",
    "stopp",
];

/// What they take for consent.
const OPT_IN: [&str; 3] = ["yes", "start", "unstop"];

/// How a text asks for an answer.
const ASKING: [&str; 12] = [
    "reply",
    "respond",
    "answer",
    "text",
    "send",
    "type",
    "antworten",
    "responde",
    "responda",
    "répondez",
    "rispondi",
    "antwoord",
];

/// May stand between asking and the word.
const BETWEEN: [&str; 16] = [
    "with", "back", "the", "word", "us", "a", "either", "just", "by", "to", "this", "message", "mit", "con",
    "met", "avec",
];

/// What an opt-out is about; behind the word it says that an opt-out is meant.
const ABOUT_TEXTS: [&str; 22] = [
    "opt",
    "optout",
    "opt-out",
    "unsubscribe",
    "unsubscribed",
    "stop",
    "texts",
    "text",
    "texting",
    "messages",
    "messaging",
    "sms",
    "alerts",
    "notifications",
    "promotions",
    "offers",
    "ads",
    "anytime",
    "abmelden",
    "baja",
    "désabonner",
    "subscription",
];

/// Hosts whose links anybody can make.
const SHORTENERS: [&str; 26] = [
    "bit.ly",
    "tinyurl.com",
    "t.co",
    "goo.gl",
    "ow.ly",
    "is.gd",
    "v.gd",
    "buff.ly",
    "rebrand.ly",
    "cutt.ly",
    "t.ly",
    "tiny.cc",
    "shorturl.at",
    "rb.gy",
    "bl.ink",
    "lnkd.in",
    "s.id",
    "soo.gd",
    "adf.ly",
    "trib.al",
    "short.io",
    "shorte.st",
    "qr.ae",
    "mcaf.ee",
    "clck.ru",
    "bitly.com",
];

/// A word that is asked for and means something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trap {
    /// The word, in capitals.
    pub(super) word: String,
    /// It is taken for consent; otherwise for an opt-out.
    pub(super) opts_in: bool,
}

/// The traps of a text, each word once.
pub(super) fn traps(words: &str) -> Vec<Trap> {
    let mut found: Vec<Trap> = Vec::new();
    for sentence in words.split(['.', '!', '?', ';', '\n', ':']) {
        for trap in of_sentence(&tokens(sentence)) {
            if !found.contains(&trap) {
                found.push(trap);
            }
        }
    }
    found
}

fn of_sentence(tokens: &[(String, bool)]) -> Vec<Trap> {
    let Some(asked) = tokens.iter().position(|(token, _)| ASKING.contains(&token.as_str())) else {
        return Vec::new();
    };
    let mut traps = Vec::new();
    let mut directly = true;
    for (at, (token, in_capitals)) in tokens.iter().enumerate().skip(asked + 1) {
        let token = token.as_str();
        let (opts_in, opts_out) = (OPT_IN.contains(&token), OPT_OUT.contains(&token));
        if (opts_in || opts_out) && (directly || *in_capitals) {
            let behind = behind(&tokens[at + 1..]);
            let means_it = behind.iter().any(|token| ABOUT_TEXTS.contains(token))
                // "Reply STOP to end", "Text STOP to cancel": nothing else is named that could end.
                || matches!(behind.as_slice(), ["to", "end" | "cancel" | "quit"]);
            if opts_in || !means_it {
                traps.push(Trap { word: token.to_uppercase(), opts_in });
            }
        }
        // Of several words that are offered, each is offered.
        directly = (directly && BETWEEN.contains(&token)) || matches!(token, "or" | "oder");
    }
    traps
}

/// What is said of a word behind it; words that are offered together share what is behind the last.
fn behind(tokens: &[(String, bool)]) -> Vec<&str> {
    let joins = |token: &str| matches!(token, "or" | "and" | "oder" | "o");
    let is_offered = |(token, in_capitals): &(String, bool)| {
        let token = token.as_str();
        *in_capitals && (OPT_OUT.contains(&token) || OPT_IN.contains(&token) || token == "help")
    };
    let rest = tokens.iter().skip_while(|token| joins(&token.0) || is_offered(token));
    rest.take_while(|token| !joins(&token.0) && !is_offered(token)).map(|(token, _)| token.as_str()).collect()
}

/// The words of a sentence in small letters, and whether they were written in capitals.
fn tokens(sentence: &str) -> Vec<(String, bool)> {
    let words = sentence.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let in_capitals = word.chars().any(char::is_uppercase) && !word.chars().any(char::is_lowercase);
            (word.to_lowercase(), in_capitals)
        })
        .collect()
}

/// Whether a text says how to get no more of its kind.
pub(super) fn tells_how_to_opt_out(words: &str) -> bool {
    let tokens = tokens(words);
    let says = |wanted: &str| tokens.iter().any(|(token, _)| token == wanted);
    let in_capitals = tokens.iter().any(|(token, capitals)| *capitals && OPT_OUT.contains(&token.as_str()));
    in_capitals
        || says("stop")
        || says("unsubscribe")
        || says("opt-out")
        || says("optout")
        || (says("opt") && says("out"))
}

/// The shared shorteners that a text links to, each once.
pub(super) fn shorteners(words: &str) -> Vec<&'static str> {
    let lower = words.to_lowercase();
    let is_part_of_name = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let links = |host: &&&str| {
        lower.match_indices(**host).any(|(at, _)| {
            let before = lower[..at].strip_suffix("www.").unwrap_or(&lower[..at]).chars().next_back();
            let after = lower[at + host.len()..].chars().next();
            !before.is_some_and(is_part_of_name)
                && matches!(after, None | Some('/' | '?' | '#' | ' ' | ',' | ')' | '"'))
        })
    };
    SHORTENERS.iter().filter(links).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        traps(text).into_iter().map(|trap| trap.word).collect()
    }

    #[test]
    fn a_word_that_ends_all_texts_is_no_answer_to_a_question() {
        for (text, expected) in [
            ("Reply CANCEL to cancel your appointment.", vec!["CANCEL"]),
            ("Reply YES to confirm or CANCEL to cancel your booking", vec!["YES", "CANCEL"]),
            ("Please reply with END when you are done", vec!["END"]),
            ("Text \"stop\" to end the delivery", vec!["STOP"]),
            ("Reply YES or NO", vec!["YES"]),
            ("Reply C to confirm, QUIT to leave the queue", vec!["QUIT"]),
            ("Reply STOP to opt out.", vec![]),
            ("Text STOP to end, HELP for help.", vec![]),
            ("Reply STOP to cancel", vec![]),
            ("Reply STOP to stop receiving texts", vec![]),
            ("Reply STOP or CANCEL to unsubscribe", vec![]),
            ("Just reply to this text. We will not cancel anything.", vec![]),
            ("Your order was cancelled. Stop by any time", vec![]),
            ("Reply 1 to confirm or 2 to move it", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn advertising_says_how_to_end_it() {
        for text in
            ["Reply STOP to opt out", "Txt END to 12345", "To opt out call us", "unsubscribe: example.com/u"]
        {
            assert!(tells_how_to_opt_out(text), "{text}");
        }
        for text in ["20 % off until Sunday", "Non-stop fun", "the end of the week"] {
            assert!(!tells_how_to_opt_out(text), "{text}");
        }
    }

    #[test]
    fn shared_shorteners_are_known_by_their_host() {
        assert_eq!(
            shorteners("See https://bit.ly/abc and http://www.tinyurl.com/x"),
            ["bit.ly", "tinyurl.com"]
        );
        assert_eq!(shorteners("See t.co/abc"), ["t.co"]);
        for text in ["https://example.com/bit.ly.html", "https://not.co/x", "https://rabbit.ly/x", "chat.com"]
        {
            assert!(shorteners(text).is_empty(), "{text}");
        }
    }
}
