//! What a reply means: a grammar for whole messages, never a search for words in them.
//!
//! "Stop" opts out; "I'll stop by at 10" is a person with an appointment. Carriers match single
//! words only, while 47 CFR 64.1200(a)(10) also gives effect to plain sentences ("please stop
//! texting me"), so both are in the grammar. What it does not know is a real reply: an operator sees
//! it, and nothing more is sent on its account.

mod folding;
mod grammar;
mod own_words;
mod reaction;

use serde::{Deserialize, Serialize};

use grammar::{BEGINNING, GRAMMAR, MAX_WORDS};

/// A longer message is a real reply; providers deliver at most 1,600 characters.
pub const MAX_INPUT_CHARS: usize = 4096;

/// The meaning of an inbound text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyMeaning {
    /// Never text again.
    OptOut,
    /// Texts are welcome again.
    OptIn,
    /// Asks who we are and how to stop.
    Help,
    /// A tapback on one of our texts: no answer.
    Reaction,
    /// A machine answered: no answer.
    AutoReply,
    /// A person answered; the only meaning that stops a follow-up.
    Reply,
    /// A bare YES: opts in who is opted out, else a real reply.
    ConfirmOrOptIn,
}

impl ReplyMeaning {
    /// As it is stored and shown: `opt_out`, `reply`, ...
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OptOut => "opt_out",
            Self::OptIn => "opt_in",
            Self::Help => "help",
            Self::Reaction => "reaction",
            Self::AutoReply => "auto_reply",
            Self::Reply => "reply",
            Self::ConfirmOrOptIn => "confirm_or_opt_in",
        }
    }
}

/// Reads a whole message. Never fails, never panics; linear in the text, which is capped.
#[must_use]
pub fn meaning_of(text: &str) -> ReplyMeaning {
    if text.chars().nth(MAX_INPUT_CHARS).is_some() {
        return ReplyMeaning::Reply;
    }
    if reaction::is_reaction(text) {
        return ReplyMeaning::Reaction;
    }
    let folded = folding::fold(&own_words::own_words(text));
    if folded == "yes" {
        return ReplyMeaning::ConfirmOrOptIn;
    }
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    if let Some(meaning) = keyword(&without_fillers(&words)) {
        return meaning;
    }
    if is_auto_reply(&words, text.contains(['?', '？'])) {
        return ReplyMeaning::AutoReply;
    }
    ReplyMeaning::Reply
}

/// The meaning of a message that is nothing but a request.
fn keyword(words: &[&str]) -> Option<ReplyMeaning> {
    if words.is_empty() || words.len() > MAX_WORDS {
        return None;
    }
    let end = 1 << words.len();
    let is_whole = |positions: u64| positions & end != 0;

    // Once is enough, and anything harmless may stand around it: "wrong number, stop".
    let request = GRAMMAR.ends("request", words, GRAMMAR.run(&["aside"], words, BEGINNING));
    let opts_out = is_whole(GRAMMAR.run(&["aside", "request", "bare"], words, request))
        || is_whole(GRAMMAR.run(&["request", "bare"], words, BEGINNING));
    if opts_out {
        Some(ReplyMeaning::OptOut)
    } else if is_whole(GRAMMAR.run(&["opt_in_request"], words, BEGINNING)) {
        Some(ReplyMeaning::OptIn)
    } else if is_whole(GRAMMAR.run(&["help"], words, BEGINNING)) {
        Some(ReplyMeaning::Help)
    } else {
        None
    }
}

/// Whether a machine wrote this: by how it begins and, where people begin so too, by a promise
/// later on. A machine asks no questions.
fn is_auto_reply(words: &[&str], asks: bool) -> bool {
    let words = &words[..words.len().min(MAX_WORDS)];
    let anywhere = u64::MAX >> (63 - words.len());
    let begins = |rule, beginning| GRAMMAR.ends(rule, words, beginning) != 0;
    let contains = |rule| GRAMMAR.ends(rule, words, anywhere) != 0;

    let after_greeting = GRAMMAR.run(&["filler"], words, BEGINNING);
    begins("auto_reply", after_greeting)
        || !asks
            && (begins("away", after_greeting) && contains("promise")
                || begins("acknowledgement", BEGINNING) && contains("team_promise"))
}

/// Leaves the words that are not courtesy; the longest filler goes first.
fn without_fillers<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut rest = words;
    while let Some((first, others)) = rest.split_first() {
        let near = &rest[..rest.len().min(MAX_WORDS)];
        let ends = GRAMMAR.ends("filler", near, BEGINNING);
        if ends == 0 {
            kept.push(*first);
            rest = others;
        } else {
            rest = &rest[63 - ends.leading_zeros() as usize..];
        }
    }
    kept
}
