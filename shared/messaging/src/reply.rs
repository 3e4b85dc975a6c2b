//! The meaning of a reply: a grammar for whole messages and sentences, never a search for words.
//!
//! "Stop" opts out; "I'll stop by at 10" is a person with an appointment. Carriers match single
//! words only, while 47 CFR 64.1200(a)(10) also gives effect to plain sentences ("please stop
//! texting me"), so both are in the grammar of each language. A refusal counts as a sentence of its
//! own, too ("I already paid. Stop texting me."); everyday words ("end", "cancel") count only with
//! nothing else around them. A message that the grammar does not know is a real reply, and one that
//! nearly refuses is marked for an operator.

pub mod folding;
mod grammar;
mod near_miss;
mod own_words;
mod reaction;
mod sentences;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use grammar::{BEGINNING, Grammar, LANGUAGES, MAX_WORDS, Passage, Root};

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
    /// A person answered that the number is not the contact's; a real reply, too.
    WrongNumber,
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
            Self::WrongNumber => "wrong_number",
        }
    }
}

/// The texts that a refusal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptOutScope {
    /// Every text.
    All,
    /// Advertising alone; other texts go on.
    Promotional,
}

impl OptOutScope {
    /// Returns the scope as it is stored and shown: `all` or `promotional`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Promotional => "promotional",
        }
    }
}

/// The result of reading an inbound text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The meaning of the text.
    pub meaning: ReplyMeaning,
    /// The texts that a refusal ends; of no use for any other meaning, and `All` there.
    pub scope: OptOutScope,
    /// Whether the text nearly refuses, so that an operator must say what was meant. Only a real
    /// reply can.
    pub attention: bool,
}

impl Reading {
    const fn of(meaning: ReplyMeaning) -> Self {
        Self { meaning, scope: OptOutScope::All, attention: false }
    }
}

/// Reads a message: its meaning, the texts that a refusal ends, and whether an operator must look.
///
/// Never fails, never panics. The cost is linear in the text, which is capped.
#[must_use]
pub fn read(text: &str) -> Reading {
    if text.chars().nth(MAX_INPUT_CHARS).is_some() {
        return Reading::of(ReplyMeaning::Reply);
    }
    if reaction::is_reaction(text) {
        return Reading::of(ReplyMeaning::Reaction);
    }
    let own = own_words::own_words(text);
    let folded = folding::fold(&own);
    if folded == "yes" {
        return Reading::of(ReplyMeaning::ConfirmOrOptIn);
    }
    let names = Names::of(&own);
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    if let Some(request) = LANGUAGES.iter().filter_map(|language| keyword(language, &words, &names)).max() {
        return request.into();
    }
    if is_auto_reply(&words, text.contains(['?', '？'])) {
        return Reading::of(ReplyMeaning::AutoReply);
    }
    let sentences = sentences::sentences(&own);
    let requests: Vec<Request> =
        sentences.iter().filter_map(|sentence| request_of_sentence(sentence, &names)).collect();
    if let Some(strongest) = requests.iter().max() {
        let is_stranger = requests.contains(&Request::WrongNumber);
        let all = *strongest == Request::NoPromotions && is_stranger;
        return if all { Request::OptOut } else { *strongest }.into();
    }
    let attention = near_miss::is_near_miss(&words);
    Reading { attention, ..Reading::of(ReplyMeaning::Reply) }
}

/// Reads only the meaning of a message.
#[must_use]
pub fn meaning_of(text: &str) -> ReplyMeaning {
    read(text).meaning
}

/// A request that a message or one of its sentences makes, the strongest one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Request {
    WrongNumber,
    Help,
    OptIn,
    NoPromotions,
    OptOut,
}

impl From<Request> for Reading {
    fn from(request: Request) -> Self {
        match request {
            Request::WrongNumber => Self::of(ReplyMeaning::WrongNumber),
            Request::Help => Self::of(ReplyMeaning::Help),
            Request::OptIn => Self::of(ReplyMeaning::OptIn),
            Request::NoPromotions => {
                Self { scope: OptOutScope::Promotional, ..Self::of(ReplyMeaning::OptOut) }
            }
            Request::OptOut => Self::of(ReplyMeaning::OptOut),
        }
    }
}

/// The folded words of a text that begin with a capital letter, as names do.
struct Names(HashSet<String>);

impl Names {
    fn of(text: &str) -> Self {
        let is_name = |token: &&str| {
            let mut letters = token.chars().filter(|character| character.is_alphabetic());
            letters.next().is_some_and(char::is_uppercase) && letters.next().is_none_or(char::is_lowercase)
        };
        let folded = text.split_whitespace().filter(is_name).map(folding::fold);
        Self(folded.flat_map(|name| name.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect())
    }

    fn contains(&self, word: &str) -> bool {
        self.0.contains(word)
    }
}

/// The meaning of a message that is nothing but a request.
fn keyword(language: &Grammar, words: &[&str], names: &Names) -> Option<Request> {
    with_request(language, words, names, |passage| {
        // Once is enough, and anything harmless may stand around it: "wrong number, stop".
        let request = [Root::Refusal, Root::Vague]
            .into_iter()
            .fold(0, |ends, root| ends | passage.ends(root, passage.run(&[Root::Aside], BEGINNING)));
        let around = [Root::Aside, Root::Refusal, Root::Vague, Root::Bare, Root::Promotional];
        let opts_out = passage.is_whole(passage.run(&around, request))
            || passage.is_whole(passage.run(&[Root::Refusal, Root::Vague, Root::Bare], BEGINNING));
        if opts_out {
            Some(Request::OptOut)
        } else if refuses_promotions(passage) {
            // Somebody who is not the contact refuses everything.
            let is_stranger = passage.contains(Root::WrongNumber);
            Some(if is_stranger { Request::OptOut } else { Request::NoPromotions })
        } else if passage.is_whole(passage.run(&[Root::OptIn], BEGINNING)) {
            Some(Request::OptIn)
        } else if passage.is_whole(passage.run(&[Root::Help], BEGINNING)) {
            Some(Request::Help)
        } else {
            None
        }
    })
}

/// The request that one sentence of a message makes, in any language.
fn request_of_sentence(sentence: &str, names: &Names) -> Option<Request> {
    let folded = folding::fold(sentence);
    let words: Vec<&str> = folded.split(' ').collect();
    let in_clauses = sentences::clauses(sentence).map(|(first, last)| {
        let [first, last] = [first, last].map(folding::fold);
        let rest = folded.strip_prefix(first.as_str()).unwrap_or_default().trim().to_owned();
        (first, last, rest)
    });
    let explicit = |language: &Grammar| {
        let is_explicit = |clause: &str| {
            let words: Vec<&str> = clause.split(' ').collect();
            with_request(language, &words, names, |passage| {
                let explicit = passage.ends(Root::Explicit, passage.run(&[Root::Aside], BEGINNING));
                passage.is_whole(passage.run(&[Root::Aside], explicit)).then_some(Request::OptOut)
            })
        };
        let (first, last, rest) = in_clauses.as_ref()?;
        let restricts = |words: &str| {
            let words: Vec<&str> = words.split(' ').take(MAX_WORDS).collect();
            with_request(language, &words, names, |passage| {
                (passage.ends(Root::Unless, BEGINNING) != 0).then_some(Request::OptOut)
            })
            .is_some()
        };
        let first = is_explicit(first).filter(|_| !restricts(rest));
        first.or_else(|| is_explicit(last))
    };
    LANGUAGES
        .iter()
        .filter_map(|language| {
            let whole = with_request(language, &words, names, |passage| {
                let request = passage.ends(Root::Refusal, passage.run(&[Root::Aside], BEGINNING));
                if passage.is_whole(passage.run(&[Root::Aside, Root::Refusal], request)) {
                    return Some(Request::OptOut);
                }
                let wrong = passage.ends(Root::WrongNumber, passage.run(&[Root::Aside], BEGINNING));
                if refuses_promotions(passage) {
                    Some(Request::NoPromotions)
                } else {
                    let around = [Root::Aside, Root::WrongNumber];
                    passage.is_whole(passage.run(&around, wrong)).then_some(Request::WrongNumber)
                }
            });
            whole.max(explicit(language))
        })
        .max()
}

/// Whether promotions, and only they, are refused.
fn refuses_promotions(passage: &Passage<'_>) -> bool {
    let request = passage.ends(Root::Promotional, passage.run(&[Root::Aside], BEGINNING));
    passage.is_whole(passage.run(&[Root::Aside, Root::Promotional], request))
}

/// Looks at words in one language, without its fillers.
fn with_request(
    language: &Grammar,
    words: &[&str],
    names: &Names,
    look: impl Fn(&Passage<'_>) -> Option<Request>,
) -> Option<Request> {
    let is_name = |word: &str| names.contains(word);
    let passage = language.passage(words, &is_name)?;
    let kept = passage.without_fillers();
    let passage = language.passage(&kept, &is_name)?;
    look(&passage)
}

/// Whether a machine wrote this: by its beginning and, where people begin so too, by a promise
/// later on. A machine asks only whether it can help.
fn is_auto_reply(words: &[&str], asks: bool) -> bool {
    let words = &words[..words.len().min(MAX_WORDS)];
    LANGUAGES.iter().filter_map(|language| language.passage(words, &|_| false)).any(|passage| {
        let after_greeting = passage.run(&[Root::Filler], BEGINNING);
        let begins = |root, at| passage.ends(root, at) != 0;
        let acknowledges = begins(Root::Acknowledgement, after_greeting);
        begins(Root::AutoReply, after_greeting)
            || acknowledges && passage.contains(Root::Offer)
            || !asks
                && (begins(Root::Away, after_greeting) && passage.contains(Root::Promise)
                    || acknowledges && passage.contains(Root::TeamPromise))
    })
}
